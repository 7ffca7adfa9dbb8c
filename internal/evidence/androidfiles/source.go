// Package androidfiles reads evidence of an Android phone that is a tree of
// files: a bugreport as phones make it, an acquisition of AndroidQF, the
// intrusion logs of Advanced Protection, or an unpacked backup. Reports of
// text are shown with each of their sections as a file of its own, and what is
// packed in it (a bugreport within an acquisition) is shown with its files.
//
// Start with Recognize, which says what a folder is, and Open.
package androidfiles

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/iosfiles"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/format/dumpsys"
	"github.com/amparo-project/amparo/internal/limit"
)

// The kinds of evidence of this package. Single files are of iosfiles.Loose.
const (
	Bugreport     = "android-bugreport"      // paths are those in the archive that the phone made
	AndroidQF     = "androidqf"              // paths are relative to the acquisition
	Backup        = "android-backup"         // paths are apps/PACKAGE/DOMAIN/FILE and shared/…
	IntrusionLogs = "android-intrusion-logs" // paths begin with intrusion_logs/
)

// Options says what to open.
type Options struct {
	evidence.OpenOptions
	// Files says where the files lie; its Kind is one of this package, or
	// iosfiles.Loose.
	Files iosfiles.Options
}

// Source is an open tree of files. It implements evidence.Source,
// evidence.Prefetcher and evidence.Lister.
type Source struct {
	files *iosfiles.Source
	o     Options
	depth int // of containers

	mu     sync.Mutex
	ev     finding.Evidence      // guarded by mu: device, and problems of this package
	texts  map[string]*text      // guarded by mu: reports by logical path
	nested map[string]*container // guarded by mu: by logical path
	main   string                // guarded by mu: the report whose sections stand at the top
	closed bool                  // guarded by mu
}

// Open opens what lies in tree, and takes tree over: it is closed with the
// Source, and at once where an error is returned.
func Open(ctx context.Context, tree evidence.Tree, o Options) (*Source, error) {
	return open(ctx, tree, o, 0)
}

func open(ctx context.Context, tree evidence.Tree, o Options, depth int) (*Source, error) {
	files, err := iosfiles.Open(ctx, tree, o.Files)
	if err != nil {
		return nil, err
	}
	s := &Source{files: files, o: o, depth: depth, texts: map[string]*text{}, nested: map[string]*container{}}
	if err := s.describe(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// OpenBackup opens an Android backup (.ab), and takes f over: it is closed with
// the Source, and at once where an error is returned. Its errors are those of
// evidence.OpenAndroidBackup. All of its files are stored in the one, whose
// name is stored.
func OpenBackup(ctx context.Context, f evidence.File, stored string, o Options) (evidence.Source, error) {
	tree, encrypted, err := evidence.OpenAndroidBackup(ctx, stored, f, o.OpenOptions)
	if err != nil {
		return nil, err
	}
	o.Files.Kind = Backup
	src, err := open(ctx, tree, o, 0)
	if err != nil {
		return nil, err
	}
	src.ev.Encrypted = encrypted
	return &packed{src, &container{src: &holding{src, f}}}, nil
}

// packed is a source all of whose files lie in one.
type packed struct {
	*Source
	c *container
}

// Open implements evidence.Source.
func (p *packed) Open(ctx context.Context, e evidence.Entry) (evidence.File, error) {
	return p.c.open(ctx, e)
}

// Evidence returns what is known of the evidence as a whole.
func (s *Source) Evidence() finding.Evidence {
	ev := s.files.Evidence()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.o.Files.Kind != iosfiles.Loose || s.ev.Device.OS != "" {
		ev.Device = s.ev.Device
	}
	ev.Acquired = s.ev.Acquired
	ev.Encrypted = ev.Encrypted || s.ev.Encrypted
	ev.Problems = slices.Concat(ev.Problems, s.ev.Problems)
	for _, name := range slices.Sorted(maps.Keys(s.nested)) {
		if in := s.nested[name].src; in != nil {
			for _, p := range in.Evidence().Problems {
				p.Path = name + "/" + p.Path
				ev.Problems = append(ev.Problems, p)
			}
		}
	}
	return ev
}

// maxProblems bounds the problems of the evidence as a whole.
const maxProblems = 100

// note tells of a problem. It needs mu.
func (s *Source) note(name string, err error) {
	p := finding.Problem{Path: name, Error: err.Error()}
	if len(s.ev.Problems) < maxProblems && !slices.Contains(s.ev.Problems, p) {
		s.ev.Problems = append(s.ev.Problems, p)
	}
}

// Files yields the files in the order of their names in the tree, each report
// followed by its sections, and each container by what is in it.
func (s *Source) Files(ctx context.Context) iter.Seq2[evidence.Entry, error] {
	return func(yield func(evidence.Entry, error) bool) {
		for e, err := range s.files.Files(ctx) {
			if !yield(e, err) || err == nil && !s.within(ctx, e, yield) {
				return
			}
		}
	}
}

// within yields what is in a file, and reports whether more is wanted.
func (s *Source) within(ctx context.Context, e evidence.Entry, yield func(evidence.Entry, error) bool) bool {
	switch {
	case IsReport(e.Path):
		t, err := s.text(ctx, e)
		if err != nil {
			return yield(evidence.Entry{}, &evidence.EntryError{Path: e.Path, Err: err})
		}
		for _, sec := range t.sections {
			if !yield(t.entry(e, sec), nil) {
				return false
			}
		}
	case s.isContainer(e.Path):
		return s.contained(ctx, e, yield)
	}
	return true
}

// text is a report whose sections are known. It stays open with the source.
type text struct {
	file     evidence.File
	path     string
	prefix   string // of the paths of its sections
	sections []dumpsys.Section
}

func (t *text) entry(of evidence.Entry, sec dumpsys.Section) evidence.Entry {
	return evidence.Entry{Path: t.prefix + sec.Name, Ref: sectionRef{t.path, sec}, Of: &of, Lines: sec.Lines}
}

// sectionRef is a section of the report at path.
type sectionRef struct {
	path    string
	section dumpsys.Section
}

// text opens a report and finds its sections, once.
func (s *Source) text(ctx context.Context, e evidence.Entry) (*text, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.texts[e.Path]; t != nil {
		return t, nil
	}
	f, err := s.files.Open(ctx, e)
	if err != nil {
		return nil, err
	}
	t := &text{file: f, path: e.Path, prefix: e.Path + "/"}
	if s.main == e.Path {
		t.prefix = ""
	}
	if t.sections, err = dumpsys.Sections(ctx, f, f.Size()); err != nil {
		if ctx.Err() != nil || len(t.sections) == 0 {
			f.Close()
			return nil, err
		}
		s.note(e.Path, fmt.Errorf("its sections: %w", err))
	}
	if len(t.sections) == 0 {
		t.sections = whole(e.Path, f)
	}
	s.texts[e.Path] = t
	return t, nil
}

// Open opens an entry that Files yielded.
func (s *Source) Open(ctx context.Context, e evidence.Entry) (evidence.File, error) {
	switch ref := e.Ref.(type) {
	case sectionRef:
		s.mu.Lock()
		t := s.texts[ref.path]
		s.mu.Unlock()
		if t == nil {
			return nil, fmt.Errorf("%s: not an entry of this evidence", e.Path)
		}
		return newPart(t, ref.section), nil
	case nestedRef:
		return ref.in.open(ctx, ref.entry)
	default:
		return s.files.Open(ctx, e)
	}
}

// Prefetch implements evidence.Prefetcher: sections are in memory or in the
// system's temporary space by then.
func (s *Source) Prefetch(ctx context.Context, entries []evidence.Entry) error {
	list := make([]evidence.Entry, 0, len(entries))
	nested := map[*container][]evidence.Entry{}
	for _, e := range entries {
		switch ref := e.Ref.(type) {
		case sectionRef:
		case nestedRef:
			nested[ref.in] = append(nested[ref.in], ref.entry)
		default:
			list = append(list, e)
		}
	}
	return errors.Join(s.files.Prefetch(ctx, list), prefetch(ctx, nested))
}

// Listing implements evidence.Lister, for kinds that keep the times of files of the phone.
func (s *Source) Listing(ctx context.Context) iter.Seq2[evidence.Listed, error] {
	return s.files.List(ctx)
}

// Close releases the evidence. A second call does nothing.
func (s *Source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var err error
	for _, name := range slices.Sorted(maps.Keys(s.nested)) {
		err = errors.Join(err, s.nested[name].close())
	}
	for _, t := range s.texts {
		t.file.Close()
	}
	return errors.Join(err, s.files.Close())
}

// maxFact bounds a file that is read for facts.
const maxFact = 4 * limit.MiB
