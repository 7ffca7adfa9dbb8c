package indicator

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// maxFile bounds a file of indicators in bytes.
const maxFile = 8 * limit.GiB

// Options say what the files themselves do not.
type Options struct {
	// Type is that of the values of lists and tables, "" if they show it.
	Type artifact.ObservableType
	// Private keeps the values of the sets out of all that leaves the machine,
	// as if they were marked TLP:AMBER.
	Private bool
}

// Load reads the set that r holds, in any form of publication. file names it.
// An error says that r holds no indicators, then it wraps limit.ErrUnsupported,
// or could not be read; whatever is wrong inside is told by Set.Describe.
func Load(r io.Reader, file string) (*Set, error) { return LoadWith(r, file, Options{}) }

// LoadWith is Load with options.
func LoadWith(r io.Reader, file string, o Options) (*Set, error) {
	l := newLoader(file)
	hash := newAsyncHash()
	defer hash.stop()
	bounded := &counter{r: io.TeeReader(r, hash)}
	in := bufio.NewReaderSize(bounded, sniffed)
	head, err := in.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if o.Private {
		l.set.TLP = Amber
	}
	if err := l.read(in, head, o); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if _, err := io.Copy(io.Discard, in); err != nil { // the hash is of all bytes
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	l.resolve()
	l.set.SHA256 = hex.EncodeToString(hash.sum())
	return l.set, nil
}

// read finds out what the text is and reads it.
func (l *loader) read(in io.Reader, head []byte, o Options) error {
	text, head := decoded(in, head)
	forced := kindUnknown
	if o.Type != "" {
		forced = kindOfType(string(o.Type))
	}
	l.count = &counter{r: text}
	l.set.Format = sniff(head, l.set.File, forced != kindUnknown)
	switch l.set.Format {
	case STIX2:
		return l.readJSON(l.count)
	case STIX1:
		return l.readSTIX1(l.count)
	case OpenIOC:
		return l.readOpenIOC(l.count)
	case CSV:
		return l.readTable(l.count, head, forced)
	case List:
		return l.readList(l.count, forced)
	case Catalogue:
		return l.readCatalogue(l.count)
	}
	return &otherError{l.set.Format}
}

// A counter counts what is read, and refuses to read more than maxFile.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	if c.n > maxFile {
		return 0, fmt.Errorf("%w: more than %d bytes", limit.ErrLimit, int64(maxFile))
	}
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// LoadPath reads the file at name, or all files of the folder at name that
// hold indicators. No link leads out of the folder.
func LoadPath(name string) ([]*Set, error) { return LoadPathWith(name, Options{}) }

// LoadPathWith is LoadPath with options.
func LoadPathWith(name string, o Options) ([]*Set, error) {
	all, err := Survey(name, o)
	if err != nil {
		return nil, err
	}
	return onlySets(all), nil
}

func onlySets(all []*Set) []*Set {
	var sets []*Set
	for _, s := range all {
		if s.Format.Listed() {
			sets = append(sets, s)
		}
	}
	return sets
}

// Survey is LoadPath for all files: one without indicators becomes a set
// without any, whose Format says what it is. A single file without indicators
// is an error unless it is a catalogue.
func Survey(name string, o Options) ([]*Set, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		set, err := loadFile(os.DirFS(filepath.Dir(name)), filepath.Base(name), name, o)
		if err != nil {
			return nil, err
		}
		return []*Set{set}, nil
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return loadTree(root.FS(), name, o)
}

// LoadFS reads all files of fsys that hold indicators, in the order of their
// names. One that cannot be read becomes an empty set whose notes say why.
func LoadFS(fsys fs.FS) ([]*Set, error) {
	all, err := loadTree(fsys, "", Options{})
	return onlySets(all), err
}

func loadTree(fsys fs.FS, base string, o Options) ([]*Set, error) {
	var sets []*Set
	seen := map[string]bool{}
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			if name == "." {
				return err
			}
			sets = append(sets, failed(filepath.Join(base, name), err))
			return nil
		}
		if name != "." && e.Name()[0] == '.' { // of version control, of editors
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if e.IsDir() {
			return nil
		}
		set, err := loadFile(fsys, name, filepath.Join(base, name), o)
		var other *otherError
		switch {
		case errors.As(err, &other):
			set = &Set{Name: baseName(name), File: filepath.Join(base, name), Format: other.format}
		case err != nil:
			set = failed(filepath.Join(base, name), err)
		case seen[set.SHA256]:
			return nil // the same file under two names
		default:
			seen[set.SHA256] = true
		}
		sets = append(sets, set)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("folder of indicators: %w", err)
	}
	creditFeeds(sets)
	return sets, nil
}

// failed is the set of a file that could not be read: a list that nothing is
// known of.
func failed(file string, err error) *Set {
	return &Set{Name: baseName(file), File: file, Format: List, notes: []string{"not read: " + err.Error()}}
}

// loadFile reads one regular file.
func loadFile(fsys fs.FS, name, file string, o Options) (*Set, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w: not a regular file", file, limit.ErrUnsupported)
	}
	return LoadWith(f, file, o)
}
