package sqlite_test

import (
	"bytes"
	"testing"

	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/testevidence/history"
)

// TestFields: the fields of a cell, live or recovered, have the values of its
// row, one after the other up to its end.
func TestFields(t *testing.T) {
	t.Parallel()
	h, err := history.Write(t.TempDir(), history.Options{Seed: 4, PageSize: 4096, Journal: "DELETE", Steps: 60})
	if err != nil {
		t.Fatal(err)
	}
	db := openHistory(t, h)
	taken, headless := 0, 0
	check := func(table *sqlite.Table, row *sqlite.Row) {
		cell := h.DB[row.Offset() : row.Offset()+row.Length()]
		fields := table.Fields(cell)
		if fields == nil {
			t.Fatalf("%s row %d at %d has no fields", table.Name, row.RowID(), row.Offset())
		}
		taken++
		at := fields[0].Offset
		for _, f := range fields {
			if f.Offset != at {
				t.Fatalf("%s: field %s at %d, want %d", table.Name, f.Name, f.Offset, at)
			}
			at += f.Length
			for i, c := range table.Columns {
				v := row.Value(i)
				if c.Name != f.Name || f.Value.Lost() || v.Lost() || f.Value.Kind() != v.Kind() {
					continue
				}
				if !bytes.Equal(f.Value.Bytes(), v.Bytes()) {
					t.Errorf("%s.%s: %q, want %q", table.Name, f.Name, f.Value.Bytes(), v.Bytes())
				}
			}
		}
		if end := int(row.Length()); at != end && at != end-4 { // the number of an overflow page
			t.Errorf("%s: fields end at %d of %d", table.Name, at, end)
		}
	}
	table, _ := db.Table("message")
	for row, err := range table.Scan(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		check(table, row)
	}
	recovered(t, db, func(v history.Version, row *sqlite.Row) {
		if row.RowIDLost() {
			headless++
		}
		table, _ := db.Table(v.Table)
		check(table, row)
	})
	if taken < 50 || headless == 0 {
		t.Errorf("%d cells, %d without their head", taken, headless)
	}
}

// FuzzFields: any bytes may be asked for.
func FuzzFields(f *testing.F) {
	h, err := history.Write(f.TempDir(), history.Options{Seed: 4, PageSize: 1024, Journal: "DELETE", Steps: 20})
	if err != nil {
		f.Fatal(err)
	}
	db, err := sqlite.Open(bytes.NewReader(h.DB), int64(len(h.DB)), sqlite.Options{})
	if err != nil {
		f.Fatal(err)
	}
	for _, table := range db.Tables() {
		for row, err := range table.Scan(f.Context()) {
			if err == nil {
				f.Add(h.DB[row.Offset() : row.Offset()+row.Length()])
				break
			}
		}
	}
	f.Add([]byte{0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, cell []byte) {
		for _, table := range db.Tables() {
			for _, field := range table.Fields(cell) {
				if field.Offset < 0 || field.Length < 0 || field.Offset+field.Length > len(cell) {
					t.Errorf("%s.%s: %d bytes at %d of %d", table.Name, field.Name, field.Length, field.Offset, len(cell))
				}
			}
		}
	})
}
