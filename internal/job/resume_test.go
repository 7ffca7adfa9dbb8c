package job_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/rule"
	"github.com/amparo-project/amparo/internal/testevidence"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// plain checks with all parsers and rules.
func plain(context.Context, *examine.Space) (examine.With, error) {
	rules, err := rule.Builtin()
	return examine.With{Rules: rules, Parsers: parsers.All(), Version: "test", Lang: "en"}, err
}

// stored returns all that a check left: the files of its result and of its
// indexes. Of run.json the times of the check itself are left out, which no two
// share; report.html has them too.
func (l *lab) stored(run string) map[string]string {
	l.tb.Helper()
	ctx := l.tb.Context()
	r, err := l.Run(ctx, run)
	l.ok(err)
	s := &examine.Space{Workspace: l.Workspace, Vault: l.store, Dir: l.dir}
	l.ok(s.MakeIndex(ctx, &r))
	key, err := l.EvidenceKey(ctx, r.Evidence, workspace.Analysis)
	l.ok(err)
	files := map[string]string{}
	var times []string
	for _, bundle := range []string{run, workspace.IndexOf(run)} {
		b, err := vault.Open(ctx, l.store, l.Index(), bundle, key)
		l.ok(err)
		for _, f := range b.Files() {
			data, err := fs.ReadFile(b.FS(ctx), f.Path)
			l.ok(err)
			if f.Path == "run.json" {
				data, times = timeless(l.tb, data)
			}
			files[f.Path] = string(data)
		}
	}
	slices.SortFunc(times, func(a, b string) int { return len(b) - len(a) }) // one may be a part of another
	for _, at := range times {
		files["report.html"] = strings.ReplaceAll(files["report.html"], at, "TIME")
	}
	return files
}

// timeless is run.json without when the check ran and how long it took, and
// those times as a report has them.
func timeless(tb testing.TB, data []byte) (rest []byte, times []string) {
	tb.Helper()
	var run finding.Run
	if err := json.Unmarshal(data, &run); err != nil {
		tb.Fatal(err)
	}
	for _, at := range []time.Time{run.Started, run.Ended} {
		times = append(times, at.Format(time.RFC3339Nano), at.Format(time.RFC3339), at.Format("2006-01-02 15:04:05"), at.Format("2006-01-02 15:04"))
	}
	run.Started, run.Ended = time.Time{}, time.Time{}
	for i := range run.Coverage {
		run.Coverage[i].MS = 0
	}
	rest, err := json.Marshal(run)
	if err != nil {
		tb.Fatal(err)
	}
	return rest, times
}

// same compares what two checks left.
func (l *lab) same(want, got map[string]string) {
	l.tb.Helper()
	if len(want) < 5 || want["words.json"] == "" || want["timeline"] == "" || want["report.html"] == "" {
		l.tb.Fatalf("the check left %d files", len(want))
	}
	if cmp.Equal(want, got) {
		return
	}
	for name := range want {
		if want[name] != got[name] {
			l.tb.Errorf("%s differs:\n%.3000s", name, cmp.Diff(want[name], got[name]))
		}
	}
	l.tb.Fatalf("%d files, and %d", len(want), len(got))
}

func (l *lab) check(ev workspace.Evidence) workspace.Job {
	l.tb.Helper()
	j, err := l.AddJob(l.tb.Context(), workspace.Job{Case: l.caseID, Kind: workspace.JobCheck, Evidence: ev.ID}, workspace.JobPrivate{Lang: "en"})
	l.ok(err)
	return j
}

// nothingKept asks that of what unfinished checks kept nothing is left, neither
// rows nor segments.
func (l *lab) nothingKept() {
	l.tb.Helper()
	for until := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var rows int
		l.ok(l.Database().Pool.QueryRowContext(l.tb.Context(), "SELECT COUNT(*) FROM check_part").Scan(&rows))
		if rows == 0 {
			break
		}
		if time.Now().After(until) {
			l.tb.Fatalf("%d parts are still there", rows)
		}
	}
}

// cut is a vault that lets a process keep so many segments, and then no more:
// it says so, and waits until the process ends.
type cut struct {
	vault.Store
	mu   sync.Mutex
	left int // guarded by mu
	full chan struct{}
	once sync.Once
}

// Create implements vault.Store.
func (c *cut) Create(ctx context.Context, id string) (vault.Writer, error) {
	c.mu.Lock()
	c.left--
	over := c.left < 0
	c.mu.Unlock()
	if over {
		c.once.Do(func() { close(c.full) })
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return c.Store.Create(ctx, id)
}

// TestEachBoundary ends the process of a check after each part that it keeps,
// and goes on in another, on a machine that has nothing of the first: what the
// last of them leaves is what one that was not interrupted leaves, to the byte.
func TestEachBoundary(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *lab) {
		ev := l.store1(func(dir string) error { _, err := testevidence.WriteAndroidQF(dir, ""); return err })
		stop := l.worker(func(e *job.Engine) { e.With = plain })
		j := l.ended(l.check(ev).ID)
		stop()
		if j.State != workspace.JobDone || len(j.Runs) != 1 || j.Progress.Total < 5 {
			t.Fatalf("%+v", j)
		}
		want := l.stored(j.Runs[0])
		j = l.check(ev)
		lives := int(tasksOf(t, want)) // as many as there are tasks, at most
		if testing.Short() {
			lives = 3
		}
		log := l.lives(lives, plain)
		if n := l.kept(); n < min(lives, 5)-1 {
			t.Errorf("after %d lives %d parts are kept", lives, n)
		}
		stop = l.worker(func(e *job.Engine) { e.With = plain })
		defer stop()
		j = l.ended(j.ID)
		if j.State != workspace.JobDone || len(j.Runs) != 1 || j.Attempts != 1 {
			t.Fatalf("%+v", j)
		}
		if n := strings.Count(log, wentOn); n < lives-1 {
			t.Errorf("%d of %d lives went on from another's", n, lives)
		}
		l.same(want, l.stored(j.Runs[0]))
		l.nothingKept()
	})
}

// What the log says of checks.
const (
	wentOn    = "a check goes on where it was interrupted"
	beganAnew = "a check begins anew"
)

// lives runs jobs in one process after the other, each on a machine that has
// nothing of the others, and ends each when it has kept one part. It returns
// what they logged.
func (l *lab) lives(n int, with func(context.Context, *examine.Space) (examine.With, error)) string {
	l.tb.Helper()
	var log bytes.Buffer
	for i := range n {
		c := &cut{Store: l.store, left: 1, full: make(chan struct{})}
		elsewhere := filepath.Join(l.tb.TempDir(), "machine")
		l.ok(os.MkdirAll(elsewhere, 0o700))
		stop := l.worker(func(e *job.Engine) {
			e.With, e.KeepEvery, e.Log = with, -1, slog.New(slog.NewTextHandler(&log, nil))
			e.Space = func(w *workspace.Workspace) *examine.Space {
				return &examine.Space{Workspace: w, Vault: c, Dir: elsewhere}
			}
		})
		select {
		case <-c.full:
		case <-time.After(2 * time.Minute):
			l.tb.Fatalf("life %d does nothing", i)
		}
		stop()
	}
	return log.String()
}

// kept is how many parts of unfinished checks there are that can be used.
func (l *lab) kept() (n int) {
	l.tb.Helper()
	l.ok(l.Database().Pool.QueryRowContext(l.tb.Context(), "SELECT COUNT(*) FROM check_part WHERE mark <> ''").Scan(&n))
	return n
}

// TestRecheckWithin interrupts a recheck after each part that it keeps.
func TestRecheckWithin(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *lab) {
		without := func(ctx context.Context, s *examine.Space) (examine.With, error) {
			with, err := plain(ctx, s)
			with.Rules = &rule.Set{}
			return with, err
		}
		want := map[string]map[string]string{}
		tasks := 0
		for range 2 {
			ev := l.store1(func(dir string) error { _, err := testevidence.WriteAttackedDump(dir); return err })
			for _, with := range []func(context.Context, *examine.Space) (examine.With, error){plain, without} {
				stop := l.worker(func(e *job.Engine) { e.With = with })
				j := l.ended(l.check(ev).ID)
				stop()
				if j.State != workspace.JobDone {
					t.Fatalf("%+v", j)
				}
				if want[ev.ID] == nil {
					want[ev.ID] = l.stored(j.Runs[0])
					tasks += int(tasksOf(t, want[ev.ID]))
				}
			}
		}
		j := l.add(workspace.JobRecheck)
		log := l.lives(2, plain)
		stop := l.worker(func(e *job.Engine) { e.With, e.KeepEvery = plain, -1 })
		defer stop()
		j = l.ended(j.ID)
		if j.State != workspace.JobDone || len(j.Runs) != 2 || j.Progress.Files != 2 || j.Progress.Total != 2 || !strings.Contains(log, wentOn) {
			t.Fatalf("%+v\n%s", j, log)
		}
		for _, id := range j.Runs {
			r, err := l.Run(t.Context(), id)
			l.ok(err)
			l.same(want[r.Evidence], l.stored(id))
		}
		l.nothingKept()
	})
}

// TestVoid: what was kept by another program is of no use, and the log says so.
func TestVoid(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *lab) {
		ev := l.store1(func(dir string) error { _, err := testevidence.WriteAttackedDump(dir); return err })
		j := l.check(ev)
		newer := func(ctx context.Context, s *examine.Space) (examine.With, error) {
			with, err := plain(ctx, s)
			with.Version = "newer"
			return with, err
		}
		if log := l.lives(2, plain); strings.Contains(log, beganAnew) || !strings.Contains(log, wentOn) {
			t.Error(log)
		}
		if log := l.lives(1, newer); !strings.Contains(log, beganAnew) || strings.Contains(log, wentOn) {
			t.Error(log)
		}
		if n := l.kept(); n != 1 {
			t.Errorf("%d parts are kept, where one is of use", n)
		}
		defer l.worker(func(e *job.Engine) { e.With = newer })()
		if j = l.ended(j.ID); j.State != workspace.JobDone {
			t.Fatalf("%+v", j)
		}
		l.nothingKept()
	})
}

// TestCancelledWithin: what a check kept goes with the job, rows and segments,
// whoever ends it.
func TestCancelledWithin(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *lab) {
		ev := l.store1(func(dir string) error { _, err := testevidence.WriteAttackedDump(dir); return err })
		before := l.segments()
		j := l.check(ev)
		l.lives(1, plain)
		if got := l.segments(); len(got) != len(before)+1 {
			t.Fatalf("%d segments, and %d before", len(got), len(before))
		}
		l.ok(l.CancelJob(t.Context(), j.ID))
		defer l.worker(func(e *job.Engine) { e.With = plain })()
		l.nothingKept()
		if d := cmp.Diff(before, l.segments()); d != "" {
			t.Error(d)
		}
		j, err := l.Job(t.Context(), j.ID)
		l.ok(err)
		if j.State != workspace.JobCancelled || len(j.Runs) != 0 {
			t.Errorf("%+v", j)
		}
	})
}

// segments are those of the vault.
func (l *lab) segments() (ids []string) {
	l.tb.Helper()
	l.ok(l.store.List(l.tb.Context(), func(id string, _ time.Time) error { ids = append(ids, id); return nil }))
	slices.Sort(ids)
	return ids
}

// tasksOf is how many files were read.
func tasksOf(t *testing.T, files map[string]string) (n int64) {
	t.Helper()
	var run finding.Run
	if err := json.Unmarshal([]byte(files["run.json"]), &run); err != nil {
		t.Fatal(err)
	}
	for i := range run.Coverage {
		n += int64(len(run.Coverage[i].Files))
	}
	return n
}

// store1 stores evidence of a new person.
func (l *lab) store1(write func(dir string) error) workspace.Evidence {
	l.tb.Helper()
	dir := filepath.Join(l.tb.TempDir(), "evidence")
	l.ok(write(dir))
	return l.evidence(dir)
}

// count counts the lines with a text, until the end.
func count(r io.Reader, text string) (n int) {
	for sc := bufio.NewScanner(r); sc.Scan(); {
		if strings.Contains(sc.Text(), text) {
			n++
		}
	}
	return n
}
