package testevidence

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the real SQLite writes what our own reader reads
)

//go:embed schema
var schemas embed.FS

// A database is one that is being written. The first error sticks: rows
// after it are not written, and close returns it.
type database struct {
	b            *builder
	r            random
	domain, path string // in the backup
	file         string // on disk, in clear, while it is written
	schema       string
	db           *sql.DB
	conn         *sql.Conn
	tx           *sql.Tx
	inserts      []*insert
	wal          bool // rows now go to the write-ahead log
	whole        bool // all is in the log, the schema too
	err          error
}

// An insert adds rows to one table.
type insert struct {
	d     *database
	table string
	query string
	times []int // the columns that hold times
	stmt  *sql.Stmt
	count TableCount
}

// create begins a database with the schema in schema/NAME.sql up to its
// line "-- after rows": indexes and triggers come when the rows are there, as
// fast as that is, and because iOS's triggers call functions of its own.
func (b *builder) create(domain, path, schema string, pageSize int) *database {
	d := b.open(domain, path, schema, pageSize)
	before, _ := d.statements()
	d.exec(before)
	d.begin()
	return d
}

// createInLog is create for a database of which nothing has reached the main
// file: that is one page without a table. Real address books look so
// (https://github.com/abrignoni/iLEAPP, josh_ios15_ffs).
func (b *builder) createInLog(domain, path, schema string, pageSize int) *database {
	d := b.open(domain, path, schema, pageSize)
	d.inLogMode()
	d.exec("PRAGMA wal_autocheckpoint=0")
	d.wal, d.whole = true, true
	before, _ := d.statements()
	d.exec(before)
	d.begin()
	return d
}

func (b *builder) open(domain, path, schema string, pageSize int) *database {
	d := &database{b: b, domain: domain, path: path, schema: schema, r: newRandom(b.o.Seed, domain+"/"+path)}
	d.file = filepath.Join(b.work, fileID(domain, path))
	d.db, d.err = sql.Open("sqlite", "file:"+filepath.ToSlash(d.file))
	if d.err != nil {
		return d
	}
	d.db.SetMaxOpenConns(1)
	d.conn, d.err = d.db.Conn(context.Background())
	if d.err != nil {
		return d
	}
	for _, p := range []string{"page_size=" + fmt.Sprint(pageSize), "journal_mode=OFF", "synchronous=OFF", "cache_size=-65536", "locking_mode=EXCLUSIVE", "temp_store=MEMORY"} {
		d.exec("PRAGMA " + p)
	}
	return d
}

func (d *database) statements() (before, after string) {
	data, err := schemas.ReadFile("schema/" + d.schema + ".sql")
	d.fail(err)
	before, after, _ = strings.Cut(string(data), "-- after rows\n")
	return before, after
}

func (d *database) fail(err error) {
	if d.err == nil && err != nil {
		d.err = fmt.Errorf("%s/%s: %w", d.domain, d.path, err)
	}
}

func (d *database) exec(query string, args ...any) {
	if d.err != nil {
		return
	}
	var err error
	if d.tx != nil {
		_, err = d.tx.Exec(query, args...)
	} else {
		_, err = d.conn.ExecContext(context.Background(), query, args...)
	}
	d.fail(err)
}

func (d *database) begin() {
	if d.err != nil {
		return
	}
	tx, err := d.conn.BeginTx(context.Background(), nil)
	d.fail(err)
	d.tx = tx
}

func (d *database) commit() {
	if d.tx == nil {
		return
	}
	for _, in := range d.inserts {
		if in.stmt != nil {
			d.fail(in.stmt.Close())
			in.stmt = nil
		}
	}
	d.fail(d.tx.Commit())
	d.tx = nil
}

// insert prepares rows of a table. A column whose name begins with @ holds a
// time, which is counted unless it is NULL or 0.
func (d *database) insert(table string, columns ...string) *insert {
	in := &insert{d: d, table: table, count: TableCount{Path: d.domain + "/" + d.path, Table: table}}
	names := make([]string, len(columns))
	for i, c := range columns {
		name, isTime := strings.CutPrefix(c, "@")
		if isTime {
			in.times = append(in.times, i)
		}
		names[i] = `"` + name + `"`
	}
	marks := strings.TrimSuffix(strings.Repeat("?,", len(columns)), ",")
	in.query = `INSERT INTO "` + table + `" (` + strings.Join(names, ",") + ") VALUES (" + marks + ")"
	d.inserts = append(d.inserts, in)
	return in
}

func (in *insert) row(values ...any) {
	d := in.d
	if d.err != nil {
		return
	}
	if in.stmt == nil {
		stmt, err := d.tx.Prepare(in.query)
		d.fail(err)
		if d.err != nil {
			return
		}
		in.stmt = stmt
	}
	if _, err := in.stmt.Exec(values...); err != nil {
		d.fail(fmt.Errorf("%s: %w", in.table, err))
		return
	}
	in.count.Rows++
	for _, i := range in.times {
		switch values[i] {
		case nil, 0, int64(0), 0.0:
		default:
			in.count.Times++
		}
	}
}

// startWAL ends the main file: what is inserted from here on goes to a
// write-ahead log that stays as it is.
func (d *database) startWAL() {
	d.finishMain()
	d.exec("PRAGMA wal_autocheckpoint=0")
	d.wal = true
	d.begin()
}

// finishMain commits, adds what comes after the rows, and makes the file one
// in WAL mode, as nearly all databases of iOS are.
func (d *database) finishMain() {
	_, after := d.statements()
	if strings.TrimSpace(after) != "" {
		d.exec(after)
	}
	d.commit()
	d.inLogMode()
}

func (d *database) inLogMode() {
	d.exec("PRAGMA locking_mode=NORMAL")
	d.exec("SELECT count(*) FROM sqlite_master")
	d.exec("PRAGMA journal_mode=WAL")
}

// close ends the database and hands its files to the backup.
func (d *database) close() error {
	if d.whole {
		_, after := d.statements()
		d.exec(after)
	}
	if d.wal {
		d.commit()
	} else if d.err == nil {
		d.finishMain()
	}
	if d.wal && d.err == nil {
		d.fail(d.keepWAL())
	}
	if d.conn != nil {
		d.fail(d.conn.Close())
	}
	if d.db != nil {
		d.fail(d.db.Close())
	}
	if d.err != nil {
		return d.err
	}
	for _, in := range d.inserts {
		d.b.ledger.count(in.count)
	}
	return d.handOver()
}

// keepWAL copies the main file and its log while the connection is open:
// closing it would move the log into the file.
func (d *database) keepWAL() error {
	log, err := os.ReadFile(d.file + "-wal")
	if err != nil {
		return err
	}
	if err := resalt(log, d.r.Uint64()); err != nil {
		return err
	}
	if err := os.WriteFile(d.file+".log", log, 0o600); err != nil {
		return err
	}
	return copyFile(d.file+".main", d.file)
}

func (d *database) handOver() error {
	main, suffix := d.file, ".main"
	if d.wal {
		if err := errors.Join(os.Remove(d.file), os.Rename(d.file+suffix, main)); err != nil {
			return err
		}
		if err := d.b.addFile(d.domain, d.path+"-wal", d.file+".log", fileMeta{protection: 3}); err != nil {
			return err
		}
	}
	return d.b.addFile(d.domain, d.path, main, fileMeta{protection: 3})
}
