package sqlite

import (
	"errors"
	"testing"
)

func TestScan(t *testing.T) {
	t.Parallel()
	b := makeDB(t,
		"CREATE TABLE m(id INTEGER PRIMARY KEY, body TEXT, size REAL, raw BLOB)",
		"INSERT INTO m VALUES(7,'seven',7,x'0007'),(9,NULL,0.5,zeroblob(10000))",
		"ALTER TABLE m ADD COLUMN later INT DEFAULT '42'",
	)
	db := mustOpen(t, b, Options{})
	tab := mustTable(t, db, "M")
	var ids []int64
	for row, err := range tab.Scan(t.Context(), "Body", "nothing", "SIZE", "later", "id", "id", "raw") {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, row.RowID())
		if n, ok := row.Value(3).Int(); !ok || n != 42 {
			t.Errorf("default of a later column: %v %v", n, ok)
		}
		if n, _ := row.Value(5).Int(); n != row.RowID() {
			t.Errorf("alias of the rowid: %d", n)
		}
		if row.Kind(2) != row.Value(2).Kind() || row.Empty(4) || !row.Empty(1) || row.Empty(6) {
			t.Errorf("kind %v; empty %v %v %v", row.Kind(2), row.Empty(4), row.Empty(1), row.Empty(6))
		}
		if row.Value(2).Kind() != Float {
			t.Errorf("real column is %v", row.Value(2).Kind())
		}
		if !row.Value(1).IsNull() {
			t.Errorf("absent column is %v", row.Value(1).Kind())
		}
	}
	if len(ids) != 2 || ids[0] != 7 || ids[1] != 9 {
		t.Errorf("rowids %v", ids)
	}
	row, err := tab.Find(9, "raw")
	if err != nil || len(row.Value(0).Bytes()) != 10000 {
		t.Errorf("find: %v", err)
	}
	if _, err := tab.Find(8); !errors.Is(err, ErrNotFound) {
		t.Errorf("find of an absent row: %v", err)
	}
	if pages, err := db.Unreached(t.Context()); err != nil || len(pages) != 0 {
		t.Errorf("unreached %v, %v", pages, err)
	}
	if d := db.Damage(); len(d) != 0 {
		t.Errorf("damage %v", d)
	}
}
