package input

import (
	"context"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/parsers/gap"
)

// States translates where the bytes of a row are. Rollback journals are not
// applied: what comes out of one is an earlier row.
var States = [...]artifact.State{
	sqlite.StateLive: artifact.Live, sqlite.StateWAL: artifact.WAL, sqlite.StateJournal: artifact.Journal,
	sqlite.StateDeleted: artifact.Deleted, sqlite.StateWALHistory: artifact.WALHistory,
	sqlite.StateWALUncommitted: artifact.WALUncommitted, sqlite.StateWALStale: artifact.WALStale,
}

// minConfidence is the least that a recovered row must have, in percent, to
// become a record.
const minConfidence = 50

// Recovered calls f at each recovered row of a table, with the columns that are
// named; watch, if any, sees their numbers.
func Recovered(
	ctx context.Context, lost *sqlite.Recovery, table *sqlite.Table, columns []string, watch *gap.Watch, f func(*sqlite.Row) error,
) error {
	var stopped error
	err := lost.Rows(ctx, table, columns, func(row *sqlite.Row) bool {
		if row.Confidence() < minConfidence {
			return true
		}
		if watch != nil && !row.RowIDLost() {
			watch.Recovered(row.RowID())
		}
		stopped = f(row)
		return stopped == nil
	})
	if stopped != nil {
		return stopped
	}
	return err
}
