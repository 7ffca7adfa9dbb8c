package androidfiles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/iosfiles"
	"github.com/amparo-project/amparo/internal/limit"
)

// maxNested is how many containers may lie in each other: an acquisition holds
// a bugreport, and that nothing more.
const maxNested = 2

// container is a file that holds others, and the source of what is in it.
type container struct {
	of  evidence.Entry
	src evidence.Source // nil: it could not be opened
	err error
}

// nestedRef is an entry of a container.
type nestedRef struct {
	in    *container
	entry evidence.Entry
}

// isContainer reports whether a file holds others that belong to this
// evidence: a bugreport in an acquisition, archives of intrusion logs.
func (s *Source) isContainer(name string) bool {
	if s.depth >= maxNested {
		return false
	}
	base := strings.ToLower(path.Base(name))
	switch s.o.Files.Kind {
	case AndroidQF:
		inLogs := strings.HasPrefix(name, intrusionFolder+"/") && strings.HasSuffix(base, ".zip")
		return inLogs || strings.HasPrefix(base, "bugreport") && strings.HasSuffix(base, ".zip") || strings.HasSuffix(base, "bugreport.zip") || strings.HasSuffix(base, ".ab")
	case IntrusionLogs:
		return strings.HasSuffix(base, ".zip")
	default:
		return false
	}
}

// contained yields what is in a container.
func (s *Source) contained(ctx context.Context, e evidence.Entry, yield func(evidence.Entry, error) bool) bool {
	c := s.container(ctx, e)
	if c.err != nil {
		return yield(evidence.Entry{}, &evidence.EntryError{Path: e.Path, Err: c.err})
	}
	for in, err := range c.src.Files(ctx) {
		var ee *evidence.EntryError
		if errors.As(err, &ee) {
			err = &evidence.EntryError{Path: e.Path + "/" + ee.Path, Err: ee.Err}
		}
		if !yield(c.entry(in), err) {
			return false
		}
	}
	return true
}

// entry is an entry of the container under the path that it has here.
func (c *container) entry(in evidence.Entry) evidence.Entry {
	out := in
	out.Path, out.Ref = c.of.Path+"/"+in.Path, nestedRef{c, in}
	if in.Of != nil {
		of := c.entry(*in.Of)
		out.Of = &of
	}
	return out
}

// container opens a container, once.
func (s *Source) container(ctx context.Context, e evidence.Entry) *container {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.nested[e.Path]
	if c == nil {
		c = &container{of: e}
		c.src, c.err = s.openContainer(ctx, e)
		s.nested[e.Path] = c
	}
	return c
}

func (s *Source) openContainer(ctx context.Context, e evidence.Entry) (evidence.Source, error) {
	f, err := s.files.Open(ctx, e)
	if err != nil {
		return nil, err
	}
	if evidence.IsAndroidBackup(f) {
		return s.openBackup(ctx, e, f)
	}
	tree, err := evidence.OpenTreeIn(ctx, e.Path, f)
	if err != nil {
		if errors.Is(err, evidence.ErrNotEvidence) {
			err = fmt.Errorf("%w: it is no archive", limit.ErrCorrupt)
		}
		return nil, err
	}
	o := Options{OpenOptions: s.o.OpenOptions, Files: iosfiles.Options{Kind: Bugreport, Path: s.o.Files.Path, Root: e.Path}}
	if s.o.Files.Kind == IntrusionLogs || strings.HasPrefix(e.Path, intrusionFolder+"/") {
		o.Files.Kind = IntrusionLogs
	}
	o.Files.Root = ""
	src, err := open(ctx, tree, o, s.depth+1)
	if err != nil {
		return nil, err
	}
	return &holding{src, f}, nil
}

func (s *Source) openBackup(ctx context.Context, e evidence.Entry, f evidence.File) (evidence.Source, error) {
	tree, _, err := evidence.OpenAndroidBackup(ctx, e.Path, f, s.o.OpenOptions)
	if err != nil {
		return nil, err
	}
	src, err := open(ctx, tree, Options{Files: iosfiles.Options{Kind: Backup, Path: s.o.Files.Path}}, s.depth+1)
	if err != nil {
		return nil, err
	}
	return &holding{src, f}, nil
}

// prefetch makes files in containers ready, each in one pass.
func prefetch(ctx context.Context, wanted map[*container][]evidence.Entry) error {
	var errs []error
	for c, list := range wanted {
		if h, ok := c.src.(*holding); ok {
			if p, ok := h.Source.(evidence.Prefetcher); ok {
				errs = append(errs, p.Prefetch(ctx, list))
			}
		}
	}
	return errors.Join(errs...)
}

// holding is a source with the container that it is of, which its tree closes.
type holding struct {
	evidence.Source
	f evidence.File
}

func (c *container) close() error {
	if c.src == nil {
		return nil
	}
	return c.src.Close()
}

// open opens an entry of the container. What lies in the evidence is the
// container as a whole.
func (c *container) open(ctx context.Context, e evidence.Entry) (evidence.File, error) {
	f, err := c.src.Open(ctx, e)
	if err != nil {
		return nil, err
	}
	in := &inner{File: f, c: c}
	if p, ok := f.(evidence.Part); ok {
		return &innerPart{in, p}, nil
	}
	return in, nil
}

// inner is a file in a container.
type inner struct {
	evidence.File
	c *container
}

// Stored implements evidence.File.
func (f *inner) Stored() (string, int64, func() (io.ReadCloser, error)) {
	return f.c.src.(*holding).f.Stored()
}

// innerPart is a section of a report in a container.
type innerPart struct {
	*inner
	part evidence.Part
}

// Whole implements evidence.Part.
func (p *innerPart) Whole() (string, string, int64) {
	name, section, off := p.part.Whole()
	if p.c.of.Path != "" {
		name = p.c.of.Path + "/" + name
	}
	return name, section, off
}
