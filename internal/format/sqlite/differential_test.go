package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var tContext = context.Background()

// oddNames are names that need every kind of quotes.
var oddNames = []string{
	"a", "b", "Z_PK", "ZDATE", "with space", `quo"te`, "sel'ect", "select", "[x]", "`y`", "ñandú", "名", "a,b", "x)",
	"primary", "check", "rowid", "oid", "--c", "/*", "1st", "$v", "constraint", "default", "key", "generated", "İ", "A b",
}

var declaredTypes = []string{
	"", "INTEGER", "INT", "TEXT", "VARCHAR(20)", "REAL", "DOUBLE PRECISION", "BLOB", "NUMERIC", "DECIMAL(10, 2)", "BOOLEAN",
	"DATETIME", "UNSIGNED BIG INT", "CHARINT", "FLOATING POINT", "TIMESTAMP", "STRING", "ANY", "/* c */ integer -- d\n", `"INTEGER"`, "[my type]",
}

var defaults = []string{
	"1", "-7", "+3", "'text'", "x'00ff'", "NULL", "1.5", "-2e3", "TRUE", "false", "word", `"dquoted"`, "('paren')", "(-(4))", "0x10", "'12'", "9223372036854775808", "'it''s'",
}

var columnExtras = []string{"", "", "", "", "NOT NULL DEFAULT 5", "UNIQUE", "COLLATE NOCASE", "CHECK (1 IN (1, 2))", "REFERENCES other(a, b) ON DELETE SET NULL ON UPDATE SET DEFAULT", "CONSTRAINT n NULL"}

// A maker draws statements and gives them to SQLite. What SQLite refuses did
// not happen: it rolls the statement back.
type maker struct {
	rt     *rapid.T
	conn   *sql.DB
	utf8   bool
	tables []string
	wide   map[string][]string // columns of a table
}

func (m *maker) exec(statement string, args ...any) bool {
	_, err := m.conn.Exec(statement, args...) //nolint:noctx // a test
	return err == nil
}

func (m *maker) pick(label string, from []string) string {
	return rapid.SampledFrom(from).Draw(m.rt, label)
}

func (m *maker) chance(label string, percent int) bool {
	return rapid.IntRange(0, 99).Draw(m.rt, label) < percent
}

func quotedAny(rt *rapid.T, name string) string {
	switch k := rapid.IntRange(0, 3).Draw(rt, "quote"); {
	case k == 0 && !strings.Contains(name, "]"):
		return "[" + name + "]"
	case k == 1:
		return "`" + strings.ReplaceAll(name, "`", "``") + "`"
	case k == 2:
		return "'" + strings.ReplaceAll(name, "'", "''") + "'"
	}
	return quote(name)
}

// createTable draws a table with odd names, types and constraints.
func (m *maker) createTable(i int) {
	name := fmt.Sprintf("%s %d", m.pick("table", oddNames), i)
	columns := rapid.SliceOfNDistinct(rapid.SampledFrom(oddNames), 1, 7, strings.ToLower).Draw(m.rt, "columns")
	without, strict := m.chance("without", 30), m.chance("strict", 15)
	key := rapid.IntRange(0, 4).Draw(m.rt, "key")
	var parts []string
	for j, c := range columns {
		typ := m.pick("type", declaredTypes)
		if strict {
			typ = m.pick("type", []string{"INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY"})
		}
		def := quotedAny(m.rt, c) + " " + typ + " " + m.pick("extra", columnExtras)
		switch {
		case j == 0 && (key == 0 || without && key > 2):
			def = quotedAny(m.rt, c) + " " + typ + m.pick("pk", []string{" PRIMARY KEY", " PRIMARY KEY DESC", " CONSTRAINT k PRIMARY KEY ASC ON CONFLICT FAIL"})
		case j > 0 && m.chance("generated", 10):
			def = quotedAny(m.rt, c) + " " + typ + m.pick("gen", []string{" AS (7)", " GENERATED ALWAYS AS ('x' || (1)) STORED", " AS (1.5) VIRTUAL"})
		}
		parts = append(parts, def)
	}
	if key == 1 || key == 2 {
		pk := rapid.SliceOfN(rapid.SampledFrom(columns), 1, 3).Draw(m.rt, "pk columns")
		for j := range pk {
			pk[j] = quote(pk[j]) + m.pick("order", []string{"", " DESC", " COLLATE NOCASE", " COLLATE RTRIM ASC"})
		}
		parts = append(parts, "CONSTRAINT pk PRIMARY KEY ("+strings.Join(pk, ", ")+") ON CONFLICT REPLACE")
	}
	if m.chance("checked", 20) {
		parts = append(parts, "CHECK (')' <> '(') FOREIGN KEY ("+quote(columns[0])+") REFERENCES o(x)")
	}
	var options []string
	if without {
		options = append(options, "WITHOUT ROWID")
	}
	if strict {
		options = append(options, "STRICT")
	}
	if m.exec("CREATE TABLE " + quotedAny(m.rt, name) + "(" + strings.Join(parts, ", ") + ") " + strings.Join(options, ", ")) {
		m.tables = append(m.tables, name)
		m.wide[name] = columns
	}
}

// value draws a value of any type, now and then a long one.
func (m *maker) value() any {
	switch rapid.IntRange(0, 8).Draw(m.rt, "kind") {
	case 0:
		return nil
	case 1:
		return rapid.Int64().Draw(m.rt, "int")
	case 2:
		return rapid.Int64Range(-130, 130).Draw(m.rt, "small")
	case 3:
		return rapid.Float64().Draw(m.rt, "float")
	case 4:
		return float64(rapid.Int32().Draw(m.rt, "whole"))
	case 5:
		return rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(m.rt, "blob")
	case 6:
		return bytes.Repeat([]byte{7, 8, 9}, rapid.IntRange(0, 30000).Draw(m.rt, "long")/3)
	case 7:
		return strings.Repeat("añ€😀", rapid.IntRange(0, 3000).Draw(m.rt, "text"))
	}
	if m.utf8 && m.chance("raw", 20) {
		return string(rapid.SliceOfN(rapid.ByteRange(1, 255), 0, 20).Draw(m.rt, "bytes"))
	}
	return rapid.StringN(0, 20, -1).Draw(m.rt, "string")
}

// insert draws rows for one table. An explicit rowid may be anywhere.
func (m *maker) insert(table string) {
	columns := m.wide[table]
	for range rapid.IntRange(1, 25).Draw(m.rt, "rows") {
		marks, args := make([]string, len(columns)), make([]any, len(columns))
		names := make([]string, len(columns))
		for i, c := range columns {
			names[i], marks[i], args[i] = quote(c), "?", m.value()
		}
		if !m.exec("INSERT OR REPLACE INTO "+quote(table)+"("+strings.Join(names, ",")+") VALUES("+strings.Join(marks, ",")+")", args...) {
			m.exec("INSERT OR IGNORE INTO "+quote(table)+"("+names[0]+") VALUES(?)", rapid.IntRange(-9, 999).Draw(m.rt, "plain"))
		}
	}
}

// change draws one change of a table or of its schema.
func (m *maker) change(i int) {
	t := m.pick("which", m.tables)
	q := quote(t)
	switch rapid.IntRange(0, 9).Draw(m.rt, "change") {
	case 0:
		m.exec("DELETE FROM " + q + " WHERE length(hex(" + quote(m.wide[t][0]) + ")) % 3 = 0")
	case 1:
		m.exec("UPDATE OR IGNORE "+q+" SET "+quote(m.wide[t][0])+"=?", m.value())
	case 2, 3:
		c := fmt.Sprintf("%s%d", m.pick("added", oddNames), i)
		if m.exec("ALTER TABLE " + q + " ADD COLUMN " + quotedAny(m.rt, c) + " " + m.pick("type", declaredTypes) + " DEFAULT " + m.pick("default", defaults)) {
			m.wide[t] = append(m.wide[t], c)
		}
	case 4:
		m.exec(fmt.Sprintf("CREATE INDEX %s ON %s(%s)", quote(fmt.Sprint("i", i)), q, quote(m.wide[t][0])))
	case 5:
		m.exec("ALTER TABLE " + q + " ADD COLUMN bare" + fmt.Sprint(i))
	case 6:
		if c := m.wide[t]; len(c) > 2 && m.exec("ALTER TABLE "+q+" DROP COLUMN "+quote(c[1])) {
			m.wide[t] = append(append([]string(nil), c[:1]...), c[2:]...)
		}
	case 7:
		m.exec("PRAGMA incremental_vacuum(3)")
	default:
		m.insert(t)
	}
}

// fill makes the database.
func (m *maker) fill() {
	for i := range rapid.IntRange(1, 3).Draw(m.rt, "tables") {
		m.createTable(i)
	}
	if len(m.tables) == 0 {
		m.exec("CREATE TABLE plain(a, b)")
		m.tables, m.wide["plain"] = []string{"plain"}, []string{"a", "b"}
	}
	for _, t := range m.tables {
		m.insert(t)
	}
	for i := range rapid.IntRange(0, 12).Draw(m.rt, "changes") {
		m.change(i)
	}
}

// TestDifferential reads databases of random schemas and rows as SQLite reads them.
func TestDifferential(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n, rows, inWAL := 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		name := filepath.Join(dir, fmt.Sprintf("%d.db", n))
		conn, err := sql.Open("sqlite", name)
		if err != nil {
			rt.Fatalf("%v", err)
		}
		defer func() { _ = conn.Close() }()
		conn.SetMaxOpenConns(1)
		m := &maker{rt: rt, conn: conn, wide: make(map[string][]string)}
		wal := m.setup()
		m.fill()
		files := map[State][]byte{StateLive: mustRead(rt, name)}
		o := Options{}
		if wal {
			files[StateWAL] = mustRead(rt, name+"-wal")
			o.WAL, o.WALSize = bytes.NewReader(files[StateWAL]), int64(len(files[StateWAL]))
		}
		db, err := Open(bytes.NewReader(files[StateLive]), int64(len(files[StateLive])), o)
		if err != nil {
			rt.Fatalf("open: %v", err)
		}
		rows += sameDB(rt, db, conn, files)
		if db.Info().WAL.Applied {
			inWAL++
		}
		sound(rt, db)
	})
	if rows == 0 || inWAL == 0 {
		t.Errorf("%d rows, %d logs in %d databases", rows, inWAL, n)
	}
	t.Logf("%d databases, %d rows, %d with a log", n, rows, inWAL)
}

// setup draws how the database is stored, and reports whether it keeps a log.
func (m *maker) setup() bool {
	m.exec(fmt.Sprintf("PRAGMA page_size=%d", 512<<rapid.IntRange(0, 7).Draw(m.rt, "page size")))
	encoding := m.pick("encoding", []string{"UTF-8", "UTF-8", "UTF-16le", "UTF-16be"})
	m.utf8 = encoding == "UTF-8"
	m.exec("PRAGMA encoding='" + encoding + "'")
	m.exec("PRAGMA auto_vacuum=" + m.pick("vacuum", []string{"NONE", "FULL", "INCREMENTAL"}))
	m.exec("PRAGMA secure_delete=" + m.pick("secure", []string{"ON", "OFF"}))
	m.exec("PRAGMA synchronous=OFF")
	if !m.chance("wal", 50) {
		return false
	}
	m.exec("PRAGMA journal_mode=WAL")
	m.exec("PRAGMA wal_autocheckpoint=" + m.pick("checkpoint", []string{"0", "0", "5", "50"}))
	return true
}

// sound checks what holds of every undamaged database.
func sound(rt *rapid.T, db *DB) {
	rt.Helper()
	if pages, err := db.Unreached(tContext); err != nil || len(pages) > 0 {
		rt.Fatalf("unreached pages %v, %v", pages, err)
	}
	for _, tab := range db.Tables() {
		if !tab.WithoutRowid {
			findAll(rt, tab)
		}
	}
	if d := db.Damage(); len(d) > 0 {
		rt.Fatalf("damage in a sound database: %+v", d)
	}
}

// findAll seeks every row that a scan yields, and rowids that are not there.
func findAll(rt *rapid.T, tab *Table) {
	rt.Helper()
	have := make(map[int64]bool)
	for row, err := range tab.Scan(tContext, "rowid") {
		if err != nil {
			rt.Fatalf("scan: %v", err)
		}
		have[row.RowID()] = true
		found, err := tab.Find(row.RowID())
		if err != nil || found.RowID() != row.RowID() || found.Offset() != row.Offset() {
			rt.Fatalf("find %d: %v", row.RowID(), err)
		}
	}
	for _, id := range []int64{math.MinInt64, -1, 0, 3, 1000, math.MaxInt64} {
		if _, err := tab.Find(id); (err == nil) != have[id] {
			rt.Fatalf("find %d: %v, there %v", id, err, have[id])
		}
	}
}

func mustRead(f failer, name string) []byte {
	f.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		f.Fatalf("%v", err)
	}
	return b
}
