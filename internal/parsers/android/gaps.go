package android

import (
	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/parsers/gap"
)

// timeColumns are the columns that a row's time may be in, by table: those
// whose missing numbers say something.
var timeColumns = map[string][]string{
	"sms": {"date"}, "calls": {"date"}, "message": {"timestamp"}, "messages": {"timestamp", "msg_date", "date"}, "visits": {"visit_time"},
}

// numbered has the next reading of a table tell, after the rows, which of its
// ever-growing numbers no row has.
func (d *dbReading) numbered(table string, epoch artifact.Epoch) {
	d.gaps = gap.New(table, gap.In(epoch))
}

// withGaps are the kinds of a parser that tells missing numbers.
func withGaps(kinds []artifact.KindInfo) []artifact.KindInfo { return append(kinds, gap.Kinds()...) }

// see shows the row at hand to the watch.
func (r *dbRow) see(watch *gap.Watch) {
	if watch == nil {
		return
	}
	row := gap.Row{ID: r.row.RowID(), Loc: r.location()}
	for _, column := range timeColumns[r.table.Name] {
		if n, ok := r.int(column); ok {
			row.At = artifact.IntValue(n)
			break
		}
	}
	watch.See(row)
}

// giveGaps gives the runs of missing numbers.
func (d *dbReading) giveGaps(table string, watch *gap.Watch) error {
	if watch == nil {
		return nil
	}
	watch.End(gap.Counter(d.Ctx, d.db, table))
	return watch.Give(&d.Rec, d.Give)
}
