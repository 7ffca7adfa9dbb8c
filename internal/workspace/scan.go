package workspace

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math/bits"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/indicator"
)

// scanner sets indicators against what was observed in runs.
type scanner struct {
	w        *Workspace
	sets     []huntSet
	matchers []*indicator.Matcher
	marks    markTable

	mu   sync.Mutex
	hits [][]huntHit // by set
}

// runsPerQuery is how many runs one query reads the marks of.
const runsPerQuery = 50

// scan returns what fits, by set, in a fixed order.
func (w *Workspace) scan(ctx context.Context, sets []huntSet, h *Hunted) ([][]huntHit, error) {
	s := &scanner{w: w, sets: sets, hits: make([][]huntHit, len(sets))}
	all := map[int64]bool{}
	var marks []setMark
	for i := range sets {
		for n := range sets[i].runs {
			all[n] = true
		}
		s.matchers = append(s.matchers, indicator.NewMatcher([]*indicator.Set{sets[i].set}))
		marks = sets[i].appendMarks(marks, i, h)
	}
	if len(marks) == 0 {
		return s.hits, nil
	}
	s.marks = newMarkTable(marks)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(2, runtime.GOMAXPROCS(0)))
	for batch := range slices.Chunk(slices.Sorted(maps.Keys(all)), runsPerQuery) {
		g.Go(func() error { return s.batch(ctx, batch) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i := range s.hits {
		slices.SortFunc(s.hits[i], compareHits)
	}
	return s.hits, nil
}

func (s *huntSet) appendMarks(dst []setMark, set int, h *Hunted) []setMark {
	for d := range s.set.All() {
		marks := d.Marks()
		if len(marks) == 0 {
			h.Unhuntable++
			continue
		}
		h.Indicators++
		for _, m := range marks {
			dst = append(dst, setMark{m, int32(set)})
		}
	}
	return dst
}

func compareHits(a, b huntHit) int {
	return cmp.Or(cmp.Compare(a.run.n, b.run.n), cmp.Compare(a.f.Artifact, b.f.Artifact),
		cmp.Compare(a.f.Indicator.Observed, b.f.Indicator.Observed), cmp.Compare(a.f.ID, b.f.ID))
}

// in makes the list of a condition IN.
func in(runs []int64) (list string, args []any) {
	var b strings.Builder
	for i, n := range runs {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("$" + strconv.Itoa(i+1))
		args = append(args, n)
	}
	return b.String(), args
}

// partKey is a part of a run.
type partKey struct {
	run  int64
	part int
}

// batch looks through some runs: their marks first, then the parts that have
// one that is asked for.
func (s *scanner) batch(ctx context.Context, runs []int64) error {
	wanted := map[partKey][]int32{}
	list, args := in(runs)
	query := "SELECT run_n, marks FROM observed_marks WHERE run_n IN (" + list + ") ORDER BY run_n" //nolint:gosec // $1, $2, …
	rows, err := s.w.db.Pool.QueryContext(ctx, query, args...)
	if err != nil {
		return s.w.fail("hunt", err)
	}
	defer rows.Close()
	for rows.Next() {
		var (
			run   int64
			marks sql.RawBytes
		)
		if err := rows.Scan(&run, &marks); err != nil {
			return s.w.fail("hunt", err)
		}
		if err := s.look(run, marks, wanted); err != nil {
			return fmt.Errorf("run %d: %w", run, err)
		}
	}
	if err := rows.Err(); err != nil {
		return s.w.fail("hunt", err)
	}
	rows.Close()
	for _, k := range slices.SortedFunc(maps.Keys(wanted), func(a, b partKey) int {
		return cmp.Or(cmp.Compare(a.run, b.run), cmp.Compare(a.part, b.part))
	}) {
		if err := s.part(ctx, k, wanted[k]); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) look(run int64, marks []byte, wanted map[partKey][]int32) error {
	return eachMark(marks, func(part int, mark uint32) {
		if !s.marks.maybe(mark) {
			return
		}
		for _, set := range s.marks.sets(mark) {
			if s.sets[set].runs[run] == nil {
				continue
			}
			k := partKey{run, part}
			if !slices.Contains(wanted[k], set) {
				wanted[k] = append(wanted[k], set)
			}
		}
	})
}

// part matches the values of a part against some sets.
func (s *scanner) part(ctx context.Context, k partKey, sets []int32) error {
	var packed []byte
	err := s.w.db.Pool.QueryRowContext(ctx, "SELECT packed FROM observed WHERE run_n = $1 AND part = $2", k.run, k.part).Scan(&packed)
	if err != nil {
		return s.w.fail(fmt.Sprintf("hunt in run %d, part %d", k.run, k.part), err)
	}
	return eachSeen(packed, func(row *seenRow) error {
		o := artifact.Observable{Type: artifact.ObservableType(row.kind), Value: string(row.value)}
		for _, set := range sets {
			for _, hit := range s.matchers[set].Match(row.artifact, []artifact.Observable{o}, nil) {
				s.add(set, k.run, hit, row, o.Value)
			}
		}
		return nil
	})
}

func (s *scanner) add(set int32, run int64, hit indicator.Hit, row *seenRow, value string) {
	var first time.Time
	if row.dated {
		first = time.UnixMicro(row.first).UTC()
	}
	r := s.sets[set].runs[run]
	f := huntFinding(hit, r, row.artifact, value, first)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hits[set] = append(s.hits[set], huntHit{r, f})
}

// setMark is a mark of an indicator of a set.
type setMark struct {
	mark uint32
	set  int32
}

// markTable holds the marks that are asked for. maybe answers nearly all
// questions from a few bits that stay in the processor's cache.
type markTable struct {
	shift  int
	filter []uint64
	list   []setMark // sorted
}

func newMarkTable(marks []setMark) markTable {
	slices.SortFunc(marks, func(a, b setMark) int { return cmp.Or(cmp.Compare(a.mark, b.mark), cmp.Compare(a.set, b.set)) })
	t := markTable{list: slices.Compact(marks)}
	bitsOf := min(max(bits.Len(uint(len(t.list)))+5, 10), 27) // 32 to 64 bits a mark
	t.shift = 32 - bitsOf
	t.filter = make([]uint64, 1<<(bitsOf-6))
	for _, m := range t.list {
		t.filter[m.mark>>t.shift>>6] |= 1 << (m.mark >> t.shift & 63)
	}
	return t
}

func (t *markTable) maybe(mark uint32) bool {
	at := mark >> t.shift
	return t.filter[at>>6]>>(at&63)&1 != 0
}

// sets returns the sets that have a mark.
func (t *markTable) sets(mark uint32) (sets []int32) {
	i, _ := slices.BinarySearchFunc(t.list, mark, func(m setMark, mark uint32) int { return cmp.Compare(m.mark, mark) })
	for ; i < len(t.list) && t.list[i].mark == mark; i++ {
		sets = append(sets, t.list[i].set)
	}
	return sets
}
