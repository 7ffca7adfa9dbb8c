package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/amparo-project/amparo/internal/compare"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/workspace"
)

// besideData is two checks of one phone, side by side.
type besideData struct {
	Case   workspace.Case
	Device workspace.Device
	Runs   []workspace.Run // of the phone, the newest first
	A, B   string
	*compare.Result
	Same               bool // one check was chosen twice
	Records            bool // were compared too
	Big                bool // they are too many for a page
	Counts             []countLine
	News, Gones, Other []foundLine // findings, the first
	Moved              []basisLine
	Read               []compare.Artifact // whose state differs
	Differ, Alike      []compare.Artifact // by their records
	Turned             bool               // the earlier one was chosen as the later
}

// countLine is a number in either check.
type countLine struct {
	Name string
	A, B int64
}

// foundLine is a finding that is in one of the checks alone, or says another
// thing.
type foundLine struct {
	ID, Run, Title, Severity, Artifact string
}

// basisLine is what one check was made by and the other not.
type basisLine struct {
	compare.Thing
	Kind string // parsers, indicators, rules
}

// Bounds of what a page shows of a comparison, and of what a server compares.
const (
	maxBeside         = 200
	maxRecordsBeside  = 5_000_000 // of both checks: some 100 bytes each are held
	comparisonsAtOnce = 2
)

// errManyRecords says that two checks have too many records to compare here.
var errManyRecords = invalid{"web.beside.too_many"}

// beside compares two checks of one phone, records too where each is not nil. Few
// compare records at once, others wait.
func (s *Server) beside(ctx context.Context, sp *examine.Space, a, b string, each func(*compare.Difference, *finding.Finding) error) (*compare.Result, error) {
	if each == nil {
		return sp.Compare(ctx, a, b, nil)
	}
	if err := fewRecords(ctx, sp, a, b); err != nil {
		return nil, err
	}
	select {
	case s.comparing <- struct{}{}:
		defer func() { <-s.comparing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return sp.Compare(ctx, a, b, each)
}

// fewRecords refuses checks that have too many records to compare.
func fewRecords(ctx context.Context, sp *examine.Space, runs ...string) error {
	total := int64(0)
	for _, id := range runs {
		r, err := sp.Run(ctx, id)
		if err != nil {
			return err
		}
		total += r.Summary.Totals.Records
	}
	if total > maxRecordsBeside {
		return errManyRecords
	}
	return nil
}

// ofDevice reads the runs of a phone, the newest first.
func (q *request) ofDevice(caseID, device string) (out []workspace.Run, err error) {
	for p := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := q.space.Runs(q.ctx(), workspace.RunFilter{Case: caseID, Device: device, State: workspace.Stored}, p)
		if err != nil {
			return nil, err
		}
		out = append(out, l.Items...)
		if p.After = l.Next; p.After == "" {
			break
		}
	}
	slices.SortStableFunc(out, func(a, b workspace.Run) int { return cmp.Compare(b.Ended, a.Ended) })
	return out, nil
}

func (q *request) besidePage() (err error) {
	d := besideData{A: q.value("a"), B: q.value("b")}
	if d.Case, err = q.theCase(); err != nil {
		return err
	}
	if d.Device, err = q.space.Device(q.ctx(), d.Case.ID, q.path("device")); err != nil {
		return err
	}
	if d.Runs, err = q.ofDevice(d.Case.ID, d.Device.ID); err != nil {
		return err
	}
	if d.B == "" && len(d.Runs) > 0 {
		d.B = d.Runs[0].ID
	}
	if i := q.runIn(d.Runs, d.B); d.A == "" && i >= 0 && i+1 < len(d.Runs) {
		d.A = d.Runs[i+1].ID
	}
	a, b := q.runIn(d.Runs, d.A), q.runIn(d.Runs, d.B)
	switch {
	case d.A != "" && a < 0, d.B != "" && b < 0:
		return fmt.Errorf("run: %w", workspace.ErrNotFound)
	case a >= 0 && a == b:
		d.Same = true
	case a >= 0 && b >= 0:
		if d.Turned = a < b; d.Turned {
			d.A, d.B, a, b = d.B, d.A, b, a
		}
		if err := q.viewAll(ofRuns([]workspace.Run{d.Runs[a], d.Runs[b]}), "/cases/{case}/devices/{device}/compare"); err != nil {
			return err
		}
		if err := q.fillBeside(&d, &d.Runs[a], &d.Runs[b]); err != nil {
			return err
		}
	}
	return q.render("beside", q.Text("web.beside.title"), d, inSection("cases"))
}

func (q *request) runIn(runs []workspace.Run, id string) int {
	return slices.IndexFunc(runs, func(r workspace.Run) bool { return r.ID == id })
}

// fillBeside compares, and puts into words what the page shows.
func (q *request) fillBeside(d *besideData, a, b *workspace.Run) (err error) {
	var each func(*compare.Difference, *finding.Finding) error
	if d.Records = q.value("records") != ""; d.Records {
		each = func(*compare.Difference, *finding.Finding) error { return nil }
	}
	d.Result, err = q.s.beside(q.ctx(), q.space, a.ID, b.ID, each)
	if errors.Is(err, errManyRecords) {
		d.Big, d.Records = true, false
		d.Result, err = q.s.beside(q.ctx(), q.space, a.ID, b.ID, nil)
	}
	if err != nil {
		return err
	}
	t := &d.Basis.Totals
	d.Counts = []countLine{
		{q.Text("web.evidence.files"), t[0].Files, t[1].Files},
		{q.Text("web.col.records"), t[0].Records, t[1].Records},
		{q.Text("web.beside.events"), t[0].Events, t[1].Events},
		{q.Text("web.findings.title"), t[0].Findings, t[1].Findings},
	}
	for _, s := range finding.Severities {
		if x, y := t[0].BySeverity[s.String()], t[1].BySeverity[s.String()]; x+y > 0 {
			d.Counts = append(d.Counts, countLine{q.Or("severity.", s.String()), x, y})
		}
	}
	for _, x := range []struct {
		kind string
		list []compare.Thing
	}{{"indicators", d.Basis.Indicators.Differ}, {"rules", d.Basis.Rules.Differ}, {"parsers", d.Basis.Parsers.Differ}} {
		for _, t := range x.list[:min(len(x.list), maxBeside)] {
			d.Moved = append(d.Moved, basisLine{t, x.kind})
		}
	}
	for _, x := range d.Artifacts {
		if x.A != x.B {
			d.Read = append(d.Read, x)
		}
		if x.New+x.Gone+x.Changed > 0 {
			d.Differ = append(d.Differ, x)
		} else {
			d.Alike = append(d.Alike, x)
		}
	}
	if d.Gones, err = q.foundLines(a, d.Findings.Gone); err != nil {
		return err
	}
	if d.News, err = q.foundLines(b, d.Findings.New); err != nil {
		return err
	}
	d.Other, err = q.foundLines(b, d.Findings.Changed)
	return err
}

// foundLines reads findings of a check by their ids: the first of them.
func (q *request) foundLines(r *workspace.Run, ids []string) (out []foundLine, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	side, err := q.space.Side(q.ctx(), r)
	if err != nil {
		return nil, err
	}
	ids = ids[:min(len(ids), maxBeside)] // they are sorted
	graver := map[string]finding.Severity{}
	err = side.Findings(func(f *finding.Finding) error {
		if _, ok := slices.BinarySearch(ids, f.ID); ok {
			out = append(out, foundLine{f.ID, r.ID, report.TitleOf(f, q.Printer), f.Severity.String(), f.Artifact})
			graver[f.ID] = f.Severity
		}
		return nil
	})
	slices.SortStableFunc(out, func(a, b foundLine) int { return int(graver[b.ID]) - int(graver[a.ID]) })
	return out, err
}
