package walk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/report"
)

// table opens the table of the row of a finding, nil where the file is no
// database, or cannot be read as one: then its rows were searched for, and have
// no table to read them by.
func (l *Place) table(ctx context.Context) (db *sqlite.DB, table *sqlite.Table, closing func(), err error) {
	at := &l.f.Where
	closing = func() {}
	if at.Table == "" {
		return nil, nil, closing, nil
	}
	db, closing, err = l.openDatabase(ctx, base(at.Path))
	if errors.Is(err, limit.ErrCorrupt) || errors.Is(err, limit.ErrUnsupported) {
		return nil, nil, closing, nil
	}
	if err != nil {
		return nil, nil, closing, err
	}
	table, ok := db.Table(at.Table)
	if !ok {
		return nil, nil, closing, nil
	}
	return db, table, closing, nil
}

// columns takes the row of a finding apart: its columns with their bytes.
func (l *Place) columns(ctx context.Context) (Parts, error) {
	at := &l.f.Where
	_, table, closing, err := l.table(ctx)
	defer closing()
	if err != nil || table == nil {
		return Parts{}, err
	}
	cell, err := l.read(at.Offset, at.Length)
	if err != nil {
		return Parts{}, err
	}
	fields := table.Fields(cell)
	out := Parts{Key: primaryKey(table, fields), Rows: at.RowID != nil && !table.WithoutRowid}
	for _, field := range fields {
		value := cellText(field.Value)
		switch {
		case field.Value.IsNull() && strings.HasPrefix(field.Name, "("):
			value = "" // it stands before the columns
		case field.Value.IsNull() && table.RowidAlias >= 0 && field.Name == table.Columns[table.RowidAlias].Name:
			value = l.p.Text("explain.alias")
		}
		out.Fields = append(out.Fields, report.ExplainField{
			Name: l.named(field.Name), Offset: at.Offset + int64(field.Offset), Length: field.Length, Value: value,
		})
	}
	return out, nil
}

// named is what a part of a row is called: a column by its name, what stands
// before the columns in words.
func (l *Place) named(field string) string {
	switch field {
	case sqlite.FieldLength:
		return l.p.Text("explain.part_length")
	case sqlite.FieldHeader:
		return l.p.Text("explain.part_types")
	}
	return field
}

// primaryKey is the condition in SQL that finds a row by its primary key, in a table
// without row numbers; "" where a part of the key cannot be told.
func primaryKey(table *sqlite.Table, fields []sqlite.Field) string {
	if !table.WithoutRowid {
		return ""
	}
	var parts []string
	for i := range table.Columns {
		if !table.Columns[i].PrimaryKey {
			continue
		}
		at := slices.IndexFunc(fields, func(f sqlite.Field) bool { return f.Name == table.Columns[i].Name })
		if at < 0 {
			return ""
		}
		literal, ok := literalOf(fields[at].Value)
		if !ok {
			return ""
		}
		parts = append(parts, `"`+strings.ReplaceAll(table.Columns[i].Name, `"`, `""`)+`" = `+literal)
	}
	return strings.Join(parts, " and ")
}

// literalOf is a value in SQL.
func literalOf(v sqlite.Value) (string, bool) {
	switch v.Kind() {
	case sqlite.Int:
		n, _ := v.Int()
		return strconv.FormatInt(n, 10), true
	case sqlite.Text:
		s := v.Text()
		return "'" + strings.ReplaceAll(s, "'", "''") + "'", !strings.ContainsFunc(s, unicode.IsControl)
	case sqlite.Blob:
		return fmt.Sprintf("x'%x'", v.Bytes()), !v.Lost()
	}
	return "", false
}

// openDatabase opens a database of the evidence with what lies beside it.
func (l *Place) openDatabase(ctx context.Context, name string) (db *sqlite.DB, closing func(), err error) {
	var files []io.Closer
	closing = func() {
		for _, f := range files {
			_ = f.Close()
		}
	}
	open := func(name string) (io.ReaderAt, int64, error) {
		f, err := l.open(ctx, name)
		if err != nil {
			return nil, 0, err
		}
		files = append(files, f)
		return f, f.Size(), nil
	}
	main, size, err := open(name)
	if err != nil {
		return nil, closing, err
	}
	var o sqlite.Options
	// A log that is not there is none.
	if r, n, err := open(name + "-wal"); err == nil {
		o.WAL, o.WALSize = r, n
	}
	if r, n, err := open(name + "-journal"); err == nil {
		o.Journal, o.JournalSize = r, n
	}
	db, err = sqlite.Open(main, size, o)
	return db, closing, err
}

// Versions returns all versions of the row that are left, those of before and
// the one in the table; none where the place is no row with a number, or has no
// other version. It reads all of the database.
func (l *Place) Versions(ctx context.Context) (list []report.ExplainVersion, err error) {
	if l.f.Where.RowID == nil || l.f.Indicator != nil && l.f.Indicator.Private {
		return nil, nil
	}
	db, table, closing, err := l.table(ctx)
	defer closing()
	if err != nil || table == nil || table.WithoutRowid {
		return nil, err
	}
	rowid := *l.f.Where.RowID
	rec, err := db.Recover(ctx)
	if err != nil {
		return nil, err
	}
	err = rec.Rows(ctx, table, nil, func(row *sqlite.Row) bool {
		if row.RowID() == rowid && !row.RowIDLost() {
			list = append(list, version(table, row))
		}
		return len(list) < maxVersions
	})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	row, err := table.Find(rowid)
	if err == nil {
		list = append(list, version(table, row))
	} else if !errors.Is(err, sqlite.ErrNotFound) && row == nil {
		return nil, err
	}
	return list, nil
}

// maxVersions bounds the list of versions.
const maxVersions = 100

func version(table *sqlite.Table, row *sqlite.Row) report.ExplainVersion {
	v := report.ExplainVersion{
		State: row.State().String(), Frame: int64(row.Frame()), Page: int64(row.Page()), Offset: row.Offset(), Confidence: row.Confidence(),
	}
	var parts []string
	for i := range row.Len() {
		if !row.Empty(i) {
			parts = append(parts, table.Columns[i].Name+"="+cellText(row.Value(i)))
		}
	}
	v.Values = strings.Join(parts, ", ")
	return v
}

// cellText is a value as one line.
func cellText(v sqlite.Value) string {
	switch {
	case v.Lost():
		return "?"
	case v.IsNull():
		return "NULL"
	case v.Kind() == sqlite.Blob:
		return fmt.Sprintf("x'%x'", v.Bytes()[:min(len(v.Bytes()), 64)])
	}
	s, _ := v.AsText()
	return s
}
