package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// intakeData is the form by which evidence comes.
type intakeData struct {
	Case    workspace.Case
	Devices []deviceChoice
	Device  string
	Path    string
	Segment int64 // bytes of a part of an upload
}

type deviceChoice struct {
	ID, Label string
	Consent   bool // that covers analysis today
}

func (q *request) intakeData() (intakeData, error) {
	c, err := q.theCase()
	if err != nil {
		return intakeData{}, err
	}
	people, err := q.people(c.ID)
	if err != nil {
		return intakeData{}, err
	}
	d := intakeData{Case: c, Device: q.r.URL.Query().Get("device"), Path: q.r.URL.Query().Get("path"), Segment: vault.SegmentSize}
	for i := range people {
		for _, dev := range people[i].Devices {
			d.Devices = append(d.Devices, deviceChoice{dev.ID, dev.Private.Label + ", " + people[i].Pseudonym, people[i].Consent != ""})
		}
	}
	return d, nil
}

func (q *request) intakePage() error {
	d, err := q.intakeData()
	if err != nil {
		return err
	}
	return q.render("intake", q.Text("web.intake.title"), d, inSection("cases"))
}

// takePath queues evidence that lies on this machine.
func (q *request) takePath() error {
	if err := q.form(); err != nil {
		return err
	}
	d, err := q.intakeData()
	if err != nil {
		return err
	}
	d.Device, d.Path = q.value("device"), q.value("path")
	if !filepath.IsAbs(d.Path) {
		err = invalid{"web.intake.absolute"}
	} else if _, serr := os.Stat(d.Path); serr != nil {
		err = invalid{"web.intake.no_path"}
	} else if !slices.ContainsFunc(d.Devices, func(c deviceChoice) bool { return c.ID == d.Device }) {
		err = workspace.ErrInvalid
	}
	if err != nil {
		return q.again(err, "intake", q.Text("web.intake.title"), d, inSection("cases"))
	}
	return q.queue(workspace.Job{Case: d.Case.ID, Kind: workspace.JobReceive, Device: d.Device},
		workspace.JobPrivate{Path: d.Path, Password: q.r.PostFormValue("password"), Lang: q.Lang()})
}

// takeFile takes a file that a form without script sends, whole.
func (q *request) takeFile() error {
	d, err := q.intakeData()
	if err != nil {
		return err
	}
	f := fields{}
	var ev workspace.Evidence
	err = q.parts(maxUpload, f, func(p *multipart.Part) error {
		if p.FileName() == "" {
			return nil
		}
		name := fileName(p.FileName())
		var key seal.Identity
		// The name alone: how large it is is known at the end.
		if ev, key, err = q.space.ReceiveEvidence(q.ctx(), d.Case.ID, f.get("device"), "upload: "+name); err != nil {
			return err
		}
		u := vault.Upload{Bundle: ev.ID, Case: ev.Case, Key: key, Name: name}
		var sum string
		if _, sum, err = u.AppendAll(q.ctx(), q.space.Vault, q.space.Index(), p); err != nil {
			return err
		}
		q.say(q.Text("web.intake.hash", "Name", name, "SHA256", sum))
		ev, err = q.complete(ev.ID, key)
		return err
	})
	if err == nil && ev.ID == "" {
		err = invalid{"web.intake.no_file"}
	}
	if err != nil {
		d.Device = f.get("device")
		return q.again(err, "intake", q.Text("web.intake.title"), d, inSection("cases"))
	}
	return q.queue(workspace.Job{Case: ev.Case, Kind: workspace.JobCheck, Device: ev.Device, Evidence: ev.ID},
		workspace.JobPrivate{Password: f.get("password"), Lang: q.Lang()})
}

// maxUpload bounds an upload in bytes: more than the largest phone.
const maxUpload = 4 << 40

// complete says that all of an evidence is stored.
func (q *request) complete(id string, key seal.Identity) (workspace.Evidence, error) {
	files, err := vault.Files(q.ctx(), q.space.Index(), id, key)
	if err != nil {
		return workspace.Evidence{}, err
	}
	return q.space.CompleteEvidence(q.ctx(), id, files)
}

// uploadState answers where an upload stands.
type uploadState struct {
	Evidence string `json:"evidence"`
	Offset   int64  `json:"offset"`
	SHA256   string `json:"sha256,omitempty"` // of all of it, once all is stored
	Next     string `json:"next,omitempty"`   // the page of the job that checks it
}

func (q *request) answer(v any) error {
	q.w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(q.w).Encode(v)
}

// upload begins an upload, or finds the one of the same file that was cut
// short: its name and size are the same, and so is the phone.
func (q *request) upload() (*vault.Upload, uploadState, error) {
	name := fileName(q.r.URL.Query().Get("name"))
	size, err := strconv.ParseInt(q.r.URL.Query().Get("size"), 10, 64)
	if err != nil || size <= 0 || size > maxUpload {
		return nil, uploadState{}, badRequest{errors.New("size of the upload")}
	}
	source := fmt.Sprintf("upload: %s (%d bytes)", name, size)
	ev, key, err := q.space.ReceiveEvidence(q.ctx(), q.path("case"), q.path("device"), source)
	if err != nil {
		return nil, uploadState{}, err
	}
	u := &vault.Upload{Bundle: ev.ID, Case: ev.Case, Key: key, Name: name, Size: size}
	st := uploadState{Evidence: ev.ID}
	st.Offset, st.SHA256, err = u.Offset(q.ctx(), q.space.Index())
	return u, st, err
}

func (q *request) uploadOffset() error {
	_, st, err := q.upload()
	if err != nil {
		return err
	}
	return q.answer(st)
}

// uploadPart stores a part of an upload, as far as it comes.
func (q *request) uploadPart() error {
	offset, err := strconv.ParseInt(q.r.Header.Get("Upload-Offset"), 10, 64)
	if err != nil || q.r.Header.Get("Content-Type") != "application/offset+octet-stream" {
		return badRequest{errors.New("head of the part")}
	}
	u, st, err := q.upload()
	if err != nil {
		return err
	}
	if !q.s.claim(u.Bundle) {
		return vault.ErrOffset // another page sends the same file
	}
	defer q.s.release(u.Bundle)
	body := http.MaxBytesReader(q.w, q.r.Body, u.Size-min(offset, u.Size)+1)
	st.Offset, st.SHA256, err = u.Append(q.ctx(), q.space.Vault, q.space.Index(), offset, body, nil)
	if errors.Is(err, workspace.ErrBusy) { // another server took the same part, and was faster
		err = vault.ErrOffset
	}
	if err != nil && !errors.Is(err, vault.ErrShort) {
		return err
	}
	return q.answer(st)
}

// uploadDone queues the check of an upload that is stored whole.
func (q *request) uploadDone() error {
	if err := q.form(); err != nil {
		return err
	}
	u, st, err := q.upload()
	if err != nil {
		return err
	}
	if st.SHA256 == "" {
		return vault.ErrOffset
	}
	ev, err := q.complete(st.Evidence, u.Key)
	if err != nil {
		return err
	}
	j, err := q.space.AddJob(q.ctx(), workspace.Job{Case: ev.Case, Kind: workspace.JobCheck, Device: ev.Device, Evidence: ev.ID},
		workspace.JobPrivate{Password: q.r.PostFormValue("password"), Lang: q.Lang()})
	if err != nil {
		return err
	}
	q.s.wake()
	q.say(q.Text("web.intake.hash", "Name", u.Name, "SHA256", st.SHA256))
	st.Next = "/jobs/" + j.ID
	return q.answer(st)
}

// claim takes an upload for one request at a time, of this server: two that send
// the same part would do its work twice. Which part counts the database decides,
// whichever servers took them.
func (s *Server) claim(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.uploads[id] {
		return false
	}
	s.uploads[id] = true
	return true
}

func (s *Server) release(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.uploads, id)
}

// browseData is a folder of this machine, to pick evidence from.
type browseData struct {
	Case      workspace.Case
	Device    string
	Path, Up  string
	Entries   []folderEntry
	More      bool
	Forbidden bool
}

type folderEntry struct {
	Name, Path string
	Dir        bool
	Size       int64
}

// maxEntries of a folder are listed.
const maxEntries = 2000

// browsePage lists a folder of this machine. Only whoever sits at it is here:
// they could as well look with any other program.
func (q *request) browsePage() error {
	c, err := q.theCase()
	if err != nil {
		return err
	}
	d := browseData{Case: c, Device: q.r.URL.Query().Get("device"), Path: q.r.URL.Query().Get("path")}
	if d.Path == "" {
		if d.Path, err = os.UserHomeDir(); err != nil {
			d.Path = string(filepath.Separator)
		}
	}
	d.Path = filepath.Clean(d.Path)
	if !filepath.IsAbs(d.Path) {
		return badRequest{errors.New("a path that is not absolute")}
	}
	if up := filepath.Dir(d.Path); up != d.Path {
		d.Up = up
	}
	list, err := os.ReadDir(d.Path)
	d.Forbidden = err != nil
	for _, e := range list {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if len(d.Entries) == maxEntries {
			d.More = true
			break
		}
		entry := folderEntry{Name: e.Name(), Path: filepath.Join(d.Path, e.Name()), Dir: e.IsDir()}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			entry.Size = info.Size()
		}
		d.Entries = append(d.Entries, entry)
	}
	return q.render("browse", q.Text("web.browse.title"), d, inSection("cases"))
}
