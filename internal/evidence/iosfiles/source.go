// Package iosfiles reads evidence of an iPhone that is a tree of files under
// the names that they have on the phone: a copy of its file system, a
// sysdiagnose, a folder of crash reports, or single files of known names.
//
// Start with Recognize, which says what a folder is, and Open.
package iosfiles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/limit"
)

// The kinds of evidence of this package.
const (
	Filesystem  = "ios-filesystem" // paths begin with private/var, System, Applications…
	Sysdiagnose = "sysdiagnose"    // paths are relative to its top folder
	Reports     = "ios-crash-logs" // a folder of crash reports and analytics
	Loose       = "loose"          // single files, known by their names alone
)

// Options says what to open.
type Options struct {
	Kind string
	// Path and Root go into what Source.Evidence says; Name is what the
	// evidence is called, as far as it is known.
	Path, Root, Name string
	// Mounts place folders of the tree on the phone. None: all of the tree, as
	// it is.
	Mounts []Mount
	// Skip are folders that are not looked into.
	Skip []string
	// Depth is how many folders down files are listed. 0: all the way.
	Depth int
	// Flat lists no folder in the tree.
	Flat bool
	// Keep says of a path whether it belongs to the evidence. nil: all do.
	Keep func(name string) bool
}

// A Mount says that the folder Dir of a tree is the folder Place of the phone.
// Both are "" or a clean path.
type Mount struct{ Dir, Place string }

// Source is an open tree of files. It implements evidence.Source and
// evidence.Prefetcher.
type Source struct {
	tree evidence.Tree
	o    Options

	mu     sync.Mutex
	ev     finding.Evidence // guarded by mu
	closed bool             // guarded by mu
}

// Open opens what lies at root in tree, and takes tree over: it is closed with
// the Source, and at once where an error is returned.
func Open(ctx context.Context, tree evidence.Tree, o Options) (*Source, error) {
	s := &Source{tree: tree, o: o}
	if o.Root != "" {
		sub, err := tree.Sub(o.Root)
		if err = errors.Join(err, tree.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", o.Root, err)
		}
		s.tree = sub
	}
	if len(s.o.Mounts) == 0 {
		s.o.Mounts = []Mount{{}}
	}
	s.ev = finding.Evidence{Kind: o.Kind, Path: o.Path, Root: o.Root}
	s.describe(ctx)
	return s, nil
}

// Evidence returns what is known of the evidence as a whole.
func (s *Source) Evidence() finding.Evidence {
	s.mu.Lock()
	defer s.mu.Unlock()
	ev := s.ev
	ev.Problems = slices.Concat(ev.Problems, s.tree.Problems())
	return ev
}

func (s *Source) note(name string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ev.Problems) < maxProblems {
		s.ev.Problems = append(s.ev.Problems, finding.Problem{Path: name, Error: err.Error()})
	}
}

// maxProblems bounds the problems of the evidence as a whole.
const maxProblems = 100

// ref is the name of an entry in the tree.
type ref string

// maxDepth bounds how deep folders may lie; a phone's are at most a few dozen.
const maxDepth = 128

// Files yields the regular files in the order of their names in the tree. A
// folder that cannot be listed is an *evidence.EntryError.
func (s *Source) Files(ctx context.Context) iter.Seq2[evidence.Entry, error] {
	return func(yield func(evidence.Entry, error) bool) {
		n := int64(0)
		if !s.walk(ctx, false, func(e evidence.Listed, name string, err error) bool {
			if err == nil {
				n++
			}
			return yield(evidence.Entry{Path: e.Path, Ref: ref(name)}, err)
		}) {
			return
		}
		s.mu.Lock()
		s.ev.Files = n
		s.mu.Unlock()
	}
}

// walk gives each file, and its name in the tree, in a fixed order; sizes and
// times only with details, for they cost a look at each. It reports whether
// it came to the end.
func (s *Source) walk(ctx context.Context, details bool, give func(evidence.Listed, string, error) bool) bool {
	w := walk{s: s, ctx: ctx, give: give, details: details}
	for _, m := range s.o.Mounts {
		if !w.folder(m.Dir, m, 0) {
			return false
		}
	}
	return true
}

// walk lists folder by folder.
type walk struct {
	s       *Source
	ctx     context.Context //nolint:containedctx // it lives as long as one listing
	give    func(evidence.Listed, string, error) bool
	details bool
}

// list lists a folder.
func (w *walk) list(dir string) ([]evidence.TreeDetail, error) {
	if w.details {
		return w.s.tree.Details(w.ctx, dir)
	}
	names, err := w.s.tree.ReadDir(w.ctx, dir)
	list := make([]evidence.TreeDetail, len(names))
	for i, e := range names {
		list[i].TreeEntry = e
	}
	return list, err
}

// folder reports whether more is wanted.
func (w *walk) folder(dir string, m Mount, depth int) bool {
	list, err := w.list(dir)
	if w.ctx.Err() != nil {
		return w.give(evidence.Listed{}, "", context.Cause(w.ctx))
	}
	if err == nil && depth > maxDepth {
		err = fmt.Errorf("%w: folders more than %d deep", limit.ErrLimit, maxDepth)
	}
	if err != nil {
		return w.give(evidence.Listed{}, "", &evidence.EntryError{Path: orDot(dir), Err: err})
	}
	for _, e := range list {
		name := joined(dir, e.Name)
		switch {
		case e.Dir:
			if w.s.o.Flat || w.s.o.Depth > 0 && depth >= w.s.o.Depth || w.elsewhere(name, m) {
				continue
			}
			if !w.folder(name, m, depth+1) {
				return false
			}
		case e.Regular && (w.s.o.Keep == nil || w.s.o.Keep(name)):
			if !w.give(evidence.Listed{Path: place(m, name), Size: e.Size, Modified: e.Modified}, name, nil) {
				return false
			}
		}
	}
	return true
}

// elsewhere reports whether a folder is mounted by itself, or not wanted.
func (w *walk) elsewhere(name string, m Mount) bool {
	return slices.Contains(w.s.o.Skip, name) || slices.ContainsFunc(w.s.o.Mounts, func(o Mount) bool { return o != m && o.Dir == name })
}

// place returns the path on the phone of a name in the tree.
func place(m Mount, name string) string {
	rest := strings.TrimPrefix(strings.TrimPrefix(name, m.Dir), "/")
	return joined(m.Place, rest)
}

func joined(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

func orDot(dir string) string {
	if dir == "" {
		return "."
	}
	return dir
}

// Open opens an entry that Files yielded.
func (s *Source) Open(ctx context.Context, e evidence.Entry) (evidence.File, error) {
	name, ok := e.Ref.(ref)
	if !ok {
		return nil, fmt.Errorf("%s: not an entry of this evidence", e.Path)
	}
	b, err := s.tree.Open(ctx, string(name))
	if err != nil {
		return nil, err
	}
	return &file{b, joined(s.o.Root, string(name))}, nil
}

// file is an open file, which lies in the evidence as it is.
type file struct {
	evidence.Blob
	name string
}

// Stored implements evidence.File.
func (f *file) Stored() (string, int64, func() (io.ReadCloser, error)) {
	return f.name, f.Size(), func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(f.Blob, 0, f.Size())), nil
	}
}

// Prefetch implements evidence.Prefetcher.
func (s *Source) Prefetch(ctx context.Context, entries []evidence.Entry) error {
	p, ok := s.tree.(evidence.TreePrefetcher)
	if !ok {
		return nil
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if name, ok := e.Ref.(ref); ok {
			names = append(names, string(name))
		}
	}
	return p.Prefetch(ctx, names)
}

// Close releases the evidence. A second call does nothing.
func (s *Source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.tree.Close()
}

// read returns a small file by its place on the phone, nil where there is none.
func (s *Source) read(ctx context.Context, name string, most int64) []byte {
	for _, m := range s.o.Mounts {
		rest, ok := strings.CutPrefix(name, m.Place)
		if !ok {
			continue
		}
		at := path.Join(m.Dir, rest)
		b, err := s.tree.Open(ctx, at)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			s.note(name, err)
			continue
		}
		data, err := limit.ReadFull(b, b.Size(), most)
		b.Close()
		if err != nil {
			s.note(name, err)
			continue
		}
		return data
	}
	return nil
}
