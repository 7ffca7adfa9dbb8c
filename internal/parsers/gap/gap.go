// Package gap finds runs of row numbers that a table with ever-growing numbers
// lacks, and the time that the rows around them leave for what is gone. Both
// platforms' parsers use it. Start with New.
package gap

import (
	"math"
	"slices"
	"sort"

	"github.com/amparo-project/amparo/internal/artifact"
)

const (
	// maxRuns bounds the runs that are told one by one; all are counted.
	maxRuns = 4096
	// maxRecovered bounds the numbers of recovered rows that are compared.
	maxRecovered = 1 << 16
)

// How a table comes by its numbers.
const (
	// AutoIncrement never gives a number twice
	// (https://sqlite.org/autoinc.html), and keeps the last in sqlite_sequence.
	AutoIncrement = "autoincrement"
	// CoreData counts in Z_PRIMARYKEY.Z_MAX, and never gives a number twice.
	CoreData = "core_data"
	// Plain is one more than the highest there is: the numbers of the last rows
	// come again after these were deleted, and no run at the end is seen.
	Plain = "plain"
)

// A Row is a row beside a run.
type Row struct {
	ID  int64
	At  artifact.Value // its time, as stored; Null: none
	Loc artifact.Location
}

// A Run is a run of numbers that no row has.
type Run struct {
	First, Last   int64
	Missing       uint64
	Recovered     int64 // of them were recovered
	Rank          int64 // 1: the longest of the table
	Before, After Row
	AtEnd         bool // it follows the last row there is: After is empty
}

// place is the row by which the run is found.
func (r *Run) place() artifact.Location {
	if r.AtEnd {
		return r.Before.Loc
	}
	return r.After.Loc
}

// A Watch is shown the rows of one table, in the order of their numbers.
type Watch struct {
	table     string
	epoch     func(artifact.Value) artifact.Epoch
	numbering string
	runs      []Run
	count     int64 // of runs
	missing   uint64
	prev      Row
	any       bool
	damaged   bool
	recovered map[int64]bool
}

// New returns a Watch of a table. epoch says how the times of its rows count.
func New(table string, epoch func(artifact.Value) artifact.Epoch) *Watch {
	return &Watch{table: table, epoch: epoch, numbering: Plain, recovered: map[int64]bool{}}
}

// In returns the epoch of a column that has one alone.
func In(e artifact.Epoch) func(artifact.Value) artifact.Epoch {
	return func(artifact.Value) artifact.Epoch { return e }
}

// See takes in the next row that stands in the table. Numbers are given from 1
// on: a row below was put there by hand, or is forged.
func (w *Watch) See(row Row) {
	if row.ID < 1 {
		return
	}
	if w.any {
		switch {
		case row.ID <= w.prev.ID:
			w.damaged = true // no b-tree is in that order
			return
		case row.ID-1 != w.prev.ID:
			w.add(Run{First: w.prev.ID + 1, Last: row.ID - 1, Before: w.prev, After: row})
		}
	}
	w.prev, w.any = row, true
}

// Damage says that a part of the table could not be read: what is missing then
// may stand there, and no run is told.
func (w *Watch) Damage() { w.damaged = true }

// Recovered takes in the number of a row that was recovered.
func (w *Watch) Recovered(id int64) {
	if len(w.recovered) < maxRecovered {
		w.recovered[id] = true
	}
}

// End takes in the last number that the database says it gave, and how it
// gives numbers.
func (w *Watch) End(last int64, numbering string) {
	w.numbering = numbering
	if w.any && last > w.prev.ID {
		w.add(Run{First: w.prev.ID + 1, Last: last, Before: w.prev, AtEnd: true})
	}
}

func (w *Watch) add(r Run) {
	// As unsigned numbers the difference cannot overflow.
	r.Missing = uint64(r.Last) - uint64(r.First) + 1
	w.count++
	w.missing += r.Missing
	if len(w.runs) < maxRuns {
		w.runs = append(w.runs, r)
	}
}

// Runs returns the first 4,096 runs in their order, each with its rank among
// them: none where a part of the table could not be read.
func (w *Watch) Runs() []Run {
	if w.damaged {
		return nil
	}
	for id := range w.recovered {
		i := sort.Search(len(w.runs), func(i int) bool { return w.runs[i].Last >= id })
		if i < len(w.runs) && w.runs[i].First <= id {
			w.runs[i].Recovered++
		}
	}
	clear(w.recovered) // each is counted once
	order := make([]int, len(w.runs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := w.runs[a].Missing, w.runs[b].Missing
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	for rank, i := range order {
		w.runs[i].Rank = int64(rank + 1)
	}
	return w.runs
}

// Count returns how many runs there are, and how many numbers are missing.
func (w *Watch) Count() (runs int64, missing int64) {
	return w.count, int64(min(w.missing, math.MaxInt64))
}

// Last is the last row.
func (w *Watch) Last() Row { return w.prev }
