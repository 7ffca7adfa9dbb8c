package web

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/workspace"
)

// findingsData is a list to sort through.
type findingsData struct {
	Findings                   []workspace.Finding
	Case, Run, State, Severity string
	Next, Query                string
	Titles                     *titles // nil: all are of one case
	Here                       string  // title of the case that they are of
}

func (q *request) findingsPage() error {
	v := q.r.URL.Query()
	d := findingsData{Case: v.Get("case"), Run: v.Get("run"), State: v.Get("state"), Severity: v.Get("severity")}
	by := workspace.FindingFilter{Case: d.Case, Run: d.Run, State: d.State}
	if d.Severity != "" {
		var err error
		if by.AtLeast, err = finding.ParseSeverity(d.Severity); err != nil {
			return badRequest{err}
		}
	}
	l, err := q.space.Findings(q.ctx(), by, q.page(200))
	if err != nil {
		return err
	}
	d.Findings, d.Next = l.Items, l.Next
	switch t := q.titles(); {
	case d.Case != "":
		d.Here = t.Of(d.Case)
	case d.Run == "":
		d.Titles = t
		t.open(each(l.Items, func(f *workspace.Finding) string { return f.Case })...)
	}
	v.Del("after")
	d.Query = v.Encode()
	return q.render("findings", q.Text("web.findings.title"), d, inSection("findings"))
}

// findingData is a finding: why, how sure, the walk to the bytes.
type findingData struct {
	Finding  workspace.Finding
	Run      workspace.Run
	Evidence workspace.Evidence
	Case     workspace.Case
	Shown    report.Shown
	Hunted   bool // found by a hunt: evidence was not opened, there is no record
	Similar  []similarLine
	Note     string
}

type similarLine struct {
	workspace.Finding
	SameRun bool
	Title   string // of the case, where it is another one
}

// theFinding returns a finding of a run that the member may see.
func (q *request) theFinding() (workspace.Finding, error) {
	l, err := q.space.Findings(q.ctx(), workspace.FindingFilter{Run: q.path("run"), ID: q.path("finding")}, workspace.Page{Limit: 1})
	if err == nil && len(l.Items) == 0 {
		err = fmt.Errorf("finding %s: %w", q.path("finding"), workspace.ErrNotFound)
	}
	if err != nil {
		return workspace.Finding{}, err
	}
	return l.Items[0], nil
}

func (q *request) findingData() (findingData, error) {
	f, err := q.theFinding()
	if err != nil {
		return findingData{}, err
	}
	d := findingData{Finding: f, Hunted: f.Source == workspace.ByHunt, Note: f.Note}
	if d.Run, d.Evidence, d.Case, err = q.theRun(); err != nil {
		return d, err
	}
	b, err := q.space.OpenRun(q.ctx(), &d.Run)
	if err != nil {
		return d, err
	}
	run, err := report.LoadRun(b.FS(q.ctx()), d.Run.ID)
	if err != nil {
		return d, err
	}
	whole, err := report.FindFS(b.FS(q.ctx()), d.Run.ID, f.ID)
	if errors.Is(err, fs.ErrNotExist) && d.Hunted {
		whole, err = huntedFinding(&f), nil
	}
	if err != nil {
		return d, err
	}
	if d.Shown, err = report.Show(whole, run, q.Printer); err != nil {
		return d, err
	}
	d.Similar, err = q.similar(&f)
	return d, err
}

// huntedFinding is what is known of a finding of a hunt: it has no record.
func huntedFinding(f *workspace.Finding) *finding.Finding {
	out := &finding.Finding{ID: f.ID, Severity: f.Severity, Kind: finding.Kind(f.Kind), Title: f.Title, Artifact: f.Artifact, Rule: f.Rule}
	if f.Type != "" {
		out.Indicator = &finding.Matched{Type: f.Type, Value: f.Value, Threat: f.Threat}
	}
	return out
}

// maxSimilar bounds the list of findings elsewhere.
const maxSimilar = 20

// similar are the findings of other evidence that the same value or rule made.
func (q *request) similar(f *workspace.Finding) ([]similarLine, error) {
	by := workspace.FindingFilter{Type: f.Type, Value: f.Value}
	if f.Value == "" {
		by = workspace.FindingFilter{Rule: f.Rule}
		if f.Rule == "" {
			return nil, nil
		}
	}
	l, err := q.space.Findings(q.ctx(), by, workspace.Page{Limit: 200})
	if err != nil {
		return nil, err
	}
	t := q.titles()
	t.open(each(l.Items, func(o *workspace.Finding) string { return o.Case })...)
	var out []similarLine
	for _, o := range l.Items {
		if (o.ID != f.ID || o.Run != f.Run) && len(out) < maxSimilar {
			line := similarLine{Finding: o, SameRun: o.Run == f.Run}
			if o.Case != f.Case {
				line.Title = t.Of(o.Case)
			}
			out = append(out, line)
		}
	}
	return out, nil
}

func (q *request) findingPage() error {
	d, err := q.findingData()
	if err != nil {
		return err
	}
	return q.render("finding", d.Shown.Title, d, inSection("findings"))
}

// decide takes a decision, or a note, of who saw the finding as it is.
func (q *request) decide() error {
	if err := q.form(); err != nil {
		return err
	}
	state := q.value("state")
	err := q.space.DecideSeen(q.ctx(), q.path("run"), q.path("finding"), state, q.value("note"), q.value("seen"))
	if errors.Is(err, workspace.ErrConflict) || errors.Is(err, workspace.ErrInvalid) {
		d, derr := q.findingData()
		if derr != nil {
			return derr
		}
		d.Note = q.value("note") // what was written is not lost
		return q.again(err, "finding", d.Shown.Title, d, inSection("findings"))
	}
	if err != nil {
		return err
	}
	return q.done("/runs/"+q.path("run")+"/findings/"+q.path("finding"), q.Text("web.finding.decided."+orNoted(state)))
}

func orNoted(state string) string {
	if state == "" {
		return "noted"
	}
	return state
}
