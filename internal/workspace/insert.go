package workspace

import (
	"database/sql"
	"strconv"
	"strings"
)

// rowInserter writes many rows in one statement. One that it needs again is read
// once: SQLite reads a statement for longer than it runs it.
type rowInserter struct {
	t     *tx
	query string // up to VALUES
	end   string
	rows  int
	args  []any
	b     strings.Builder
	full  *sql.Stmt // of as many rows as one takes; nil: there were not so many
}

func (in *rowInserter) add(values ...any) {
	if in.rows > 0 {
		in.b.WriteByte(',')
	}
	for i, v := range values {
		in.b.WriteByte("(,"[min(i, 1)])
		in.args = append(in.args, v)
		in.b.WriteByte('$')
		in.b.WriteString(strconv.Itoa(len(in.args)))
	}
	in.b.WriteByte(')')
	if in.rows++; in.rows == rowsPerInsert {
		in.write()
	}
}

// write writes as many rows as one statement takes.
func (in *rowInserter) write() {
	if in.full == nil && in.t.err == nil {
		full, err := in.t.PrepareContext(in.t.ctx, in.text())
		in.full, in.t.err = full, in.t.w.fail("write", err)
	}
	if in.t.err == nil {
		_, err := in.full.ExecContext(in.t.ctx, in.args...)
		in.t.err = in.t.w.fail("write", err)
	}
	in.clear()
}

// flush writes what is left, and ends the inserter.
func (in *rowInserter) flush() {
	if in.rows > 0 {
		in.t.exec(in.text(), in.args...)
	}
	in.clear()
	if in.full != nil {
		_ = in.full.Close() // it goes with the transaction
		in.full = nil
	}
}

func (in *rowInserter) text() string { return in.query + in.b.String() + in.end }

func (in *rowInserter) clear() {
	in.rows, in.args = 0, in.args[:0]
	in.b.Reset()
}
