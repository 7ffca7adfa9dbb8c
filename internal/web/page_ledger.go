package web

import (
	"slices"
	"strconv"

	"github.com/amparo-project/amparo/internal/workspace"
)

// ledgerData is the record of every act.
type ledgerData struct {
	Acts       []actLine
	Size       int64
	Key        string
	Checkpoint string // the last that was signed
	Older      string // the page before
}

// ledgerRows is how many acts a page shows, the last first.
const ledgerRows = 100

func (q *request) ledgerPage() error {
	size, err := q.space.LedgerSize(q.ctx())
	if err != nil {
		return err
	}
	end := size
	if n, err := strconv.ParseInt(q.r.URL.Query().Get("before"), 10, 64); err == nil {
		end = max(0, min(n, size))
	}
	d := ledgerData{Size: size, Key: q.space.Info().Key}
	l, err := q.space.Acts(q.ctx(), "", workspace.Page{After: strconv.FormatInt(end-ledgerRows-1, 10), Limit: ledgerRows})
	if err != nil {
		return err
	}
	d.Acts = q.actsTold(slices.DeleteFunc(l.Items, func(a workspace.Act) bool { return a.N >= end }))
	slices.Reverse(d.Acts)
	if end > ledgerRows {
		d.Older = strconv.FormatInt(end-ledgerRows, 10)
	}
	points, err := q.space.Checkpoints(q.ctx())
	if err != nil {
		return err
	}
	if len(points) > 0 {
		d.Checkpoint = string(points[len(points)-1])
	}
	return q.render("ledger", q.Text("web.ledger.title"), d, inSection("ledger"))
}

func (q *request) checkpoint() error {
	if err := q.form(); err != nil {
		return err
	}
	if _, _, err := q.space.Checkpoint(q.ctx()); err != nil {
		return err
	}
	return q.done("/ledger", q.Text("web.ledger.signed"))
}

func (q *request) ledgerKey() error {
	q.attach("ledger.vkey", "text/plain; charset=utf-8")
	_, err := q.w.Write([]byte(q.space.Info().Key + "\n"))
	return err
}

func (q *request) ledgerProof() error { return q.proof() }
