package workspace

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/seal"
)

// Kinds and states of jobs.
const (
	JobReceive = "receive" // evidence is taken from a path of this machine, then checked
	JobCheck   = "check"   // evidence that is stored is checked

	JobWaiting   = "waiting"
	JobRunning   = "running"
	JobDone      = "done"
	JobFailed    = "failed"
	JobCancelled = "cancelled"
)

// A Job is work that goes on when nobody looks, and again after the program
// was killed. It needs the keys of the member who asked for it: it waits until
// they have opened the workspace.
type Job struct {
	ID       string      `json:"id"`
	Case     string      `json:"case"`
	Kind     string      `json:"kind"`
	Device   string      `json:"device,omitempty"`
	Evidence string      `json:"evidence,omitempty"` // once it is known
	State    string      `json:"state"`
	Progress JobProgress `json:"progress"`
	Runs     []string    `json:"runs"` // that were stored so far
	Error    string      `json:"error,omitempty"`
	Created  string      `json:"created"`
	Started  string      `json:"started,omitempty"`
	Ended    string      `json:"ended,omitempty"`
	Attempts int         `json:"attempts"`

	sealed []byte
}

// JobProgress is how far a job has come: counts, and nothing of evidence.
type JobProgress struct {
	Phase   string `json:"phase,omitempty"` // storing, checking
	Since   string `json:"since,omitempty"` // when the phase began
	Files   int64  `json:"files"`           // done
	Total   int64  `json:"total_files"`     // 0: not known
	Records int64  `json:"records"`
	Bytes   int64  `json:"bytes"` // done
	Of      int64  `json:"total_bytes"`
}

// JobPrivate is sealed under the key of the case, and erased when the job
// ends.
type JobPrivate struct {
	Path     string `json:"path,omitempty"`
	Password string `json:"password,omitempty"` // of a backup
	Lang     string `json:"lang,omitempty"`     // of the report
}

// deed is what it is to queue the job, and to end it.
func (j *Job) deed() Deed {
	if j.Kind == JobReceive {
		return ActIntake
	}
	return ActCheck
}

// AddJob puts a job into the queue of the acting member.
func (w *Workspace) AddJob(ctx context.Context, j Job, private JobPrivate) (Job, error) {
	j.ID, j.State, j.Created, j.Runs = newID("J"), JobWaiting, w.now(), []string{}
	sqlTx, err := w.db.Pool.BeginTx(ctx, nil)
	if err != nil {
		return j, w.fail("begin", err)
	}
	defer sqlTx.Rollback() //nolint:errcheck // after Commit it does nothing
	t := &tx{Tx: sqlTx, w: w, ctx: ctx}
	if err := t.begin(); err != nil { // jobs are numbered one at a time
		return j, err
	}
	recipient, err := t.openCase(j.Case, j.deed())
	if err != nil {
		return j, err
	}
	sealed, err := sealJSON(recipient, private)
	if err != nil {
		return j, err
	}
	t.exec(`INSERT INTO job (id, n, case_id, member_id, kind, device_id, evidence_id, state, sealed, progress, runs, error, created, started, ended, owner, beat, attempts, cancel)
		VALUES ($1, (SELECT COALESCE(MAX(n), 0) + 1 FROM job), $2, $3, $4, $5, $6, $7, $8, '{}', '', '', $9, '', '', '', '', 0, 0)`,
		j.ID, j.Case, w.member.ID, j.Kind, j.Device, j.Evidence, j.State, sealed, j.Created)
	if t.err != nil {
		return j, t.err
	}
	if err := sqlTx.Commit(); err != nil {
		return j, w.fail("commit", err)
	}
	return j, nil
}

// JobFilter narrows a list of jobs. Empty fields do not.
type JobFilter struct{ ID, Case, Evidence, State string }

// Jobs lists the jobs of the member's cases.
func (w *Workspace) Jobs(ctx context.Context, by JobFilter, p Page) (List[Job], error) {
	f, err := w.mine(ctx, ActSee, "job")
	if err != nil {
		return List[Job]{}, err
	}
	f.equal("id", by.ID)
	f.equal("case_id", by.Case)
	f.equal("evidence_id", by.Evidence)
	f.equal("state", by.State)
	return list(ctx, w, `SELECT n, id, case_id, kind, device_id, evidence_id, state, progress, runs, error, created, started, ended, attempts, sealed FROM job`,
		f, p, "n", scanJob)
}

func scanJob(rows *sql.Rows) (n int64, j Job, err error) {
	var progress, runs string
	if err := rows.Scan(&n, &j.ID, &j.Case, &j.Kind, &j.Device, &j.Evidence, &j.State, &progress, &runs, &j.Error,
		&j.Created, &j.Started, &j.Ended, &j.Attempts, &j.sealed); err != nil {
		return 0, j, err
	}
	j.Runs = strings.FieldsFunc(runs, func(r rune) bool { return r == ',' })
	return n, j, json.Unmarshal([]byte(progress), &j.Progress)
}

// Job returns one job.
func (w *Workspace) Job(ctx context.Context, id string) (Job, error) {
	l, err := w.Jobs(ctx, JobFilter{ID: id}, Page{Limit: 1})
	if err == nil && len(l.Items) == 0 {
		err = fmt.Errorf("job %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return Job{}, err
	}
	return l.Items[0], nil
}

// ActiveJobs returns how many jobs of the member's cases wait or run.
func (w *Workspace) ActiveJobs(ctx context.Context) (n int64, err error) {
	f, err := w.mine(ctx, ActSee, "job")
	if err != nil {
		return 0, err
	}
	err = w.db.Pool.QueryRowContext(ctx, f.query("SELECT COUNT(*) FROM job WHERE @mine AND state IN ('waiting', 'running')"), f.args...).Scan(&n)
	if err != nil {
		return 0, w.fail("jobs", err)
	}
	return n, nil
}

// ClaimJob takes the next job of the acting member for a process: one that
// waits, or one whose process has not been heard of for some time. The error
// wraps ErrNotFound where there is none.
func (w *Workspace) ClaimJob(ctx context.Context, owner string, silent time.Duration) (Job, JobPrivate, error) {
	now := w.o.Now().UTC()
	old := now.Add(-silent).Format(ledger.TimeLayout)
	var id string
	err := w.db.Pool.QueryRowContext(ctx, inCases(ActCheck, "$1", `SELECT id FROM job WHERE member_id = $1 AND (state = 'waiting' OR state = 'running' AND beat < $2)
		AND case_id IN (@cases) ORDER BY n LIMIT 1`), w.member.ID, old).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return Job{}, JobPrivate{}, fmt.Errorf("job: %w", ErrNotFound)
	}
	if err != nil {
		return Job{}, JobPrivate{}, w.fail("job", err)
	}
	res, err := w.db.Pool.ExecContext(ctx, `UPDATE job SET state = 'running', owner = $1, beat = $2, started = CASE WHEN started = '' THEN $2 ELSE started END,
		attempts = attempts + 1 WHERE id = $3 AND (state = 'waiting' OR state = 'running' AND beat < $4)`, owner, now.Format(ledger.TimeLayout), id, old)
	if err != nil {
		return Job{}, JobPrivate{}, w.fail("job", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return Job{}, JobPrivate{}, errors.Join(fmt.Errorf("job: %w", ErrNotFound), err) // another process was faster
	}
	j, err := w.Job(ctx, id)
	if err != nil {
		return j, JobPrivate{}, err
	}
	var private JobPrivate
	key, err := w.caseKey(ctx, w.db.Pool, j.Case)
	if err != nil {
		return j, private, err
	}
	return j, private, openSealed(key.Forgetful(), j.sealed, &private)
}

func openSealed(key seal.Identity, sealed []byte, v any) error {
	if len(sealed) == 0 {
		return nil
	}
	return openJSON(key, sealed, v)
}

// ErrLost says that another process runs the job now.
var ErrLost = errors.New("another process runs the job")

// BeatJob says that a process still runs a job, and how far it has come. It
// reports whether somebody wants it to end. The error wraps ErrLost.
func (w *Workspace) BeatJob(ctx context.Context, owner string, j *Job) (cancel bool, err error) {
	progress, err := json.Marshal(j.Progress)
	if err != nil {
		return false, err
	}
	var flag int
	err = w.db.Pool.QueryRowContext(ctx, `UPDATE job SET beat = $1, progress = $2, evidence_id = $3, runs = $4 WHERE id = $5 AND owner = $6 AND state = 'running'
		RETURNING cancel`, w.now(), string(progress), j.Evidence, strings.Join(j.Runs, ","), j.ID, owner).Scan(&flag)
	if errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("job %s: %w", j.ID, ErrLost)
	}
	if err != nil {
		return false, w.fail("job", err)
	}
	return flag != 0, nil
}

// EndJob ends a job that a process runs, or gives it back: JobWaiting. What
// was sealed for it is erased with the end. message is the id of a message.
func (w *Workspace) EndJob(ctx context.Context, owner string, j *Job, state, message string) error {
	progress, err := json.Marshal(j.Progress)
	if err != nil {
		return err
	}
	ended, keep := w.now(), 0
	if state == JobWaiting {
		ended, keep = "", 1
	}
	res, err := w.db.Pool.ExecContext(ctx, `UPDATE job SET state = $1, error = $2, ended = $3, progress = $4, evidence_id = $5, runs = $6, owner = '',
		sealed = CASE WHEN $7 = 1 THEN sealed ELSE NULL END WHERE id = $8 AND owner = $9`,
		state, message, ended, string(progress), j.Evidence, strings.Join(j.Runs, ","), keep, j.ID, owner)
	if err != nil {
		return w.fail("job", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(fmt.Errorf("job %s: %w", j.ID, ErrLost), err)
	}
	return nil
}

// cancelJob ends jobs that wait, and asks the processes of those that run.
const cancelJob = `UPDATE job SET cancel = 1, ended = CASE WHEN state = 'waiting' THEN $1 ELSE ended END,
	sealed = CASE WHEN state = 'waiting' THEN NULL ELSE sealed END,
	state = CASE WHEN state = 'waiting' THEN 'cancelled' ELSE state END WHERE `

// CancelJob ends a job that waits, and asks the process of one that runs to
// end it.
func (w *Workspace) CancelJob(ctx context.Context, id string) error {
	j, err := w.Job(ctx, id)
	if err != nil {
		return err
	}
	if err := w.mayAll(ctx, j.Case, j.deed()); err != nil {
		return err
	}
	_, err = w.db.Pool.ExecContext(ctx, cancelJob+"id = $2 AND state IN ('waiting', 'running')", w.now(), id)
	if err != nil {
		return w.fail("job", err)
	}
	return nil
}
