package workspace

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/amparo-project/amparo/internal/seal"
)

// Kinds and states of jobs.
const (
	JobReceive = "receive" // evidence is taken from a path of this machine, then checked
	JobCheck   = "check"   // evidence that is stored is checked
	JobRecheck = "recheck" // evidence of a case is checked again where its last check is behind: of other parsers, rules or indicators
	JobHunt    = "hunt"    // the installed indicators are set against what was observed in a case
	JobRemind  = "remind"  // the reminders and notices of a case that are due go out
	JobNotice  = "notice"  // the mails of a case that were approved go out
	JobExport  = "export"  // an exhibit or a report is made, and kept until it is fetched
	JobLinks   = "links"   // the people of the member's cases are set against each other, and the graph is kept for them
	JobIndex   = "index"   // what the results of a case are looked up by is made, where it is missing
	JobUpdate  = "update"  // the feeds of indicators are asked for news; of no case

	JobWaiting   = "waiting"
	JobRunning   = "running"
	JobDone      = "done"
	JobFailed    = "failed"
	JobCancelled = "cancelled"

	// queued is JobWaiting of a kind that programs before schema 13 do not know:
	// they would take it for a check.
	queued = "queued"
)

// JobVersion is what this program knows of jobs. It leaves those of a newer
// version to newer programs.
const JobVersion = 4

// ForWorkers is the queue of jobs that run with the key of the workers. The
// others are named like the member whose keys they run with.
const ForWorkers = "workers"

// A Job is work that goes on when nobody looks, and again after the program
// was killed. It runs with the key of its case: that which the workers were
// given with it, or, in a workspace without workers, the keys of the member
// who asked for it, once they have opened the workspace.
type Job struct {
	ID       string      `json:"id"`
	Case     string      `json:"case"` // "" of JobUpdate
	Kind     string      `json:"kind"`
	Device   string      `json:"device,omitempty"`
	Evidence string      `json:"evidence,omitempty"` // once it is known
	State    string      `json:"state"`
	Progress JobProgress `json:"progress"`
	File     string      `json:"file,omitempty"`       // that is read now, or the feed that is asked, of a job that was asked for by its id
	Runs     []string    `json:"runs"`                 // that were stored so far
	Kept     string      `json:"kept_until,omitempty"` // when what it made is deleted, of a job that was asked for by its id
	Error    string      `json:"error,omitempty"`
	Created  string      `json:"created"`
	Started  string      `json:"started,omitempty"`
	Ended    string      `json:"ended,omitempty"`
	Attempts int         `json:"attempts"`
	Queue    string      `json:"queue"`    // ForWorkers, or a member
	Priority int         `json:"priority"` // 1 runs before 4; AddJob sets 0 by the kind
	Due      string      `json:"due,omitempty"`
	Retries  int         `json:"retries,omitempty"` // after something that passes
	Version  int         `json:"version"`           // of the program that can run it
	// Once names what there is to be one job of; "" any number. AddJob returns
	// the job that is there. That of a recheck is free again with its end, that
	// of a day's reminders is not.
	Once string `json:"-"`

	member          string // who asked for it
	sealed, wrapped []byte
}

// JobProgress is how far a job has come: counts, and a name that is sealed.
type JobProgress struct {
	Phase   string `json:"phase,omitempty"` // storing, checking, hunting, sending, updating, …
	Since   string `json:"since,omitempty"` // when the phase began
	Files   int64  `json:"files"`           // done; of JobUpdate feeds, of others that have several pieces those
	Total   int64  `json:"total_files"`     // 0: not known
	Records int64  `json:"records"`
	Bytes   int64  `json:"bytes"` // done
	Of      int64  `json:"total_bytes"`
	// Deaths is how often a process that read evidence for the job died.
	Deaths int `json:"deaths,omitempty"`
	// LeftOut is how many files were left out because processes died of them.
	LeftOut int `json:"left_out,omitempty"`
	// Reading is the file that is read now, sealed under the key of the case, or
	// the feed that is asked, under that of what is shared.
	Reading []byte `json:"reading,omitempty"`
}

// ReadingNow seals the name of the file that is read, for whoever may see the
// case; "" forgets it.
func (p *JobProgress) ReadingNow(caseKey seal.Identity, path string) error {
	if p.Reading = nil; path == "" {
		return nil
	}
	sealed, err := seal.Seal(caseKey.Recipient(), []byte(path))
	p.Reading = sealed
	return err
}

// JobPrivate is sealed under the key of the case, and erased when the job
// ends.
type JobPrivate struct {
	Path     string     `json:"path,omitempty"`
	Password string     `json:"password,omitempty"` // of a backup
	Lang     string     `json:"lang,omitempty"`     // of the report
	Output   *JobOutput `json:"output,omitempty"`   // of JobExport
	// Deaths are the files that were read when a process died.
	Deaths []JobDeath `json:"deaths,omitempty"`
}

// JobDeath is a file in whose reading a process died.
type JobDeath struct {
	Evidence string `json:"evidence,omitempty"` // of a job that checks several
	Part     int    `json:"part"`               // which of what was found in the evidence
	Artifact string `json:"artifact"`
	Path     string `json:"path"` // logical
	Count    int    `json:"count"`
}

// jobColumns is what scanJob reads.
const jobColumns = `n, id, case_id, kind, device_id, evidence_id, state, progress, runs, error, created, started, ended, attempts,
	queue, priority, due, retries, version, member_id, sealed, wrapped`

// AddJob puts a job into a queue: of the workers, where the workspace has
// some, else of the acting member.
func (w *Workspace) AddJob(ctx context.Context, j Job, private JobPrivate) (Job, error) {
	kind, known := jobKinds[j.Kind]
	j.Priority = cmp.Or(j.Priority, kind.priority)
	if !known || j.Priority < 1 || j.Priority > 4 {
		return j, fmt.Errorf("%w: job of kind %q with priority %d", ErrInvalid, j.Kind, j.Priority)
	}
	if kind.none != (j.Case == "") {
		return j, fmt.Errorf("%w: job of kind %q of case %q", ErrInvalid, j.Kind, j.Case)
	}
	if kind.none {
		if err := w.mayUpdate(ctx); err != nil {
			return j, err
		}
	}
	if kind.one && !kind.none && j.Once == "" {
		j.Once = j.Kind + " " + j.Case
	}
	there := ""
	err := w.inLedger(ctx, func(t *tx) error { // jobs are numbered one at a time
		if kind.none {
			if err := t.lockOfNone(&j, w.member.ID); err != nil {
				return err
			}
		}
		if j.Once != "" {
			if err := t.scan("SELECT id FROM job WHERE once = $1", []any{j.Once}, &there); err == nil || !errors.Is(err, ErrNotFound) {
				return err
			}
		}
		j.ID, j.State, j.Created, j.Runs, j.member = newID("J"), JobWaiting, w.now(), []string{}, w.member.ID
		return t.insertJob(&j, private)
	})
	if err == nil && there != "" {
		return w.Job(ctx, there)
	}
	return j, err
}

// insertJob writes the row, with the key for the workers, and has the job
// brought to them, in one transaction.
func (t *tx) insertJob(j *Job, private JobPrivate) error {
	if jobKinds[j.Kind].none {
		if _, err := t.ensureShared(); err != nil {
			return err
		}
		t.caseOfNone()
		return errors.Join(t.shareWithWorkers(), t.storeJob(j))
	}
	enter := t.openCase
	if jobKinds[j.Kind].closed {
		enter = t.member
	}
	recipient, err := enter(j.Case, j.deed())
	if err != nil {
		return err
	}
	if j.sealed, err = sealJSON(recipient, private); err != nil {
		return err
	}
	j.Queue = t.w.member.ID
	pool, err := t.workers()
	if err != nil {
		return err
	}
	if pool != "" {
		// A program before schema 15 may have named them: it gave them nothing.
		if err := t.shareWithWorkers(); err != nil {
			return err
		}
		key, err := t.w.caseKey(t.ctx, t, j.Case)
		if err != nil {
			return err
		}
		if j.wrapped, err = seal.Seal(pool, []byte(key.Secret())); err != nil {
			return err
		}
		j.Queue = ForWorkers
	}
	return t.storeJob(j)
}

// storeJob writes the row of a job that has its queue and its keys.
func (t *tx) storeJob(j *Job) error {
	j.Version = max(j.Version, jobKinds[j.Kind].version)
	stored := j.State
	if j.Version > 1 {
		stored = queued
	}
	if t.err != nil {
		return t.err
	}
	delivery, err := t.w.db.deliver(t.ctx, t.Tx, j)
	if err != nil {
		return err
	}
	t.exec(`INSERT INTO job (id, n, case_id, member_id, kind, device_id, evidence_id, state, sealed, progress, runs, error, created, started, ended, owner, beat, attempts,
			cancel, queue, version, priority, due, once, wrapped, delivery)
		VALUES ($1, (SELECT COALESCE(MAX(n), 0) + 1 FROM job), $2, $3, $4, $5, $6, $7, $8, '{}', '', '', $9, '', '', '', '', 0, 0, $10, $11, $12, $13, $14, $15, $16)`,
		j.ID, j.Case, j.member, j.Kind, j.Device, j.Evidence, stored, j.sealed, j.Created, j.Queue, j.Version, j.Priority, j.Due, j.Once, j.wrapped, delivery)
	return t.err
}

// JobFilter narrows a list of jobs. Empty fields do not.
type JobFilter struct{ ID, Case, Evidence, State string }

// myJobs are the jobs that the acting member may see: those of their cases and,
// for the team, those of no case.
func (w *Workspace) myJobs(ctx context.Context) (filter, error) {
	f, err := w.mine(ctx, ActSee, "job")
	if err != nil || w.only != nil {
		return f, err
	}
	err = w.InTeam(ctx)
	if errors.Is(err, ErrNotAllowed) {
		return f, nil
	}
	f.where[0] = "(" + f.where[0] + " OR case_id = '')"
	return f, err
}

// Jobs lists the jobs of the member's cases, and for the team those of no case.
func (w *Workspace) Jobs(ctx context.Context, by JobFilter, p Page) (List[Job], error) {
	f, err := w.myJobs(ctx)
	if err != nil {
		return List[Job]{}, err
	}
	f.equal("id", by.ID)
	f.equal("case_id", by.Case)
	f.equal("evidence_id", by.Evidence)
	if by.State == JobWaiting {
		f.add("(state = $? OR state = 'queued')", by.State)
	} else {
		f.equal("state", by.State)
	}
	return list(ctx, w, "SELECT "+jobColumns+" FROM job", f, p, "n", scanJob)
}

func scanJob(rows *sql.Rows) (n int64, j Job, err error) {
	var progress, runs string
	if err := rows.Scan(&n, &j.ID, &j.Case, &j.Kind, &j.Device, &j.Evidence, &j.State, &progress, &runs, &j.Error,
		&j.Created, &j.Started, &j.Ended, &j.Attempts, &j.Queue, &j.Priority, &j.Due, &j.Retries, &j.Version, &j.member, &j.sealed, &j.wrapped); err != nil {
		return 0, j, err
	}
	if j.State == queued {
		j.State = JobWaiting
	}
	if j.Queue == "" {
		j.Queue = j.member // a program before schema 13 added it
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
	j := l.Items[0]
	if j.Kind == JobExport && j.State == JobDone {
		return j, w.keptUntil(ctx, &j)
	}
	sealed := j.Progress.Reading
	if j.Progress.Reading = nil; j.State != JobRunning || len(sealed) == 0 {
		return j, nil
	}
	if j.Case == "" {
		j.File = w.feedNow(ctx, sealed)
		return j, nil
	}
	key, err := w.caseKey(ctx, w.db.Pool, j.Case)
	if err != nil {
		return j, err
	}
	// A name that does not open is of a case whose key was changed: it is left out.
	if name, err := seal.Open(key, sealed); err == nil {
		j.File = string(name)
	}
	return j, nil
}

// ActiveJobs returns how many of the jobs that the member may see wait or run.
func (w *Workspace) ActiveJobs(ctx context.Context) (n int64, err error) {
	f, err := w.myJobs(ctx)
	if err != nil {
		return 0, err
	}
	err = w.db.Pool.QueryRowContext(ctx, f.query("SELECT COUNT(*) FROM job WHERE @mine AND state IN ('waiting', 'queued', 'running')"), f.args...).Scan(&n)
	if err != nil {
		return 0, w.fail("jobs", err)
	}
	return n, nil
}

// cancelJob ends jobs that wait, and asks the processes of those that run.
const cancelJob = `UPDATE job SET cancel = 1, ended = CASE WHEN state = 'running' THEN ended ELSE $1 END,
	sealed = CASE WHEN state = 'running' THEN sealed ELSE NULL END, wrapped = CASE WHEN state = 'running' THEN wrapped ELSE NULL END,
	once = CASE WHEN state = 'running' THEN once ELSE '' END,
	state = CASE WHEN state = 'running' THEN state ELSE 'cancelled' END WHERE state IN ('waiting', 'queued', 'running') AND `

// CancelJob ends a job that waits, and asks the process of one that runs to
// end it.
func (w *Workspace) CancelJob(ctx context.Context, id string) error {
	j, err := w.Job(ctx, id)
	if err != nil {
		return err
	}
	if jobKinds[j.Kind].none {
		err = w.mayUpdate(ctx)
	} else {
		err = w.mayAll(ctx, j.Case, j.deed())
	}
	if err != nil {
		return err
	}
	_, err = w.db.Pool.ExecContext(ctx, cancelJob+"id = $2", w.now(), id)
	if err != nil {
		return w.fail("job", err)
	}
	return nil
}
