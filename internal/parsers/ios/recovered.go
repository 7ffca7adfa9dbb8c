package ios

import (
	"fmt"

	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

// recovery looks for what is no longer in the tables, once for a reading.
func (r *reading) recovery() (*sqlite.Recovery, error) {
	if r.lost == nil {
		lost, err := r.db.Recover(r.Ctx)
		if err != nil {
			return nil, fmt.Errorf("recover rows of %s: %w", r.In.Path, err)
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
	return input.Recovered(t.r.Ctx, lost, t.source, t.names, t.gaps, func(row *sqlite.Row) error {
		t.row = row
		return f()
	})
}

// recovered reports whether the row at hand is no longer in the table.
func (t *table) recovered() bool { return input.States[t.row.State()].Recovered() }
