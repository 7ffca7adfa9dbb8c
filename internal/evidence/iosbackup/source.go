package iosbackup

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/format/keybag"
	"github.com/amparo-project/amparo/internal/limit"
)

// Kind is what evidence of this package is called.
const Kind = "ios-backup"

// The files of the backup itself.
const (
	infoFile     = "Info.plist"
	manifestFile = "Manifest.db"
	keysFile     = "Manifest.plist"
	statusFile   = "Status.plist"
	oldManifest  = "Manifest.mbdb" // until iOS 9
)

// Options says where a backup lies and how to open an encrypted one.
type Options struct {
	evidence.OpenOptions
	// Path and Root go into what Source.Evidence says.
	Path, Root string
}

// Source is an open backup. It implements evidence.Source and
// evidence.Prefetcher.
type Source struct {
	tree     evidence.Tree
	manifest *manifest    // nil: it could not be read
	keys     *keybag.Keys // nil: nothing is encrypted, or nothing can be decrypted

	mu       sync.Mutex
	ev       finding.Evidence // guarded by mu
	problems problems         // guarded by mu
	closed   bool             // guarded by mu
}

// Open opens the backup that lies at root in tree, and takes tree over: it is
// closed with the Source, and at once where an error is returned.
//
// A backup whose Manifest.db cannot be read opens all the same, with the files
// that a built-in list can name. The error wraps keybag.ErrWrongPassword, or
// limit.ErrEncrypted when there is no password, limit.ErrCorrupt for a damaged
// keybag, limit.ErrUnsupported for a backup of iOS 9 or earlier.
func Open(ctx context.Context, tree evidence.Tree, root string, o Options) (*Source, error) {
	s, err := open(ctx, tree, root, o)
	if err == nil {
		return s, nil
	}
	if root != "" {
		err = fmt.Errorf("%s: %w", root, err)
	}
	return nil, err
}

func open(ctx context.Context, tree evidence.Tree, root string, o Options) (*Source, error) {
	s := &Source{tree: tree}
	if root != "" {
		sub, err := tree.Sub(root)
		if err = errors.Join(err, tree.Close()); err != nil {
			return nil, err
		}
		s.tree = sub
	}
	s.ev = finding.Evidence{Kind: Kind, Path: o.Path, Root: o.Root}
	if err := s.load(ctx, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// load reads what is needed before the first file is asked for.
func (s *Source) load(ctx context.Context, o Options) error {
	if p, ok := s.tree.(evidence.TreePrefetcher); ok {
		if err := p.Prefetch(ctx, []string{infoFile, keysFile, manifestFile, statusFile}); err != nil {
			return err
		}
	}
	if s.exists(oldManifest) && !s.exists(manifestFile) {
		return fmt.Errorf("%w: a backup of iOS 9 or earlier, which has a %s and no %s", limit.ErrUnsupported, oldManifest, manifestFile)
	}
	keys := s.readFacts(ctx)
	if keys.encrypted && !s.decrypted(ctx, keys) {
		s.ev.Encrypted = true
		return s.loadEncrypted(ctx, keys, o)
	}
	return s.openManifest(ctx, nil)
}

// decrypted reports whether this is the output of a program that decrypted a
// backup and left its property lists as they were: since iOS 10.2, when
// manifests came to have a key, that of an encrypted backup is never in clear.
func (s *Source) decrypted(ctx context.Context, keys keyFacts) bool {
	if len(keys.manifestKey) == 0 {
		return false
	}
	b, err := s.tree.Open(ctx, manifestFile)
	if err != nil {
		return false
	}
	defer b.Close()
	head := make([]byte, len(sqliteMagic))
	_, err = b.ReadAt(head, 0)
	return err == nil && string(head) == sqliteMagic
}

// sqliteMagic starts every SQLite database.
const sqliteMagic = "SQLite format 3\x00"

// loadEncrypted asks for the password and opens keybag and manifest with it.
// Without the manifest no key of a file is known: nobody is asked then.
func (s *Source) loadEncrypted(ctx context.Context, keys keyFacts, o Options) error {
	if !s.exists(manifestFile) {
		s.note(manifestFile, "", errors.New("it is missing, and with it the keys of all files: only the backup's own property lists can be read"))
		return nil
	}
	bag, err := keybag.Parse(keys.bag)
	if err != nil {
		return fmt.Errorf("open %s: %w", keysFile, err)
	}
	if o.Password == nil {
		return fmt.Errorf("%w: the backup needs its password, and there is none", limit.ErrEncrypted)
	}
	password, err := o.Password(ctx)
	if err != nil {
		return fmt.Errorf("password: %w", err)
	}
	if s.keys, err = bag.Unlock(ctx, password); err != nil {
		return fmt.Errorf("open the keybag: %w", err)
	}
	for _, class := range s.keys.Damaged {
		s.note(keysFile, fmt.Sprintf("class %d", class),
			fmt.Errorf("%w: its key is damaged, and files of this protection class cannot be read", limit.ErrCorrupt))
	}
	key, err := s.manifestKey(keys.manifestKey)
	if err != nil {
		return fmt.Errorf("open %s: %w", keysFile, err)
	}
	defer clear(key)
	return s.openManifest(ctx, key)
}

// manifestKey unwraps the key of Manifest.db: its class as four bytes, the
// lowest first, then the wrapped key. Backups before iOS 10.2 have none, and
// their Manifest.db is in clear.
func (s *Source) manifestKey(wrapped []byte) ([]byte, error) {
	if len(wrapped) == 0 {
		return nil, nil
	}
	key, err := s.unwrap(wrapped)
	if err != nil {
		return nil, fmt.Errorf("the manifest's key: %w", err)
	}
	return key, nil
}

// Evidence returns what is known of the backup.
func (s *Source) Evidence() finding.Evidence {
	s.mu.Lock()
	defer s.mu.Unlock()
	ev := s.ev
	ev.Device.IMEI = slices.Clone(ev.Device.IMEI)
	ev.Problems = slices.Concat(s.problems.all(), s.tree.Problems())
	return ev
}

// Files yields the backup's own files, then those that the manifest lists, in
// the order of its rows. Where rows were lost, files follow that lie in the
// backup and have a known name.
func (s *Source) Files(ctx context.Context) iter.Seq2[evidence.Entry, error] {
	return func(yield func(evidence.Entry, error) bool) {
		var n int64
		counted := func(e evidence.Entry, err error) bool {
			if err == nil {
				n++
			}
			return yield(e, err)
		}
		if s.list(ctx, counted) {
			s.mu.Lock()
			s.ev.Files = n
			s.mu.Unlock()
		}
	}
}

// list reports whether it came to the end.
func (s *Source) list(ctx context.Context, yield func(evidence.Entry, error) bool) bool {
	for _, name := range []string{infoFile, manifestFile, keysFile, statusFile} {
		if name == manifestFile && s.manifest == nil && s.keys != nil {
			continue // there is no decrypted view of it
		}
		if s.exists(name) && !yield(evidence.Entry{Path: name, Ref: rootRef(name)}, nil) {
			return false
		}
	}
	if s.manifest == nil {
		return s.listKnown(ctx, nil, yield)
	}
	seen, whole, more := s.manifest.list(ctx, yield)
	if !more || whole {
		return more
	}
	return s.listKnown(ctx, seen, yield)
}

// Prefetch implements evidence.Prefetcher.
func (s *Source) Prefetch(ctx context.Context, entries []evidence.Entry) error {
	p, ok := s.tree.(evidence.TreePrefetcher)
	if !ok {
		return nil
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if name, err := s.storedName(e); err == nil {
			names = append(names, name)
		}
	}
	return p.Prefetch(ctx, names)
}

// Close releases the backup and forgets its keys. A second call does nothing.
func (s *Source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.keys != nil {
		s.keys.Zero()
	}
	var err error
	if s.manifest != nil {
		err = s.manifest.stored.Close()
	}
	return errors.Join(err, s.tree.Close())
}

// exists reports whether the backup has a usable file of that name.
func (s *Source) exists(name string) bool {
	_, err := s.tree.Stat(name)
	return err == nil
}

// note records a problem of the evidence as a whole.
func (s *Source) note(path, place string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problems.add(finding.Problem{Path: path, Place: place, Error: err.Error()})
}

// maxProblems bounds what is kept; the last one tells how many more there were.
const maxProblems = 100

// problems is a bounded list without repetitions.
type problems struct {
	list []finding.Problem
	more int
}

func (p *problems) add(one finding.Problem) {
	switch {
	case slices.Contains(p.list, one):
	case len(p.list) < maxProblems:
		p.list = append(p.list, one)
	default:
		p.more++
	}
}

func (p *problems) all() []finding.Problem {
	list := slices.Clone(p.list)
	if p.more > 0 {
		list = append(list, finding.Problem{Error: fmt.Sprintf("and %d more problems", p.more)})
	}
	return list
}
