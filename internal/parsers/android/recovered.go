package android

import (
	"fmt"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/parsers/gap"
)

// states translates where the bytes of a row are.
var states = [...]artifact.State{
	sqlite.StateLive: artifact.Live, sqlite.StateWAL: artifact.WAL, sqlite.StateJournal: artifact.Journal,
	sqlite.StateDeleted: artifact.Deleted, sqlite.StateWALHistory: artifact.WALHistory,
	sqlite.StateWALUncommitted: artifact.WALUncommitted, sqlite.StateWALStale: artifact.WALStale,
}

// minConfidence is the least that a recovered row must have, in percent, to
// become a record.
const minConfidence = 50

// eachRecovered calls f at each recovered row of the table.
func (d *dbReading) eachRecovered(r *dbRow, names []string, watch *gap.Watch, f func(*dbRow) error) error {
	if d.lost == nil {
		lost, err := d.db.Recover(d.ctx)
		if err != nil {
			return fmt.Errorf("recover rows of %s: %w", d.in.Path, err)
		}
		d.lost = lost
	}
	var stopped error
	err := d.lost.Rows(d.ctx, r.table, names, func(row *sqlite.Row) bool {
		if row.Confidence() < minConfidence {
			return true
		}
		r.row = row
		if watch != nil && !row.RowIDLost() {
			watch.Recovered(row.RowID())
		}
		stopped = f(r)
		return stopped == nil
	})
	if stopped != nil {
		return stopped
	}
	return err
}
