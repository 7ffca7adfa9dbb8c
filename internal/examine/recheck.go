package examine

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/compare"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/rule"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Rechecked is what checking one evidence again did.
type Rechecked struct {
	Evidence string  `json:"evidence"`
	Runs     []Rerun `json:"runs"`            // that were stored
	Error    string  `json:"error,omitempty"` // why it could not be checked

	Err error `json:"-"`
}

// Rerun is a new run, and how it differs from the one before.
type Rerun struct {
	ID string `json:"id"`
	workspace.Again
}

// atOnce bounds how many pieces of evidence are checked at the same time. Each
// check has work for several cores, and the memory of one.
const atOnce = 4

// Behind is evidence whose last check was made with something else than there
// is now.
type Behind struct {
	Evidence string
	last     []workspace.Run
}

// Behind lists the evidence of a case, or of all cases of the member, whose last
// check is behind: a parser that read something has another version now, the
// rules or what lures are known by are others, or there are indicators that it
// was not given. So is evidence that an interrupted Recheck began with.
func (s *Space) Behind(ctx context.Context, caseID string, o With) ([]Behind, error) {
	latest, err := s.LatestRuns(ctx, caseID)
	if err != nil {
		return nil, err
	}
	var list []Behind
	with := (&Stored{parsers: o.Parsers}).with()
	rules := rulesMark(o.Rules, o.Lures)
	for _, id := range slices.Sorted(maps.Keys(latest)) {
		last := latest[id]
		begun := 0
		old := slices.ContainsFunc(last, func(r workspace.Run) bool {
			if slices.Contains(o.Done, r.ID) {
				begun++
			}
			return len(moved(r.Summary.Parsers, with)) > 0 || r.Summary.Rules != rules || len(missing(r.Summary.Sets, o.Sets)) > 0
		})
		if old || begun > 0 && begun < len(last) {
			list = append(list, Behind{id, last})
		}
	}
	return list, nil
}

// rulesMark stands for the rules of a check, with their data, and for what lures
// are known by.
func rulesMark(rules *rule.Set, lures *lure.Knowledge) string {
	var known []finding.RuleRef
	if lures != nil {
		known = lures.Refs()
	}
	return refsMark(rules.Refs(), rules.DataRefs(), known)
}

func refsMark(lists ...[]finding.RuleRef) string {
	h := sha256.New()
	for _, refs := range lists {
		for i := range refs {
			fmt.Fprintf(h, "%q %q\n", refs[i].ID, refs[i].SHA256)
		}
		fmt.Fprintln(h)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// missing names the sets of now that a check was not given.
func missing(given []string, now []finding.IndicatorSet) (names []string) {
	for i := range now {
		if !slices.Contains(given, now[i].SHA256) {
			names = append(names, now[i].Name)
		}
	}
	return names
}

// Recheck checks again, from the vault, what Behind lists. Several are checked
// at once; each calls as soon as one is done, never two at a time, and one that
// fails costs no other. What is done has a new run: an interrupted Recheck goes
// on with the rest when it is called again.
func (s *Space) Recheck(ctx context.Context, caseID string, o With, each func(*Rechecked) error) error {
	list, err := s.Behind(ctx, caseID, o)
	if err != nil {
		return err
	}
	return s.RecheckOf(ctx, list, o, each)
}

// RecheckOf is Recheck of what Behind listed.
func (s *Space) RecheckOf(ctx context.Context, list []Behind, o With, each func(*Rechecked) error) error {
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(cmp.Or(o.AtOnce, min(runtime.GOMAXPROCS(0), atOnce)))
	for i := range list {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			r, err := s.again(ctx, &list[i], o)
			if err != nil && ctx.Err() != nil {
				return ctx.Err()
			}
			if r.Err = err; err != nil {
				r.Error = err.Error()
			}
			mu.Lock()
			defer mu.Unlock()
			return each(&r)
		})
	}
	return g.Wait()
}

// moved says of which parsers the version is another than it was.
func moved(then map[string]int, now []artifact.Parser) []string {
	var list []string
	for _, p := range now {
		if info := p.Info(); then[info.Name] != 0 && then[info.Name] != info.Version {
			list = append(list, fmt.Sprintf("%s %d → %d", info.Name, then[info.Name], info.Version))
		}
	}
	return list
}

func (s *Space) again(ctx context.Context, b *Behind, o With) (Rechecked, error) {
	r := Rechecked{Evidence: b.Evidence, Runs: []Rerun{}}
	ev, err := s.Evidence(ctx, r.Evidence)
	if err != nil {
		return r, err
	}
	stored, err := s.Open(ctx, ev)
	if err != nil {
		return r, err
	}
	done := 0
	if stored.before, done, err = s.before(ctx, b, o.Done); err != nil {
		return r, err
	}
	runs, err := stored.check(ctx, o, done)
	for _, id := range runs {
		run, err := s.Run(context.WithoutCancel(ctx), id) // it is done, and is told
		if err != nil {
			return r, err
		}
		if run.Summary.Again == nil { // of a piece that the check before did not come to
			run.Summary.Again = &workspace.Again{Parsers: []string{}}
		}
		r.Runs = append(r.Runs, Rerun{id, *run.Summary.Again})
	}
	return r, err
}

// before returns the runs of the last check that is not of this recheck, and how
// many runs this one has already.
func (s *Space) before(ctx context.Context, b *Behind, done []string) (last []workspace.Run, made int, err error) {
	if !slices.ContainsFunc(b.last, func(r workspace.Run) bool { return slices.Contains(done, r.ID) }) {
		return b.last, 0, nil
	}
	for page := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := s.Runs(ctx, workspace.RunFilter{Evidence: b.Evidence, State: workspace.Stored}, page)
		if err != nil {
			return nil, 0, err
		}
		for i := range l.Items {
			if slices.Contains(done, l.Items[i].ID) {
				made++
			} else {
				last = append(last, l.Items[i])
			}
		}
		if page.After = l.Next; page.After == "" {
			break
		}
	}
	if len(last) > 0 {
		last = last[max(0, len(last)-max(last[len(last)-1].Summary.Parts, 1)):]
	}
	return last, made, nil
}

// compare sets the findings of a new result folder against those of a run.
func (t *Stored) compare(ctx context.Context, before *workspace.Run, run *finding.Run, dir string) (*workspace.Again, error) {
	b, err := t.space.OpenRun(ctx, before)
	if err != nil {
		return nil, err
	}
	was, now := compare.Statements{}, compare.Statements{}
	if err := errors.Join(report.EachFindingFS(b.FS(ctx), before.ID, was.Add), report.EachFinding(dir, now.Add)); err != nil {
		return nil, err
	}
	a := &workspace.Again{
		Of: before.ID, Parsers: moved(before.Summary.Parsers, t.with()), Sets: missing(before.Summary.Sets, run.Indicators),
		Rules: before.Summary.Rules != refsMark(run.Rules, run.RuleData, run.LureData),
	}
	a.NotAsked = was.Without(run)
	found := was.To(now)
	a.New, a.Gone, a.Changed = changes(found.New), changes(found.Gone), changes(found.Changed)
	a.Worse, err = worse(b.FS(ctx), run)
	return a, err
}

// maxRun bounds run.json of a result folder in bytes.
const maxRun = 64 * limit.MiB

// worse names the artifacts that the run before read whole, and this one not:
// their findings are not gone because they are not there.
func worse(before fs.FS, run *finding.Run) ([]string, error) {
	f, err := before.Open("run.json")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := limit.ReadAll(f, maxRun)
	if err != nil {
		return nil, err
	}
	var was finding.Run
	if err := json.Unmarshal(data, &was); err != nil {
		return nil, fmt.Errorf("run.json: %w", err)
	}
	whole := map[string]bool{}
	for i := range was.Coverage {
		whole[was.Coverage[i].Artifact] = was.Coverage[i].State == finding.Read
	}
	var list []string
	for i := range run.Coverage {
		if c := &run.Coverage[i]; c.State != finding.Read && whole[c.Artifact] {
			list = append(list, c.Artifact)
		}
	}
	return list, nil
}

// changes are ids as a run keeps them.
func changes(ids []string) workspace.Changes {
	return workspace.Changes{Count: len(ids), IDs: ids[:min(len(ids), workspace.MaxChanges)]}
}
