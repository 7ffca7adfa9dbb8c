package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/limit"
)

// bounds keep a hostile archive from taking the machine.
type bounds struct {
	entries    int   // files that are listed
	entryBytes int64 // what one may expand to
	totalBytes int64 // what one pass over a compressed archive may expand to
	ratio      int64 // expanded bytes for each stored byte, once past ratioFrom
	ratioFrom  int64
	memEntry   int64 // what is kept in memory of one file; more goes to disk, encrypted
	memTotal   int64 // of all files
}

// defaultBounds leave room for the largest phones: 2 TB, some million files.
// Deflate packs at most 1032:1, which only constant bytes reach; databases
// with much free space come to about 100:1.
var defaultBounds = bounds{
	entries:    5_000_000,
	entryBytes: 256 * limit.GiB,
	totalBytes: 4096 * limit.GiB,
	ratio:      250,
	ratioFrom:  256 * limit.MiB,
	memEntry:   32 * limit.MiB,
	memTotal:   64 * limit.MiB,
}

// item is one file of an archive.
type item struct {
	name   string
	off    int64 // zip: of its local header; tar: of its bytes; packed tar: its number
	size   int64 // expanded, as the archive claims
	packed int64 // zip: stored bytes
	crc    uint32
	time   int64  // of its last change, in seconds since 1970; 0: not told
	method uint16 // zip
	state  itemState
}

// itemState says what is wrong with an item.
type itemState uint8

const (
	itemFine      itemState = iota
	itemEncrypted           // with the archive's own password
	itemOverlaps            // its bytes are those of another, too
	itemSparse              // a tar entry with holes
	itemIrregular           // a link or a device
	itemCut                 // the archive ends within it
)

// format is what differs between kinds of archives.
type format interface {
	// index fills archive.items.
	index(ctx context.Context) error
	// open opens an item that may be opened.
	open(ctx context.Context, it *item) (Blob, error)
}

// archive is an open archive, shared by the trees made of it.
type archive struct {
	path   string
	file   archiveFile
	size   int64
	bounds bounds
	early  func(string) bool
	format format
	stash  *stash
	items  []item // sorted by name once it is open
	refs   atomic.Int32

	mu       sync.Mutex
	problems []finding.Problem // guarded by mu
	more     int               // guarded by mu: problems that are not listed
}

// archiveFile is what an archive is read from.
type archiveFile interface {
	io.ReaderAt
	io.Closer
}

// maxTreeProblems bounds the problems that are listed one by one.
const maxTreeProblems = 50

func (a *archive) note(name string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := finding.Problem{Path: cutName(name), Error: err.Error()}
	switch {
	case slices.Contains(a.problems, p):
	case len(a.problems) < maxTreeProblems:
		a.problems = append(a.problems, p)
	default:
		a.more++
	}
}

// add puts an entry into the list under a clean name.
func (a *archive) add(raw string, it item) error {
	if len(a.items) >= a.bounds.entries {
		return fmt.Errorf("%w: more than %d files", limit.ErrLimit, a.bounds.entries)
	}
	name, err := archiveName(raw)
	if err != nil {
		a.note(raw, err)
		return nil
	}
	it.name = name
	a.items = append(a.items, it)
	return nil
}

// archiveName makes a name that is clean and relative of one in an archive.
func archiveName(raw string) (string, error) {
	name := raw
	if !strings.Contains(name, "/") {
		name = strings.ReplaceAll(name, `\`, "/") // as some Windows programs write it
	}
	if utf8.ValidString(name) {
		return cleanName(name)
	}
	// Without the mark of UTF-8, the names in a zip are in code page 437
	// (APPNOTE.TXT, appendix D). No byte is undefined there.
	decoded, err := charmap.CodePage437.NewDecoder().String(name)
	if err != nil {
		return "", fmt.Errorf("%w: a name that is not text", limit.ErrCorrupt)
	}
	return cleanName(decoded)
}

func cleanName(name string) (string, error) {
	parts := strings.Split(name, "/")
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" || p == "." })
	clean := strings.Join(parts, "/")
	if clean == "" || slices.Contains(parts, "..") || validName(clean) != nil {
		return "", fmt.Errorf("%w: a name that leads elsewhere: not used", limit.ErrCorrupt)
	}
	return clean, nil
}

// sort puts the items in order; of several with one name the first is kept.
func (a *archive) sort() {
	slices.SortStableFunc(a.items, func(x, y item) int { return strings.Compare(x.name, y.name) })
	n := len(a.items)
	a.items = slices.CompactFunc(a.items, func(x, y item) bool {
		same := x.name == y.name
		if same {
			a.note(x.name, errors.New("it is in the archive more than once: the first is used"))
		}
		return same
	})
	if len(a.items) < n {
		a.items = slices.Clip(a.items)
	}
}

// find returns the item with that name, nil if there is none.
func (a *archive) find(name string) *item {
	i, ok := slices.BinarySearchFunc(a.items, name, func(it item, name string) int { return strings.Compare(it.name, name) })
	if !ok {
		return nil
	}
	return &a.items[i]
}

// usable says why an item cannot be opened.
func (a *archive) usable(it *item) error {
	switch it.state {
	case itemEncrypted:
		return fmt.Errorf("%s: %w: the archive has a password of its own; unpack it and give the folder", it.name, limit.ErrEncrypted)
	case itemOverlaps:
		return fmt.Errorf("%s: %w: its bytes overlap those of another entry", it.name, limit.ErrCorrupt)
	case itemIrregular:
		return fmt.Errorf("%s: %w", it.name, ErrIrregular)
	}
	if it.size > a.bounds.entryBytes {
		return fmt.Errorf("%s: %w: it would expand to %d bytes, at most %d are read", it.name, limit.ErrLimit, it.size, a.bounds.entryBytes)
	}
	return nil
}

func (a *archive) release() {
	a.stash.close()
	a.file.Close()
}

// archiveTree is an archive, or a folder in it, as a Tree.
type archiveTree struct {
	a      *archive
	dir    string
	closed atomic.Bool
}

func (t *archiveTree) Problems() []finding.Problem {
	t.a.mu.Lock()
	defer t.a.mu.Unlock()
	list := slices.Clone(t.a.problems)
	if t.a.more > 0 {
		list = append(list, finding.Problem{Path: t.a.path, Error: fmt.Sprintf("and %d more problems of the archive", t.a.more)})
	}
	return list
}

func (t *archiveTree) Close() error {
	if !t.closed.Swap(true) && t.a.refs.Add(-1) == 0 {
		t.a.release()
	}
	return nil
}

func (t *archiveTree) Sub(dir string) (Tree, error) {
	if dir != "" {
		if err := validName(dir); err != nil {
			return nil, err
		}
	}
	t.a.refs.Add(1)
	return &archiveTree{a: t.a, dir: join(t.dir, dir)}, nil
}

func (t *archiveTree) lookUp(name string) (*item, error) {
	if err := validName(name); err != nil {
		return nil, err
	}
	it := t.a.find(join(t.dir, name))
	if it == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return it, t.a.usable(it)
}

func (t *archiveTree) Stat(name string) (int64, error) {
	it, err := t.lookUp(name)
	if err != nil {
		return 0, err
	}
	return it.size, nil
}

// Details implements Tree.
func (t *archiveTree) Details(ctx context.Context, dir string) ([]TreeDetail, error) {
	names, err := t.ReadDir(ctx, dir)
	if err != nil {
		return nil, err
	}
	list := make([]TreeDetail, len(names))
	for i, e := range names {
		list[i].TreeEntry = e
		it := t.a.find(join(t.dir, join(dir, e.Name)))
		if it == nil {
			continue
		}
		list[i].Size = it.size
		if it.time != 0 {
			list[i].Modified = time.Unix(it.time, 0).UTC()
		}
	}
	return list, nil
}

func (t *archiveTree) Open(ctx context.Context, name string) (Blob, error) {
	it, err := t.lookUp(name)
	if err != nil {
		return nil, err
	}
	return t.a.format.open(ctx, it)
}

// ReadDir finds the names below a folder by search: what lies deeper is skipped
// in one step.
func (t *archiveTree) ReadDir(ctx context.Context, dir string) ([]TreeEntry, error) {
	prefix := join(t.dir, dir)
	if prefix != "" {
		prefix += "/"
	}
	var list []TreeEntry
	next := prefix
	for ctx.Err() == nil {
		i, _ := slices.BinarySearchFunc(t.a.items, next, func(it item, name string) int { return strings.Compare(it.name, name) })
		if i == len(t.a.items) || !strings.HasPrefix(t.a.items[i].name, prefix) {
			slices.SortFunc(list, func(a, b TreeEntry) int { return strings.Compare(a.Name, b.Name) })
			return list, nil
		}
		it := &t.a.items[i]
		name, _, deeper := strings.Cut(it.name[len(prefix):], "/")
		list = append(list, TreeEntry{Name: name, Dir: deeper, Regular: !deeper && it.state != itemIrregular})
		next = it.name + "\x00"
		if deeper {
			next = prefix + name + "0" // the character after the slash
		}
	}
	return nil, context.Cause(ctx)
}

// Prefetch implements TreePrefetcher.
func (t *archiveTree) Prefetch(ctx context.Context, names []string) error {
	p, ok := t.a.format.(*packedFormat)
	if !ok {
		return nil
	}
	var wanted []*item
	for _, name := range names {
		if it, err := t.lookUp(name); err == nil {
			wanted = append(wanted, it)
		}
	}
	return p.fetch(ctx, wanted)
}

// sectionBlob is a file that lies in the archive as it is.
type sectionBlob struct{ *io.SectionReader }

func (sectionBlob) Close() error { return nil }

// section opens bytes of the archive file.
func (a *archive) section(off, size int64) Blob {
	return sectionBlob{io.NewSectionReader(a.file, off, size)}
}
