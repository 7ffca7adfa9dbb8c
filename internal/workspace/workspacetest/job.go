package workspacetest

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// process returns a process that runs jobs of the fixture, and its queue.
func (f *Fixture) process(o workspace.WorkerOptions) *workspace.Worker {
	o.Now = f.Clock.Now
	return workspace.NewWorker(f.DB, o)
}

// next is the job whose turn it is, claimed.
func (f *Fixture) next(k *workspace.Worker) (workspace.Job, error) {
	id, err := k.Next(f.T.Context(), []string{f.Member().ID})
	if err != nil {
		return workspace.Job{}, err
	}
	return k.Claim(f.T.Context(), id)
}

// testJobs takes jobs through their life: the order, a process that dies,
// one that comes back too late, the end, and what is erased with it.
func testJobs(t *testing.T, f *Fixture) {
	ctx := t.Context()
	private := workspace.JobPrivate{Path: "/media/planted-path", Password: "planted-password"}
	second, err := f.AddJob(ctx, workspace.Job{Case: f.Case.ID, Kind: workspace.JobCheck, Evidence: "E-000000000000", Priority: 3}, workspace.JobPrivate{})
	ok(t, err)
	first, err := f.AddJob(ctx, workspace.Job{Case: f.Case.ID, Kind: workspace.JobReceive, Device: f.Device.ID}, private)
	ok(t, err)
	one, two, three := f.process(workspace.WorkerOptions{}), f.process(workspace.WorkerOptions{}), f.process(workspace.WorkerOptions{Silent: time.Nanosecond})
	j, err := f.next(one)
	ok(t, err)
	got, err := f.JobPrivate(ctx, &j)
	ok(t, err)
	if j.ID != first.ID || got.Path != private.Path || got.Password != private.Password || j.Attempts != 1 {
		t.Fatalf("claimed %+v with %+v", j, got)
	}
	_, err = two.Claim(ctx, first.ID)
	is(t, err, workspace.ErrNotFound)
	other, err := f.next(two)
	ok(t, err)
	if other.ID != second.ID {
		t.Fatalf("a job that runs was claimed again: %+v", other)
	}
	_, err = f.next(two)
	is(t, err, workspace.ErrNotFound)
	j.Progress.Records = 7
	_, err = one.Beat(ctx, &j)
	ok(t, err)
	_, err = f.Under(&j, one.Name()).AddPerson(ctx, workspace.Person{Case: f.Case.ID, Pseudonym: "in time"})
	ok(t, err)
	ok(t, three.Mend(ctx)) // it sees them for the first time
	ok(t, three.Mend(ctx)) // and nothing moved
	again, err := f.next(three)
	ok(t, err)
	if again.ID != first.ID || again.Attempts != 2 || again.Progress.Records != 7 {
		t.Errorf("after a crash: %+v", again)
	}
	_, err = one.Beat(ctx, &j)
	is(t, err, workspace.ErrLost)
	is(t, one.End(ctx, &j, workspace.JobDone, ""), workspace.ErrLost)
	_, err = f.Under(&j, one.Name()).AddPerson(ctx, workspace.Person{Case: f.Case.ID, Pseudonym: "too late"})
	is(t, err, workspace.ErrLost)
	ok(t, three.GiveBack(ctx, &again, 0, ""))
	again, err = f.next(two)
	ok(t, err)
	got, err = f.JobPrivate(ctx, &again)
	ok(t, err)
	if again.ID != first.ID || again.Attempts != 2 || got.Path != private.Path {
		t.Errorf("given back: %+v", again)
	}
	ok(t, two.GiveBack(ctx, &again, time.Hour, "web.error.disk"))
	f.Clock.Add(30 * time.Minute)
	if again, err = f.next(three); err != nil || again.ID != second.ID { // its process was taken for dead too
		t.Errorf("%+v %v", again, err)
	}
	f.Clock.Add(31 * time.Minute)
	again, err = f.next(two)
	ok(t, err)
	if again.ID != first.ID || again.Retries != 1 {
		t.Errorf("tried again: %+v", again)
	}
	got.Deaths = []workspace.JobDeath{{Artifact: "ios.sms", Path: "planted-file", Count: 1}}
	ok(t, two.Keep(ctx, &again, got))
	ok(t, f.CancelJob(ctx, first.ID))
	if cancel, err := two.Beat(ctx, &again); err != nil || !cancel {
		t.Errorf("cancelled: %v %v", cancel, err)
	}
	ok(t, two.End(ctx, &again, workspace.JobCancelled, ""))
	var sealed []byte
	ok(t, f.DB.Pool.QueryRowContext(ctx, "SELECT sealed FROM job WHERE id = $1", first.ID).Scan(&sealed))
	if sealed != nil {
		t.Error("what was sealed for a job outlives it")
	}
	is(t, f.CancelJob(ctx, "J-000000000000"), workspace.ErrNotFound)
	ended, err := f.Job(ctx, first.ID)
	ok(t, err)
	if ended.State != workspace.JobCancelled || ended.Ended == "" {
		t.Errorf("%+v", ended)
	}
}

// testJobLimits holds jobs to what may run: of one case, of a kind, of a
// version, and one of what there is to be one of.
func testJobLimits(t *testing.T, f *Fixture) {
	ctx := t.Context()
	add := func(kind, once string) workspace.Job {
		j, err := f.AddJob(ctx, workspace.Job{Case: f.Case.ID, Kind: kind, Once: once}, workspace.JobPrivate{})
		ok(t, err)
		return j
	}
	hunt, check := add(workspace.JobHunt, ""), add(workspace.JobCheck, "")
	one := add(workspace.JobRemind, "today")
	if twice := add(workspace.JobRemind, "today"); twice.ID != one.ID {
		t.Errorf("two jobs of one: %+v", twice)
	}
	_, err := f.AddJob(ctx, workspace.Job{Case: f.Case.ID, Kind: "other"}, workspace.JobPrivate{})
	is(t, err, workspace.ErrInvalid)
	l, err := f.Jobs(ctx, workspace.JobFilter{State: workspace.JobWaiting}, workspace.Page{})
	ok(t, err)
	if len(l.Items) != 3 || l.Items[0].State != workspace.JobWaiting {
		t.Errorf("%+v", l.Items)
	}
	old := f.process(workspace.WorkerOptions{Version: 1})
	_, err = old.Claim(ctx, hunt.ID)
	is(t, err, workspace.ErrLater)
	if j, err := f.next(f.process(workspace.WorkerOptions{Kinds: []string{workspace.JobHunt}})); err != nil || j.ID != hunt.ID {
		t.Errorf("%+v %v", j, err)
	}
	few := f.process(workspace.WorkerOptions{PerCase: 1})
	_, err = f.next(few)
	is(t, err, workspace.ErrNotFound)
	_, err = few.Claim(ctx, check.ID)
	is(t, err, workspace.ErrLater)
	if j, err := f.next(old); err != nil || j.ID != check.ID {
		t.Errorf("%+v %v", j, err)
	}
	ok(t, f.CancelJob(ctx, one.ID))
	if j := add(workspace.JobRemind, "today"); j.ID == one.ID {
		t.Error("a job that was cancelled keeps another from being added")
	}
}

// testWorkers gives jobs to workers, who have the key of their case and no
// other, as long as they run.
func testWorkers(t *testing.T, f *Fixture) {
	ctx := t.Context()
	_, err := f.Workers(ctx)
	is(t, err, workspace.ErrNotFound)
	is(t, f.SetWorkers(ctx, "age1nonsense"), workspace.ErrInvalid)
	pool, err := seal.NewIdentity()
	ok(t, err)
	_, _, err = workspace.CheckWorkers(ctx, f.DB, pool)
	is(t, err, workspace.ErrNotWorker)
	ok(t, f.SetWorkers(ctx, pool.Recipient()))
	_, _, err = workspace.CheckWorkers(ctx, f.DB, pool)
	ok(t, err)
	other, err := f.CreateCase(ctx, "another")
	ok(t, err)
	ev := f.Store(f.Folder(map[string]string{"a": "1"}))
	added, err := f.AddJob(ctx, workspace.Job{Case: f.Case.ID, Kind: workspace.JobCheck, Evidence: ev.ID}, workspace.JobPrivate{Password: "planted"})
	ok(t, err)
	k := f.process(workspace.WorkerOptions{})
	_, err = k.Next(ctx, []string{f.Member().ID})
	is(t, err, workspace.ErrNotFound)
	id, err := k.Next(ctx, []string{workspace.ForWorkers})
	ok(t, err)
	j, err := k.Claim(ctx, id)
	ok(t, err)
	w, private, err := workspace.OpenJob(ctx, f.DB, f.Clock.Now, pool, &j)
	ok(t, err)
	w = w.Under(&j, k.Name())
	if j.ID != added.ID || private.Password != "planted" {
		t.Errorf("%+v", private)
	}
	_, err = w.EvidenceKey(ctx, ev.ID, workspace.Analysis)
	ok(t, err)
	c, err := w.Case(ctx, f.Case.ID)
	ok(t, err)
	if c.Title != f.Case.Title {
		t.Errorf("%+v", c)
	}
	_, err = w.People(ctx, other.ID, workspace.Page{})
	is(t, err, workspace.ErrNoAccess)
	if c, err := w.Case(ctx, other.ID); err == nil && !c.Sealed {
		t.Errorf("a job reads another case: %+v", c)
	}
	_, err = w.SaveRun(ctx, workspace.Run{ID: workspace.NewRunID(), Evidence: ev.ID}, nil, nil, func(func(*finding.Finding) error) error { return nil })
	ok(t, err)
	var runs, detail string
	ok(t, f.DB.Pool.QueryRowContext(ctx, "SELECT runs FROM job WHERE id = $1", j.ID).Scan(&runs))
	if runs == "" {
		t.Error("the row of the job does not have the run")
	}
	ok(t, f.DB.Pool.QueryRowContext(ctx, "SELECT detail FROM ledger_entry ORDER BY n DESC LIMIT 1").Scan(&detail))
	if !strings.Contains(detail, pool.Recipient()) || !strings.Contains(detail, f.Member().ID) {
		t.Errorf("the ledger does not say through whom: %s", detail)
	}
	ok(t, k.End(ctx, &j, workspace.JobDone, ""))
	var left int
	ok(t, f.DB.Pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM job WHERE wrapped IS NOT NULL OR sealed IS NOT NULL").Scan(&left))
	if left != 0 {
		t.Error("a key outlives its job")
	}
	ok(t, f.RemoveWorkers(ctx))
	is(t, f.RemoveWorkers(ctx), workspace.ErrNotFound)
	j, err = f.AddJob(ctx, workspace.Job{Case: f.Case.ID, Kind: workspace.JobCheck, Evidence: ev.ID}, workspace.JobPrivate{})
	ok(t, err)
	if j.Queue != f.Member().ID {
		t.Errorf("%+v", j)
	}
}

// testJobsSealed looks for what is secret in the rows themselves.
func testJobsSealed(t *testing.T, f *Fixture) {
	ctx := t.Context()
	_, err := f.AddJob(ctx, workspace.Job{Case: f.Case.ID, Kind: workspace.JobReceive, Device: f.Device.ID},
		workspace.JobPrivate{Path: "/media/planted-path", Password: "planted-password"})
	ok(t, err)
	var sealed []byte
	var progress string
	ok(t, f.DB.Pool.QueryRowContext(ctx, "SELECT sealed, progress FROM job").Scan(&sealed, &progress))
	if bytes.Contains(sealed, []byte("planted")) || strings.Contains(progress, "planted") {
		t.Error("a path or a password lies in clear")
	}
	n, err := f.ActiveJobs(ctx)
	ok(t, err)
	if n != 1 {
		t.Errorf("%d active", n)
	}
}

// testJobFile follows the name of the file that is read: who may see the case
// is told it, and it lies nowhere in clear, nor after the end.
func testJobFile(t *testing.T, f *Fixture) {
	ctx := t.Context()
	_, err := f.AddJob(ctx, workspace.Job{Case: f.Case.ID, Kind: workspace.JobReceive, Device: f.Device.ID}, workspace.JobPrivate{})
	ok(t, err)
	k := f.process(workspace.WorkerOptions{})
	j, err := f.next(k)
	ok(t, err)
	key, _, err := f.JobKey(ctx, &j)
	ok(t, err)
	ok(t, j.Progress.ReadingNow(key, "HomeDomain/planted.db"))
	_, err = k.Beat(ctx, &j)
	ok(t, err)
	lies := func() (progress string) {
		ok(t, f.DB.Pool.QueryRowContext(ctx, "SELECT progress FROM job WHERE id = $1", j.ID).Scan(&progress))
		return progress
	}
	if strings.Contains(lies(), "planted") {
		t.Error("the name of a file lies in clear")
	}
	got, err := f.Job(ctx, j.ID)
	ok(t, err)
	if got.File != "HomeDomain/planted.db" || got.Progress.Reading != nil {
		t.Errorf("the file that is read is %q", got.File)
	}
	ok(t, j.Progress.ReadingNow(key, ""))
	ok(t, k.End(ctx, &j, workspace.JobDone, ""))
	if got, err = f.Job(ctx, j.ID); err != nil || got.File != "" || strings.Contains(lies(), "reading") {
		t.Errorf("after the end: %q %v", got.File, err)
	}
}

// testDecideSeen has two people decide on one finding at once.
func testDecideSeen(t *testing.T, f *Fixture) {
	ctx := t.Context()
	run := f.Check(f.Store(f.Folder(map[string]string{"a": "1"})), 2)
	ok(t, f.DecideSeen(ctx, run.ID, "F-000001", workspace.Confirmed, "mine", ""))
	is(t, f.DecideSeen(ctx, run.ID, "F-000001", workspace.Dismissed, "theirs", ""), workspace.ErrConflict)
	l, err := f.Findings(ctx, workspace.FindingFilter{Run: run.ID, ID: "F-000001"}, workspace.Page{})
	ok(t, err)
	if got := l.Items[0]; got.State != workspace.Confirmed || got.Note != "mine" {
		t.Errorf("%+v", got)
	}
	ok(t, f.DecideSeen(ctx, run.ID, "F-000001", workspace.New, "", l.Items[0].Decided))
}

// testCounts counts what a case holds, and whose consent ends.
func testCounts(t *testing.T, f *Fixture) {
	ctx := t.Context()
	run := f.Check(f.Store(f.Folder(map[string]string{"a": "1"})), 4)
	ok(t, f.Decide(ctx, run.ID, "F-000001", workspace.Dismissed, ""))
	counts, err := f.Counts(ctx)
	ok(t, err)
	c := counts[f.Case.ID]
	if c == nil || c.People != 1 || c.Devices != 1 || c.Evidence != 1 || c.Open != 3 || c.Decided != 1 || c.Checked == "" {
		t.Errorf("%+v", c)
	}
	due, err := f.DueConsents(ctx, 24*time.Hour)
	ok(t, err)
	if len(due) != 0 {
		t.Errorf("%+v", due)
	}
	due, err = f.DueConsents(ctx, 100*365*24*time.Hour)
	ok(t, err)
	if len(due) != 1 || due[0].Pseudonym != "heron" {
		t.Errorf("%+v", due)
	}
}

// testOldProgram runs what a program of the schema before does with jobs, on
// this schema: in a team some are of each while all are renewed.
func testOldProgram(t *testing.T, f *Fixture) {
	ctx := t.Context()
	exec := func(query string, args ...any) int64 {
		res, err := f.DB.Pool.ExecContext(ctx, query, args...)
		ok(t, err)
		n, err := res.RowsAffected()
		ok(t, err)
		return n
	}
	insert := func(id string) {
		exec(`INSERT INTO job (id, n, case_id, member_id, kind, device_id, evidence_id, state, sealed, progress, runs, error, created, started, ended, owner, beat, attempts, cancel)
			VALUES ($1, (SELECT COALESCE(MAX(n), 0) + 1 FROM job), $2, $3, $4, $5, $6, $7, $8, '{}', '', '', $9, '', '', '', '', 0, 0)`,
			id, f.Case.ID, f.Member().ID, "check", "", "E-000000000000", "waiting", []byte{}, "2026-01-01T00:00:00.000000Z")
	}
	const old = `SELECT COALESCE(MIN(id), '') FROM job WHERE member_id = $1 AND (state = 'waiting' OR state = 'running' AND beat < $2)`
	next := func() (id string) {
		ok(t, f.DB.Pool.QueryRowContext(ctx, old, f.Member().ID, "2026").Scan(&id))
		return id
	}
	// The old one queues, the new one runs.
	insert("J-old000000001")
	k := f.process(workspace.WorkerOptions{})
	ok(t, k.Mend(ctx))
	j, err := f.next(k)
	ok(t, err)
	if j.ID != "J-old000000001" || j.Queue != f.Member().ID {
		t.Errorf("%+v", j)
	}
	ok(t, k.End(ctx, &j, workspace.JobDone, ""))
	// The old one claims, beats and ends; the new one leaves it alone.
	insert("J-old000000002")
	if id := next(); id != "J-old000000002" {
		t.Fatal(id)
	}
	exec(`UPDATE job SET state = 'running', owner = $1, beat = $2, started = CASE WHEN started = '' THEN $2 ELSE started END,
		attempts = attempts + 1 WHERE id = $3 AND (state = 'waiting' OR state = 'running' AND beat < $4)`, "old", "2026-05-01", "J-old000000002", "2026")
	_, err = k.Claim(ctx, "J-old000000002")
	is(t, err, workspace.ErrNotFound)
	if exec(`UPDATE job SET state = $1, error = $2, ended = $3, owner = '', sealed = NULL WHERE id = $4 AND owner = $5`, "done", "", "2026-05-01", "J-old000000002", "old") != 1 {
		t.Error("the old program cannot end its job")
	}
	// What the new one queues of a kind that the old one does not know, that does not see.
	_, err = f.AddJob(ctx, workspace.Job{Case: f.Case.ID, Kind: workspace.JobHunt}, workspace.JobPrivate{})
	ok(t, err)
	if id := next(); id != "" {
		t.Errorf("an old program takes %s, a hunt, for a check", id)
	}
}
