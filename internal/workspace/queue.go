package workspace

import (
	"context"
	"database/sql"
	"time"
)

// A Queue brings jobs to the processes that run them, and wakes those up. What
// a job is and how far it came is in its row alone: a job that is brought
// twice runs once, and one that is lost on the way is brought again. nil:
// processes look into the table.
type Queue interface {
	// Add brings a job, in the transaction that writes its row, and returns the
	// number of the delivery.
	Add(ctx context.Context, tx *sql.Tx, d Consignment) (int64, error)
	// Lost names the jobs that wait although no delivery is on its way, and
	// forgets deliveries whose processes are gone.
	Lost(ctx context.Context) ([]string, error)
	// Serve begins to take deliveries. It ends with ctx: what run works on then
	// is told through its own context, after patience.
	Serve(ctx context.Context, patience time.Duration, run func(ctx context.Context, job string) Outcome) (Server, error)
}

// A Server takes deliveries for one process.
type Server interface {
	// Take takes those of a queue, some at once, from now on. After an error it may
	// be called again.
	Take(queue string, atOnce int) error
	// Wait returns when all that was begun has ended.
	Wait()
}

// A Consignment says of a job what an engine has to know: nothing of a case.
type Consignment struct {
	Job, Queue string
	Priority   int           // 1 before 4
	After      time.Duration // not before
}

// An Outcome is what an engine is told of a job that it brought.
type Outcome struct {
	Again bool          // it is to be brought again
	After time.Duration // not before
}

// deliver has a job brought to whoever runs it.
func (db *DB) deliver(ctx context.Context, tx *sql.Tx, j *Job) (int64, error) {
	if db.Queue == nil {
		return 0, nil
	}
	return db.Queue.Add(ctx, tx, Consignment{Job: j.ID, Queue: j.Queue, Priority: j.Priority})
}
