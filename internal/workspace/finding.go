package workspace

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/seal"
)

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
