package workspace

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

// An Export is something that left the workspace as an exhibit.
type Export struct {
	ID       string        `json:"id"`
	Case     string        `json:"case"`
	Subject  string        `json:"subject"` // the case, evidence or finding that was asked for
	SHA256   string        `json:"sha256"`  // of the bag's payload manifest: it stands for all of what left
	Made     string        `json:"made"`
	Entry    int64         `json:"entry"` // the first of its entries in the ledger: one for each evidence
	Evidence []string      `json:"evidence,omitempty"`
	Private  ExportPrivate `json:"private"`
}

// ExportPrivate is sealed under the key of the case.
type ExportPrivate struct {
	Recipient string `json:"recipient"`
	Most      string `json:"most"` // the most that was given of any evidence: "findings"
}

// NewExportID returns the name of an export that is not recorded yet.
func NewExportID() string { return newID("X") }

// ExportIDOf is the name of the export that a job keeps: the same for each of
// the attempts that make it.
func ExportIDOf(k *Kept) string { return "X" + strings.TrimPrefix(k.Bundle, "O") }

// RecordExport appends to the ledger, for each evidence of which something is
// in it, that an export leaves. The same export is recorded once: an
// interrupted one may call this again.
func (w *Workspace) RecordExport(ctx context.Context, x Export) (Export, error) {
	err := w.act(ctx, func(t *tx) error { return t.recordExport(&x) })
	return x, err
}

func (t *tx) recordExport(x *Export) error {
	recipient, err := t.exporter(x)
	if err != nil {
		return err
	}
	err = t.scan("SELECT n, made FROM export WHERE id = $1 AND sha256 = $2", []any{x.ID, x.SHA256}, &x.Entry, &x.Made)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return err
	}
	sealed, err := sealJSON(recipient, x.Private)
	if err != nil {
		return err
	}
	x.Made, x.Entry = t.now, t.size
	t.exec("INSERT INTO export (id, n, case_id, subject, sha256, made, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		x.ID, x.Entry, x.Case, x.Subject, x.SHA256, x.Made, sealed)
	for _, ev := range x.Evidence {
		t.record("evidence.exported", x.Case, ev, map[string]any{
			"case": x.Case, "evidence": ev, "export": x.ID, "what": x.Subject, "sha256": x.SHA256,
		})
		t.exec("INSERT INTO export_evidence (export_id, evidence_id) VALUES ($1, $2)", x.ID, ev)
	}
	return nil
}

// exporter returns the recipient of a case whose member may take an export away.
func (t *tx) exporter(x *Export) (recipient string, err error) {
	only, err := t.w.may(t.ctx, t, x.Case, ActReport)
	if err != nil {
		return "", err
	}
	for _, ev := range x.Evidence {
		if only == "" {
			break
		}
		if err := t.w.owned(t.ctx, t, "evidence", ev, only); err != nil {
			return "", err
		}
	}
	err = t.scan("SELECT recipient FROM cases WHERE id = $1", []any{x.Case}, &recipient)
	return recipient, err
}

// Exports lists what left of a case, and of one evidence if given.
func (w *Workspace) Exports(ctx context.Context, caseID, evidence string, p Page) (List[Export], error) {
	key, only, err := w.enter(ctx, w.db.Pool, caseID, ActSee)
	if err != nil {
		return List[Export]{}, err
	}
	var f filter
	f.equal("case_id", caseID)
	f.own("export", only)
	if evidence != "" {
		f.add("id IN (SELECT export_id FROM export_evidence WHERE evidence_id = $?)", evidence)
	}
	l, err := list(ctx, w, "SELECT n, id, case_id, subject, sha256, made, sealed FROM export", f, p, "n",
		func(rows *sql.Rows) (int64, Export, error) {
			var (
				x      Export
				sealed []byte
			)
			if err := rows.Scan(&x.Entry, &x.ID, &x.Case, &x.Subject, &x.SHA256, &x.Made, &sealed); err != nil {
				return 0, x, err
			}
			return x.Entry, x, openJSON(key, sealed, &x.Private)
		})
	if err != nil || len(l.Items) == 0 {
		return l, err
	}
	return l, w.read(ctx, func(t *tx) error { return t.exportsOf(l.Items, only) })
}

// exportsOf says of exports, which follow each other, what evidence they are of,
// as far as it is of the person, if one is given.
func (t *tx) exportsOf(list []Export, person string) error {
	at := map[string]*Export{}
	for i := range list {
		at[list[i].ID] = &list[i]
	}
	var f filter
	first, last := list[0].Entry, list[len(list)-1].Entry
	f.add("x.export_id IN (SELECT id FROM export WHERE n >= $?)", min(first, last))
	f.add("x.export_id IN (SELECT id FROM export WHERE n <= $?)", max(first, last))
	f.own("evidence", person)
	rows, err := t.texts(f.query("SELECT x.export_id, x.evidence_id FROM export_evidence x JOIN evidence ON id = x.evidence_id WHERE @mine ORDER BY x.evidence_id"), 2, f.args...)
	for _, row := range rows {
		if x := at[row[0]]; x != nil {
			x.Evidence = append(x.Evidence, row[1])
		}
	}
	return err
}

// left lists, in a withdrawal, to whom something of the evidence went.
func (t *tx) left(caseID, evidence string, r *Remains) error {
	key, err := t.w.caseKey(t.ctx, t, caseID)
	if err != nil {
		return err
	}
	rows, err := t.QueryContext(t.ctx, `SELECT x.n, x.id, x.case_id, x.subject, x.sha256, x.made, x.sealed FROM export x
		JOIN export_evidence e ON e.export_id = x.id WHERE e.evidence_id = $1 ORDER BY x.n`, evidence)
	if err != nil {
		return t.w.fail("exports", err)
	}
	defer rows.Close()
	for rows.Next() {
		x := Export{Evidence: []string{evidence}}
		var sealed []byte
		if err := rows.Scan(&x.Entry, &x.ID, &x.Case, &x.Subject, &x.SHA256, &x.Made, &sealed); err != nil {
			return t.w.fail("exports", err)
		}
		if err := openJSON(key, sealed, &x.Private); err != nil {
			return err
		}
		r.Exports = append(r.Exports, x)
	}
	return t.w.fail("exports", rows.Err())
}
