package job_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/rule"
	"github.com/amparo-project/amparo/internal/testevidence"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
)

// poisonVariable says what a parser does to the process that reads evidence,
// which is the test binary.
const poisonVariable = "AMPARO_TEST_POISON"

// keepVariable says how often that process keeps what it has of a check.
const keepVariable = "AMPARO_TEST_KEEP"

func TestMain(m *testing.M) {
	if told := os.Getenv(workVariable); told != "" {
		_ = works(told)
		os.Exit(1)
	}
	if how := os.Getenv(poisonVariable); how != "" {
		if err := reads(how, os.Args[1]); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// reads is the process that reads evidence.
func reads(how, dir string) error {
	if how == "away" {
		return job.SayFailed(os.Stdout, workspace.ErrUnreachable, func(error) string { return "web.error.unreachable" })
	}
	debug.SetMaxStack(64 << 20) // as fatal as a gigabyte, and sooner
	ctx := context.Background()
	db, err := sqlite.Open(ctx, filepath.Dir(dir), time.Now)
	if err != nil {
		return err
	}
	store, err := vault.OpenDir(dir)
	if err != nil {
		return err
	}
	var s vault.Store = store
	if how == "full" {
		s = full{store}
	}
	if how == "untold" {
		s = untold{store, db, filepath.Join(dir, "died")}
	}
	e := engine(db, s, dir, how)
	e.KeepEvery, _ = time.ParseDuration(os.Getenv(keepVariable))
	return e.Read(ctx, os.Stdin, os.Stdout)
}

func engine(db *workspace.DB, store vault.Store, dir, how string) *job.Engine {
	all := slices.Clone(parsers.All())
	i := slices.IndexFunc(all, func(p artifact.Parser) bool { return p.Info().Name == "ios.sms" })
	all[i] = poison{all[i], how}
	return &job.Engine{
		DB: db, Now: time.Now, Log: slog.New(slog.DiscardHandler), Explain: func(error) string { return "web.job.failed_text" },
		Space: func(w *workspace.Workspace) *examine.Space {
			return &examine.Space{Workspace: w, Vault: store, Dir: dir}
		},
		With: func(context.Context, *examine.Space) (examine.With, error) {
			return examine.With{Rules: &rule.Set{}, Parsers: all, Version: "test", Lang: "en"}, nil
		},
	}
}

// poison is a parser that what it reads takes hold of.
type poison struct {
	artifact.Parser
	how string
}

// Parse dies of it.
func (p poison) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	switch p.how {
	case "killed":
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			_ = self.Kill()
		}
		select {}
	case "stack":
		var deep func(n int) int
		deep = func(n int) int { return deep(n+1) + deep(n+2) }
		_ = deep(0)
	case "memory":
		var all [][]byte
		for {
			b := make([]byte, 16<<20)
			for i := range b {
				b[i] = 1
			}
			all = append(all, b)
			if len(all) > 256 { // 4 GiB: the limit did not hold
				os.Exit(0)
			}
		}
	case "panic":
		panic("a parser's own")
	case "hang":
		select {}
	}
	return p.Parser.Parse(ctx, in)
}

// untold is a vault that kills its process once, when a run is stored and
// nobody was told yet: while what it is looked up by is made.
type untold struct {
	vault.Store
	db   *workspace.DB
	mark string
}

// Create implements vault.Store.
func (u untold) Create(ctx context.Context, id string) (vault.Writer, error) {
	var runs int
	if err := u.db.Pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM run").Scan(&runs); err != nil {
		return nil, err
	}
	if _, err := os.Stat(u.mark); runs > 0 && err != nil {
		if err := os.WriteFile(u.mark, nil, 0o600); err != nil {
			return nil, err
		}
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill()
		}
		select {}
	}
	return u.Store.Create(ctx, id)
}

// childLab is a lab whose evidence is read by processes of their own, in which a
// parser does something.
func childLab(t *testing.T) (l *lab, worker func(how string, change func(*job.Engine)) (stop func())) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l = folderLab(t)
	return l, func(how string, change func(*job.Engine)) func() {
		return l.worker(func(e *job.Engine) {
			e.Child = func(ctx context.Context) *exec.Cmd {
				cmd := exec.CommandContext(ctx, self, l.dir)
				cmd.Env = append(os.Environ(), poisonVariable+"="+how)
				return cmd
			}
			if change != nil {
				change(e)
			}
		})
	}
}

// TestDeathAfterStoring: a process that dies when the run is stored, and has not
// said so, does not have it stored twice.
func TestDeathAfterStoring(t *testing.T) {
	t.Parallel()
	l, worker := childLab(t)
	ev := l.phone(100)
	defer worker("untold", nil)()
	j := l.ended(l.check(ev).ID)
	runs, err := l.Runs(t.Context(), workspace.RunFilter{Evidence: ev.ID}, workspace.Page{})
	l.ok(err)
	if j.State != workspace.JobDone || j.Progress.Deaths != 1 || len(j.Runs) != 1 || len(runs.Items) != 1 {
		t.Fatalf("%d runs of %+v", len(runs.Items), j)
	}
}

// TestDeathsInRecheck: a recheck is read in a process of its own too. A file
// that kills it is left out of its evidence, and of no other.
func TestDeathsInRecheck(t *testing.T) {
	t.Parallel()
	l, worker := childLab(t)
	first, second := l.phone(100), l.store1(func(dir string) error { _, err := testevidence.WriteAndroidQF(dir, ""); return err })
	stop := l.worker(func(e *job.Engine) { e.With = plain }) // with other rules than the processes below
	for _, ev := range []workspace.Evidence{first, second} {
		if j := l.ended(l.check(ev).ID); j.State != workspace.JobDone {
			t.Fatalf("%+v", j)
		}
	}
	stop()
	stop = worker("killed", nil)
	j := l.ended(l.add(workspace.JobRecheck).ID)
	stop()
	if j.State != workspace.JobDone || j.Progress.Deaths != 2 || j.Progress.LeftOut != 1 || j.Attempts != 1 || len(j.Runs) != 2 || j.Progress.Records == 0 {
		t.Fatalf("%+v", j)
	}
	for _, id := range j.Runs {
		r, err := l.Run(t.Context(), id)
		l.ok(err)
		run := l.run(id)
		sms := ""
		for i := range run.Coverage {
			if c := &run.Coverage[i]; c.Artifact == "ios.sms" {
				sms = c.Error
			}
		}
		if (r.Evidence == first.ID) != (sms == pipeline.LeftOutText) || r.Summary.Again == nil || !r.Summary.Again.Rules {
			t.Errorf("%s: %q, %+v", r.Evidence, sms, r.Summary.Again)
		}
	}
	defer worker("none", nil)()
	if j := l.ended(l.add(workspace.JobRecheck).ID); j.State != workspace.JobDone || len(j.Runs) != 0 || j.Progress.Total != 0 {
		t.Errorf("what was checked again is checked once more: %+v", j)
	}
}

// TestEndsWhatHangs has a file keep its reader for ever, in a check and in a
// recheck: the job says at which file it is, and ends when it is told to, with
// its process and all that it kept.
func TestEndsWhatHangs(t *testing.T) {
	t.Parallel()
	l, worker := childLab(t)
	ev := l.phone(100)
	stop := l.worker(func(e *job.Engine) { e.With = plain })
	l.ended(l.check(ev).ID)
	stop()
	defer worker("hang", nil)()
	for _, kind := range []string{workspace.JobCheck, workspace.JobRecheck} {
		add := workspace.Job{Case: l.caseID, Kind: kind}
		if kind == workspace.JobCheck {
			add.Evidence = ev.ID
		}
		j, err := l.AddJob(t.Context(), add, workspace.JobPrivate{Lang: "en"})
		l.ok(err)
		for until := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
			j, err = l.Job(t.Context(), j.ID)
			l.ok(err)
			if strings.HasSuffix(j.File, "/sms.db") && j.Progress.Records > 0 {
				break
			}
			if time.Now().After(until) {
				t.Fatalf("%s does not say where it is: %+v", kind, j)
			}
		}
		if p := j.Progress; p.Phase != "checking" || p.Total == 0 || p.Files >= p.Total || kind == workspace.JobRecheck && p.Total != 1 {
			t.Errorf("%s: %+v", kind, p)
		}
		l.ok(l.CancelJob(t.Context(), j.ID))
		if j = l.ended(j.ID); j.State != workspace.JobCancelled || len(j.Runs) != 0 {
			t.Errorf("%+v", j)
		}
		l.nothingClear()
		l.nothingKept()
	}
	if runs, err := l.Runs(t.Context(), workspace.RunFilter{Evidence: ev.ID}, workspace.Page{}); err != nil || len(runs.Items) != 1 {
		t.Errorf("%d runs, %v", len(runs.Items), err)
	}
}

// TestLaterInAnotherProcess has the process that reads evidence fail of what
// passes, in a check and in a recheck: the job waits, and is done when that is over.
func TestLaterInAnotherProcess(t *testing.T) {
	t.Parallel()
	l, worker := childLab(t)
	ev := l.phone(100)
	stop := l.worker(func(e *job.Engine) { e.With = plain })
	l.ended(l.check(ev).ID)
	stop()
	for _, kind := range []string{workspace.JobCheck, workspace.JobRecheck} {
		add := workspace.Job{Case: l.caseID, Kind: kind}
		if kind == workspace.JobCheck {
			add.Evidence = ev.ID
		}
		stop := worker("full", nil)
		j, err := l.AddJob(t.Context(), add, workspace.JobPrivate{Lang: "en"})
		l.ok(err)
		for until := time.Now().Add(2 * time.Minute); j.Retries == 0; time.Sleep(10 * time.Millisecond) {
			j, err = l.Job(t.Context(), j.ID)
			l.ok(err)
			if j.Ended != "" || time.Now().After(until) {
				t.Fatalf("%+v", j)
			}
		}
		stop()
		if due, err := time.Parse(examine.TimeLayout, j.Due); err != nil || time.Until(due) < 5*time.Second || j.State != workspace.JobWaiting || j.Progress.Deaths != 0 {
			t.Errorf("%s waits until %q (%v): %+v", kind, j.Due, err, j)
		}
		_, err = l.Database().Pool.ExecContext(t.Context(), "UPDATE job SET due = '' WHERE id = $1", j.ID) // that time is over
		l.ok(err)
		stop = worker("none", nil)
		if j = l.ended(j.ID); j.State != workspace.JobDone || len(j.Runs) != 1 || j.Retries != 1 {
			t.Errorf("%+v", j)
		}
		stop()
		if kind == workspace.JobCheck { // so that the next has something to do
			stop := l.worker(func(e *job.Engine) { e.With = plain })
			l.ended(l.check(ev).ID)
			stop()
		}
	}
}

// full is a vault whose disk is full.
type full struct{ vault.Store }

// Create implements vault.Store.
func (full) Create(context.Context, string) (vault.Writer, error) { return nil, syscall.ENOSPC }

// TestDeaths has the process that reads evidence die of a file: after two
// deaths the file is left out, the run says so, and the rest was read.
func TestDeaths(t *testing.T) {
	if testing.Short() {
		t.Skip("processes die of their memory, which takes the race detector long")
	}
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for how, deaths := range map[string]int{"killed": 2, "stack": 2, "memory": 2, "panic": 0, "none": 0} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			if how == "memory" && runtime.GOOS != "linux" {
				t.Skip("only Linux limits it")
			}
			l := folderLab(t)
			ev := l.phone(100)
			defer l.worker(func(e *job.Engine) {
				e.Child = func(ctx context.Context) *exec.Cmd {
					cmd := exec.CommandContext(ctx, self, l.dir)
					cmd.Env = append(os.Environ(), poisonVariable+"="+how)
					return cmd
				}
				if how == "memory" {
					e.Memory = 512 << 20
				}
			})()
			j, err := l.AddJob(t.Context(), workspace.Job{Case: l.caseID, Kind: workspace.JobCheck, Evidence: ev.ID}, workspace.JobPrivate{Lang: "en"})
			l.ok(err)
			j = l.ended(j.ID)
			l.nothingClear()
			left := min(1, deaths)
			if j.State != workspace.JobDone || j.Progress.Deaths != deaths || j.Progress.LeftOut != left || j.Attempts != 1 || len(j.Runs) != 1 {
				t.Fatalf("%+v", j)
			}
			run := l.run(j.Runs[0])
			read, sms := 0, ""
			for i := range run.Coverage {
				if c := &run.Coverage[i]; c.Artifact == "ios.sms" {
					sms = c.Error
				} else if c.State == finding.Read && c.Records > 0 {
					read++
				}
			}
			if read < 5 || (deaths > 0) != (sms == pipeline.LeftOutText) || (how == "panic") != strings.Contains(sms, "panic") {
				t.Errorf("%d artifacts were read, and of the poisoned one it says %q", read, sms)
			}
		})
	}
}

// nothingClear wants no result in the making on the disk.
func (l *lab) nothingClear() {
	l.tb.Helper()
	if clear, err := filepath.Glob(filepath.Join(l.dir, "check-*[0-9a-z]")); err != nil || len(slices.DeleteFunc(clear, isLock)) > 0 {
		l.tb.Errorf("left in clear: %v %v", clear, err)
	}
}

func isLock(name string) bool { return strings.HasSuffix(name, ".lock") }

// phone stores a backup as evidence.
func (l *lab) phone(messages int) workspace.Evidence {
	l.tb.Helper()
	dir := l.tb.TempDir()
	_, err := testevidence.WriteIOSBackup(dir, testevidence.Options{Messages: messages, Seed: 1, Plant: true})
	l.ok(err)
	return l.evidence(dir)
}

// evidence stores what lies in a folder. Its files are of a day on which no check
// ran: they are told by their times.
func (l *lab) evidence(dir string) workspace.Evidence {
	l.tb.Helper()
	return l.evidenceIn(l.store, dir)
}

// evidenceIn is evidence in another vault than the lab's.
func (l *lab) evidenceIn(store vault.Store, dir string) workspace.Evidence {
	l.tb.Helper()
	day := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	l.ok(filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chtimes(name, day, day))
	}))
	ctx := l.tb.Context()
	p, err := l.AddPerson(ctx, workspace.Person{Case: l.caseID, Pseudonym: "p" + strings.ToLower(rand.Text()[:8])})
	l.ok(err)
	_, err = l.AddConsent(ctx, workspace.Consent{
		Case: l.caseID, Person: p.ID, Purposes: workspace.Purposes, Until: "2999-01-01", FormSHA256: strings.Repeat("0", 64),
		Private: workspace.ConsentTerms{GivenBy: "x"},
	})
	l.ok(err)
	d, err := l.AddDevice(ctx, l.caseID, p.ID, "phone")
	l.ok(err)
	ev, err := (&examine.Space{Workspace: l.Workspace, Vault: store, Dir: l.dir}).Receive(ctx, l.caseID, d.ID, dir, nil)
	l.ok(err)
	return ev
}

// run reads what a run says of itself.
func (l *lab) run(id string) (run finding.Run) {
	l.tb.Helper()
	r, err := l.Run(l.tb.Context(), id)
	l.ok(err)
	b, err := (&examine.Space{Workspace: l.Workspace, Vault: l.store, Dir: l.dir}).OpenRun(l.tb.Context(), &r)
	l.ok(err)
	f, err := b.FS(l.tb.Context()).Open("run.json")
	l.ok(err)
	defer f.Close()
	data, err := io.ReadAll(f)
	l.ok(err)
	l.ok(json.Unmarshal(data, &run))
	return run
}

// BenchmarkCheck is a check in this process, and in one of its own: what the
// watch and the way between them cost.
func BenchmarkCheck(b *testing.B) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	l := folderLab(b)
	ev := l.phone(10_000)
	for name, child := range map[string]job.Child{"here": nil, "child": func(ctx context.Context) *exec.Cmd {
		cmd := exec.CommandContext(ctx, self, l.dir)
		cmd.Env = append(os.Environ(), poisonVariable+"=none")
		return cmd
	}} {
		b.Run(name, func(b *testing.B) {
			defer l.worker(func(e *job.Engine) { e.Child, e.With = child, engine(nil, nil, "", "none").With })()
			for b.Loop() {
				j, err := l.AddJob(b.Context(), workspace.Job{Case: l.caseID, Kind: workspace.JobCheck, Evidence: ev.ID}, workspace.JobPrivate{Lang: "en"})
				l.ok(err)
				if j = l.ended(j.ID); j.State != workspace.JobDone {
					b.Fatalf("%+v", j)
				}
			}
		})
	}
}
