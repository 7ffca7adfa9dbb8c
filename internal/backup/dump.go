package backup

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/workspace"
)

// format is of the file: lines of JSON, compressed by zstd, encrypted by age.
// The first is a head; then each table has a line of its own and one for each
// row; the last says how many rows there were.
const format = 1

// head is the first line.
type head struct {
	Format    int    `json:"amparo_backup"`
	Schema    int64  `json:"schema"` // version of the tables
	Workspace string `json:"workspace"`
	Created   string `json:"created"` // RFC 3339, UTC
}

// line is any other: a table begins, a row of it, or the end.
type line struct {
	Table   string   `json:"table,omitempty"`
	Columns []string `json:"columns,omitempty"`
	Row     []value  `json:"row,omitempty"`
	End     *int64   `json:"end,omitempty"`
}

// value is a cell: text, a whole number, bytes, or nothing.
type value struct {
	Text  *string `json:"t,omitempty"`
	Int   *int64  `json:"i,omitempty"`
	Bytes []byte  `json:"b,omitempty"` // base64
	Empty bool    `json:"e,omitempty"` // bytes, and none of them
}

func valueOf(v any) (value, error) {
	switch v := v.(type) {
	case nil:
		return value{}, nil
	case string:
		return value{Text: &v}, nil
	case int64:
		return value{Int: &v}, nil
	case []byte:
		return value{Bytes: v, Empty: len(v) == 0}, nil
	}
	return value{}, fmt.Errorf("a cell of type %T: %w", v, ErrEngine)
}

func (v value) any() any {
	switch {
	case v.Text != nil:
		return *v.Text
	case v.Int != nil:
		return *v.Int
	case v.Empty:
		return []byte{}
	case v.Bytes != nil:
		return v.Bytes
	}
	return nil
}

// segment is what a backup has to know of a file of the vault.
type segment struct {
	id, sum string // sum: SHA-256 of the encrypted file
	size    int64  // of that
}

// dump writes all tables as they are at one moment, and returns the segments
// that they name.
func dump(ctx context.Context, db *workspace.DB, recipients []age.Recipient, created string, w io.Writer) (h head, list []segment, err error) {
	d, err := dialectOf(db)
	if err != nil {
		return h, nil, err
	}
	tx, err := db.Pool.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: isolation(db)})
	if err != nil {
		return h, nil, db.Explain(err)
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	h = head{Format: format, Created: created}
	if err := tx.QueryRowContext(ctx, "SELECT uid FROM workspace").Scan(&h.Workspace); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			err = workspace.ErrNone
		}
		return h, nil, db.Explain(err)
	}
	if h.Schema, err = workspace.SchemaIn(ctx, tx); err != nil {
		return h, nil, db.Explain(err)
	}
	encrypted, err := age.Encrypt(w, recipients...)
	if err != nil {
		return h, nil, err
	}
	packed, err := zstd.NewWriter(encrypted)
	if err != nil {
		return h, nil, err
	}
	buffered := bufio.NewWriterSize(packed, 1<<20)
	t := &dumper{ctx: ctx, tx: tx, d: d, out: json.NewEncoder(buffered)}
	err = t.all(h)
	err = errors.Join(err, buffered.Flush(), packed.Close(), encrypted.Close())
	if err != nil {
		return h, nil, db.Explain(err)
	}
	list, err = segmentsIn(ctx, tx)
	return h, list, err
}

// isolation lets a transaction see one moment. A transaction of SQLite does.
func isolation(db *workspace.DB) sql.IsolationLevel {
	if db.Dialect == "postgres" {
		return sql.LevelRepeatableRead
	}
	return sql.LevelDefault
}

func segmentsIn(ctx context.Context, tx *sql.Tx) ([]segment, error) {
	list, err := tx.QueryContext(ctx, "SELECT id, stored_sha256, stored_size FROM segment ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer list.Close()
	var out []segment
	for list.Next() {
		var s segment
		if err := list.Scan(&s.id, &s.sum, &s.size); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, list.Err()
}

type dumper struct {
	ctx context.Context //nolint:containedctx // of the one dump
	tx  *sql.Tx
	d   dialect
	out *json.Encoder
	n   int64 // rows
}

func (t *dumper) all(h head) error {
	if err := t.out.Encode(h); err != nil {
		return err
	}
	tables, err := t.d.list(t.ctx, t.tx)
	if err != nil {
		return err
	}
	for _, name := range tables {
		if err := t.table(name); err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
	}
	return t.out.Encode(line{End: &t.n})
}

func (t *dumper) table(name string) error {
	found, err := rows(t.ctx, t.tx, 1, t.d.columns, name)
	if err != nil {
		return err
	}
	columns := make([]string, len(found))
	for i := range found {
		columns[i] = found[i][0]
	}
	if err := t.out.Encode(line{Table: name, Columns: columns}); err != nil {
		return err
	}
	//nolint:gosec // names of our own migrations, quoted
	list, err := t.tx.QueryContext(t.ctx, "SELECT "+quotedAll(columns)+" FROM "+quoted(name))
	if err != nil {
		return err
	}
	defer list.Close()
	cells := make([]any, len(columns))
	at := make([]any, len(columns))
	for i := range cells {
		at[i] = &cells[i]
	}
	for list.Next() {
		if err := list.Scan(at...); err != nil {
			return err
		}
		row := make([]value, len(cells))
		for i := range cells {
			if row[i], err = valueOf(cells[i]); err != nil {
				return err
			}
		}
		if err := t.out.Encode(line{Row: row}); err != nil {
			return err
		}
		t.n++
	}
	return list.Err()
}

// maxLine bounds one row: the largest cell that the workspace writes is 16 MiB.
const maxLine = 64 * limit.MiB

// load reads a dump into empty tables of its own version, in one transaction.
func load(ctx context.Context, db *workspace.DB, d *dec) error {
	sqlTx, err := db.Pool.BeginTx(ctx, nil)
	if err != nil {
		return db.Explain(err)
	}
	defer sqlTx.Rollback() //nolint:errcheck // after Commit it does nothing
	dia, err := dialectOf(db)
	if err != nil {
		return err
	}
	tables, err := dia.list(ctx, sqlTx)
	if err != nil {
		return db.Explain(err)
	}
	l := &loader{ctx: ctx, tx: sqlTx, d: dia, known: map[string]bool{}}
	for i := len(tables) - 1; i >= 0; i-- { // a migration may have put rows there
		l.known[tables[i]] = true
		//nolint:gosec // as above
		if _, err := sqlTx.ExecContext(ctx, "DELETE FROM "+quoted(tables[i])); err != nil {
			return db.Explain(err)
		}
	}
	if err := l.all(d); err != nil {
		return db.Explain(err)
	}
	if db.Dialect == "postgres" {
		if err := l.sequences(); err != nil {
			return db.Explain(err)
		}
	}
	return db.Explain(sqlTx.Commit())
}

type loader struct {
	ctx   context.Context //nolint:containedctx // of the one load
	tx    *sql.Tx
	d     dialect
	known map[string]bool
	rows  int64
}

func (l *loader) all(d *dec) error {
	var insert *sql.Stmt
	width := 0
	defer func() {
		if insert != nil {
			insert.Close()
		}
	}()
	for {
		x, err := d.next()
		switch {
		case err != nil:
			return err
		case x.End != nil:
			if *x.End != l.rows {
				return fmt.Errorf("%w: %d rows of %d", ErrDamaged, l.rows, *x.End)
			}
			return nil
		case x.Table != "":
			if insert != nil {
				insert.Close()
			}
			if insert, err = l.into(x); err != nil {
				return err
			}
			width = len(x.Columns)
		case insert == nil || len(x.Row) != width:
			return fmt.Errorf("%w: a row without its table", ErrDamaged)
		default:
			cells := make([]any, width)
			for i, v := range x.Row {
				cells[i] = v.any()
			}
			if _, err := insert.ExecContext(l.ctx, cells...); err != nil {
				return err
			}
			l.rows++
		}
	}
}

// into begins a table: it must have the columns that the dump has.
func (l *loader) into(x line) (*sql.Stmt, error) {
	if !l.known[x.Table] {
		return nil, fmt.Errorf("%w: a table called %q", ErrDamaged, x.Table)
	}
	have, err := rows(l.ctx, l.tx, 1, l.d.columns, x.Table)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, c := range have {
		known[c[0]] = true
	}
	marks := make([]string, len(x.Columns))
	for i, c := range x.Columns {
		if !known[c] {
			return nil, fmt.Errorf("%w: table %s has no column %q", ErrDamaged, x.Table, c)
		}
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	return l.tx.PrepareContext(l.ctx, "INSERT INTO "+quoted(x.Table)+" ("+quotedAll(x.Columns)+") "+l.d.quote+"VALUES ("+strings.Join(marks, ", ")+")")
}

// sequences lets PostgreSQL number on after the rows that were loaded.
func (l *loader) sequences() error {
	found, err := rows(l.ctx, l.tx, 2, `SELECT table_name::text, column_name::text FROM information_schema.columns
		WHERE table_schema = current_schema() AND is_identity = 'YES'`)
	if err != nil {
		return err
	}
	for _, f := range found {
		if !l.known[f[0]] {
			continue
		}
		//nolint:gosec // as above
		if _, err := l.tx.ExecContext(l.ctx, "SELECT setval(pg_get_serial_sequence($1, $2), (SELECT COALESCE(MAX("+quoted(f[1])+"), 0) + 1 FROM "+
			quoted(f[0])+"), false)", f[0], f[1]); err != nil {
			return err
		}
	}
	return nil
}

// dec reads the lines of a dump.
type dec struct {
	head head
	in   *bufio.Reader
	zstd *zstd.Decoder
}

// open decrypts a dump and reads its head.
func open(r io.Reader, identities ...age.Identity) (*dec, error) {
	clear, err := age.Decrypt(r, identities...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, ErrNotForYou
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	z, err := zstd.NewReader(clear, zstd.WithDecoderMaxMemory(256*limit.MiB), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	d := &dec{in: bufio.NewReaderSize(z, 1<<20), zstd: z}
	text, err := d.line()
	if err == nil {
		err = json.Unmarshal(text, &d.head)
	}
	if err == nil && (d.head.Format == 0 || d.head.Schema <= 0 || d.head.Workspace == "") {
		err = errors.New("no head")
	}
	if err != nil {
		z.Close()
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if d.head.Format > format {
		z.Close()
		return nil, workspace.ErrNewer
	}
	return d, nil
}

func (d *dec) close() { d.zstd.Close() }

func (d *dec) line() ([]byte, error) {
	var all []byte
	for {
		part, err := d.in.ReadSlice('\n')
		if all = append(all, part...); len(all) > maxLine {
			return nil, fmt.Errorf("%w: a row of more than %d bytes", ErrDamaged, maxLine)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		}
		return all, err
	}
}

// segments reads a dump to its end and returns what it says of the vault.
func (d *dec) segments() (list []segment, err error) {
	var columns []string
	table, n := "", int64(0)
	for {
		x, err := d.next()
		switch {
		case err != nil:
			return nil, err
		case x.End != nil:
			if *x.End != n {
				return nil, fmt.Errorf("%w: %d rows of %d", ErrDamaged, n, *x.End)
			}
			return list, nil
		case x.Table != "":
			table, columns = x.Table, x.Columns
			continue
		}
		n++
		if table != "segment" {
			continue
		}
		var s segment
		for i, v := range x.Row {
			switch {
			case i >= len(columns):
			case columns[i] == "id" && v.Text != nil:
				s.id = *v.Text
			case columns[i] == "stored_sha256" && v.Text != nil:
				s.sum = *v.Text
			case columns[i] == "stored_size" && v.Int != nil:
				s.size = *v.Int
			}
		}
		if s.id == "" || s.sum == "" || s.size < 0 {
			return nil, fmt.Errorf("%w: a segment without its name, size or hash", ErrDamaged)
		}
		list = append(list, s)
	}
}

func (d *dec) next() (x line, err error) {
	text, err := d.line()
	if err == nil {
		err = json.Unmarshal(text, &x)
	}
	if err != nil {
		return x, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return x, nil
}
