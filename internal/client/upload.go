package client

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// How evidence is sent: small files together, large ones in parts.
const (
	smallFile = 4 << 20  // bytes; up to here together with others
	together  = 48 << 20 // bytes of a request of small files
	mostFiles = 2000     // of a request
)

// sent is a file of an upload as the server has it.
type sent struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	Offset int64  `json:"offset"`
	SHA256 string `json:"sha256"`
}

type upload struct {
	c        *Client
	ctx      context.Context //nolint:containedctx // of the one upload
	root     *os.Root
	Evidence string `json:"evidence"`
	Files    []sent `json:"files"`

	have     map[string]sent
	sums     map[string]string // SHA-256 of what was sent, or was there
	progress func(files, bytes int64)
	files    int64
	bytes    int64
}

// here is a file to send.
type here struct {
	name string
	size int64
}

// Receive sends the evidence that lies at a path, file by file, and goes on
// where an earlier call was cut short. What the server has in the end is held
// to what was read here, by the SHA-256 of each file and of their list.
func (c *Client) Receive(ctx context.Context, caseID, device, name string, progress func(files, bytes int64)) (workspace.Evidence, error) {
	dir, list, err := survey(ctx, name)
	if err != nil {
		return workspace.Evidence{}, err
	}
	var size int64
	for i := range list {
		size += list[i].size
	}
	if len(list) == 0 {
		return workspace.Evidence{}, fmt.Errorf("%s: %w: it holds no file", name, workspace.ErrInvalid)
	}
	u := &upload{c: c, ctx: ctx, have: map[string]sent{}, sums: map[string]string{}, progress: progress}
	if u.root, err = os.OpenRoot(dir); err != nil {
		return workspace.Evidence{}, err
	}
	defer u.root.Close()
	base := filepath.Base(filepath.Clean(name))
	if err := c.post(ctx, "/cases/"+part(caseID)+"/uploads", map[string]any{"device": device, "name": base, "files": len(list), "bytes": size}, u); err != nil {
		return workspace.Evidence{}, err
	}
	for _, f := range u.Files {
		u.have[f.Path] = f
	}
	if err := u.all(list); err != nil {
		return workspace.Evidence{}, err
	}
	return u.done(len(list), size)
}

// survey lists the files at a path. Links and pipes are left out, as the vault
// leaves them out.
func survey(ctx context.Context, name string) (dir string, list []here, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", nil, err
	}
	if !info.IsDir() {
		return filepath.Dir(name), []here{{filepath.Base(name), info.Size()}}, nil
	}
	err = filepath.WalkDir(name, func(at string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return errors.Join(err, ctx.Err())
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(name, at)
		list = append(list, here{filepath.ToSlash(rel), info.Size()})
		return err
	})
	return name, list, err
}

// all sends what the server does not have.
func (u *upload) all(list []here) error {
	var batch []here
	var size int64
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := u.batch(batch)
		batch, size = nil, 0
		return err
	}
	for _, f := range list {
		if had, ok := u.have[f.name]; ok && had.Size == f.size && had.SHA256 != "" {
			if err := u.same(f, had.SHA256); err != nil {
				return err
			}
			continue
		}
		if f.size > smallFile {
			if err := u.large(f); err != nil {
				return err
			}
			continue
		}
		batch, size = append(batch, f), size+f.size
		if size >= together || len(batch) == mostFiles {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// same holds a file that the server has to the one that lies here.
func (u *upload) same(f here, sum string) error {
	file, err := u.root.Open(filepath.FromSlash(f.name))
	if err != nil {
		return err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return err
	}
	return u.told(f, sum, hex.EncodeToString(h.Sum(nil)))
}

// told notes that a file is stored, if it is the one that was read.
func (u *upload) told(f here, theirs, ours string) error {
	if theirs != ours {
		return fmt.Errorf("%s: %w: the server has other bytes", f.name, vault.ErrChanged)
	}
	u.sums[f.name] = ours
	u.files, u.bytes = u.files+1, u.bytes+f.size
	if u.progress != nil {
		u.progress(u.files, u.bytes)
	}
	return nil
}

// batch sends small files in one request.
func (u *upload) batch(list []here) error {
	sums := map[string]string{}
	var out struct {
		Files []sent `json:"files"`
	}
	err := u.c.json(u.ctx, call{
		method: http.MethodPost, path: "/uploads/" + part(u.Evidence) + "/files", kind: "application/x-tar", again: true,
		body: func() (io.ReadCloser, int64, error) {
			r, w := io.Pipe()
			go func() { w.CloseWithError(u.pack(w, list, sums)) }()
			return r, -1, nil
		},
	}, &out)
	if err != nil {
		return err
	}
	stored := map[string]string{}
	for _, f := range out.Files {
		stored[f.Path] = f.SHA256
	}
	for _, f := range list {
		if err := u.told(f, stored[f.name], sums[f.name]); err != nil {
			return err
		}
	}
	return nil
}

func (u *upload) pack(w io.Writer, list []here, sums map[string]string) error {
	t := tar.NewWriter(w)
	for _, f := range list {
		if err := t.WriteHeader(&tar.Header{Name: f.name, Size: f.size, Mode: 0o600, Typeflag: tar.TypeReg, Format: tar.FormatPAX}); err != nil {
			return err
		}
		file, err := u.root.Open(filepath.FromSlash(f.name))
		if err != nil {
			return err
		}
		h := sha256.New()
		_, err = io.CopyN(io.MultiWriter(t, h), file, f.size)
		if err = errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("%s: %w", f.name, errors.Join(vault.ErrChanged, err))
		}
		sums[f.name] = hex.EncodeToString(h.Sum(nil))
	}
	return t.Close()
}

// large sends a file in parts, from what is stored on, however often the
// connection breaks: as long as it comes further.
func (u *upload) large(f here) error {
	now := u.have[f.name]
	for tries := 0; now.SHA256 == ""; tries++ {
		var next sent
		err := u.part(f, now.Offset, &next)
		if err != nil {
			fresh, ferr := u.where(f)
			if ferr != nil {
				return errors.Join(err, ferr)
			}
			if fresh.Offset > now.Offset || fresh.SHA256 != "" {
				tries = 0
			}
			if tries == attempts || u.ctx.Err() != nil || errors.Is(err, ErrRefused) || errors.Is(err, workspace.ErrNoConsent) {
				return err
			}
			now = fresh
			if werr := u.c.o.Wait(u.ctx, firstPause<<tries); werr != nil {
				return errors.Join(err, werr)
			}
			continue
		}
		if next.SHA256 == "" && next.Offset <= now.Offset && tries == attempts {
			return fmt.Errorf("%s: %w: it comes no further", f.name, ErrServer)
		}
		now = next
	}
	return u.same(f, now.SHA256)
}

func (u *upload) part(f here, offset int64, into *sent) error {
	return u.c.json(u.ctx, call{
		method: http.MethodPatch, path: "/uploads/" + part(u.Evidence), kind: "application/offset+octet-stream",
		query: values("path", f.name, "size", strconv.FormatInt(f.size, 10)), head: http.Header{"Upload-Offset": {strconv.FormatInt(offset, 10)}},
		body: func() (io.ReadCloser, int64, error) {
			file, err := u.root.Open(filepath.FromSlash(f.name))
			if err != nil {
				return nil, 0, err
			}
			rest := io.NewSectionReader(file, offset, f.size-offset)
			return struct {
				io.Reader
				io.Closer
			}{rest, file}, f.size - offset, nil
		},
	}, into)
}

// where asks how much of a file is stored.
func (u *upload) where(f here) (sent, error) {
	var now struct {
		Files []sent `json:"files"`
	}
	if err := u.c.get(u.ctx, "/uploads/"+part(u.Evidence), nil, &now); err != nil {
		return sent{}, err
	}
	i := slices.IndexFunc(now.Files, func(x sent) bool { return x.Path == f.name && x.Size == f.size })
	if i < 0 {
		return sent{}, nil
	}
	return now.Files[i], nil
}

// done ends the upload and holds the server's list of files to ours.
func (u *upload) done(files int, size int64) (workspace.Evidence, error) {
	var out struct {
		Evidence workspace.Evidence `json:"evidence"`
	}
	if err := u.c.post(u.ctx, "/uploads/"+part(u.Evidence)+"/done", map[string]any{"files": files, "bytes": size}, &out); err != nil {
		return out.Evidence, err
	}
	var list []vault.File
	for name, sum := range u.sums {
		list = append(list, vault.File{Path: name, SHA256: sum})
	}
	slices.SortFunc(list, func(a, b vault.File) int { return strings.Compare(a.Path, b.Path) })
	if ours := vault.Sum(list); ours != out.Evidence.ManifestSHA256 {
		return out.Evidence, fmt.Errorf("evidence %s: %w: the server's list of files is not ours", out.Evidence.ID, vault.ErrChanged)
	}
	return out.Evidence, nil
}

// Check has the server check stored evidence.
func (c *Client) Check(ctx context.Context, evidence, password string) (j workspace.Job, err error) {
	body := map[string]any{}
	if password != "" {
		body["password"] = password
	}
	err = c.post(ctx, "/evidence/"+part(evidence)+"/check", body, &j)
	return j, err
}
