package evidence

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/limit"
)

// A Tree is what evidence lies in: a folder, or an archive of one. It is
// read-only. Names are slash-separated, relative and clean; "" is the tree
// itself. Its methods may be called from several goroutines at once.
type Tree interface {
	// ReadDir lists what lies directly in dir, sorted by name.
	ReadDir(ctx context.Context, dir string) ([]TreeEntry, error)
	// Open opens a regular file. Its error wraps fs.ErrNotExist where there
	// is none, ErrIrregular for a link, a device or a pipe, limit.ErrLimit
	// for a file that would expand beyond bounds.
	Open(ctx context.Context, name string) (Blob, error)
	// Stat returns the size of a regular file without opening it. Its errors
	// are those of Open.
	Stat(name string) (size int64, err error)
	// Details is ReadDir with the size and the time of each regular file.
	Details(ctx context.Context, dir string) ([]TreeDetail, error)
	// Sub returns the tree below dir, which is closed on its own. No name
	// leads out of it.
	Sub(dir string) (Tree, error)
	// Problems tells what was lost of the tree as a whole so far.
	Problems() []finding.Problem
	// Close releases what this tree holds.
	Close() error
}

// A TreeEntry is one name in a folder of a Tree.
type TreeEntry struct {
	Name    string // without slash
	Dir     bool
	Regular bool // false for links, devices and pipes, which are never opened
}

// A TreeDetail is a name with what the tree says of its file.
type TreeDetail struct {
	TreeEntry
	Size int64 // bytes
	// Modified is when the file was last changed, in UTC; the zero time where
	// that is not told, or not in which time zone.
	Modified time.Time
}

// A Blob is an opened file of a Tree. ReadAt may be called from several
// goroutines at once.
type Blob interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// A TreePrefetcher is a Tree where each file costs a pass over the archive,
// unless it is told beforehand which are wanted. Names that are not there are
// no error. What earlier calls brought may be dropped, but for open files.
type TreePrefetcher interface {
	Prefetch(ctx context.Context, names []string) error
}

// ErrIrregular says that a name is not a regular file.
var ErrIrregular = fmt.Errorf("%w: not a regular file", limit.ErrUnsupported)

// validName refuses a name that is not clean, relative and slash-separated.
// fs.ValidPath leaves the two characters that mislead on other systems.
func validName(name string) error {
	if !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") {
		return fmt.Errorf("%w: unusable name %q", limit.ErrCorrupt, cutName(name))
	}
	return nil
}

// cutName keeps a name from filling an error message.
func cutName(name string) string {
	if len(name) > 200 {
		return name[:200] + "…"
	}
	return name
}

// join joins names, either of which may be "".
func join(dir, name string) string {
	if dir == "" {
		return name
	}
	if name == "" {
		return dir
	}
	return path.Join(dir, name)
}
