package ios

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/parsers/gap"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

// otherColumns stands, in the fields of a kind, for the columns that set
// gives to a record under their own names.
var otherColumns = artifact.FieldInfo{
	Name: "*", Doc: "every other column of the table, under its own name, unless it is NULL, 0 or empty",
}

// A table is one table of a reading, and the row that a scan has come to.
// Columns are numbered as they are read; -1 is a column that this
// version of the schema lacks, and its values are Null.
type table struct {
	r       *reading
	source  *sqlite.Table
	name    string
	row     *sqlite.Row
	names   []string // of the columns
	columns []column
	kept    []kept // what set gives to a record
	// ever has each give rows that are no longer there to a join, too.
	ever bool
	// gaps is shown every row, nil where missing numbers say nothing.
	gaps *gap.Watch
	time int // column of a row's time, for gaps
}

// kept is a column that was not taken.
type kept struct {
	column int
	zero   bool // 0 is set too
}

// A column is what becomes of a column of the main table.
type column struct {
	name string
	// field is the field that set gives its values to, "" for a column that
	// the parser reads by itself.
	field string
	// zero says that 0 is set too.
	zero bool
	// length is the field that tells the length of a blob.
	length string
	// last is the column's last text: accounts, services and the like repeat,
	// and need no new memory then.
	last string
}

// table returns the table called name. The error for a missing one wraps
// limit.ErrUnsupported: a schema that this parser does not know.
func (r *reading) table(name string) (*table, error) {
	if t := r.optional(name); t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("%w: no table %s", limit.ErrUnsupported, name)
}

// optional returns the table called name, nil where there is none. Where
// columns are named, only those of them that it has are read.
func (r *reading) optional(name string, only ...string) *table {
	source, ok := r.db.Table(name)
	if !ok {
		return nil
	}
	t := &table{r: r, source: source, name: name}
	for _, c := range source.Columns {
		if only == nil || slices.ContainsFunc(only, func(s string) bool { return strings.EqualFold(s, c.Name) }) {
			t.columns = append(t.columns, column{name: c.Name, field: c.Name, length: c.Name + "_length"})
			t.names = append(t.names, c.Name)
		}
	}
	if len(t.names) == 0 {
		t.names = []string{"rowid"}
	}
	return t
}

// find returns the number of the column called name, -1 where there is none.
// Names are compared as SQLite does, without regard to case.
func (t *table) find(name string) int {
	for i := range t.columns {
		if strings.EqualFold(t.columns[i].name, name) {
			return i
		}
	}
	return -1
}

// take returns the number of a column that the parser reads by itself: set
// leaves it out.
func (t *table) take(name string) int {
	i := t.find(name)
	if i >= 0 {
		t.columns[i].field = ""
	}
	return i
}

// field has set give the column's values, 0 too, to a field of that name.
func (t *table) field(name, field string) {
	if i := t.find(name); i >= 0 {
		c := &t.columns[i]
		c.field, c.zero, c.length = field, true, field+"_length"
	}
}

// fields is field for several columns.
func (t *table) fields(names map[string]string) {
	for name, field := range names {
		t.field(name, field)
	}
}

// hide has set leave columns out.
func (t *table) hide(names ...string) {
	for _, name := range names {
		t.take(name)
	}
}

// seal must follow the last take and field, and come before set: it gives
// columns that would have the name of a field of kind, or of another column, a name of their own.
func (t *table) seal(kind artifact.KindInfo) {
	used := map[string]bool{"": true}
	for _, f := range kind.Fields {
		used[f.Name] = true
	}
	for i := range t.columns {
		c := &t.columns[i]
		if c.field == "" {
			continue
		}
		t.kept = append(t.kept, kept{i, c.zero})
		if c.zero {
			continue
		}
		for used[c.field] || used[c.length] {
			c.field += "_"
			c.length = c.field + "length"
		}
		used[c.field], used[c.length] = true, true
	}
}

// set gives the columns that were not taken to the record: those named by
// field, and all others under their own names unless they are Null, 0 or
// empty. Of bytes it tells the length alone.
func (t *table) set(rec *artifact.Record) {
	for _, k := range t.kept {
		if !t.row.Empty(k.column) {
			t.setColumn(rec, k.column)
		} else if k.zero {
			t.setZero(rec, k.column)
		}
	}
}

func (t *table) setColumn(rec *artifact.Record, i int) {
	c, v := &t.columns[i], t.row.Value(i)
	if v.Kind() == sqlite.Blob {
		rec.Set(c.length, artifact.IntValue(int64(len(v.Bytes()))))
		return
	}
	rec.Set(c.field, t.convert(c, v))
}

// setZero sets a 0, and no empty text.
func (t *table) setZero(rec *artifact.Record, i int) {
	switch t.row.Kind(i) {
	case sqlite.Int:
		rec.Set(t.columns[i].field, artifact.IntValue(0))
	case sqlite.Float:
		rec.Set(t.columns[i].field, artifact.FloatValue(0))
	}
}

// each scans the table and calls f at each row. Damage is told, and costs
// only what it damaged: a row that lost some values is a row all the same.
// Any other error of the scan, and any of f, ends it.
//
// A table whose rows become records gives its recovered rows after those, to
// the same f. One that is only joined to others does not, unless it is asked
// to by ever: a live record says what the database says.
func (t *table) each(f func() error) error {
	given, rows := t.r.given, 0
	for row, err := range t.source.Scan(t.r.Ctx, t.names...) {
		if row != nil {
			rows++
			t.row = row
			t.see()
			if err := f(); err != nil {
				return err
			}
		}
		if err != nil {
			if err := t.damage(err); err != nil {
				return err
			}
		}
	}
	if t.r.In.Recover && (rows == 0 || t.r.given != given || t.ever) {
		if err := t.eachRecovered(f); err != nil {
			return err
		}
	}
	return t.giveGaps()
}

// damage tells of an error of the scan if that is damage, and returns it if not.
func (t *table) damage(err error) error {
	var d *sqlite.DamageError
	if errors.As(err, &d) {
		if t.gaps != nil {
			t.gaps.Damage()
		}
		return t.r.damage(d.Damage, err)
	}
	return err
}

// give hands the record on.
func (t *table) give() error { return t.r.give() }

// start empties the record of the reading, and places it at the row.
func (t *table) start(kind artifact.Kind) *artifact.Record {
	rec := &t.r.Rec
	rec.Reset(kind)
	rec.Loc = t.location()
	return rec
}

// location is the place of the row.
func (t *table) location() artifact.Location {
	loc := artifact.Location{
		Path: t.r.In.Path, Table: t.name,
		RowID: t.row.RowID(), Row: !t.source.WithoutRowid && !t.row.RowIDLost(),
		Page: int64(t.row.Page()), Offset: t.row.Offset(), Length: t.row.Length(),
		State: input.States[t.row.State()],
	}
	if t.r.salvaged {
		loc.State = artifact.Carved
	}
	if loc.State.Recovered() {
		loc.Frame, loc.Confidence = int64(t.row.Frame()), t.row.Confidence()
	}
	return loc
}

// rowID is the row's number in its table.
func (t *table) rowID() int64 { return t.row.RowID() }

// raw returns a column as the database has it.
func (t *table) raw(i int) sqlite.Value {
	if i < 0 {
		return sqlite.Value{}
	}
	return t.row.Value(i)
}

// value returns a column as the value of a field, whatever its type is. Text
// longer than the limit is cut, and the record marked as truncated.
func (t *table) value(i int) artifact.Value {
	if i < 0 {
		return artifact.Value{}
	}
	return t.convert(&t.columns[i], t.row.Value(i))
}

// number returns a column that holds a time, Null also for the 0 that stands
// for none. Anything else is kept, a text too.
func (t *table) number(i int) artifact.Value {
	if t.empty(i) {
		return artifact.Value{}
	}
	return t.value(i)
}

// empty reports whether a column is Null, 0 or without bytes.
func (t *table) empty(i int) bool { return i < 0 || t.row.Empty(i) }

// text returns a column that holds a text, "" for any other type. Bytes that
// are valid UTF-8 count as text: some versions of iOS store them so.
func (t *table) text(i int) string {
	if t.empty(i) {
		return ""
	}
	switch t.row.Kind(i) {
	case sqlite.Text:
		return t.string(&t.columns[i], t.row.Value(i).Bytes())
	case sqlite.Blob:
		if b := t.row.Value(i).Bytes(); utf8.Valid(b) {
			return t.string(&t.columns[i], b)
		}
	}
	return ""
}

// plain is text for a column that names something: a whole number counts too.
func (t *table) plain(i int) string {
	if s := t.text(i); s != "" {
		return s
	}
	s, _ := t.raw(i).AsText()
	return s
}

// bytes returns a column that holds bytes, or a text's bytes. They are valid
// until the next row.
func (t *table) bytes(i int) []byte {
	if t.empty(i) {
		return nil
	}
	return t.row.Value(i).Bytes()
}

// integer returns a column that holds a whole number, however it is stored.
func (t *table) integer(i int) (int64, bool) { return t.raw(i).AsInt() }

// key returns the row that a column refers to; 0, which no table of iOS
// uses, stands for none.
func (t *table) key(i int) int64 {
	n, _ := t.integer(i)
	return n
}

// oneOf returns the text for a column that is 0 or 1, Null for another value.
func (t *table) oneOf(i int, zero, one string) artifact.Value {
	switch n, ok := t.integer(i); {
	case ok && n == 0:
		return artifact.TextValue(zero)
	case ok && n == 1:
		return artifact.TextValue(one)
	default:
		return artifact.Value{}
	}
}

func (t *table) convert(c *column, v sqlite.Value) artifact.Value {
	switch v.Kind() {
	case sqlite.Int:
		n, _ := v.Int()
		return artifact.IntValue(n)
	case sqlite.Float:
		f, _ := v.Float()
		return artifact.FloatValue(f)
	case sqlite.Text:
		return artifact.TextValue(t.string(c, v.Bytes()))
	case sqlite.Blob:
		b := v.Bytes()
		if len(b) > t.r.In.Limits.FieldLen {
			b = b[:t.r.In.Limits.FieldLen]
			t.r.Rec.Truncated = true
		}
		return artifact.BytesValue(append([]byte(nil), b...))
	default:
		return artifact.Value{}
	}
}

// string returns b as a text of its own, cut to the limit.
func (t *table) string(c *column, b []byte) string {
	if len(b) > t.r.In.Limits.FieldLen {
		b = input.CutAt(b, t.r.In.Limits.FieldLen)
		t.r.Rec.Truncated = true
	}
	if c.last != string(b) {
		c.last = string(b)
	}
	return c.last
}
