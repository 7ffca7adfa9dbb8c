package gap

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"testing/quick"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
	"github.com/amparo-project/amparo/internal/format/sqlite"
)

// told is what Give gives, a line a record.
func told(w *Watch) []string {
	var list []string
	rec := &artifact.Record{}
	_ = w.Give(rec, func() error {
		s := fmt.Sprintf("%s %v-%v", rec.Kind, number(rec, "first_missing"), number(rec, "last_missing"))
		for _, f := range []string{"missing", "recovered", "rank", "runs", "window_seconds"} {
			if n := number(rec, f); n != 0 {
				s += fmt.Sprintf(" %s=%d", f, n)
			}
		}
		if end, _ := rec.Get("at_end").Bool(); end {
			s += " at_end"
		}
		list = append(list, s+" "+rec.Text("window"))
		return nil
	})
	return list
}

func number(rec *artifact.Record, name string) int64 {
	n, _ := rec.Get(name).Int()
	return n
}

func at(id, seconds int64) Row { return Row{ID: id, At: artifact.IntValue(seconds)} }

func TestRuns(t *testing.T) {
	t.Parallel()
	const t0 = 600_000_000 // 2020-01-06 10:40:00
	for _, tt := range []struct {
		name string
		do   func(*Watch)
		want []string
	}{
		{"none", func(w *Watch) { w.See(at(5, t0)); w.See(at(6, t0)) }, nil},
		{"empty", func(w *Watch) { w.End(9, AutoIncrement) }, nil},
		{"middle", func(w *Watch) {
			w.See(at(1, t0))
			w.See(at(4, t0+60))
			w.See(at(9, t0+30)) // synchronised later, of an earlier time
			w.Recovered(3)
			w.Recovered(3)
			w.Recovered(4)
		}, []string{
			"gap 2-3 missing=2 recovered=1 rank=2 window_seconds=60 2020-01-06 10:40:00 – 2020-01-06 10:41:00",
			"gap 5-8 missing=4 rank=1 2020-01-06 10:41:00 – 2020-01-06 10:40:30",
			"gaps 2-8 missing=6 runs=2 ",
		}},
		{"end", func(w *Watch) { w.See(at(1, t0)); w.End(3, CoreData) }, []string{
			"gap 2-3 missing=2 rank=1 at_end 2020-01-06 10:40:00 – …", "gaps 2-3 missing=2 runs=1 ",
		}},
		{"counter_behind", func(w *Watch) { w.See(at(5, t0)); w.End(3, AutoIncrement) }, nil},
		{"damaged", func(w *Watch) { w.See(at(1, t0)); w.Damage(); w.See(at(4, t0)) }, nil},
		{"out_of_order", func(w *Watch) { w.See(at(4, t0)); w.See(at(1, t0)); w.See(at(9, t0)) }, nil},
		{"below_one", func(w *Watch) { w.See(at(-7, t0)); w.See(at(0, t0)); w.See(at(3, t0)) }, nil},
		{"all_numbers", func(w *Watch) { w.See(Row{ID: 1}); w.See(Row{ID: math.MaxInt64}) }, []string{
			"gap 2-9223372036854775806 missing=9223372036854775805 rank=1 ", "gaps 2-9223372036854775806 missing=9223372036854775805 runs=1 ",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := New("t", In(artifact.MacSeconds))
			tt.do(w)
			if diff := cmp.Diff(tt.want, told(w)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestManyRuns: memory is bounded, and all are counted.
func TestManyRuns(t *testing.T) {
	t.Parallel()
	w := New("t", In(artifact.MacSeconds))
	for i := range int64(10_000) {
		w.See(Row{ID: 2*i + 1})
	}
	if runs, missing := w.Count(); len(w.Runs()) != maxRuns || runs != 9_999 || missing != 9_999 {
		t.Errorf("%d held, %d runs, %d missing", len(w.Runs()), runs, missing)
	}
}

// TestSumOfRuns: whatever the numbers are, runs and rows make up all of them.
func TestSumOfRuns(t *testing.T) {
	t.Parallel()
	if err := quick.Check(func(steps []uint8) bool {
		w := New("t", In(artifact.MacSeconds))
		id := int64(0)
		for _, s := range steps {
			id += int64(s) + 1
			w.See(Row{ID: id})
		}
		first := int64(0)
		if len(steps) > 0 {
			first = int64(steps[0]) + 1
		}
		_, missing := w.Count()
		return len(steps) == 0 || missing+int64(len(steps)) == id-first+1
	}, nil); err != nil {
		t.Error(err)
	}
}

func TestCounter(t *testing.T) {
	t.Parallel()
	data := artifacttest.SQLite(t, `
CREATE TABLE message (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, a);
CREATE TABLE ZCALLRECORD (Z_PK INTEGER PRIMARY KEY, ZDATE);
CREATE TABLE other (id INTEGER PRIMARY KEY);
CREATE TABLE Z_PRIMARYKEY (Z_ENT INTEGER PRIMARY KEY, Z_NAME VARCHAR, Z_SUPER INTEGER, Z_MAX INTEGER);
INSERT INTO message (a) VALUES (1), (2); DELETE FROM message;
INSERT INTO Z_PRIMARYKEY VALUES (1, 'CallRecord', 0, 70), (2, 'Other', 0, 'x');
`)
	db, err := sqlite.Open(bytes.NewReader(data), int64(len(data)), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string]string{"message": "2 autoincrement", "ZCALLRECORD": "70 core_data", "other": "0 plain", "ZOTHER": "0 plain"} {
		n, how := Counter(t.Context(), db, table)
		if got := fmt.Sprint(n, " ", how); got != want {
			t.Errorf("%s: %s, want %s", table, got, want)
		}
	}
}
