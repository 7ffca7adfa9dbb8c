package ios

import (
	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/parsers/gap"
)

// numbered has each tell, after the rows, which of the table's ever-growing
// numbers no row has. time is the column of a row's time.
func (t *table) numbered(time int, epoch func(artifact.Value) artifact.Epoch) {
	t.gaps, t.time = gap.New(t.name, epoch), time
}

// withGaps are the kinds of a parser that tells missing numbers.
func withGaps(kinds []artifact.KindInfo) []artifact.KindInfo { return append(kinds, gap.Kinds()...) }

// see shows the row at hand to the watch.
func (t *table) see() {
	if t.gaps != nil {
		t.gaps.See(gap.Row{ID: t.rowID(), At: t.number(t.time), Loc: t.location()})
	}
}

// giveGaps gives the runs of missing numbers.
func (t *table) giveGaps() error {
	if t.gaps == nil {
		return nil
	}
	t.gaps.End(gap.Counter(t.r.Ctx, t.r.db, t.name))
	return t.gaps.Give(&t.r.Rec, t.r.give)
}
