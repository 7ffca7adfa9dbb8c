package web

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/amparo-project/amparo/internal/workspace"
)

// evidenceData is a piece of evidence: where it is from, what was done with it.
type evidenceData struct {
	Evidence  workspace.Evidence
	Case      workspace.Case
	Label     string
	Pseudonym string
	Runs      []workspace.Run
	Acts      []actLine
	Next      string
	Same      []workspace.Evidence // that hold the very same files
}

func (q *request) evidencePage() error {
	ev, err := q.space.Evidence(q.ctx(), q.path("evidence"))
	if err != nil {
		return err
	}
	d := evidenceData{Evidence: ev}
	if d.Case, err = q.space.Case(q.ctx(), ev.Case); err != nil {
		return err
	}
	people, err := q.people(ev.Case)
	if err != nil {
		return err
	}
	list, err := q.evidenceOf(ev.Case, people)
	if err != nil {
		return err
	}
	for _, e := range list {
		switch {
		case e.ID == ev.ID:
			d.Label, d.Pseudonym = e.Label, e.Pseudonym
		case ev.ManifestSHA256 != "" && e.ManifestSHA256 == ev.ManifestSHA256:
			d.Same = append(d.Same, e.Evidence)
		}
	}
	if d.Runs, err = all(q.ctx(), func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Run], error) {
		return q.space.Runs(ctx, workspace.RunFilter{Evidence: ev.ID}, p)
	}); err != nil {
		return err
	}
	slices.Reverse(d.Runs)
	l, err := q.space.Acts(q.ctx(), ev.ID, q.page(200))
	if err != nil {
		return err
	}
	d.Acts, d.Next = q.actsTold(l.Items), l.Next
	return q.render("evidence", q.Text("web.evidence.title", "ID", ev.ID), d, inSection("cases"))
}

// custodyProof hands out the proof of one act of an evidence.
func (q *request) custodyProof() error {
	if _, err := q.space.Evidence(q.ctx(), q.path("evidence")); err != nil {
		return err
	}
	return q.proof()
}

// proof hands out the proof of an entry, with its opening: who asks sees the
// entry here too.
func (q *request) proof() error {
	n, err := strconv.ParseInt(q.path("entry"), 10, 64)
	if err != nil {
		return fmt.Errorf("entry: %w", workspace.ErrNotFound)
	}
	data, err := q.proofOf(n)
	if err != nil {
		return err
	}
	q.attach(proofName(n), "text/plain; charset=utf-8")
	_, err = q.w.Write(data)
	return err
}

// proofOf proves that entry n is in the ledger of today.
func (q *request) proofOf(n int64) ([]byte, error) {
	signed, size, err := q.space.Checkpoint(q.ctx())
	if err != nil {
		return nil, err
	}
	if n < 0 || n >= size {
		return nil, fmt.Errorf("entry: %w", workspace.ErrNotFound)
	}
	return q.space.Prove(q.ctx(), n, size, signed, true)
}
