// Package history has a real SQLite write, change and delete rows in random
// histories, and keeps every version of every row that there ever was: the
// truth against which recovery is measured.
package history

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the real SQLite writes what our own reader reads
)

// Options choose one history.
type Options struct {
	Seed         uint64
	PageSize     int
	SecureDelete bool
	AutoVacuum   int    // 0 none, 1 full, 2 incremental
	Journal      string // journal_mode: DELETE, PERSIST, TRUNCATE, WAL
	Steps        int    // default 40
	Vacuum       bool   // ends with VACUUM, and a checkpoint that empties the log
	NoDelete     bool   // only inserts
}

// A Version is one row at one time. Values are int64, float64, string, []byte or nil.
type Version struct {
	Table  string
	RowID  int64
	Values []any // the first is the rowid where the table has an alias of it
}

// Key names a version; withoutRow leaves the rowid and its alias out.
func (v *Version) Key(withoutRow bool) string {
	var b strings.Builder
	b.WriteString(v.Table)
	if !withoutRow {
		fmt.Fprintf(&b, "|%d", v.RowID)
	}
	for i, x := range v.Values {
		if i == 0 && aliased(v.Table) {
			continue
		}
		switch x := x.(type) {
		case []byte:
			b.WriteString("|x" + hex.EncodeToString(x))
		default:
			fmt.Fprintf(&b, "|%T:%v", x, x)
		}
	}
	return b.String()
}

// A History is what was written.
type History struct {
	DB, WAL, Journal []byte // the files; nil: there is none
	Ever             []Version
	Live             map[string]bool // by Key(false)
}

// schema has the shapes of the field: Messages, Core Data, Safari, a cache
// with long values, and a join table (the real ones are in
// internal/testevidence/schema, with their sources).
var schema = []string{
	"CREATE TABLE message (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL, text TEXT, handle_id INTEGER DEFAULT 0, date INTEGER, is_from_me INTEGER DEFAULT 0, service TEXT)",
	"CREATE TABLE ZPROCESS (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZFIRSTTIMESTAMP TIMESTAMP, ZTIMESTAMP TIMESTAMP, ZBUNDLENAME VARCHAR, ZPROCNAME VARCHAR)",
	"CREATE TABLE history_visits (id INTEGER PRIMARY KEY AUTOINCREMENT, history_item INTEGER NOT NULL, visit_time REAL NOT NULL, title TEXT NULL, load_successful BOOLEAN NOT NULL DEFAULT 1, score INTEGER NOT NULL DEFAULT 0)",
	"CREATE TABLE cache (key TEXT, value BLOB, n INTEGER)",
	"CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER, message_date INTEGER DEFAULT 0, PRIMARY KEY (chat_id, message_id))",
	"CREATE INDEX message_date ON message (date)",
	"CREATE INDEX cache_key ON cache (key)",
}

var tables = []string{"message", "ZPROCESS", "history_visits", "cache", "chat_message_join"}

// aliased reports whether the first column of a table is its rowid.
func aliased(table string) bool { return table != "cache" && table != "chat_message_join" }

type writer struct {
	Options
	r    *rand.Rand
	conn *sql.Conn
	h    *History
	next map[string]int64
	live map[string]map[int64]Version
}

// Write writes a history into files in dir, and returns them with the truth.
func Write(dir string, o Options) (*History, error) {
	if o.Steps == 0 {
		o.Steps = 40
	}
	file := filepath.Join(dir, fmt.Sprintf("h%d.db", o.Seed))
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(file))
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	defer conn.Close()
	w := &writer{
		Options: o, r: rand.New(rand.NewPCG(o.Seed, 7)), conn: conn,
		h: &History{Live: map[string]bool{}}, next: map[string]int64{}, live: map[string]map[int64]Version{},
	}
	if err := w.write(); err != nil {
		return nil, fmt.Errorf("history %d: %w", o.Seed, err)
	}
	for _, t := range tables {
		for _, v := range w.live[t] {
			w.h.Live[v.Key(false)] = true
		}
	}
	return w.h, w.read(file)
}

func (w *writer) read(file string) (err error) {
	if w.h.DB, err = os.ReadFile(file); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	w.h.WAL, _ = os.ReadFile(file + "-wal")
	w.h.Journal, _ = os.ReadFile(file + "-journal")
	return nil
}

func (w *writer) exec(query string, args ...any) error {
	_, err := w.conn.ExecContext(context.Background(), query, args...)
	return err
}

func (w *writer) write() error {
	on := map[bool]string{true: "ON", false: "OFF"}
	for _, q := range append([]string{
		fmt.Sprintf("PRAGMA page_size=%d", w.PageSize), fmt.Sprintf("PRAGMA auto_vacuum=%d", w.AutoVacuum),
		"PRAGMA secure_delete=" + on[w.SecureDelete], "PRAGMA journal_mode=" + w.Journal, "PRAGMA wal_autocheckpoint=0",
		"PRAGMA synchronous=OFF",
	}, schema...) {
		if err := w.exec(q); err != nil {
			return err
		}
	}
	for range w.Steps {
		if err := w.step(); err != nil {
			return err
		}
	}
	if w.Vacuum {
		return w.vacuum()
	}
	return nil
}

func (w *writer) vacuum() error {
	if err := w.exec("VACUUM"); err != nil {
		return err
	}
	return w.exec("PRAGMA wal_checkpoint(TRUNCATE)")
}

// step is one transaction, or a checkpoint.
func (w *writer) step() error {
	if w.Journal == "WAL" && w.r.IntN(12) == 0 {
		return w.exec([]string{"PRAGMA wal_checkpoint(PASSIVE)", "PRAGMA wal_checkpoint(RESTART)"}[w.r.IntN(2)])
	}
	if w.AutoVacuum == 2 && w.r.IntN(10) == 0 {
		return w.exec("PRAGMA incremental_vacuum(3)")
	}
	if err := w.exec("BEGIN"); err != nil {
		return err
	}
	table := tables[w.r.IntN(len(tables))]
	var err error
	switch n := w.r.IntN(10); {
	case n < 6 || w.NoDelete || len(w.live[table]) < 5:
		err = w.insert(table, 1+w.r.IntN(40))
	case n < 9:
		err = w.remove(table)
	default:
		err = w.update(table)
	}
	if err != nil {
		return err
	}
	return w.exec("COMMIT")
}

func (w *writer) insert(table string, n int) error {
	for range n {
		w.next[table]++
		id := w.next[table]
		if err := w.put("INSERT", table, Version{table, id, w.values(table, id)}); err != nil {
			return err
		}
	}
	return nil
}

// put inserts or replaces a row, and remembers it.
func (w *writer) put(verb, table string, v Version) error {
	columns := map[string]string{"cache": "rowid,key,value,n", "chat_message_join": "rowid,chat_id,message_id,message_date"}[table]
	args := append([]any{v.RowID}, v.Values...)
	if aliased(table) {
		args = v.Values
	} else {
		columns = "(" + columns + ")"
	}
	marks := strings.TrimSuffix(strings.Repeat("?,", len(args)), ",")
	if err := w.exec(verb+" INTO "+table+columns+" VALUES ("+marks+")", args...); err != nil {
		return err
	}
	if w.live[table] == nil {
		w.live[table] = map[int64]Version{}
	}
	w.live[table][v.RowID] = v
	w.h.Ever = append(w.h.Ever, v)
	return nil
}

// ids returns the rows of a table in order.
func (w *writer) ids(table string) []int64 {
	var list []int64
	for id := int64(1); id <= w.next[table]; id++ {
		if _, ok := w.live[table][id]; ok {
			list = append(list, id)
		}
	}
	return list
}

// remove deletes some rows here and there, or a run of them.
func (w *writer) remove(table string) error {
	ids := w.ids(table)
	some := ids[w.r.IntN(len(ids)):]
	some = some[:min(len(some), 1+w.r.IntN(60))]
	run := w.r.IntN(2) == 0
	for _, id := range some {
		if !run && w.r.IntN(3) > 0 {
			continue
		}
		if err := w.exec("DELETE FROM "+table+" WHERE rowid=?", id); err != nil {
			return err
		}
		delete(w.live[table], id)
	}
	return nil
}

func (w *writer) update(table string) error {
	ids := w.ids(table)
	for range 1 + w.r.IntN(5) {
		id := ids[w.r.IntN(len(ids))]
		if err := w.put("REPLACE", table, Version{table, id, w.values(table, id)}); err != nil {
			return err
		}
	}
	return nil
}
