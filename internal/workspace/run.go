package workspace

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/vault"
)

// A Run is one check of one evidence; its result folder lies in the vault.
type Run struct {
	ID           string     `json:"id"`
	Case         string     `json:"case"`
	Evidence     string     `json:"evidence"`
	State        string     `json:"state"`
	Version      string     `json:"version"`
	Started      string     `json:"started"`
	Ended        string     `json:"ended"`
	ResultSHA256 string     `json:"result_sha256"`
	Summary      RunSummary `json:"summary"`
}

// RunSummary is what lists show of a run.
type RunSummary struct {
	Kind     string         `json:"kind,omitempty"` // of the evidence
	Sets     []string       `json:"sets"`           // SHA-256 of the indicators
	Parsers  map[string]int `json:"parsers"`        // that read something, with their versions
	Totals   finding.Totals `json:"totals"`
	Complete bool           `json:"complete"`
	// Observables are the values that hunts look up; CutObservables says that
	// there were more than are kept.
	Observables    int  `json:"observables"`
	CutObservables bool `json:"observables_cut,omitempty"`
	// Parts is how many pieces of evidence were found in what was stored: each
	// has a run of its own. 0 is 1.
	Parts int `json:"parts,omitempty"`
	// Rules is a hash over the rules, their data and what lures are known by.
	Rules string `json:"rules,omitempty"`
	// Again is set where a check was made again because something of it was older.
	Again *Again `json:"again,omitempty"`
}

// Again says what checking again changed.
type Again struct {
	Of      string   `json:"of"`      // the run before
	Parsers []string `json:"parsers"` // that changed: "ios.sms 3 → 4"
	// Sets are the names of the sets of indicators that the run before was not
	// given; Rules says that it had other rules.
	Sets    []string `json:"sets,omitempty"`
	Rules   bool     `json:"rules,omitempty"`
	New     Changes  `json:"new"`
	Gone    Changes  `json:"gone"`
	Changed Changes  `json:"changed"` // the same statement about the same place, in other words
	// NotAsked is how many findings of the run before rest on indicators that
	// this one was not given: they are in no list.
	NotAsked int `json:"not_asked,omitempty"`
	// Worse are artifacts that the run before read whole, and this one not:
	// what is gone may still be in the evidence.
	Worse []string `json:"worse,omitempty"`
}

// Changes are findings by id: all are counted, the first MaxChanges named.
type Changes struct {
	Count int      `json:"count"`
	IDs   []string `json:"ids"`
}

// MaxChanges is how many changed findings a run names of each kind.
const MaxChanges = 1000

// NewRunID returns the name of a run that is not stored yet: its result goes
// to the vault under that name first.
func NewRunID() string { return newID("R") }

// findingsPerRun is how many findings of a run can be numbered.
const findingsPerRun = 10_000_000

// SaveRun stores a run whose result folder is in the vault as the bundle
// r.ID. each yields the findings in the order of the folder.
// seen is what hunts look up later.
func (w *Workspace) SaveRun(ctx context.Context, r Run, result []vault.File, seen []Sighting, each func(func(*finding.Finding) error) error) (Run, error) {
	r.State, r.ResultSHA256 = Stored, vault.Sum(result)
	summary, err := json.Marshal(r.Summary)
	if err != nil {
		return r, err
	}
	err = w.act(ctx, func(t *tx) error {
		if err := t.checked(&r, len(result) > 0); err != nil {
			return err
		}
		n := t.record("evidence.checked", r.Case, r.Evidence, map[string]any{
			"case": r.Case, "evidence": r.Evidence, "run": r.ID, "result_sha256": r.ResultSHA256, "version": r.Version,
			"findings": r.Summary.Totals.Findings,
		})
		t.exec(`INSERT INTO run (id, n, case_id, evidence_id, state, version, started, ended, summary, result_sha256)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			r.ID, n, r.Case, r.Evidence, r.State, r.Version, r.Started, r.Ended, string(summary), r.ResultSHA256)
		if err := t.fenced("runs = CASE WHEN runs = '' THEN $1 ELSE runs || ',' || $1 END", r.ID); err != nil {
			return err
		}
		in := inserter{t: t, run: r.ID, caseID: r.Case, next: n * findingsPerRun, source: ByCheck, seen: map[string]bool{}}
		if err := each(in.add); err != nil {
			return err
		}
		if err := in.flush(); err != nil {
			return err
		}
		return t.index(n, seen)
	})
	return r, err
}

// checked finds the case of the evidence of a run, which may have been erased
// meanwhile, and looks that the result of the run is still listed.
func (t *tx) checked(r *Run, listed bool) error {
	var state string
	if err := t.scan("SELECT case_id, state FROM evidence WHERE id = $1", []any{r.Evidence}, &r.Case, &state); err != nil {
		return fmt.Errorf("evidence %s: %w", r.Evidence, err)
	}
	switch state {
	case Erased:
		return fmt.Errorf("evidence %s: %w", r.Evidence, ErrErased)
	case Receiving:
		return fmt.Errorf("evidence %s: %w", r.Evidence, ErrNotFound)
	}
	if _, err := t.member(r.Case, ActCheck); err != nil {
		return err
	}
	if !listed {
		return t.err
	}
	var n int
	if err := t.scan("SELECT COUNT(*) FROM bundle_batch WHERE bundle = $1", []any{r.ID}, &n); err != nil {
		return err
	}
	if n == 0 { // DropUnsaved took it for that of a check that was interrupted
		return fmt.Errorf("result of run %s: %w", r.ID, ErrBusy)
	}
	return nil
}

// RunFilter narrows a list of runs. Empty fields do not.
type RunFilter struct{ Case, Device, Evidence, State string }

// Runs lists runs of a case or of an evidence, to whose case the member
// belongs.
func (w *Workspace) Runs(ctx context.Context, by RunFilter, p Page) (List[Run], error) {
	if err := w.reaches(ctx, by.Case); err != nil {
		return List[Run]{}, err
	}
	f, err := w.mine(ctx, ActSee, "run")
	if err != nil {
		return List[Run]{}, err
	}
	f.equal("case_id", by.Case)
	f.equal("evidence_id", by.Evidence)
	if by.Device != "" {
		f.add("evidence_id IN (SELECT id FROM evidence WHERE device_id = $?)", by.Device)
	}
	f.equal("state", by.State)
	return w.runs(ctx, f, p)
}

// reaches tells a case that is not there, or another's, from one that has
// nothing to list. "" is any.
func (w *Workspace) reaches(ctx context.Context, caseID string) error {
	if caseID == "" {
		return nil
	}
	_, err := w.may(ctx, w.db.Pool, caseID, ActSee)
	return err
}

func (w *Workspace) runs(ctx context.Context, f filter, p Page) (List[Run], error) {
	return list(ctx, w, "SELECT n, id, case_id, evidence_id, state, version, started, ended, summary, result_sha256 FROM run", f, p, "n",
		func(rows *sql.Rows) (n int64, r Run, err error) {
			var summary string
			if err := rows.Scan(&n, &r.ID, &r.Case, &r.Evidence, &r.State, &r.Version, &r.Started, &r.Ended, &summary, &r.ResultSHA256); err != nil {
				return 0, r, err
			}
			return n, r, json.Unmarshal([]byte(summary), &r.Summary)
		})
}

// Run returns one run.
func (w *Workspace) Run(ctx context.Context, id string) (Run, error) {
	f, err := w.mine(ctx, ActSee, "run")
	if err != nil {
		return Run{}, err
	}
	f.equal("id", id)
	l, err := w.runs(ctx, f, Page{Limit: 1})
	if err == nil && len(l.Items) == 0 {
		err = fmt.Errorf("run %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return Run{}, err
	}
	return l.Items[0], nil
}

// Viewed records that somebody looked at a run or an evidence.
func (w *Workspace) Viewed(ctx context.Context, evidence, what string) error {
	return w.note(ctx, ActSee, "evidence.viewed", evidence, map[string]any{"what": what})
}

// Searched records that somebody searched in all records of some cases.
func (w *Workspace) Searched(ctx context.Context, cases []string) error {
	return w.act(ctx, func(t *tx) error {
		for _, id := range cases {
			if _, err := w.may(ctx, t, id, ActSee); err != nil {
				return err
			}
			t.record("case.searched", id, id, map[string]any{"case": id})
		}
		return t.err
	})
}

// Exported records that something of an evidence left the workspace. sum is
// the SHA-256 that stands for all of what left.
func (w *Workspace) Exported(ctx context.Context, evidence, what, sum string) error {
	return w.note(ctx, ActReport, "evidence.exported", evidence, map[string]any{"what": what, "sha256": sum})
}

// Verified records that stored evidence was read again and compared.
func (w *Workspace) Verified(ctx context.Context, evidence string, damaged int) error {
	return w.note(ctx, ActSee, "evidence.verified", evidence, map[string]any{"damaged": damaged})
}

func (w *Workspace) note(ctx context.Context, d Deed, act, evidence string, detail map[string]any) error {
	return w.act(ctx, func(t *tx) error {
		var caseID string
		if err := t.scan("SELECT case_id FROM evidence WHERE id = $1", []any{evidence}, &caseID); err != nil {
			return fmt.Errorf("evidence %s: %w", evidence, err)
		}
		if err := w.mayWith(ctx, t, caseID, d, "evidence", evidence); err != nil {
			return err
		}
		detail["case"], detail["evidence"] = caseID, evidence
		t.record(act, caseID, evidence, detail)
		return nil
	})
}
