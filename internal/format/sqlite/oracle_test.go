package sqlite

import (
	"bytes"
	"database/sql"
	"fmt"
	"math"
	"strings"
)

// A failer is a *testing.T or a *rapid.T.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// oracleTables returns the names of the ordinary tables that SQLite sees.
func oracleTables(f failer, conn *sql.DB) []string {
	f.Helper()
	rows, err := conn.Query("SELECT name FROM sqlite_schema WHERE type='table' AND rootpage>0 ORDER BY rowid") //nolint:noctx // a test
	if err != nil {
		f.Fatalf("schema: %v", err)
	}
	defer func() { _ = rows.Close() }()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			f.Fatalf("schema: %v", err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		f.Fatalf("schema: %v", err)
	}
	return names
}

// sameDB compares every table of db with what SQLite reads through conn.
// files are the bytes of the database and of its log, to check locations.
func sameDB(f failer, db *DB, conn *sql.DB, files map[State][]byte) (rows int) {
	f.Helper()
	var ours []string
	for _, t := range db.Tables() {
		if !t.IsView && !t.IsVirtual {
			ours = append(ours, t.Name)
		}
	}
	theirs := oracleTables(f, conn)
	if strings.Join(ours, "|") != strings.Join(theirs, "|") {
		f.Fatalf("tables %q, SQLite has %q", ours, theirs)
	}
	for _, name := range theirs {
		rows += sameTable(f, db, conn, name, files)
	}
	if d := db.Damage(); len(d) > 0 {
		f.Fatalf("damage in a sound database: %+v", d)
	}
	return rows
}

// sameTable compares one table, row by row.
func sameTable(f failer, db *DB, conn *sql.DB, name string, files map[State][]byte) int {
	f.Helper()
	tab, ok := db.Table(name)
	if !ok {
		f.Fatalf("no table %q", name)
	}
	query := oracleQuery(f, tab, conn)
	rows, err := conn.Query(query) //nolint:noctx // a test
	if err != nil {
		f.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	cells := make([]any, 1+2*len(tab.Columns))
	for i := range cells {
		cells[i] = new(any)
	}
	n := 0
	for row, err := range tab.Scan(tContext, columnNames(tab)...) {
		if err != nil {
			f.Fatalf("%q row %d: %v", name, n, err)
		}
		if !rows.Next() {
			f.Fatalf("%q: more than the %d rows of SQLite; %s", name, n, tab.SQL)
		}
		if err := rows.Scan(cells...); err != nil {
			f.Fatalf("%q: %v", name, err)
		}
		sameRow(f, tab, row, cells)
		checkPlace(f, db, tab, row, files)
		n++
	}
	if rows.Next() {
		f.Fatalf("%q: only %d rows; %s", name, n, tab.SQL)
	}
	if err := rows.Err(); err != nil {
		f.Fatalf("%q: %v", name, err)
	}
	return n
}

func columnNames(t *Table) []string {
	names := make([]string, len(t.Columns))
	for i := range names {
		names[i] = t.Columns[i].Name
	}
	return names
}

// oracleQuery selects the rowid, and the type and value of each column. The
// plus sign keeps the driver from turning declared dates into times.
func oracleQuery(f failer, tab *Table, conn *sql.DB) string {
	f.Helper()
	rowid := "0"
	if !tab.WithoutRowid {
		for _, name := range []string{"rowid", "oid", "_rowid_"} {
			if !tab.Has(name) {
				rowid = name
			}
		}
	}
	parts := []string{rowid}
	for i := range tab.Columns {
		c := &tab.Columns[i]
		q := quote(c.Name)
		if c.Generated == GeneratedVirtual {
			q = "NULL"
		}
		parts = append(parts, "typeof("+q+")", "+"+q)
	}
	var columns int
	err := conn.QueryRow("SELECT count(*) FROM pragma_table_xinfo(?)", tab.Name).Scan(&columns) //nolint:noctx // a test
	if err != nil || columns != len(tab.Columns) {
		f.Fatalf("%q: %d columns, SQLite has %d (%v): %s", tab.Name, len(tab.Columns), columns, err, tab.SQL)
	}
	query := "SELECT " + strings.Join(parts, ",") + " FROM " + quote(tab.Name) + " NOT INDEXED"
	if tab.WithoutRowid {
		query += " ORDER BY " + keyTerms(f, conn, tab.Name)
	}
	return query
}

// keyTerms returns the order of a table without rowid: SQLite may use another
// index for a scan.
func keyTerms(f failer, conn *sql.DB, table string) string {
	f.Helper()
	var terms string
	err := conn.QueryRow(`SELECT group_concat('"'||replace(x.name,'"','""')||'" COLLATE '||x.coll||iif(x.desc,' DESC',''), ',')
		FROM pragma_index_list(?) l, pragma_index_xinfo(l.name) x WHERE l.origin='pk' AND x.key`, table).Scan(&terms) //nolint:noctx // a test
	if err != nil {
		f.Fatalf("primary key of %q: %v", table, err)
	}
	return terms
}

func sameRow(f failer, tab *Table, row *Row, cells []any) {
	f.Helper()
	if id := *cells[0].(*any); !tab.WithoutRowid && id != row.RowID() && !shadowed(tab) {
		f.Fatalf("%q: rowid %d, SQLite has %v", tab.Name, row.RowID(), id)
	}
	for i := range tab.Columns {
		typ, want := *cells[1+2*i].(*any), *cells[2+2*i].(*any)
		v := row.Value(i)
		if v.Lost() || typ != v.Kind().String() || !sameValue(v, want) {
			f.Fatalf("%q rowid %d column %q: %s, SQLite has %v %.60q; %s", tab.Name, row.RowID(), tab.Columns[i].Name, show(v), typ, want, tab.SQL)
		}
	}
}

// shadowed reports whether columns hide all names of the rowid.
func shadowed(t *Table) bool { return t.Has("rowid") && t.Has("oid") && t.Has("_rowid_") }

func sameValue(v Value, want any) bool {
	switch w := want.(type) {
	case nil:
		return v.IsNull() || v.Kind() == Blob && len(v.Bytes()) == 0
	case int64:
		n, ok := v.Int()
		return ok && n == w
	case float64:
		x, ok := v.Float()
		return ok && math.Float64bits(x) == math.Float64bits(w)
	case string:
		return v.Kind() == Text && v.Text() == w
	case []byte:
		return v.Kind() == Blob && bytes.Equal(v.Bytes(), w)
	}
	return false
}

func show(v Value) string {
	if v.Lost() {
		return "lost"
	}
	if s, ok := v.AsText(); ok {
		return fmt.Sprintf("%v %.60q", v.Kind(), s)
	}
	return fmt.Sprintf("%v %.60x", v.Kind(), v.Bytes())
}

// checkPlace reads the cell again at the place that the row names.
func checkPlace(f failer, db *DB, tab *Table, row *Row, files map[State][]byte) {
	f.Helper()
	file := files[row.State()]
	if row.Offset() < 0 || row.Length() < 2 || row.Offset()+row.Length() > int64(len(file)) {
		f.Fatalf("%q: cell at %d, %d bytes, outside the file of %d", tab.Name, row.Offset(), row.Length(), len(file))
	}
	inPage := row.Offset()
	switch row.State() {
	case StateJournal:
		inPage = 0
	case StateWAL:
		inPage -= walHeaderSize + int64(row.Frame()-1)*int64(db.pageSize+frameHeaderSize) + frameHeaderSize
	case StateLive:
		inPage -= int64(row.Page()-1) * int64(db.pageSize)
	}
	if inPage < 0 || inPage+row.Length() > int64(db.usable) {
		f.Fatalf("%q: cell outside page %d", tab.Name, row.Page())
	}
	if tab.WithoutRowid {
		return
	}
	b := file[row.Offset() : row.Offset()+row.Length()]
	_, n := varint(b)
	if id, m := varint(b[n:]); m == 0 || int64(id) != row.RowID() {
		f.Fatalf("%q: rowid %d is %d at its place", tab.Name, row.RowID(), id)
	}
}
