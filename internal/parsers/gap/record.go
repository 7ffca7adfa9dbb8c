package gap

import (
	"math"
	"strconv"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
)

// The kinds of record, and the meanings of their times.
const (
	KindRun = "gap"
	KindAll = "gaps"
	before  = "row_before"
	after   = "row_after"
)

// Kinds are the kinds of record that Give makes: parsers add them to theirs.
func Kinds() []artifact.KindInfo {
	return []artifact.KindInfo{
		{
			Kind:   KindRun,
			Doc:    "A run of row numbers that no row has: rows that are gone. The first 4,096 runs of a table.",
			Fields: append(RunFields(), artifact.FieldInfo{Name: "table", Type: artifact.Text, Doc: "the table"}),
			Times:  []string{before, after},
		},
		{
			Kind:   KindAll,
			Doc:    "All runs of missing row numbers of a table together, where there are any: one record.",
			Fields: append(AllFields(), artifact.FieldInfo{Name: "table", Type: artifact.Text, Doc: "the table"}),
		},
	}
}

// RunFields document what SetRun sets.
func RunFields() []artifact.FieldInfo {
	return []artifact.FieldInfo{
		{Name: "first_missing", Type: artifact.Int, Doc: "first number of the run"},
		{Name: "last_missing", Type: artifact.Int, Doc: "last number of the run"},
		{Name: "missing", Type: artifact.Int, Doc: "how many numbers"},
		{Name: "recovered", Type: artifact.Int, Doc: "how many of these rows were recovered"},
		{Name: "rank", Type: artifact.Int, Doc: "1: the longest run of the table"},
		{Name: "at_end", Type: artifact.Bool, Doc: "true: the run follows the last row; the database says how far it had counted"},
		{Name: "numbering", Type: artifact.Text, Doc: "autoincrement or core_data: no number is given twice; plain: those of the last rows are given again"},
		{Name: "window", Type: artifact.Text, Doc: "times of the rows before and after, in UTC"},
		{Name: "window_seconds", Type: artifact.Int, Doc: "seconds between them, where the later number has the later time"},
	}
}

// AllFields document what SetAll sets.
func AllFields() []artifact.FieldInfo {
	return []artifact.FieldInfo{
		{Name: "runs", Type: artifact.Int, Doc: "how many runs"},
		{Name: "missing", Type: artifact.Int, Doc: "how many numbers in all"},
		{Name: "first_missing", Type: artifact.Int, Doc: "first number of the first run"},
		{Name: "last_missing", Type: artifact.Int, Doc: "last number of the last run that has a record"},
		{Name: "numbering", Type: artifact.Text, Doc: "as of each run"},
	}
}

// SetAll sets what all runs are together.
func (w *Watch) SetAll(rec *artifact.Record) {
	count, missing := w.Count()
	rec.Set("runs", artifact.IntValue(count))
	rec.Set("missing", artifact.IntValue(missing))
	rec.Set("first_missing", artifact.IntValue(w.runs[0].First))
	rec.Set("last_missing", artifact.IntValue(w.runs[len(w.runs)-1].Last))
	rec.Set("numbering", artifact.TextValue(w.numbering))
}

// SetRun sets what a run says of itself.
func (w *Watch) SetRun(rec *artifact.Record, r *Run) {
	rec.Loc = r.place()
	rec.Set("first_missing", artifact.IntValue(r.First))
	rec.Set("last_missing", artifact.IntValue(r.Last))
	rec.Set("missing", artifact.IntValue(int64(min(r.Missing, math.MaxInt64))))
	if r.Recovered > 0 {
		rec.Set("recovered", artifact.IntValue(r.Recovered))
	}
	rec.Set("rank", artifact.IntValue(r.Rank))
	if r.AtEnd {
		rec.Set("at_end", artifact.BoolValue(true))
	}
	rec.Set("numbering", artifact.TextValue(w.numbering))
	w.setWindow(rec, r)
}

// setWindow sets the time that the rows around the run leave.
func (w *Watch) setWindow(rec *artifact.Record, r *Run) {
	from, _ := w.epoch(r.Before.At).At(r.Before.At)
	to, _ := w.epoch(r.After.At).At(r.After.At)
	if !from.IsZero() || !to.IsZero() {
		rec.Set("window", artifact.TextValue(stamp(from)+" – "+stamp(to)))
	}
	if !from.IsZero() && !to.Before(from) {
		rec.Set("window_seconds", artifact.IntValue(int64(to.Sub(from)/time.Second)))
	}
}

// stamp is a time as reasons have it, "…" for one that is not known.
func stamp(at time.Time) string {
	if at.IsZero() {
		return "…"
	}
	return at.UTC().Format("2006-01-02 15:04:05")
}

// Give makes a record of each run, and one of all together, in rec, and has
// each handed on.
func (w *Watch) Give(rec *artifact.Record, give func() error) error {
	runs := w.Runs()
	if len(runs) == 0 {
		return nil
	}
	for i := range runs {
		r := &runs[i]
		rec.Reset(KindRun)
		rec.Set("table", artifact.TextValue(w.table))
		w.SetRun(rec, r)
		rec.When(before, w.epoch(r.Before.At), r.Before.At)
		rec.When(after, w.epoch(r.After.At), r.After.At)
		rec.Summary = func(b []byte) []byte {
			b = append(b, "missing rows of "...)
			b = append(b, w.table...)
			b = append(b, ": "...)
			b = strconv.AppendInt(b, r.First, 10)
			b = append(b, " to "...)
			return strconv.AppendInt(b, r.Last, 10)
		}
		if err := give(); err != nil {
			return err
		}
	}
	rec.Reset(KindAll)
	rec.Loc = w.prev.Loc
	rec.Set("table", artifact.TextValue(w.table))
	w.SetAll(rec)
	rec.Summary = func(b []byte) []byte { return append(append(b, "missing rows in all of "...), w.table...) }
	return give()
}
