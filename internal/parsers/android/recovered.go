package android

import (
	"fmt"

	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/parsers/gap"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

// eachRecovered calls f at each recovered row of the table.
func (d *dbReading) eachRecovered(r *dbRow, names []string, watch *gap.Watch, f func(*dbRow) error) error {
	if d.lost == nil {
		lost, err := d.db.Recover(d.Ctx)
		if err != nil {
			return fmt.Errorf("recover rows of %s: %w", d.In.Path, err)
		}
		d.lost = lost
	}
	return input.Recovered(d.Ctx, d.lost, r.table, names, watch, func(row *sqlite.Row) error {
		r.row = row
		return f(r)
	})
}
