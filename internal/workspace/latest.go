package workspace

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// LatestRuns returns the runs of the last check of each stored evidence of a
// case, or of all cases of the member, by evidence: one, or one for each piece
// of evidence that was found in it, in the order of the check.
func (w *Workspace) LatestRuns(ctx context.Context, caseID string) (map[string][]Run, error) {
	return w.latestRuns(ctx, RunFilter{Case: caseID})
}

// LastCheck returns the runs of the last check of one evidence.
func (w *Workspace) LastCheck(ctx context.Context, evidence string) ([]Run, error) {
	all, err := w.latestRuns(ctx, RunFilter{Evidence: evidence})
	return all[evidence], err
}

// AllLatestRuns returns the runs of the last check of each stored evidence of a
// case, or of all cases of the member, the oldest first.
func (w *Workspace) AllLatestRuns(ctx context.Context, caseID string) ([]Run, error) {
	return w.allLatest(ctx, RunFilter{Case: caseID})
}

// DeviceRuns returns the runs of the last check of each stored evidence of a
// device of a case, the oldest first.
func (w *Workspace) DeviceRuns(ctx context.Context, caseID, device string) ([]Run, error) {
	return w.allLatest(ctx, RunFilter{Case: caseID, Device: device})
}

func (w *Workspace) allLatest(ctx context.Context, by RunFilter) ([]Run, error) {
	all, err := w.latestRuns(ctx, by)
	var out []Run
	for _, runs := range all {
		out = append(out, runs...)
	}
	slices.SortFunc(out, func(a, b Run) int { return cmp.Or(cmp.Compare(a.Started, b.Started), cmp.Compare(a.ID, b.ID)) })
	return out, err
}

func (w *Workspace) latestRuns(ctx context.Context, by RunFilter) (map[string][]Run, error) {
	all := map[string][]Run{}
	for page := (Page{Limit: MaxLimit}); ; {
		l, err := w.Runs(ctx, by, page)
		if err != nil {
			return nil, err
		}
		for i := range l.Items {
			if r := &l.Items[i]; r.State == Stored {
				all[r.Evidence] = append(all[r.Evidence], *r)
			}
		}
		if page.After = l.Next; page.After == "" {
			break
		}
	}
	for id, runs := range all {
		all[id] = lastCheck(runs, func(r *Run) int { return r.Summary.Parts })
	}
	return all, nil
}

// lastCheck cuts a list of runs of one evidence, the oldest first, down to
// those of its last check. parts is how many runs a check of it has.
func lastCheck[T any](runs []T, parts func(*T) int) []T {
	n := max(parts(&runs[len(runs)-1]), 1)
	return runs[max(0, len(runs)-n):]
}

// consentedRun is a run of the last check of an evidence.
type consentedRun struct {
	id, caseID, evidence, device, person string
	n                                    int64
	summary                              []byte // until the last check is known
}

// runParts is what is needed of a run's summary here: which runs are of one
// check, and with which sets.
type runParts struct {
	Parts int      `json:"parts"`
	Sets  []string `json:"sets"`
}

func (r *consentedRun) parts() (p runParts, err error) {
	if err := json.Unmarshal(r.summary, &p); err != nil {
		return p, fmt.Errorf("%w: summary of run %s: %w", ErrDamaged, r.id, err)
	}
	return p, nil
}

// consentedRuns lists the runs of the last check of each evidence of a case,
// or of all cases of the member, whose person consented to a purpose, in the
// order of their numbers, where the member may do something with all of the
// case; and how many others there are. The error wraps ErrNotAllowed where they
// may in none. each, where given, is told of each run with the sets that it was
// checked with: those of a thousand runs take a while to read.
func (w *Workspace) consentedRuns(ctx context.Context, d Deed, purpose, caseID string, each func(run string, sets []string)) (runs []consentedRun, without int, err error) {
	if w.only != nil && (d != ActLinks || !w.only.links) {
		caseID = w.only.id
	}
	if err := w.Allows(ctx, d); err != nil {
		return nil, 0, err
	}
	rows, err := w.db.Pool.QueryContext(ctx, w.inCases(d, "$3", `SELECT r.id, r.n, r.case_id, r.evidence_id, d.id, d.person_id, r.summary, COALESCE((SELECT MAX(k.n) FROM consent k
			WHERE k.person_id = d.person_id AND k.withdrawn = '' AND k.valid_until >= $1 AND (',' || k.purposes || ',') LIKE $2), -1)
		FROM run r JOIN evidence e ON e.id = r.evidence_id JOIN device d ON d.id = e.device_id
		WHERE r.state = 'stored' AND r.case_id IN (@cases) AND ($4 = '' OR r.case_id = $4)
		ORDER BY r.evidence_id, r.n`), w.now()[:len(time.DateOnly)], "%,"+purpose+",%", w.member.ID, caseID)
	if err != nil {
		return nil, 0, w.fail("runs", err)
	}
	defer rows.Close()
	var same []consentedRun // of one evidence
	keep := func() error {
		list, err := lastConsented(same, each)
		runs, same = append(runs, list...), nil
		return err
	}
	for rows.Next() {
		var (
			r       consentedRun
			consent int64
		)
		if err := rows.Scan(&r.id, &r.n, &r.caseID, &r.evidence, &r.device, &r.person, &r.summary, &consent); err != nil {
			return nil, 0, w.fail("runs", err)
		}
		if len(same) > 0 && same[0].evidence != r.evidence {
			if err := keep(); err != nil {
				return nil, 0, err
			}
		}
		if consent < 0 {
			without++
			continue
		}
		same = append(same, r)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, w.fail("runs", err)
	}
	if err := keep(); err != nil {
		return nil, 0, err
	}
	slices.SortFunc(runs, func(a, b consentedRun) int { return cmp.Compare(a.n, b.n) })
	return runs, without, nil
}

// lastConsented cuts the runs of one evidence down to those of its last check.
// Summaries are read where one has to be, and kept no longer.
func lastConsented(same []consentedRun, each func(run string, sets []string)) ([]consentedRun, error) {
	if len(same) > 1 {
		last, err := same[len(same)-1].parts()
		if err != nil {
			return nil, err
		}
		same = lastCheck(same, func(*consentedRun) int { return last.Parts })
	}
	for i := range same {
		if each != nil {
			p, err := same[i].parts()
			if err != nil {
				return nil, err
			}
			each(same[i].id, p.Sets)
		}
		same[i].summary = nil
	}
	return same, nil
}
