package examine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/open"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/rule"
	"github.com/amparo-project/amparo/internal/testevidence"
	"github.com/amparo-project/amparo/internal/workspace"
)

// bench checks one piece of evidence again and again, each time with other
// parts of an earlier check.
type bench struct {
	tb    testing.TB
	path  string
	sets  []finding.IndicatorSet
	match *indicator.Matcher
	rules *rule.Set
	lures *lure.Knowledge
}

func newBench(tb testing.TB, write func(dir string) error) *bench {
	tb.Helper()
	b := &bench{tb: tb, path: filepath.Join(tb.TempDir(), "evidence")}
	ioc := tb.TempDir()
	b.ok(write(b.path))
	b.ok(testevidence.WriteIndicators(ioc))
	sets, err := indicator.LoadPath(ioc)
	b.ok(err)
	b.match = indicator.NewMatcher(sets)
	for _, s := range sets {
		b.sets = append(b.sets, s.Describe())
	}
	b.rules, err = rule.Builtin()
	b.ok(err)
	b.lures, err = lure.Builtin()
	b.ok(err)
	return b
}

func (b *bench) ok(err error) {
	b.tb.Helper()
	if err != nil {
		b.tb.Fatal(err)
	}
}

// result is all that a check leaves.
type result struct {
	Files map[string]string
	Seen  []workspace.Sighting
	Cut   bool
}

// check checks with some way to keep.
func (b *bench) check(ctx context.Context, workers int, change func(*pipeline.Options)) (result, error) {
	b.tb.Helper()
	found, err := open.Find(ctx, b.path, open.Options{})
	b.ok(err)
	src, err := found.Candidates[0].Open(ctx, evidence.OpenOptions{})
	b.ok(err)
	defer src.Close()
	dir := filepath.Join(b.tb.TempDir(), "out")
	out, err := pipeline.NewFolder(dir)
	b.ok(err)
	seen := &examine.Observations{}
	o := pipeline.Options{
		Source: src, Path: "x", Parsers: parsers.All(), Matcher: b.match, Sets: b.sets, Rules: b.rules, Lures: b.lures, Out: out,
		Now: time.Now, Version: "test", Workers: workers, Observe: seen.Observe,
	}
	if change != nil {
		change(&o)
	}
	if _, err := pipeline.Check(ctx, o); err != nil {
		return result{}, err
	}
	r := result{Files: b.read(dir)}
	r.Seen, r.Cut = seen.List()
	return r, nil
}

// read reads a result folder; of run.json the times of the check itself are
// left out, which no two checks share.
func (b *bench) read(dir string) map[string]string {
	b.tb.Helper()
	files := map[string]string{}
	b.ok(filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if filepath.Base(name) == pipeline.RunFile {
			data = timeless(b.tb, data)
		}
		rel, _ := filepath.Rel(dir, name)
		files[filepath.ToSlash(rel)] = string(data)
		return err
	}))
	return files
}

// timeless is run.json without when the check ran and how long it took.
func timeless(tb testing.TB, data []byte) []byte {
	tb.Helper()
	var run finding.Run
	if err := json.Unmarshal(data, &run); err != nil {
		tb.Fatal(err)
	}
	run.Started, run.Ended = time.Time{}, time.Time{}
	for i := range run.Coverage {
		run.Coverage[i].MS = 0
	}
	data, err := json.MarshalIndent(run, "", " ")
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// shelf keeps parts in memory.
type shelf struct {
	mark  string
	parts [][]byte
	bad   []error // of parts that could not be used
	stop  func(saved int) error
}

func (s *shelf) keep(o *pipeline.Options) {
	o.Keep = &pipeline.Keep{Of: "e", Every: -1, Load: func(_ context.Context, mark string, part func(io.Reader) error) error {
		if mark != s.mark {
			s.parts = nil
		}
		s.mark = mark
		for _, p := range s.parts {
			if err := part(bytes.NewReader(p)); err != nil {
				s.bad = append(s.bad, err)
			}
		}
		return nil
	}, Save: func(_ context.Context, mark string, write func(io.Writer) error) error {
		if s.stop == nil {
			return nil
		}
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return err
		}
		s.parts = append(s.parts, b.Bytes())
		return s.stop(len(s.parts))
	}}
}

func onward(int) error { return nil }

var kinds = map[string]func(dir string) error{
	"backup": func(dir string) error {
		_, err := testevidence.WriteIOSBackup(dir, testevidence.Options{Messages: 100, Seed: 5, Plant: true, Decoys: true, WAL: true})
		return err
	},
	"dump": func(dir string) error { _, err := testevidence.WriteAttackedDump(dir); return err },
	"bugreport": func(name string) error {
		_, err := testevidence.WriteBugReport(name, testevidence.BugReport{Size: 200_000})
		return err
	},
	"androidqf": func(dir string) error { _, err := testevidence.WriteAndroidQF(dir, ""); return err },
}

// TestGoesOn interrupts a check after each of the parts that it keeps: what a
// second check makes of those, and of the rest of the evidence, is what one
// check makes that is not interrupted, to the byte.
func TestGoesOn(t *testing.T) {
	t.Parallel()
	for name, write := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, write)
			want, err := b.check(t.Context(), 2, nil)
			b.ok(err)
			if !strings.Contains(want.Files[pipeline.FindingsFile], `"id"`) || len(want.Seen) == 0 {
				t.Fatal("the check found nothing: it proves nothing")
			}
			all := &shelf{stop: onward}
			got, err := b.check(t.Context(), 1, all.keep)
			b.ok(err)
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("with keeping:\n%.2000s", d)
			}
			if len(all.parts) < 3 {
				t.Fatalf("only %d parts were kept", len(all.parts))
			}
			step := 1
			if testing.Short() {
				step = 1 + len(all.parts)/3
			}
			for n := 0; n <= len(all.parts); n += step {
				some := &shelf{mark: all.mark, parts: all.parts[:n]}
				got, err := b.check(t.Context(), 2, some.keep)
				b.ok(err)
				if d := cmp.Diff(want, got); d != "" {
					t.Fatalf("after %d of %d parts:\n%.2000s", n, len(all.parts), d)
				}
				if len(some.bad) > 0 {
					t.Fatal(some.bad)
				}
			}
			b.damaged(want, all)
		})
	}
}

// damaged changes parts: what cannot be used is read again.
func (b *bench) damaged(want result, all *shelf) {
	b.tb.Helper()
	rng := rand.New(rand.NewPCG(3, 4))
	for range 4 {
		some := &shelf{mark: all.mark}
		for _, p := range all.parts {
			p = bytes.Clone(p)
			switch rng.IntN(4) {
			case 0:
				p = p[:rng.IntN(len(p))]
			case 1:
				p[rng.IntN(len(p))] ^= 1 << rng.IntN(8)
			}
			some.parts = append(some.parts, p)
		}
		got, err := b.check(b.tb.Context(), 2, some.keep)
		b.ok(err)
		if d := cmp.Diff(want, got); d != "" || len(some.bad) == 0 {
			b.tb.Fatalf("%d damaged parts of %d:\n%.2000s", len(some.bad), len(some.parts), d)
		}
	}
}

// TestStopped ends checks at moments of chance, as a cancelled job does, and
// goes on, again and again: the end is the same, and nothing of a task that was
// cut off is kept.
func TestStopped(t *testing.T) {
	t.Parallel()
	b := newBench(t, kinds["backup"])
	want, err := b.check(t.Context(), 2, nil)
	b.ok(err)
	rng := rand.New(rand.NewPCG(1, 2))
	s := &shelf{}
	interrupted := 0
	for {
		ctx, cancel := context.WithCancel(t.Context())
		until := len(s.parts) + 1 + rng.IntN(12)
		s.stop = func(n int) error {
			if n >= until {
				cancel()
			}
			return nil
		}
		got, err := b.check(ctx, 2, s.keep)
		cancel()
		if errors.Is(err, context.Canceled) {
			if interrupted++; interrupted > 200 {
				t.Fatal("it comes to no end")
			}
			continue
		}
		b.ok(err)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("after %d interruptions:\n%.2000s", interrupted, d)
		}
		break
	}
	if interrupted == 0 || len(s.bad) > 0 {
		t.Errorf("%d interruptions; %v", interrupted, s.bad)
	}
}

// TestMark has the mark move with all that an outcome depends on.
func TestMark(t *testing.T) {
	t.Parallel()
	b := newBench(t, kinds["androidqf"])
	marks := map[string]string{}
	for name, change := range map[string]func(*pipeline.Options){
		"same":       func(*pipeline.Options) {},
		"program":    func(o *pipeline.Options) { o.Version = "another" },
		"evidence":   func(o *pipeline.Options) { o.Keep.Of = "another" },
		"indicators": func(o *pipeline.Options) { o.Sets = o.Sets[1:] },
		"rules":      func(o *pipeline.Options) { o.Rules = &rule.Set{} },
		"lures":      func(o *pipeline.Options) { o.Lures = nil },
		"window":     func(o *pipeline.Options) { o.Since = time.Unix(1, 0) },
		"recovery":   func(o *pipeline.Options) { o.NoRecovery = true },
		"parser":     func(o *pipeline.Options) { o.Parsers = o.Parsers[1:] },
	} {
		s := &shelf{}
		_, err := b.check(t.Context(), 2, func(o *pipeline.Options) { s.keep(o); change(o) })
		b.ok(err)
		if other, twice := marks[s.mark]; twice {
			t.Errorf("%s and %s have the same mark", name, other)
		}
		marks[s.mark] = name
	}
	s := &shelf{}
	_, err := b.check(t.Context(), 1, s.keep)
	b.ok(err)
	if marks[s.mark] != "same" {
		t.Errorf("the same check has another mark: %q", fmt.Sprint(marks[s.mark]))
	}
}
