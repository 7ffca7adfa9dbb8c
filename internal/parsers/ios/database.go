// Package ios holds the parsers of the databases and property lists that an
// iPhone keeps, a file each. Start with All, the list of them.
package ios

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/links"
	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/parsers/input"
	"github.com/amparo-project/amparo/internal/parsers/schema"
)

// openDatabase opens in as an SQLite database, together with the write-ahead
// log or the rollback journal that lies beside it.
func openDatabase(in *artifact.Input) (*sqlite.DB, error) {
	db, err := input.Database(in)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", in.Path, err)
	}
	return db, nil
}

// A reading is one Parse of a database, and which damage was told already.
type reading struct {
	*input.Reading

	db       *sqlite.DB
	told     input.Told
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
	return input.Parse(ctx, in, func(in *input.Reading) error {
		db, err := openDatabase(in.In)
		salvaged := false
		if err != nil {
			if db, err = schema.Salvage(in.In, err); err != nil {
				return err
			}
			salvaged = true
		}
		r := &reading{Reading: in, db: db, told: input.Told{}, salvaged: salvaged}
		if salvaged {
			if err := r.ProblemAt(artifact.Location{}, schema.ErrSalvaged); err != nil {
				return err
			}
		}
		err = read(r)
		if errors.Is(err, input.ErrStopped) {
			return err
		}
		// The damage comes first: an error of its own is the last thing yielded,
		// and a table is often missing because its page in the schema is broken.
		if told := r.tellDamage(); told != nil {
			return told
		}
		return err
	})
}

// companion reads another file that is a database of its own with the same
// consumer. It does nothing where there is no such file; its records, and the
// places of its errors, name the companion.
func (r *reading) companion(path string, read func(*reading) error) error {
	in, err := r.In.Companion(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return r.ProblemAt(artifact.Location{Path: path}, err)
	}
	db, err := openDatabase(in)
	if err != nil {
		return r.ProblemAt(artifact.Location{Path: path}, err)
	}
	other := &reading{Reading: &input.Reading{Ctx: r.Ctx, In: in, Yield: r.Yield}, db: db, told: input.Told{}}
	if err = read(other); errors.Is(err, input.ErrStopped) || r.Ctx.Err() != nil {
		return err
	}
	if told := other.tellDamage(); told != nil {
		return told
	}
	if err != nil {
		return r.ProblemAt(artifact.Location{Path: path}, err)
	}
	return nil
}

// give hands r.rec on. Its error is input.ErrStopped.
func (r *reading) give() error {
	r.given++
	return r.Give()
}

// damage tells of d, unless that was done before.
func (r *reading) damage(d sqlite.Damage, err error) error {
	if !r.told.New(d) {
		return nil
	}
	return r.ProblemAt(artifact.Location{Table: d.Table, Page: int64(d.Page)}, err)
}

// errUnfinished says that the writing app was stopped in the middle of a
// change, and that its journal could have undone it.
var errUnfinished = errors.New("a change was not finished when the copy was made: the rows are read as they lie, with the part of it that was written")

// tellDamage tells of what no scan did: a broken schema, a torn log, a
// journal that is hot.
func (r *reading) tellDamage() error {
	if j := r.db.Info().Journal; j.Hot && !j.Applied {
		if err := r.ProblemAt(artifact.Location{Path: r.In.Path + "-journal"}, errUnfinished); err != nil {
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
