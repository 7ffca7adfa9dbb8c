package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/workspace"
)

//go:embed templates/*.html
var templateFiles embed.FS

// pages holds a template for each page, with layout and components.
type pages struct {
	byName map[string]*template.Template
	assets map[string]string // name: path with the hash of its content
	byPath map[string]asset
	module module
}

// shared are the templates that all pages use.
var shared = []string{"layout.html", "components.html"}

func loadPages() (*pages, error) {
	p := &pages{byName: map[string]*template.Template{}, assets: map[string]string{}, byPath: map[string]asset{}}
	if err := errors.Join(p.loadAssets(), p.loadModule()); err != nil {
		return nil, err
	}
	base := template.New("").Funcs(template.FuncMap{
		"asset": func(name string) (string, error) {
			if at, ok := p.assets[name]; ok {
				return at, nil
			}
			return "", fmt.Errorf("no asset %s", name)
		},
		"when": when, "day": dayOf, "symbol": symbolOf, "size": size, "join": strings.Join, "cut": cut, "dict": dict, "field": field, "choice": choice, "list": func(s ...string) []string { return s },
	})
	for _, name := range shared {
		if _, err := base.ParseFS(templateFiles, "templates/"+name); err != nil {
			return nil, err
		}
	}
	list, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	for _, file := range list {
		t, err := template.Must(base.Clone()).ParseFS(templateFiles, file)
		if err != nil {
			return nil, err
		}
		p.byName[strings.TrimSuffix(path.Base(file), ".html")] = t
	}
	return p, nil
}

// view is what a template gets.
type view struct {
	*message.Printer
	Title, Section     string // of the page; the part of the site that it is in
	Notice             string
	Problem            string // what in the form has to be mended
	Appearance, Member string
	Refresh            int // seconds after which a page without script loads again
	Entered            bool
	Team               bool             // members sign in from elsewhere
	roles              []workspace.Role // of the member, in whatever case
	Data               any
}

// T is Text for templates.
func (v *view) T(id string, pairs ...any) string { return v.Text(id, pairs...) }

// N is Number for templates.
func (v *view) N(n any) string {
	switch n := n.(type) {
	case int:
		return v.Number(int64(n))
	case int64:
		return v.Number(n)
	}
	return fmt.Sprint(n)
}

// Every says how often something is done, of minutes.
func (v *view) Every(minutes int64) string {
	switch {
	case minutes%1440 == 0:
		return v.Count("web.every.days", minutes/1440)
	case minutes%60 == 0:
		return v.Count("web.every.hours", minutes/60)
	}
	return v.Count("web.every.minutes", minutes)
}

// Known is the text of a prefix and a value, the value where there is none.
func (v *view) Known(prefix, value string) string { return v.Or(prefix, value) }

// Artifact is what people call an artifact.
func (v *view) Artifact(name string) string {
	return cut(maxTitle, report.ArtifactTitle(v.Printer, name))
}

// TitleOf says what a finding is, in the page's language.
func (v *view) TitleOf(f workspace.Finding) string {
	return report.TitleOf(huntedFinding(&f), v.Printer)
}

// Can reports whether the member may do something in some case: what they may
// not do anywhere no page offers. Who has no case yet may begin with anything.
func (v *view) Can(d workspace.Deed) bool {
	return len(v.roles) == 0 || slices.ContainsFunc(v.roles, func(r workspace.Role) bool { return r.May(d) })
}

// Concerned reports whether the member is the person concerned, and nothing else.
func (v *view) Concerned() bool {
	return len(v.roles) > 0 && !slices.ContainsFunc(v.roles, func(r workspace.Role) bool { return r != workspace.RolePerson })
}

// options of a page.
type option func(*view)

// inSection marks the part of the site.
func inSection(name string) option { return func(v *view) { v.Section = name } }

// withProblem says what in the form has to be mended.
func withProblem(text string) option { return func(v *view) { v.Problem = text } }

// refreshing loads the page again where no script does.
func refreshing(seconds int) option { return func(v *view) { v.Refresh = seconds } }

func (q *request) render(page, title string, data any, o ...option) error {
	return q.renderStatus(http.StatusOK, page, title, data, o...)
}

// renderStatus writes a page whole, or nothing of it. Hidden characters of
// whatever field are named in it.
func (q *request) renderStatus(status int, page, title string, data any, o ...option) error {
	t := q.s.pages.byName[page]
	if t == nil {
		return fmt.Errorf("no page %s", page)
	}
	v := &view{
		Printer: q.Printer, Title: title, Appearance: appearanceOf(q.r), Notice: q.said(),
		Entered: q.session != nil, Team: q.s.team != nil, Data: data,
	}
	if q.space != nil {
		v.Member = q.space.Member().Name
		var err error
		if v.roles, err = q.space.MyRolesAnywhere(q.ctx()); err != nil {
			return err
		}
	}
	for _, set := range o {
		set(v)
	}
	if v.Problem != "" && status == http.StatusOK {
		status = http.StatusUnprocessableEntity
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", v); err != nil {
		return fmt.Errorf("page %s: %w", page, err)
	}
	q.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	q.w.WriteHeader(status)
	_ = report.WriteVisible(q.w, b.Bytes()) // who does not take it is gone
	return nil
}

// again shows a form once more with what has to be mended; an error that is
// not of the form is returned.
func (q *request) again(err error, page, title string, data any, o ...option) error {
	status, id := causeOf(err)
	q.wait(err)
	if status >= http.StatusInternalServerError || status == http.StatusBadRequest {
		return err
	}
	return q.renderStatus(status, page, title, data, append(o, withProblem(q.Text(id)))...)
}

// when is the time of an act without its seconds, in UTC.
func when(t string) string {
	if len(t) < len("2006-01-02T15:04") {
		return t
	}
	return t[:10] + " " + t[11:16]
}

// dayOf is the day of a time.
func dayOf(t string) string { return t[:min(len(t), 10)] }

func symbolOf(name string) string {
	s, err := finding.ParseSeverity(name)
	if err != nil {
		return ""
	}
	return report.Symbol(s)
}

// size is a number of bytes as people read it.
func size(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	f, i := float64(n), 0
	for f >= 1024 && i < len(units)-1 {
		f, i = f/1024, i+1
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", f, units[i])
}

// cut shortens a text that may be of any length.
func cut(n int, s string) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// dict passes several values to a component.
func dict(pairs ...any) (map[string]any, error) {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no name", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}
