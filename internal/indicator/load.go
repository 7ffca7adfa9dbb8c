package indicator

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/amparo-project/amparo/internal/limit"
)

// maxFile bounds a file of indicators in bytes.
const maxFile = 8 * limit.GiB

// Load reads the set that r holds: a STIX 2.0 or 2.1 bundle, or a list of
// bundles or of objects. file names it. An error says that r holds no STIX, or
// could not be read; whatever is wrong inside is told by Set.Describe.
func Load(r io.Reader, file string) (*Set, error) {
	l := newLoader(file)
	hash := sha256.New()
	l.count = &counter{r: io.TeeReader(r, hash)}
	if err := l.readBundle(l.count); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	l.resolve()
	l.set.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return l.set, nil
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

// LoadPath reads the file at name, or the files of the folder at name; see
// LoadFS for which. No link leads out of the folder.
func LoadPath(name string) ([]*Set, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		set, err := loadFile(os.DirFS(filepath.Dir(name)), filepath.Base(name), name)
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
	return loadTree(root.FS(), name)
}

// LoadFS reads all files of fsys that end in .stix2, and those that end in
// .json and are STIX 2, in the order of their names. One that cannot be read
// becomes an empty set whose notes say why.
func LoadFS(fsys fs.FS) ([]*Set, error) { return loadTree(fsys, "") }

func loadTree(fsys fs.FS, base string) ([]*Set, error) {
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
		if e.IsDir() || !wanted(name) {
			return nil
		}
		set, err := loadFile(fsys, name, filepath.Join(base, name))
		switch {
		case errors.Is(err, limit.ErrUnsupported) && strings.EqualFold(path.Ext(name), ".json"):
			return nil
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
	return sets, nil
}

func wanted(name string) bool {
	ext := path.Ext(name)
	return strings.EqualFold(ext, ".stix2") || strings.EqualFold(ext, ".json")
}

// failed is the set of a file that could not be read.
func failed(file string, err error) *Set {
	return &Set{Name: baseName(file), File: file, notes: []string{"not read: " + err.Error()}}
}

// loadFile reads one regular file.
func loadFile(fsys fs.FS, name, file string) (*Set, error) {
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
	return Load(f, file)
}
