package workspace

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/seal"
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

// A Finding of a run, as lists show it.
type Finding struct {
	ID        string           `json:"id"`
	Run       string           `json:"run"`
	Case      string           `json:"case"`
	Evidence  string           `json:"evidence"`
	Person    string           `json:"person"` // whose phone it is: the pseudonym
	Severity  finding.Severity `json:"severity"`
	Kind      string           `json:"kind"`
	Artifact  string           `json:"artifact"`
	Time      string           `json:"time,omitempty"`
	Title     string           `json:"title"`
	Type      string           `json:"type,omitempty"` // of the indicator
	Value     string           `json:"value,omitempty"`
	Threat    string           `json:"threat,omitempty"`
	Rule      string           `json:"rule,omitempty"`
	Source    string           `json:"source"` // check, hunt
	Found     string           `json:"found"`
	State     string           `json:"state"`
	DecidedBy string           `json:"decided_by,omitempty"`
	Decided   string           `json:"decided,omitempty"`
	Note      string           `json:"note,omitempty"`
}

// States of a finding, and how it was found.
const (
	New       = "new"
	Confirmed = "confirmed"
	Dismissed = "dismissed"

	ByCheck = "check"
	ByHunt  = "hunt"
)

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

// inserter writes findings many rows at a time.
type inserter struct {
	t           *tx
	run, caseID string
	source      string
	next        int64
	seen        map[string]bool
	rows        int
	args        []any
	b           strings.Builder
}

// rowsPerInsert is so small for SQLite looks for each parameter of a statement
// among all of them: 200 rows of 15 took three times as long as ten times 20.
// PostgreSQL takes the same time for either.
const rowsPerInsert = 20

func (in *inserter) add(f *finding.Finding) error {
	if in.seen[f.ID] {
		return nil // the same statement twice
	}
	in.seen[f.ID] = true
	at, kind, value, threat := "", "", "", ""
	if f.Time != nil {
		at = f.Time.UTC().Format(ledger.TimeLayout)
	}
	if m := f.Indicator; m != nil {
		kind, value, threat = m.Type, m.Value, strings.Join(m.Threats, ", ")
	}
	if in.rows > 0 {
		in.b.WriteString(", ")
	}
	in.b.WriteByte('(')
	for i, v := range []any{
		in.next, f.ID, in.run, in.caseID, int(f.Severity), string(f.Kind), f.Artifact, at, f.Title,
		kind, value, threat, f.Rule, in.source, in.t.now,
	} {
		if i > 0 {
			in.b.WriteString(", ")
		}
		if s, ok := v.(string); ok {
			v = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD") // evidence holds anything, a database text does not
		}
		in.args = append(in.args, v)
		in.b.WriteString("$" + strconv.Itoa(len(in.args)))
	}
	in.b.WriteString(", 'new', '', '')")
	in.next++
	if in.rows++; in.rows == rowsPerInsert {
		return in.flush()
	}
	return nil
}

func (in *inserter) flush() error {
	if in.rows > 0 {
		in.t.exec(`INSERT INTO finding (n, id, run_id, case_id, severity, kind, artifact, at, title, type, value, threat, rule,
			source, found, state, decided_by, decided) VALUES `+in.b.String(), in.args...)
	}
	in.rows, in.args = 0, in.args[:0]
	in.b.Reset()
	return in.t.err
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

// FindingFilter narrows a list of findings. Empty fields do not.
type FindingFilter struct {
	ID, Case, Run, State, Source string
	Evidence, Artifact, Kind     string
	Type, Value, Rule            string // of what matched
	Since, Until                 string // of the record's time, as it is kept; Until is the first that is not wanted
	AtLeast, Exactly             finding.Severity
}

// Findings lists findings in the cases of the member: run by run, the gravest
// of each first.
func (w *Workspace) Findings(ctx context.Context, by FindingFilter, p Page) (List[Finding], error) {
	if err := w.reaches(ctx, by.Case); err != nil {
		return List[Finding]{}, err
	}
	f, err := w.mine(ctx, ActSee, "finding")
	if err != nil {
		return List[Finding]{}, err
	}
	f.equal("id", by.ID)
	f.equal("case_id", by.Case)
	f.equal("run_id", by.Run)
	f.equal("state", by.State)
	f.equal("source", by.Source)
	f.equal("artifact", by.Artifact)
	f.equal("kind", by.Kind)
	if by.Evidence != "" {
		f.add("run_id IN (SELECT id FROM run WHERE evidence_id = $?)", by.Evidence)
	}
	f.equal("type", by.Type)
	if by.Value != "" { // the index has the beginning
		f.add("substr(value, 1, 64) = $?", beginning(by.Value, 64))
	}
	f.equal("value", by.Value)
	f.equal("rule", by.Rule)
	if by.Since != "" {
		f.add("at >= $?", by.Since)
	}
	if by.Until != "" {
		f.add("at < $?", by.Until)
	}
	if by.Exactly > 0 {
		f.add("severity = $?", int(by.Exactly))
	}
	if by.AtLeast > 0 {
		f.add("severity >= $?", int(by.AtLeast))
	}
	notes := [][]byte{}
	l, err := list(ctx, w, `SELECT n, id, run_id, case_id, (SELECT evidence_id FROM run WHERE run.id = run_id),
		(SELECT pseudonym FROM run JOIN evidence ON evidence.id = evidence_id JOIN device ON device.id = device_id JOIN person ON person.id = person_id
		WHERE run.id = run_id), severity, kind, artifact, at, title, type, value, threat, rule, source, found,
		state, decided_by, decided, note FROM finding`, f, p, "n", func(rows *sql.Rows) (n int64, f Finding, err error) {
		var (
			severity int
			note     []byte
		)
		err = rows.Scan(&n, &f.ID, &f.Run, &f.Case, &f.Evidence, &f.Person, &severity, &f.Kind, &f.Artifact, &f.Time, &f.Title, &f.Type, &f.Value, &f.Threat,
			&f.Rule, &f.Source, &f.Found, &f.State, &f.DecidedBy, &f.Decided, &note)
		f.Severity = finding.Severity(severity)
		notes = append(notes, note)
		return n, f, err
	})
	if err != nil {
		return l, err
	}
	return l, w.openNotes(ctx, l.Items, notes)
}

// beginning returns the first characters of a text.
func beginning(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

// openNotes opens the notes of findings. Not for the person concerned: they are
// the team's words, and may tell of others.
func (w *Workspace) openNotes(ctx context.Context, items []Finding, notes [][]byte) error {
	type opened struct {
		key    seal.Identity
		theirs bool
	}
	cases := map[string]opened{}
	for i := range items {
		if len(notes[i]) == 0 {
			continue
		}
		c, ok := cases[items[i].Case]
		if !ok {
			key, only, err := w.enter(ctx, w.db.Pool, items[i].Case, ActSee)
			if err != nil {
				return err
			}
			c = opened{key, only != ""}
			cases[items[i].Case] = c
		}
		if c.theirs {
			continue
		}
		note, err := seal.Open(c.key, notes[i])
		if err != nil {
			return fmt.Errorf("note of finding %s: %w", items[i].ID, err)
		}
		items[i].Note = string(note)
	}
	return nil
}

// maxNote bounds a note in bytes.
const maxNote = 64 << 10

// Decide says what a person thinks of a finding: state is Confirmed, Dismissed,
// New to take that back, or "" to note something and decide nothing. run may be
// "" where one run alone has the finding.
func (w *Workspace) Decide(ctx context.Context, run, id, state, note string) error {
	return w.decide(ctx, run, id, state, note, nil)
}

// DecideSeen is Decide for somebody who saw the finding as it was decided at
// that time ("" for not yet). The error wraps ErrConflict where somebody else
// decided since: nobody overrules a colleague unseen.
func (w *Workspace) DecideSeen(ctx context.Context, run, id, state, note, decided string) error {
	return w.decide(ctx, run, id, state, note, &decided)
}

func (w *Workspace) decide(ctx context.Context, run, id, state, note string, seen *string) error {
	if len(note) > maxNote {
		return fmt.Errorf("%w: a note is at most %d bytes", ErrInvalid, maxNote)
	}
	return w.act(ctx, func(t *tx) error {
		list, err := t.texts("SELECT run_id, case_id, state, decided FROM finding WHERE id = $1 ORDER BY n DESC", 4, id)
		if err != nil {
			return err
		}
		for _, row := range list {
			if run == "" || run == row[0] {
				if seen != nil && *seen != row[3] {
					return fmt.Errorf("finding %s: %w", id, ErrConflict)
				}
				if state == "" {
					state = row[2]
				}
				return t.decide(row[0], row[1], id, state, row[2], note)
			}
		}
		return fmt.Errorf("finding %s: %w", id, ErrNotFound)
	})
}

func (t *tx) decide(run, caseID, id, state, before, note string) error {
	recipient, err := t.openCase(caseID, ActDecide)
	if err != nil {
		return err
	}
	if note != "" {
		sealed, err := seal.Seal(recipient, []byte(note))
		if err != nil {
			return err
		}
		t.exec("UPDATE finding SET note = $1 WHERE run_id = $2 AND id = $3", sealed, run, id)
	}
	act := "finding.noted"
	if state != before {
		act = map[string]string{Confirmed: "finding.confirmed", Dismissed: "finding.dismissed", New: "finding.reopened"}[state]
	}
	if act == "" {
		return fmt.Errorf("%w: state %q of a finding", ErrInvalid, state)
	}
	var evidence string
	if err := t.scan("SELECT evidence_id FROM run WHERE id = $1", []any{run}, &evidence); err != nil {
		return err
	}
	t.exec("UPDATE finding SET state = $1, decided_by = $2, decided = $3 WHERE run_id = $4 AND id = $5", state, t.w.member.Name, t.now, run, id)
	t.record(act, caseID, evidence, map[string]any{"case": caseID, "evidence": evidence, "run": run, "finding": id})
	return nil
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
