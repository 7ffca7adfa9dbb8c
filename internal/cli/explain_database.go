package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/report"
)

// columns takes the row of a finding apart: its columns with their bytes, and
// all versions of it that are left. What is no database, or cannot be read as
// one, has none.
func (c *explainCmd) columns(a *app, src evidence.Source, f *finding.Finding, o *report.ExplainOptions) error {
	at := &f.Where
	if f.Indicator != nil && f.Indicator.Private {
		return nil // the columns would name what nobody may be told
	}
	if at.Table == "" || at.Page == 0 || at.Length <= 0 || at.Length > maxCell {
		return nil
	}
	db, closing, err := openDatabase(a, src, strings.TrimSuffix(strings.TrimSuffix(at.Path, "-wal"), "-journal"))
	defer closing()
	if errors.Is(err, limit.ErrCorrupt) || errors.Is(err, limit.ErrUnsupported) {
		return nil // its rows were searched for, and have no table to read them by
	}
	if err != nil {
		return err
	}
	table, ok := db.Table(at.Table)
	if !ok {
		return nil
	}
	cell := make([]byte, at.Length)
	if n, err := o.Evidence.ReadAt(cell, at.Offset); n < len(cell) {
		return fmt.Errorf("read the row: %w", err)
	}
	for _, field := range table.Fields(cell) {
		value := cellText(field.Value)
		switch {
		case field.Value.IsNull() && strings.HasPrefix(field.Name, "("):
			value = "" // it stands before the columns
		case field.Value.IsNull() && table.RowidAlias >= 0 && field.Name == table.Columns[table.RowidAlias].Name:
			value = a.Text("explain.alias")
		}
		o.Fields = append(o.Fields, report.ExplainField{
			Name: field.Name, Offset: at.Offset + int64(field.Offset), Length: field.Length, Value: value,
		})
	}
	o.Key = primaryKey(table, table.Fields(cell))
	if at.RowID == nil || table.WithoutRowid {
		return nil
	}
	return versions(a, db, table, *at.RowID, o)
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

// maxCell bounds the bytes of one row that are taken apart: a page has no more.
const maxCell = 1 << 16

// openDatabase opens a database of the evidence with what lies beside it.
func openDatabase(a *app, src evidence.Source, name string) (db *sqlite.DB, closing func(), err error) {
	var files []io.Closer
	closing = func() {
		for _, f := range files {
			_ = f.Close()
		}
	}
	open := func(name string) (io.ReaderAt, int64, error) {
		f, err := openPath(a.ctx, src, name)
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

// versions lists what the database and the files beside it have of one row.
func versions(a *app, db *sqlite.DB, table *sqlite.Table, rowid int64, o *report.ExplainOptions) error {
	rec, err := db.Recover(a.ctx)
	if err != nil {
		return err
	}
	err = rec.Rows(a.ctx, table, nil, func(row *sqlite.Row) bool {
		if row.RowID() == rowid && !row.RowIDLost() {
			o.Versions = append(o.Versions, version(table, row))
		}
		return len(o.Versions) < maxVersions
	})
	if err != nil || len(o.Versions) == 0 {
		return err
	}
	row, err := table.Find(rowid)
	if err == nil {
		o.Versions = append(o.Versions, version(table, row))
	} else if !errors.Is(err, sqlite.ErrNotFound) && row == nil {
		return err
	}
	return nil
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
