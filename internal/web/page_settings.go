package web

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/settings"
	"github.com/amparo-project/amparo/internal/workspace"
)

// settingsData are the files of settings, kept or not.
type settingsData struct {
	Files    []settingLine
	Manager  bool
	Managers string // their names
}

// settingLine is a file of settings.
type settingLine struct {
	workspace.SharedFile
	ID   string // in message ids
	Kept bool
}

// settingData is one file.
type settingData struct {
	settingsData
	settingLine
	Seen    string // the hash of what is kept, or none
	Text    string // in the form: what is kept, or was typed
	Shown   bool   // the form can hold the text as it is
	Faults  []settings.Fault
	Now     string // what is kept, where it is not what was seen
	Example string
	Broken  bool // what is kept does not read
}

// maxShown bounds a file that a form holds, in bytes.
const maxShown = 256 << 10

// settingID is what a file is called in message ids.
func settingID(name string) string { return strings.TrimSuffix(name, ".yaml") }

func (q *request) settingsData() (d settingsData, err error) {
	list, err := q.space.SharedList(q.ctx())
	if err != nil {
		return d, err
	}
	for _, name := range workspace.SharedFiles {
		line := settingLine{SharedFile: workspace.SharedFile{Name: name}, ID: settingID(name)}
		if i := slices.IndexFunc(list, func(f workspace.SharedFile) bool { return f.Name == name }); i >= 0 {
			line.SharedFile, line.Kept = list[i], true
		}
		d.Files = append(d.Files, line)
	}
	if d.Manager = q.space.Member().Manager; d.Manager {
		return d, nil
	}
	members, err := q.space.Members(q.ctx(), workspace.Page{Limit: workspace.MaxLimit})
	var names []string
	for i := range members.Items {
		if m := &members.Items[i]; m.Manager && m.Removed == "" {
			names = append(names, cut(maxTitle, m.Name))
		}
	}
	d.Managers = strings.Join(names, ", ")
	return d, err
}

func (q *request) settingsPage() error {
	d, err := q.settingsData()
	if err != nil {
		return err
	}
	return q.render("settings", q.Text("web.settings.title"), d, inSection("me"))
}

// settingData is the file that the path names, with what is kept in the form.
func (q *request) settingData() (d settingData, err error) {
	name := q.path("file")
	if !settings.Known(name) {
		return d, fmt.Errorf("%s: %w", name, workspace.ErrNotFound)
	}
	if d.settingsData, err = q.settingsData(); err != nil {
		return d, err
	}
	d.settingLine = d.Files[slices.Index(workspace.SharedFiles, name)]
	d.Example, d.Seen, d.Shown = settings.Example(name), settings.None, true
	data, _, err := q.space.Shared(q.ctx(), name)
	if errors.Is(err, workspace.ErrNotFound) {
		return d, nil
	}
	if err != nil {
		return d, err
	}
	d.Seen, d.Faults = settings.SHA256(data), settings.Names(settings.Check(name, data))
	d.Broken = d.Faults == nil && settings.Check(name, data) != nil
	d.put(string(data))
	return d, nil
}

// put puts a text into the form, if a page can hold it as it is: a browser would
// send back what it shows.
func (d *settingData) put(text string) {
	if d.Shown = len(text) <= maxShown && !report.Hides(text) && strings.ToValidUTF8(text, "") == text; d.Shown {
		d.Text = text
	}
}

func (q *request) settingPage() error {
	d, err := q.settingData()
	if err != nil {
		return err
	}
	return q.showSetting(d)
}

func (q *request) showSetting(d settingData, o ...option) error {
	return q.render("setting", q.Text("web.settings."+d.ID), d, append(o, inSection("me"))...)
}

// settingFile hands the kept file out.
func (q *request) settingFile() error {
	name := q.path("file")
	if !settings.Known(name) {
		return fmt.Errorf("%s: %w", name, workspace.ErrNotFound)
	}
	data, _, err := q.space.Shared(q.ctx(), name)
	if err != nil {
		return err
	}
	q.attach(name, settings.MediaType)
	_, _ = q.w.Write(data) // who does not take it is gone
	return nil
}

// keepSetting keeps what was typed, or a file that was brought.
func (q *request) keepSetting() error {
	f := fields{}
	var brought []byte
	has := false
	err := q.parts(settings.MaxSize, f, func(p *multipart.Part) error {
		if p.FileName() == "" {
			_, err := io.Copy(io.Discard, io.LimitReader(p, maxForm)) // no file was chosen
			return err
		}
		var err error
		has = true
		brought, err = limit.ReadAll(p, settings.MaxSize)
		return err
	})
	if err != nil && !errors.Is(err, limit.ErrLimit) {
		return err
	}
	typed := strings.Join(f["text"], "")
	text := strings.ReplaceAll(typed, "\r\n", "\n")
	switch {
	case err != nil, len(typed) >= maxForm: // a longer one was cut
		err = settings.Faults{{Kind: settings.Large}}
	case has:
		text, err = string(brought), settings.Keep(q.ctx(), q.space.Workspace, q.path("file"), brought, q.wish(f.get("seen")))
	case f["text"] == nil:
		return badRequest{errors.New("no text and no file")}
	default:
		err = settings.Keep(q.ctx(), q.space.Workspace, q.path("file"), []byte(text), q.wish(f.get("seen")))
	}
	if err != nil {
		return q.settingAgain(err, text)
	}
	return q.done("/settings/"+q.path("file"), q.Text("web.settings.kept"))
}

// wish is what a page asks: it may be anywhere.
func (q *request) wish(seen string) settings.Wish {
	if seen == "" {
		seen = "nothing" // a form says what it was made from
	}
	return settings.Wish{Seen: seen, Far: true}
}

// settingAgain shows the form once more, with what was typed and what is wrong
// with it.
func (q *request) settingAgain(problem error, text string) error {
	if errors.Is(problem, workspace.ErrNotAllowed) {
		return problem
	}
	d, err := q.settingData()
	if err != nil {
		return err
	}
	if errors.Is(problem, settings.ErrOther) && d.Shown {
		d.Now = d.Text
	}
	var faults settings.Faults
	if errors.As(problem, &faults) {
		d.Faults = faults[:min(len(faults), maxFaults)]
	}
	d.Text = ""
	d.put(text)
	return q.again(problem, "setting", q.Text("web.settings."+d.ID), d, inSection("me"))
}

// maxFaults bounds those that a page lists.
const maxFaults = 50

// removeSetting removes a file that is kept.
func (q *request) removeSetting() error {
	if err := q.form(); err != nil {
		return err
	}
	if !settings.Known(q.path("file")) {
		return fmt.Errorf("%s: %w", q.path("file"), workspace.ErrNotFound)
	}
	err := settings.Remove(q.ctx(), q.space.Workspace, q.path("file"), q.wish(q.value("seen")))
	if errors.Is(err, settings.ErrOther) {
		d, derr := q.settingData()
		if derr != nil {
			return derr
		}
		return q.again(err, "setting", q.Text("web.settings."+d.ID), d, inSection("me"))
	}
	if err != nil {
		return err
	}
	return q.done("/settings/"+q.path("file"), q.Text("web.settings.removed"))
}
