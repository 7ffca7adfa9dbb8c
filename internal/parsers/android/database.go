package android

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/parsers/gap"
	"github.com/amparo-project/amparo/internal/parsers/input"
	"github.com/amparo-project/amparo/internal/parsers/schema"
)

// A dbReading is one Parse of a database.
type dbReading struct {
	*fileReading
	db      *sqlite.DB
	told    input.Told
	started int              // records
	lost    *sqlite.Recovery // what is recovered, once it was looked for
	gaps    *gap.Watch       // of the next table that is read, nil: none
	// salvaged: the database cannot be read, and all rows are recovered ones.
	salvaged bool
}

// readDatabase is the Parse of a parser of databases: it opens in together with
// the journal that lies beside it, has read yield the records, and tells of all
// damage.
func readDatabase(
	ctx context.Context, in *artifact.Input, read func(*dbReading) error,
) iter.Seq2[*artifact.Record, error] {
	return readWhole(ctx, in, func(r *fileReading) error {
		db, err := input.Database(in)
		salvaged := false
		if err != nil {
			if db, err = schema.Salvage(in, err); err != nil {
				return err
			}
			salvaged = true
		}
		d := &dbReading{fileReading: r, db: db, told: input.Told{}, salvaged: salvaged}
		if salvaged && !d.Yield(nil, &artifact.RecordError{Loc: artifact.Location{Path: in.Path}, Err: schema.ErrSalvaged}) {
			return input.ErrStopped
		}
		err = read(d)
		if errors.Is(err, input.ErrStopped) {
			return err
		}
		for _, damage := range db.Damage() {
			if told := d.damage(damage, fmt.Errorf("%s: %w", damage.Reason, limit.ErrCorrupt)); told != nil {
				return told
			}
		}
		return err
	})
}

// damage tells of d, unless that was done before.
func (d *dbReading) damage(what sqlite.Damage, err error) error {
	if !d.told.New(what) {
		return nil
	}
	return d.ProblemAt(artifact.Location{Table: what.Table, Page: int64(what.Page)}, err)
}

// A dbRow is the row that a scan has come to, and where the columns that were
// asked for are in it.
type dbRow struct {
	d     *dbReading
	table *sqlite.Table
	row   *sqlite.Row
	at    map[string]int
}

// each calls f at each row of a table, with those of the columns that it has.
// It reports whether there is such a table.
func (d *dbReading) each(name, columns string, f func(*dbRow) error) (found bool, err error) {
	watch := d.gaps
	d.gaps = nil
	source, ok := d.db.Table(name)
	if !ok {
		return false, nil
	}
	r := &dbRow{d: d, table: source, at: map[string]int{}}
	var names []string
	for _, column := range strings.Fields(columns) {
		i := slices.IndexFunc(source.Columns, func(c sqlite.Column) bool { return strings.EqualFold(c.Name, column) })
		if i >= 0 {
			r.at[column] = len(names)
			names = append(names, source.Columns[i].Name)
		}
	}
	if len(names) == 0 {
		return true, fmt.Errorf("%w: table %s has none of the columns that are known", limit.ErrUnsupported, name)
	}
	rows, started := 0, d.started
	for row, err := range source.Scan(d.Ctx, names...) {
		if row != nil {
			rows++
			r.row = row
			r.see(watch)
			if err := f(r); err != nil {
				return true, err
			}
		}
		var damage *sqlite.DamageError
		switch {
		case errors.As(err, &damage):
			if watch != nil {
				watch.Damage()
			}
			err = d.damage(damage.Damage, err)
		}
		if err != nil {
			return true, err
		}
	}
	// A table that is only joined to others tells what stands there.
	if d.In.Recover && (rows == 0 || d.started != started) {
		if err := d.eachRecovered(r, names, watch, f); err != nil {
			return true, err
		}
	}
	return true, d.giveGaps(name, watch)
}

// need is each for a table without which the database is of another kind.
func (d *dbReading) need(name, columns string, f func(*dbRow) error) error {
	found, err := d.each(name, columns, f)
	if err == nil && !found {
		return fmt.Errorf("%w: no table %s", limit.ErrUnsupported, name)
	}
	return err
}

// start empties the record and places it at the row.
func (r *dbRow) start(kind artifact.Kind) *artifact.Record {
	r.d.started++
	rec := &r.d.Rec
	rec.Reset(kind)
	rec.Loc = r.location()
	return rec
}

// location is the place of the row.
func (r *dbRow) location() artifact.Location {
	loc := artifact.Location{
		Path: r.d.In.Path, Table: r.table.Name, RowID: r.row.RowID(), Row: !r.table.WithoutRowid && !r.row.RowIDLost(),
		Page: int64(r.row.Page()), Offset: r.row.Offset(), Length: r.row.Length(), State: input.States[r.row.State()],
	}
	if r.d.salvaged {
		loc.State = artifact.Carved
	}
	if loc.State.Recovered() {
		loc.Frame, loc.Confidence = int64(r.row.Frame()), r.row.Confidence()
	}
	return loc
}

// text returns a column as a text, "" where it is none.
func (r *dbRow) text(column string) string {
	i, ok := r.at[column]
	if !ok {
		return ""
	}
	s, _ := r.row.Value(i).AsText()
	return strings.ToValidUTF8(s, "\ufffd")
}

// bytes returns a column as it stands there, nil where it is no text or blob.
func (r *dbRow) bytes(column string) []byte {
	i, ok := r.at[column]
	if !ok {
		return nil
	}
	return r.row.Value(i).Bytes()
}

// int returns a column as a whole number, and whether it is one.
func (r *dbRow) int(column string) (int64, bool) {
	i, ok := r.at[column]
	if !ok {
		return 0, false
	}
	return r.row.Value(i).AsInt()
}

// set sets a field to the text of a column, unless that is empty.
func (r *dbRow) set(field, column string) { r.d.set(field, r.text(column)) }

// setInt sets a field to the number of a column, if it is one.
func (r *dbRow) setInt(field, column string) {
	if n, ok := r.int(column); ok {
		r.d.Rec.Set(field, artifact.IntValue(n))
	}
}

// when sets a time, unless it is 0 or none.
func (r *dbRow) when(meaning, column string, epoch artifact.Epoch) {
	if n, ok := r.int(column); ok && n > 0 {
		r.d.Rec.When(meaning, epoch, artifact.IntValue(n))
	}
}
