package web

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// uploadBody begins an upload, or finds one that was cut short: the same name,
// number of files and bytes for the same phone.
type uploadBody struct {
	InCase
	Body struct {
		Device string `json:"device" maxLength:"20"`
		Name   string `json:"name" minLength:"1" maxLength:"200" doc:"of the file, or of the folder"`
		Files  int64  `json:"files" minimum:"1" maximum:"10000000"`
		Bytes  int64  `json:"bytes" minimum:"0" maximum:"4398046511104"`
	}
}

// uploadedFile is a file of an upload.
type uploadedFile struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	Offset int64  `json:"offset" doc:"bytes that are stored"`
	SHA256 string `json:"sha256,omitempty" doc:"of all of it, once all is stored"`
}

// uploadAnswer is an upload, with what is stored of it.
type uploadAnswer struct {
	Evidence string         `json:"evidence"`
	State    string         `json:"state"`
	Files    []uploadedFile `json:"files"`
}

// onePart is a part of one file.
type onePart struct {
	InEvidence
	Path   string `query:"path" required:"true" minLength:"1" maxLength:"4096" doc:"of the file in the folder; of a single file its name"`
	Size   int64  `query:"size" required:"true" minimum:"0" maximum:"4398046511104" doc:"of the file, in bytes"`
	Offset int64  `header:"Upload-Offset" required:"true" minimum:"0" doc:"where in the file the part begins"`
}

// doneBody ends an upload.
type doneBody struct {
	InEvidence
	Body struct {
		Files    int64  `json:"files" minimum:"1"`
		Bytes    int64  `json:"bytes" minimum:"0"`
		Check    bool   `json:"check,omitempty" doc:"check it when it is stored"`
		Password string `json:"password,omitempty" doc:"of an encrypted backup"`
	}
}

// doneAnswer is what an upload became.
type doneAnswer struct {
	Evidence workspace.Evidence `json:"evidence"`
	Job      *workspace.Job     `json:"job,omitempty"`
}

func (a *api) uploads() {
	add(a, ScopeIntake, http.MethodPost, "/cases/{case}/uploads", "begin-upload", "Begin to send evidence, or go on where it was cut short",
		func(ctx context.Context, sp *examine.Space, in *uploadBody) (uploadAnswer, error) {
			b := &in.Body
			source := fmt.Sprintf("upload: %s (%d files, %d bytes)", fileName(b.Name), b.Files, b.Bytes)
			ev, key, err := sp.ReceiveEvidence(ctx, in.Case, b.Device, source)
			if err != nil {
				return uploadAnswer{}, err
			}
			return uploaded(ctx, sp, &ev, key)
		})
	add(a, ScopeIntake, http.MethodGet, "/uploads/{evidence}", "get-upload", "How far an upload is",
		func(ctx context.Context, sp *examine.Space, in *InEvidence) (uploadAnswer, error) {
			ev, key, err := receiving(ctx, sp, in.Evidence)
			if err != nil {
				return uploadAnswer{}, err
			}
			return uploaded(ctx, sp, &ev, key)
		})
	receive(a, ScopeIntake, http.MethodPatch, "/uploads/{evidence}", "send-part", "Send a part of a file, from the offset that is stored on", "application/offset+octet-stream",
		func(ctx context.Context, sp *examine.Space, in *onePart) (uploadedFile, error) {
			return a.sendPart(ctx, sp, in)
		})
	receive(a, ScopeIntake, http.MethodPost, "/uploads/{evidence}/files", "send-files", "Send several files whole, each of up to 64 MiB", tarType,
		func(ctx context.Context, sp *examine.Space, in *InEvidence) (uploadAnswer, error) {
			return a.sendFiles(ctx, sp, in.Evidence)
		})
	add(a, ScopeIntake, http.MethodPost, "/uploads/{evidence}/done", "end-upload", "Say that all is sent",
		func(ctx context.Context, sp *examine.Space, in *doneBody) (doneAnswer, error) {
			return a.endUpload(ctx, sp, in)
		})
}

// receiving is evidence that is on its way.
func receiving(ctx context.Context, sp *examine.Space, id string) (ev workspace.Evidence, key seal.Identity, err error) {
	if ev, err = sp.Evidence(ctx, id); err != nil {
		return ev, key, err
	}
	if ev.State != workspace.Receiving {
		return ev, key, fmt.Errorf("evidence %s: %w: it is not being received", id, workspace.ErrInvalid)
	}
	key, err = sp.EvidenceKey(ctx, id, workspace.Analysis)
	return ev, key, err
}

func uploaded(ctx context.Context, sp *examine.Space, ev *workspace.Evidence, key seal.Identity) (uploadAnswer, error) {
	list, err := vault.Files(ctx, sp.Index(), ev.ID, key)
	return uploadAnswer{ev.ID, ev.State, uploadedFiles(list)}, err
}

func uploadedFiles(list []vault.File) []uploadedFile {
	out := []uploadedFile{}
	for i := range list {
		f := uploadedFile{list[i].Path, list[i].Size, int64(len(list[i].Segments)) * vault.SegmentSize, list[i].SHA256}
		if f.SHA256 != "" {
			f.Offset = f.Size
		}
		out = append(out, f)
	}
	return out
}

func (a *api) sendPart(ctx context.Context, sp *examine.Space, in *onePart) (uploadedFile, error) {
	c, f := callerOf(ctx), uploadedFile{Path: in.Path, Size: in.Size}
	ev, key, err := receiving(ctx, sp, in.Evidence)
	if err != nil {
		return f, err
	}
	if !a.s.claim(ev.ID) {
		return f, workspace.ErrBusy // another request sends to the same
	}
	defer a.s.release(ev.ID)
	u := &vault.Upload{Bundle: ev.ID, Case: ev.Case, Key: key, Name: in.Path, Size: in.Size}
	body := http.MaxBytesReader(c.w, c.stream, u.Size-min(in.Offset, u.Size)+1)
	f.Offset, f.SHA256, err = u.Append(ctx, sp.Vault, sp.Index(), in.Offset, body, nil)
	if errors.Is(err, vault.ErrShort) {
		err = nil // what is whole of the part is stored, and the answer says how much that is
	}
	return f, err
}

// maxTogether bounds files that are sent in one request, in bytes.
const maxTogether = 256 << 20

func (a *api) sendFiles(ctx context.Context, sp *examine.Space, id string) (uploadAnswer, error) {
	c := callerOf(ctx)
	ev, key, err := receiving(ctx, sp, id)
	if err != nil {
		return uploadAnswer{}, err
	}
	if !a.s.claim(ev.ID) {
		return uploadAnswer{}, workspace.ErrBusy
	}
	defer a.s.release(ev.ID)
	t := tar.NewReader(http.MaxBytesReader(c.w, c.stream, maxTogether))
	list, err := vault.AppendFiles(ctx, sp.Vault, sp.Index(), vault.AddOptions{Bundle: ev.ID, Case: ev.Case, Key: key}, func() (string, int64, io.Reader, error) {
		h, err := t.Next()
		switch {
		case errors.Is(err, io.EOF):
			return "", 0, nil, err
		case err != nil:
			return "", 0, nil, badRequest{err}
		case h.Typeflag != tar.TypeReg:
			return "", 0, nil, badRequest{errors.New("something else than a file")}
		}
		return path.Clean(h.Name), h.Size, t, nil
	})
	if errors.Is(err, vault.ErrShort) {
		err = badRequest{err}
	}
	return uploadAnswer{ev.ID, ev.State, uploadedFiles(list)}, err
}

// endUpload takes an upload for whole when the files are as many, and as large,
// as their sender says. Saying so again changes nothing.
func (a *api) endUpload(ctx context.Context, sp *examine.Space, in *doneBody) (out doneAnswer, err error) {
	if out.Evidence, err = sp.Evidence(ctx, in.Evidence); err != nil {
		return out, err
	}
	if out.Evidence.State == workspace.Receiving {
		if out.Evidence, err = a.complete(ctx, sp, in); err != nil {
			return out, err
		}
	}
	if !in.Body.Check {
		return out, nil
	}
	before, err := sp.Jobs(ctx, workspace.JobFilter{Evidence: in.Evidence}, workspace.Page{Limit: 1})
	if err != nil {
		return out, err
	}
	if len(before.Items) > 0 {
		out.Job = &before.Items[0]
		return out, nil
	}
	j, err := a.queue(ctx, sp, workspace.Job{Case: out.Evidence.Case, Kind: workspace.JobCheck, Device: out.Evidence.Device, Evidence: in.Evidence},
		workspace.JobPrivate{Password: in.Body.Password})
	out.Job = &j
	return out, err
}

func (a *api) complete(ctx context.Context, sp *examine.Space, in *doneBody) (workspace.Evidence, error) {
	_, key, err := receiving(ctx, sp, in.Evidence)
	if err != nil {
		return workspace.Evidence{}, err
	}
	list, err := vault.Files(ctx, sp.Index(), in.Evidence, key)
	if err != nil {
		return workspace.Evidence{}, err
	}
	var files, size int64
	for i := range list {
		if list[i].SHA256 == "" {
			return workspace.Evidence{}, vault.ErrOffset
		}
		files, size = files+1, size+list[i].Size
	}
	if files != in.Body.Files || size != in.Body.Bytes {
		return workspace.Evidence{}, vault.ErrOffset
	}
	return sp.CompleteEvidence(ctx, in.Evidence, list)
}
