package input

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/sqlite"
)

// Database opens a file as an SQLite database, together with the write-ahead
// log or the rollback journal that lies beside it.
func Database(in *artifact.Input) (*sqlite.DB, error) {
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
	return sqlite.Open(in, in.Size, opt)
}

// maxTold bounds the memory for damage that was told.
const maxTold = 1 << 12

// Told is the damage of a database that its consumer was told of.
type Told map[sqlite.Damage]bool

// New reports whether damage was not told before, and remembers it.
func (t Told) New(d sqlite.Damage) bool {
	if t[d] {
		return false
	}
	if len(t) < maxTold {
		t[d] = true
	}
	return true
}
