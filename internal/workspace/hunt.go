package workspace

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
)

// Hunted is what a hunt did.
type Hunted struct {
	Indicators int       `json:"indicators"`  // that were looked up
	Unhuntable int       `json:"only_checks"` // that ask for several things in one record: only a check can tell
	Runs       int       `json:"runs"`        // that they were set against
	NoConsent  int       `json:"no_consent"`  // runs that were left out
	Findings   []Finding `json:"findings"`    // new ones
}

// huntRun is a run that may be hunted in.
type huntRun struct {
	id, caseID, evidence string
	n                    int64
	sets                 map[string]bool // that it was checked or hunted with
}

// Hunt sets indicators against everything that was ever observed in the
// member's cases, the latest run of each evidence, without opening evidence.
// A set is not set twice against a run. What fits becomes a finding of that
// run, marked as found by a hunt. Only evidence whose person consented to
// hunting is looked at.
func (w *Workspace) Hunt(ctx context.Context, sets []*indicator.Set) (Hunted, error) {
	return w.HuntIn(ctx, "", sets)
}

// HuntIn is Hunt in one case, or in all of the member's.
func (w *Workspace) HuntIn(ctx context.Context, caseID string, sets []*indicator.Set) (Hunted, error) {
	h := Hunted{Findings: []Finding{}}
	sums := make([]string, len(sets))
	for i, s := range sets {
		sums[i] = s.SHA256
	}
	runs, err := w.huntable(ctx, caseID, sums, &h)
	if err != nil {
		return h, err
	}
	h.Runs = len(runs)
	list := freshSets(sets, runs)
	found, err := w.scan(ctx, list, &h)
	if err != nil {
		return h, err
	}
	for i := range list {
		if err := w.saveHunt(ctx, caseID, &list[i], found[i], &h); err != nil {
			return h, err
		}
	}
	return h, nil
}

// huntSet is a set, and the runs that it was not set against yet.
type huntSet struct {
	set  *indicator.Set
	runs map[int64]*huntRun
}

// freshSets leaves out the sets that every run knows.
func freshSets(sets []*indicator.Set, runs []huntRun) []huntSet {
	var list []huntSet
	seen := map[string]bool{}
	for _, set := range sets {
		if seen[set.SHA256] {
			continue
		}
		seen[set.SHA256] = true
		fresh := map[int64]*huntRun{}
		for i := range runs {
			if !runs[i].sets[set.SHA256] {
				fresh[runs[i].n] = &runs[i]
			}
		}
		if len(fresh) > 0 {
			list = append(list, huntSet{set, fresh})
		}
	}
	return list
}

// huntable lists the runs that may be hunted in, with which of the sets that sums name
// they were checked or hunted with.
func (w *Workspace) huntable(ctx context.Context, caseID string, sums []string, h *Hunted) ([]huntRun, error) {
	checked := map[string]map[string]bool{}
	latest, without, err := w.consentedRuns(ctx, ActHunt, Hunting, caseID, func(run string, sets []string) {
		checked[run] = map[string]bool{}
		for _, sum := range sets {
			checked[run][sum] = true
		}
	})
	if err != nil {
		return nil, err
	}
	h.NoConsent = without
	runs := make([]huntRun, len(latest))
	byID := map[string]int{}
	for i, r := range latest {
		runs[i] = huntRun{id: r.id, caseID: r.caseID, evidence: r.evidence, n: r.n, sets: checked[r.id]}
		byID[r.id] = i
	}
	return runs, w.alreadyHunted(ctx, caseID, sums, runs, byID)
}

// alreadyHunted marks the sets, of those asked for, that runs were hunted with. A feed
// that grows by the hour leaves a row for each run and hour: the others are not read.
func (w *Workspace) alreadyHunted(ctx context.Context, caseID string, sums []string, runs []huntRun, byID map[string]int) error {
	for some := range slices.Chunk(sums, namedAtOnce) {
		query, args := "SELECT h.run_id, h.set_sha256 FROM hunted h WHERE ", []any{}
		if caseID != "" {
			query, args = "SELECT h.run_id, h.set_sha256 FROM run r JOIN hunted h ON h.run_id = r.id WHERE r.case_id = $1 AND ", []any{caseID}
		}
		marks, args := named(args, some)
		if err := w.markHunted(ctx, query+"h.set_sha256 IN ("+marks+")", args, runs, byID); err != nil {
			return err
		}
	}
	return nil
}

func (w *Workspace) markHunted(ctx context.Context, query string, args []any, runs []huntRun, byID map[string]int) error {
	rows, err := w.db.Pool.QueryContext(ctx, query, args...)
	if err != nil {
		return w.fail("hunt", err)
	}
	defer rows.Close()
	for rows.Next() {
		var run, set string
		if err := rows.Scan(&run, &set); err != nil {
			return w.fail("hunt", err)
		}
		if i, ok := byID[run]; ok {
			runs[i].sets[set] = true
		}
	}
	return w.fail("hunt", rows.Err())
}

// huntHit is an indicator that fits a sighting.
type huntHit struct {
	run *huntRun
	f   finding.Finding
}

// saveHunt records that a set was hunted, with what was found.
func (w *Workspace) saveHunt(ctx context.Context, caseID string, s *huntSet, hits []huntHit, h *Hunted) error {
	return w.act(ctx, func(t *tx) error {
		t.record("hunt.done", caseID, "", map[string]any{"set_sha256": s.set.SHA256, "runs": len(s.runs), "findings": len(hits)})
		for i := range hits {
			if err := t.huntFinding(&hits[i], h); err != nil {
				return err
			}
		}
		done := rowInserter{t: t, query: "INSERT INTO hunted (run_id, set_sha256, at) VALUES ", end: " ON CONFLICT DO NOTHING"}
		for _, n := range slices.Sorted(maps.Keys(s.runs)) {
			done.add(s.runs[n].id, s.set.SHA256, t.now)
		}
		done.flush()
		return t.err
	})
}

// huntFinding is a finding without a record: evidence was not opened.
func huntFinding(hit indicator.Hit, run *huntRun, where, value string, first time.Time) finding.Finding {
	d := hit.Indicator
	f := finding.Finding{
		Severity: finding.Critical, Kind: finding.Indicator, Artifact: where,
		Indicator: &finding.Matched{
			Type: string(d.Type()), Value: d.Value(), Threats: d.Threats(), Set: d.Set().Name, SetSHA256: d.Set().SHA256, ID: d.ID(),
			Match: string(hit.How), Observed: value,
		},
	}
	if !first.IsZero() {
		f.Time = &first
		if d.Expired(first) {
			f.Severity = finding.High
		}
	}
	if hit.How == indicator.ProcessTruncated {
		f.Severity = finding.High
	}
	f.Title = fmt.Sprintf("%s %s published as an indicator of %s", strings.ReplaceAll(string(d.Type()), "_", " "), d.Value(), strings.Join(d.Threats(), ", "))
	if d.Private() { // as a check has it: the value is in no list and no export
		m := f.Indicator
		m.Private, m.Value, m.Observed, m.Threats = true, "", "", []string{}
		f.Title = "a private indicator of " + m.Set + " matched"
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{"hunt", run.evidence, where, value, string(d.Type()), d.Value(), d.Set().SHA256, d.ID()}, "\x00")))
	f.ID = "F-" + hex.EncodeToString(sum[:6])
	return f
}

// huntFinding stores a finding, unless the run has that indicator in that
// artifact already.
func (t *tx) huntFinding(hit *huntHit, h *Hunted) error {
	f, r := &hit.f, hit.run
	value := f.Indicator.Value
	if f.Indicator.Private {
		value = finding.Withheld // no check's finding has it: those of private indicators are told apart by id alone
	}
	var n int
	err := t.scan(`SELECT COUNT(*) FROM finding WHERE run_id = $1 AND (id = $2 OR artifact = $3 AND type = $4 AND value = $5 AND source = 'check')`,
		[]any{r.id, f.ID, f.Artifact, f.Indicator.Type, value}, &n)
	if err != nil || n > 0 {
		return err
	}
	var last int64
	from := r.n * findingsPerRun
	if err := t.scan("SELECT COALESCE(MAX(n), $1) FROM finding WHERE n > $2 AND n < $3", []any{from - 1, from - 1, from + findingsPerRun}, &last); err != nil {
		return err
	}
	in := inserter{t: t, run: r.id, caseID: r.caseID, next: last + 1, source: ByHunt, seen: map[string]bool{}}
	if err := in.add(f); err != nil {
		return err
	}
	if err := in.flush(); err != nil {
		return err
	}
	t.record("finding.hunted", r.caseID, r.evidence, map[string]any{"case": r.caseID, "evidence": r.evidence, "run": r.id, "finding": f.ID, "set_sha256": f.Indicator.SetSHA256})
	h.Findings = append(h.Findings, Finding{
		ID: f.ID, Run: r.id, Case: r.caseID, Severity: f.Severity, Kind: string(f.Kind), Artifact: f.Artifact, Title: f.Title,
		Type: f.Indicator.Type, Value: f.Indicator.Value, Threat: strings.Join(f.Indicator.Threats, ", "), Source: ByHunt, Found: t.now, State: New,
	})
	return t.err
}
