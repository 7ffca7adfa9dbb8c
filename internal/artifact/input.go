package artifact

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"time"

	"github.com/amparo-project/amparo/internal/limit"
)

// An Input is one file of the evidence, read-only.
type Input struct {
	Path   string // logical, slash-separated; never a path of this machine
	Size   int64
	Limits Limits
	// Recover asks parsers of databases for rows that were deleted, changed or
	// never committed, too.
	Recover bool

	r    io.ReaderAt
	open Opener
	list func(context.Context) iter.Seq2[File, error]
	find Finder
	info *Info
	sum  func() (string, error) // its SHA-256; nil: it is read for that
	sums func(path string) func() (string, error)
	ctx  context.Context //nolint:containedctx // of the Run that reads it: ReadAt has no room for one
	read *int64          // bytes read by the Run, companions included
	odd  *int64          // lines that the parser did not understand
}

// An Opener opens another file of the same evidence by its logical path. It
// returns an error that wraps fs.ErrNotExist where there is none.
type Opener func(path string) (io.ReaderAt, int64, error)

// NewInput returns an input with the default limits. A nil open means that
// the file stands alone.
func NewInput(path string, r io.ReaderAt, size int64, open Opener) *Input {
	return &Input{
		Path: path, Size: size, Limits: DefaultLimits,
		r: r, open: open, ctx: context.Background(), read: new(int64), odd: new(int64),
	}
}

// A Finder returns the logical paths of files of the same evidence that fit a
// pattern, sorted.
type Finder func(pattern string) []string

// Finding returns in with a way to find companions whose names it cannot know.
func (in *Input) Finding(find Finder) *Input {
	other := *in
	other.find = find
	return &other
}

// Opening returns in with a way to open other files of the same evidence: a
// list of files has none by itself.
func (in *Input) Opening(open Opener) *Input {
	other := *in
	other.open = open
	return &other
}

// maxFound is how many companions Find returns.
const maxFound = 10_000

// Find returns the paths of companions that fit the pattern, the first
// 10,000 of them. Those that the parser did not declare are left out.
func (in *Input) Find(pattern string) []string {
	if in.find == nil {
		return nil
	}
	var found []string
	for _, path := range in.find(pattern) {
		if len(found) == maxFound {
			break
		}
		if in.info == nil || MatchAny(in.info.Companions, path) {
			found = append(found, path)
		}
	}
	return found
}

// A File is one entry of a list of files.
type File struct {
	Path     string // logical
	Size     int64  // bytes
	Modified time.Time
}

// ListingPath is the path of the input that stands for the list of files of the
// evidence, and the pattern of a parser that reads it.
const ListingPath = "(list of files)"

// NewListing returns an input that is the list of files itself. It has no bytes.
func NewListing(list func(context.Context) iter.Seq2[File, error]) *Input {
	in := NewInput(ListingPath, nil, 0, nil)
	in.list = list
	return in
}

// Files yields the list of files, which is empty for any other input. A
// *RecordError tells of a part that could not be listed.
func (in *Input) Files() iter.Seq2[File, error] {
	if in.list == nil {
		return func(func(File, error) bool) {}
	}
	return in.list(in.ctx)
}

func (in *Input) bind(ctx context.Context, info *Info) *Input {
	bound := *in
	bound.ctx, bound.info, bound.read = ctx, info, new(int64)
	return &bound
}

// NotUnderstood counts lines of text that the parser has no reader for: text
// that is written for people has new ones in every version. They are no error,
// and are not passed over unseen.
func (in *Input) NotUnderstood(lines int64) { *in.odd += lines }

// LinesNotUnderstood returns what NotUnderstood counted so far.
func (in *Input) LinesNotUnderstood() int64 { return *in.odd }

// ReadAt implements io.ReaderAt. It fails once the Run is cancelled or has
// read more than its limit, so that a parser cannot loop on input for ever.
func (in *Input) ReadAt(p []byte, off int64) (int, error) {
	if in.ctx.Err() != nil {
		return 0, context.Cause(in.ctx)
	}
	if *in.read += int64(len(p)); *in.read > in.Limits.ReadBytes {
		return 0, fmt.Errorf("%w: %d bytes read", limit.ErrLimit, in.Limits.ReadBytes)
	}
	if in.r == nil {
		return 0, io.EOF
	}
	return in.r.ReadAt(p, off)
}

// All returns the whole content, refused above the limit max.
func (in *Input) All(max int64) ([]byte, error) { return limit.ReadFull(in, in.Size, max) }

// Beside opens the file whose name is that of in with suffix appended, such
// as "-wal". The error wraps fs.ErrNotExist where there is none.
func (in *Input) Beside(suffix string) (*Input, error) { return in.openPath(in.Path + suffix) }

// Companion opens another file by its logical path, which must fit one of
// the parser's Info.Companions.
func (in *Input) Companion(path string) (*Input, error) {
	if in.info != nil && !MatchAny(in.info.Companions, path) {
		return nil, fmt.Errorf("companion %s is not declared by %s", path, in.info.Name)
	}
	return in.openPath(path)
}

func (in *Input) openPath(path string) (*Input, error) {
	if in.open == nil {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	r, size, err := in.open(path)
	if err != nil {
		return nil, err
	}
	other := *in
	other.Path, other.r, other.Size, other.sum = path, r, size, nil
	if in.sums != nil {
		other.sum = in.sums(path)
	}
	return &other, nil
}
