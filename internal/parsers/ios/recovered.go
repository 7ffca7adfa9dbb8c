package ios

import (
	"fmt"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/sqlite"
)

// states translates where the bytes of a row are. Rollback journals are not
// applied: what comes out of one is an earlier row.
var states = [...]artifact.State{
	sqlite.StateLive: artifact.Live, sqlite.StateWAL: artifact.WAL, sqlite.StateJournal: artifact.Journal,
	sqlite.StateDeleted: artifact.Deleted, sqlite.StateWALHistory: artifact.WALHistory,
	sqlite.StateWALUncommitted: artifact.WALUncommitted, sqlite.StateWALStale: artifact.WALStale,
}

// minConfidence is the least that a recovered row must have, in percent, to
// become a record.
const minConfidence = 50

// recovery looks for what is no longer in the tables, once for a reading.
func (r *reading) recovery() (*sqlite.Recovery, error) {
	if r.lost == nil {
		lost, err := r.db.Recover(r.ctx)
		if err != nil {
			return nil, fmt.Errorf("recover rows of %s: %w", r.in.Path, err)
		}
		r.lost = lost
	}
	return r.lost, nil
}

// eachRecovered calls f at each recovered row of the table.
func (t *table) eachRecovered(f func() error) error {
	lost, err := t.r.recovery()
	if err != nil || lost.Count(t.source) == 0 {
		return err
	}
	var stopped error
	err = lost.Rows(t.r.ctx, t.source, t.names, func(row *sqlite.Row) bool {
		if row.Confidence() < minConfidence {
			return true
		}
		t.row = row
		if t.gaps != nil && !row.RowIDLost() {
			t.gaps.Recovered(row.RowID())
		}
		stopped = f()
		return stopped == nil
	})
	if stopped != nil {
		return stopped
	}
	return err
}

// recovered reports whether the row at hand is no longer in the table.
func (t *table) recovered() bool { return states[t.row.State()].Recovered() }
