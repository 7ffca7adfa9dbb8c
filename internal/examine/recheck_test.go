package examine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/rule"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/sqlite/sqlitetest"
)

// lines is the parser of shutdown.log in some version: it makes a record of
// each line that keep takes, with that line as a process.
type lines struct {
	artifact.Parser
	version int
	keep    func(line string) (process string, ok bool)
	before  func() // Parse; nil: nothing
}

func (l lines) Info() artifact.Info {
	info := l.Parser.Info()
	info.Version = l.version
	return info
}

func (l lines) Parse(_ context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return func(yield func(*artifact.Record, error) bool) {
		if l.before != nil {
			l.before()
		}
		data, err := in.All(1 << 20)
		if err != nil {
			yield(nil, err)
			return
		}
		offset := int64(0)
		for line := range strings.Lines(string(data)) {
			if process, ok := l.keep(strings.TrimSpace(line)); ok {
				r := &artifact.Record{Kind: l.Parser.Info().Kinds[0].Kind, Loc: artifact.Location{Offset: offset, Length: int64(len(line))}}
				r.Observe(artifact.Process, process, "process")
				if !yield(r, nil) {
					return
				}
			}
			offset += int64(len(line))
		}
	}
}

// lab is a workspace with evidence of several phones in it.
type lab struct {
	*examine.Space
	t        *testing.T
	db       *workspace.DB
	evidence []string
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// large is how many bytes the file of a phone has that no parser reads.
const large = 1000

func newLab(t *testing.T, phones int) *lab {
	t.Helper()
	ctx := t.Context()
	dir := t.TempDir()
	db, err := sqlitetest.Open(ctx, dir, time.Now)
	ok(t, err)
	t.Cleanup(func() { db.Close() })
	id, err := seal.NewIdentity()
	ok(t, err)
	w, err := workspace.Create(ctx, db, workspace.Options{Identity: id, Now: time.Now}, "ana")
	ok(t, err)
	store, err := vault.OpenDir(filepath.Join(dir, "vault"))
	ok(t, err)
	t.Cleanup(func() { store.Close() })
	l := &lab{Space: &examine.Space{Workspace: w, Vault: store, Dir: filepath.Join(dir, "vault")}, t: t, db: db}
	c, err := w.CreateCase(ctx, "case")
	ok(t, err)
	p, err := w.AddPerson(ctx, workspace.Person{Case: c.ID})
	ok(t, err)
	_, err = w.AddConsent(ctx, workspace.Consent{
		Case: c.ID, Person: p.ID, Purposes: workspace.Purposes, Until: "2999-01-01", FormSHA256: strings.Repeat("0", 64),
		Private: workspace.ConsentTerms{GivenBy: "x"},
	})
	ok(t, err)
	for i := range phones {
		d, err := w.AddDevice(ctx, c.ID, p.ID, fmt.Sprint("phone ", i))
		ok(t, err)
		from := t.TempDir()
		ok(t, os.WriteFile(filepath.Join(from, "shutdown.log"), []byte(fmt.Sprintf("alpha\nbeta\ngamma\n%d\n", i)), 0o600))
		ok(t, os.WriteFile(filepath.Join(from, "notes.txt"), bytes.Repeat([]byte{byte(i)}, large), 0o600))
		ev, err := l.Receive(ctx, c.ID, d.ID, from, nil)
		ok(t, err)
		l.evidence = append(l.evidence, ev.ID)
	}
	slices.Sort(l.evidence)
	return l
}

// with is a check by one version of the parser.
func (l *lab) with(version int, before func(), keep func(string) (string, bool)) examine.With {
	l.t.Helper()
	set, err := indicator.Load(strings.NewReader(`{"type":"bundle","id":"bundle--1","objects":[`+strings.Join([]string{process(1, "alpha"), process(2, "beta"), process(3, "gamma")}, ",")+"]}"), "x.stix2")
	ok(l.t, err)
	all := slices.Clone(parsers.All())
	i := slices.IndexFunc(all, func(p artifact.Parser) bool { return p.Info().Name == "ios.shutdown_log" })
	all[i] = lines{all[i], version, keep, before}
	return examine.With{Matcher: indicator.NewMatcher([]*indicator.Set{set}), Sets: []finding.IndicatorSet{set.Describe()}, Rules: &rule.Set{}, Parsers: all, Version: "test", Lang: "en"}
}

func process(n int, name string) string {
	return fmt.Sprintf(`{"type":"indicator","id":"indicator--00000000-0000-4000-8000-%012d","pattern_type":"stix","pattern":"[process:name = '%s']",
		"valid_from":"2020-01-01T00:00:00Z","created":"2020-01-01T00:00:00Z","modified":"2020-01-01T00:00:00Z"}`, n, name)
}

// first and second are what two versions of the parser make of a line: the
// second finds gamma, no longer takes alpha for a process, and tells where
// beta lies.
func first(line string) (string, bool) { return line, line == "alpha" || line == "beta" }

func second(line string) (string, bool) {
	return map[string]string{"beta": "/x/beta"}[line] + map[string]string{"gamma": "gamma"}[line], line == "beta" || line == "gamma"
}

func (l *lab) check(o examine.With) {
	l.t.Helper()
	for _, id := range l.evidence {
		ev, err := l.Evidence(l.t.Context(), id)
		ok(l.t, err)
		stored, err := l.Open(l.t.Context(), ev)
		ok(l.t, err)
		_, err = stored.Check(l.t.Context(), o)
		ok(l.t, err)
	}
}

func (l *lab) recheck(ctx context.Context, o examine.With) (done []*examine.Rechecked, err error) {
	err = l.Recheck(ctx, "", o, func(r *examine.Rechecked) error {
		done = append(done, r)
		return nil
	})
	return done, err
}

// TestRecheck moves a parser's version and what it makes of its file.
func TestRecheck(t *testing.T) {
	t.Parallel()
	l := newLab(t, 3)
	l.check(l.with(7, nil, first))
	done, err := l.recheck(t.Context(), l.with(7, nil, second))
	ok(t, err)
	if len(done) != 0 {
		t.Fatalf("checked again with the same version: %+v", done)
	}
	done, err = l.recheck(t.Context(), l.with(8, nil, second))
	ok(t, err)
	if len(done) != 3 {
		t.Fatalf("%d of 3 were checked again", len(done))
	}
	for _, r := range done {
		if r.Err != nil || len(r.Runs) != 1 {
			t.Fatalf("%+v", r)
		}
		run := r.Runs[0]
		if d := cmp.Diff([]string{"ios.shutdown_log 7 → 8"}, run.Parsers); d != "" {
			t.Error(d)
		}
		want := map[string]string{"new": "gamma", "gone": "alpha", "changed": "beta"}
		got := map[string]string{"new": l.value(run.ID, run.New), "gone": l.value(run.Of, run.Gone), "changed": l.value(run.ID, run.Changed)}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		// What changed is kept with the run.
		kept, err := l.Run(t.Context(), run.ID)
		ok(t, err)
		if d := cmp.Diff(&run.Again, kept.Summary.Again); d != "" {
			t.Error(d)
		}
	}
	done, err = l.recheck(t.Context(), l.with(8, nil, second))
	ok(t, err)
	if len(done) != 0 {
		t.Errorf("checked a third time: %+v", done)
	}
}

// TestRecheckWithoutIndicators: what rests on indicators that are not at hand is
// not told as gone.
func TestRecheckWithoutIndicators(t *testing.T) {
	t.Parallel()
	l := newLab(t, 1)
	l.check(l.with(1, nil, first))
	o := l.with(2, nil, second)
	o.Matcher, o.Sets = nil, nil
	done, err := l.recheck(t.Context(), o)
	ok(t, err)
	if len(done) != 1 || done[0].Err != nil || done[0].Runs[0].NotAsked != 2 || done[0].Runs[0].Gone.Count != 0 {
		t.Fatalf("%+v", done)
	}
}

// value is the indicator of the only finding of a list.
func (l *lab) value(run string, c workspace.Changes) string {
	l.t.Helper()
	if c.Count != 1 || len(c.IDs) != 1 {
		return fmt.Sprint(c)
	}
	found, err := l.Findings(l.t.Context(), workspace.FindingFilter{Run: run, ID: c.IDs[0]}, workspace.Page{})
	ok(l.t, err)
	if len(found.Items) != 1 {
		return fmt.Sprint(found)
	}
	return found.Items[0].Value
}

// TestRecheckGoesOn interrupts a recheck, and calls it again: each evidence is
// checked again once, by one of the two.
func TestRecheckGoesOn(t *testing.T) {
	t.Parallel()
	l := newLab(t, 4)
	l.check(l.with(1, nil, first))
	ctx, stop := context.WithCancel(t.Context())
	var mu sync.Mutex
	n := 0
	o := l.with(2, func() {
		mu.Lock()
		defer mu.Unlock()
		if n++; n == 3 {
			stop()
		}
	}, second)
	before, err := l.recheck(ctx, o)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	after, err := l.recheck(t.Context(), l.with(2, nil, second))
	ok(t, err)
	var all []string
	for _, r := range slices.Concat(before, after) {
		ok(t, r.Err)
		all = append(all, r.Evidence)
	}
	slices.Sort(all)
	if d := cmp.Diff(l.evidence, all); d != "" || len(before) == 0 || len(after) == 0 {
		t.Errorf("%d before, %d after: %s", len(before), len(after), d)
	}
}

// TestRecheckOfDamaged: where the vault lost a segment, what is gone is not told
// as if it had been looked for; where it lost all, that is told and costs no
// other.
func TestRecheckOfDamaged(t *testing.T) {
	t.Parallel()
	l := newLab(t, 3)
	l.check(l.with(1, nil, first))
	segments, err := l.Index().Segments(t.Context(), l.evidence[0])
	ok(t, err)
	ok(t, filepath.WalkDir(l.Dir, func(name string, d fs.DirEntry, err error) error {
		if seg, mine := segments[filepath.Base(name)]; mine && err == nil && seg.Size < large {
			err = os.Remove(name)
		}
		return err
	}))
	_, err = l.db.Pool.ExecContext(t.Context(), "DELETE FROM bundle_batch WHERE bundle = $1", l.evidence[1])
	ok(t, err)
	done, err := l.recheck(t.Context(), l.with(2, nil, second))
	ok(t, err)
	slices.SortFunc(done, func(a, b *examine.Rechecked) int { return strings.Compare(a.Evidence, b.Evidence) })
	if len(done) != 3 || done[1].Err == nil || done[1].Error == "" || done[2].Err != nil {
		t.Fatalf("%+v", done)
	}
	if d := cmp.Diff([]string{"ios.shutdown_log"}, done[0].Runs[0].Worse); d != "" || len(done[2].Runs[0].Worse) != 0 {
		t.Error(d, done[2])
	}
}

// TestRecheckOlder: evidence whose last check had other indicators or rules is
// behind, until it was checked again. Of a set that was published anew a finding
// is the same.
func TestRecheckOlder(t *testing.T) {
	t.Parallel()
	l := newLab(t, 2)
	o := l.with(1, nil, func(line string) (string, bool) { return line, true })
	l.check(o)
	behind := func(o examine.With, want int) {
		t.Helper()
		list, err := l.Behind(t.Context(), "", o)
		ok(t, err)
		if len(list) != want {
			t.Errorf("%d are behind, not %d", len(list), want)
		}
	}
	behind(o, 0)
	fewer := o
	fewer.Matcher, fewer.Sets = nil, nil
	behind(fewer, 0) // with less there is nothing to find

	// The same set again, with one indicator more and one less.
	set, err := indicator.Load(strings.NewReader(`{"type":"bundle","id":"bundle--1","objects":[`+
		strings.Join([]string{process(1, "alpha"), process(2, "beta"), process(4, "0"), process(5, "1")}, ",")+"]}"), "x.stix2")
	ok(t, err)
	o.Matcher, o.Sets = indicator.NewMatcher([]*indicator.Set{set}), []finding.IndicatorSet{set.Describe()}
	behind(o, 2)
	done, err := l.recheck(t.Context(), o)
	ok(t, err)
	if len(done) != 2 {
		t.Fatalf("%+v", done)
	}
	for _, r := range done {
		ok(t, r.Err)
		run := r.Runs[0]
		if len(run.Parsers) != 0 || len(run.Sets) != 1 || run.Rules || run.New.Count != 1 || run.Gone.Count != 1 || run.Changed.Count != 0 || run.NotAsked != 0 {
			t.Errorf("%+v", run)
		}
		if got := l.value(run.ID, run.New); got != "0" && got != "1" {
			t.Errorf("new is %s", got)
		}
	}
	behind(o, 0)

	rules, err := rule.Builtin()
	ok(t, err)
	o.Rules = rules
	behind(o, 2)
	done, err = l.recheck(t.Context(), o)
	ok(t, err)
	if len(done) != 2 || !done[0].Runs[0].Rules || len(done[0].Runs[0].Sets) != 0 {
		t.Errorf("%+v", done)
	}
	behind(o, 0)
	// A check from before runs kept what they were made with.
	_, err = l.db.Pool.ExecContext(t.Context(), "UPDATE run SET summary = replace(summary, '\"rules\":', '\"other\":') WHERE evidence_id = $1", l.evidence[0])
	ok(t, err)
	behind(o, 1)
}
