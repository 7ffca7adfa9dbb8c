package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"

	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/workspace"
)

// runData is one check: what it says as a whole, what was read, what was found.
type runData struct {
	Run      workspace.Run
	Evidence workspace.Evidence
	Case     workspace.Case
	Overview report.Overview
	Findings []workspace.Finding
	Next     string
	Formats  []string
}

// theRun returns a run that the member may see, and its evidence.
func (q *request) theRun() (workspace.Run, workspace.Evidence, workspace.Case, error) {
	r, err := q.space.Run(q.ctx(), q.path("run"))
	if err != nil {
		return r, workspace.Evidence{}, workspace.Case{}, err
	}
	ev, err := q.space.Evidence(q.ctx(), r.Evidence)
	if err != nil {
		return r, ev, workspace.Case{}, err
	}
	if r.State == workspace.Erased {
		return r, ev, workspace.Case{}, workspace.ErrErased
	}
	c, err := q.space.Case(q.ctx(), r.Case)
	return r, ev, c, err
}

func (q *request) runPage() error {
	r, ev, c, err := q.theRun()
	if err != nil {
		return err
	}
	b, err := q.space.OpenRun(q.ctx(), &r)
	if err != nil {
		return err
	}
	run, err := report.LoadRun(b.FS(q.ctx()), r.ID)
	if err != nil {
		return err
	}
	d := runData{Run: r, Evidence: ev, Case: c, Formats: reportFormats}
	if d.Overview, err = report.Overlook(run, q.Printer); err != nil {
		return err
	}
	l, err := q.space.Findings(q.ctx(), workspace.FindingFilter{Run: r.ID}, q.page(200))
	if err != nil {
		return err
	}
	d.Findings, d.Next = l.Items, l.Next
	return q.render("run", q.Text("web.run.title", "ID", r.ID), d, inSection("cases"))
}

// reportFormats are those that a report can be had in.
var reportFormats = []string{"pdf", "html", "json", "csv", "stix", "misp", "timesketch"}

// reportPolicy shows a report as a page of nobody: it reaches nothing of ours,
// and the policy in the report itself lets only its own script and style be.
const reportPolicy = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; frame-ancestors 'none'"

// reportPage shows the report.
func (q *request) reportPage() error {
	r, _, _, err := q.theRun()
	if err != nil {
		return err
	}
	page, err := q.reportHTML(&r)
	if err != nil {
		return err
	}
	q.w.Header().Set("Content-Security-Policy", reportPolicy)
	q.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err = q.w.Write(page)
	return err
}

// maxReport bounds a stored report that is shown as it is, in bytes.
const maxReport = 64 << 20

// reportHTML is the report as it was made with the check, where this version of
// the program made it and the language shows first; it is made again otherwise.
func (q *request) reportHTML(r *workspace.Run) ([]byte, error) {
	b, err := q.space.OpenRun(q.ctx(), r)
	if err != nil {
		return nil, err
	}
	if f, err := b.OpenFile(q.ctx(), "report.html"); err == nil && r.Version == q.s.o.Version {
		defer f.Close()
		page, err := limit.ReadFull(f, f.Size(), maxReport)
		if err == nil && bytes.HasPrefix(page, []byte("<!DOCTYPE html>\n<html lang=\""+q.Lang()+"\">")) {
			return page, nil
		}
	}
	res, err := report.LoadFS(b.FS(q.ctx()), r.ID)
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	err = report.HTML(&page, res, report.Options{Lang: q.Lang()})
	return page.Bytes(), err
}

func (q *request) result(ctx context.Context, r *workspace.Run) (*report.Result, error) {
	b, err := q.space.OpenRun(ctx, r)
	if err != nil {
		return nil, err
	}
	return report.LoadFS(b.FS(ctx), r.ID)
}

// reportFile hands a report out. That it left is in the ledger, with its hash,
// before the first byte does: it is made twice, as the same bytes.
func (q *request) reportFile() error {
	f, ok := report.Formats[q.path("format")]
	if !ok {
		return fmt.Errorf("format: %w", workspace.ErrNotFound)
	}
	r, ev, _, err := q.theRun()
	if err != nil {
		return err
	}
	res, err := q.result(q.ctx(), &r)
	if err != nil {
		return err
	}
	h := sha256.New()
	o := report.Options{Lang: q.Lang()}
	if err := f.Write(h, res, o); err != nil {
		return err
	}
	if err := q.space.Exported(q.ctx(), ev.ID, r.ID+" "+q.path("format"), hex.EncodeToString(h.Sum(nil))); err != nil {
		return err
	}
	q.attach(r.ID+"."+f.Ending, f.Type)
	return f.Write(q.w, res, o)
}

// attach makes the answer a file to keep.
func (q *request) attach(name, kind string) {
	h := q.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	q.w.WriteHeader(http.StatusOK)
}
