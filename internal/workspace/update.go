package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"github.com/amparo-project/amparo/internal/seal"
)

// ErrNoneShared says that workers cannot update indicators: the workspace has
// none of its own, and theirs lie on each machine.
var ErrNoneShared = errors.New("the workspace has workers, and no indicators of its own that they could update")

// FeedResult is what became of one feed that was asked.
type FeedResult struct {
	Name     string   `json:"name"`
	Address  string   `json:"address"`
	State    string   `json:"state"` // added, changed, unchanged, kept, failed
	Count    int      `json:"count"` // indicators that it holds now
	Added    int      `json:"added"`
	Removed  int      `json:"removed"`
	Examples []string `json:"new,omitempty"` // some of those added
	Why      string   `json:"why,omitempty"`
	Passes   bool     `json:"passes,omitempty"` // it failed of what may be over soon
}

// News reports whether the feed brought indicators.
func (r *FeedResult) News() bool { return r.State == "added" || r.State == "changed" }

// Failed reports whether the feed could not be asked.
func (r *FeedResult) Failed() bool { return r.State == "failed" }

// FeedUpdate is what came of asking the feeds, feed by feed: of the last job of
// kind update, be it still running.
type FeedUpdate struct {
	Job   string       `json:"job"`
	At    string       `json:"at"` // when it was last added to
	Feeds []FeedResult `json:"feeds"`
	// News says that something came for which no hunt was queued yet.
	News bool `json:"news,omitempty"`
	// Came is how many indicators came for which that is so.
	Came int `json:"came,omitempty"`
	// Hunts is how many hunts were queued for what came.
	Hunts int `json:"hunts,omitempty"`
}

// jobOfNone is what a job of no case reaches: no case is called so.
const jobOfNone = "-"

// caseOfNone makes the row that jobs of no case refer to. Nobody is a member of
// it, and its number is before the first of any list.
func (t *tx) caseOfNone() {
	t.exec(`INSERT INTO cases (id, n, recipient, title, state, created, closed) VALUES ('', $1, '', $2, 'none', '', '')
		ON CONFLICT (id) DO NOTHING`, int64(math.MinInt64), []byte{})
}

// mayUpdate refuses who may not have feeds asked: it takes the team, and a role
// that hunts in some case, where there is any. It needs no rows of a job, so that it
// holds for workers too.
func (w *Workspace) mayUpdate(ctx context.Context) error {
	if err := w.inTeam(ctx, w.db.Pool); err != nil {
		return err
	}
	return w.Allows(ctx, ActHunt)
}

// lockOfNone says in whose queue a job of no case goes, and what there is to be one of:
// it carries no key. Where there are workers it is theirs, and what they update has to be
// the workspace's own.
func (t *tx) lockOfNone(j *Job, member string) error {
	pool, err := t.workers()
	if err != nil {
		return err
	}
	if pool == "" {
		j.Queue, j.Once = member, j.Kind+" "+member
		return nil
	}
	j.Queue, j.Once = ForWorkers, j.Kind
	var n int
	if err := t.scan("SELECT COUNT(*) FROM shared WHERE name = $1", []any{SharedIndicators}, &n); err != nil {
		return err
	}
	if n == 0 {
		return ErrNoneShared
	}
	return nil
}

// ofNone opens the workspace for a job of no case: with what is shared, and no
// case at all.
func (w *Workspace) ofNone(ctx context.Context, through, member string) (*Workspace, error) {
	if err := w.actAs(ctx, member); err != nil {
		return nil, err
	}
	if w.shared.Zero() { // it was replaced, or the workers were given nothing yet
		return nil, fmt.Errorf("%w: %w", ErrLater, ErrSharedKey)
	}
	w.only = &oneCase{id: jobOfNone, through: through}
	return w, w.mayUpdate(ctx)
}

// LastUpdate returns what came when feeds were last asked by a job. The error
// wraps ErrNotFound where none was, or ErrNotAllowed.
func (w *Workspace) LastUpdate(ctx context.Context) (u FeedUpdate, err error) {
	if err := w.mayShared(ctx); err != nil {
		return u, err
	}
	return w.lastUpdate(ctx, w.db.Pool)
}

// UpdateJob returns the last job that asked the feeds, or asks them. The error
// wraps ErrNotFound where there was none, or ErrNotAllowed.
func (w *Workspace) UpdateJob(ctx context.Context) (Job, error) {
	if err := w.mayShared(ctx); err != nil {
		return Job{}, err
	}
	var id string
	err := w.db.Pool.QueryRowContext(ctx, "SELECT id FROM job WHERE case_id = '' AND kind = $1 ORDER BY n DESC LIMIT 1", JobUpdate).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return Job{}, fmt.Errorf("update of feeds: %w", ErrNotFound)
	}
	if err != nil {
		return Job{}, w.fail("update of feeds", err)
	}
	return w.Job(ctx, id)
}

func (w *Workspace) lastUpdate(ctx context.Context, q queryer) (u FeedUpdate, err error) {
	var sealed []byte
	var job, at string
	err = q.QueryRowContext(ctx, "SELECT job_id, sealed, changed FROM feed_record WHERE id = 1").Scan(&job, &sealed, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return u, fmt.Errorf("update of feeds: %w", ErrNotFound)
	}
	if err != nil {
		return u, w.fail("update of feeds", err)
	}
	key, err := w.sharedKey(ctx, q)
	if err != nil {
		return u, err
	}
	if err := openJSON(key, sealed, &u); err != nil {
		return u, fmt.Errorf("update of feeds: %w", err)
	}
	u.Job, u.At = job, at
	return u, nil
}

// KeepUpdate keeps what came so far, for a job that runs.
func (w *Workspace) KeepUpdate(ctx context.Context, u *FeedUpdate) error {
	if err := w.mayShared(ctx); err != nil {
		return err
	}
	return w.act(ctx, func(t *tx) error { return t.keepUpdate(u) })
}

func (t *tx) keepUpdate(u *FeedUpdate) error {
	var kind string
	if err := t.scan("SELECT kind FROM job WHERE id = $1", []any{u.Job}, &kind); err != nil {
		return fmt.Errorf("job %s: %w", u.Job, err)
	}
	if kind != JobUpdate {
		return fmt.Errorf("%w: a job of kind %s updates no feeds", ErrInvalid, kind)
	}
	key, err := t.w.sharedKey(t.ctx, t)
	if err != nil {
		return err
	}
	sealed, err := sealJSON(key.Recipient(), u)
	if err != nil {
		return err
	}
	t.exec(`INSERT INTO feed_record (id, job_id, sealed, changed) VALUES (1, $1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET job_id = excluded.job_id, sealed = excluded.sealed, changed = excluded.changed`, u.Job, sealed, t.now)
	return t.err
}

// feedNow opens the name of the feed that a job asks.
func (w *Workspace) feedNow(ctx context.Context, sealed []byte) string {
	key, err := w.sharedKey(ctx, w.db.Pool)
	if err != nil {
		return ""
	}
	name, err := seal.Open(key, sealed)
	if err != nil {
		return "" // without it there is no name
	}
	return string(name)
}
