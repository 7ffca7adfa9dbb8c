// Package ios holds the parsers of the databases and property lists that an
// iPhone keeps, a file each. Start with All, the list of them.
package ios

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/links"
	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/parsers/schema"
)

// errStopped says that the consumer wants no more records.
var errStopped = errors.New("the consumer stopped")

// openDatabase opens in as an SQLite database, together with the write-ahead
// log or the rollback journal that lies beside it.
func openDatabase(in *artifact.Input) (*sqlite.DB, error) {
	var opt sqlite.Options
	for _, j := range []struct {
		suffix string
		r      *io.ReaderAt
		size   *int64
	}{
		{"-wal", &opt.WAL, &opt.WALSize},
		{"-journal", &opt.Journal, &opt.JournalSize},
	} {
		beside, err := in.Beside(j.suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", in.Path+j.suffix, err)
		}
		*j.r, *j.size = beside, beside.Size
	}
	db, err := sqlite.Open(in, in.Size, opt)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", in.Path, err)
	}
	return db, nil
}

// A reading is one Parse of a database: where its records go, and which
// damage was told already.
type reading struct {
	rec artifact.Record // the one record that is handed on again and again

	ctx      context.Context
	in       *artifact.Input
	db       *sqlite.DB
	yield    func(*artifact.Record, error) bool
	told     map[sqlite.Damage]bool
	held     int              // bytes of what joins hold in memory
	salvaged bool             // the database cannot be read: all rows are recovered ones
	given    int              // records
	lost     *sqlite.Recovery // what is recovered, once it was looked for
	found    []links.Link
}

// readDatabase is the Parse of a parser of databases: it opens in, has read
// yield its records, and tells of all damage, each once.
func readDatabase(
	ctx context.Context, in *artifact.Input, read func(*reading) error,
) iter.Seq2[*artifact.Record, error] {
	return func(yield func(*artifact.Record, error) bool) {
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
			return
		}
		db, err := openDatabase(in)
		salvaged := false
		if err != nil {
			if db, err = schema.Salvage(in, err); err != nil {
				yield(nil, err)
				return
			}
			salvaged = true
		}
		r := &reading{ctx: ctx, in: in, db: db, yield: yield, told: map[sqlite.Damage]bool{}, salvaged: salvaged}
		if salvaged && r.problem(artifact.Location{}, schema.ErrSalvaged) != nil {
			return
		}
		err = read(r)
		if errors.Is(err, errStopped) {
			return
		}
		// The damage comes first: an error of its own is the last thing yielded,
		// and a table is often missing because its page in the schema is broken.
		if r.tellDamage() == nil && err != nil {
			yield(nil, err)
		}
	}
}

// companion reads another file that is a database of its own with the same
// consumer. It does nothing where there is no such file; its records, and the
// places of its errors, name the companion.
func (r *reading) companion(path string, read func(*reading) error) error {
	in, err := r.in.Companion(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return r.problem(artifact.Location{Path: path}, err)
	}
	db, err := openDatabase(in)
	if err != nil {
		return r.problem(artifact.Location{Path: path}, err)
	}
	other := &reading{ctx: r.ctx, in: in, db: db, yield: r.yield, told: map[sqlite.Damage]bool{}}
	if err = read(other); errors.Is(err, errStopped) || r.ctx.Err() != nil {
		return err
	}
	if told := other.tellDamage(); told != nil {
		return told
	}
	if err != nil {
		return r.problem(artifact.Location{Path: path}, err)
	}
	return nil
}

// give hands r.rec on. Its error is errStopped.
func (r *reading) give() error {
	r.given++
	if !r.yield(&r.rec, nil) {
		return errStopped
	}
	return nil
}

// problem tells of a place that could not be read; reading goes on after it.
func (r *reading) problem(loc artifact.Location, err error) error {
	if loc.Path == "" {
		loc.Path = r.in.Path
	}
	if !r.yield(nil, &artifact.RecordError{Loc: loc, Err: err}) {
		return errStopped
	}
	return nil
}

// maxTold bounds the memory for damage that was told.
const maxTold = 1 << 12

// damage tells of d, unless that was done before.
func (r *reading) damage(d sqlite.Damage, err error) error {
	if r.told[d] {
		return nil
	}
	if len(r.told) < maxTold {
		r.told[d] = true
	}
	return r.problem(artifact.Location{Table: d.Table, Page: int64(d.Page)}, err)
}

// errUnfinished says that the writing app was stopped in the middle of a
// change, and that its journal could have undone it.
var errUnfinished = errors.New("a change was not finished when the copy was made: the rows are read as they lie, with the part of it that was written")

// tellDamage tells of what no scan did: a broken schema, a torn log, a
// journal that is hot.
func (r *reading) tellDamage() error {
	if j := r.db.Info().Journal; j.Hot && !j.Applied {
		if err := r.problem(artifact.Location{Path: r.in.Path + "-journal"}, errUnfinished); err != nil {
			return err
		}
	}
	for _, d := range r.db.Damage() {
		if err := r.damage(d, fmt.Errorf("%s: %w", d.Reason, limit.ErrCorrupt)); err != nil {
			return err
		}
	}
	return nil
}

// cut returns s, or its beginning where it is longer than the limit.
func (r *reading) cut(s string) string {
	if len(s) <= r.in.Limits.FieldLen {
		return s
	}
	r.rec.Truncated = true
	return string(cutText([]byte(s[:min(len(s), r.in.Limits.FieldLen+1)]), r.in.Limits.FieldLen))
}
