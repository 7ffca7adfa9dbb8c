package pipeline

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/finding"
)

// A task is one parser on one file.
type task struct {
	parser int // index in Options.Parsers
	entry  evidence.Entry
}

// A Selection is what parsers want of the evidence.
type Selection struct {
	tasks   []task                    // by parser, then path
	entries map[string]evidence.Entry // files that parsers read or may consult
	listed  int64                     // entries of the evidence
	wholes  map[string]evidence.Entry // files of which sections are read
	unread  []finding.Section         // sections that no parser reads
	errs    problems
	end     error // why the list ends early
}

// Select lists the evidence once and keeps what parsers want. A list that ends
// early is no error here: the run of Check says so.
func Select(ctx context.Context, src evidence.Source, parsers []artifact.Parser) *Selection {
	w := newWantedOf(platformOf(src.Evidence().Kind), parsers)
	w.named = byName(src.Evidence().Kind)
	s := &Selection{entries: map[string]evidence.Entry{}, wholes: map[string]evidence.Entry{}}
	for e, err := range src.Files(ctx) {
		if err != nil {
			var ee *evidence.EntryError
			if !errors.As(err, &ee) {
				s.end = err
				break
			}
			s.errs.add(finding.Problem{Path: ee.Path, Error: ee.Err.Error()})
			continue
		}
		if e.Of == nil {
			s.listed++
		}
		s.take(w, e)
	}
	for name, e := range s.wholes {
		s.entries[name] = e // for provenance and hash
	}
	if _, ok := src.(evidence.Lister); ok && s.end == nil {
		s.takeListing(src.Evidence().Kind, parsers)
	}
	slices.SortStableFunc(s.tasks, func(a, b task) int {
		if a.parser != b.parser {
			return a.parser - b.parser
		}
		return strings.Compare(a.entry.Path, b.entry.Path)
	})
	return s
}

// maxUnread bounds the sections that are listed as unread; a long report has some hundred.
const maxUnread = 5000

func (s *Selection) take(w *wanted, e evidence.Entry) {
	var few [4]int
	match := w.match
	if e.Of != nil {
		match = w.matchSection
	}
	parsers, ok := match(e.Path, few[:0])
	if e.Of != nil && len(s.unread) < maxUnread && !w.reads(e.Path, parsers) {
		s.unread = append(s.unread, finding.Section{Path: e.Path, Lines: e.Lines})
	}
	if !ok {
		return
	}
	if e.Of != nil {
		s.wholes[e.Of.Path] = *e.Of
	}
	if _, twice := s.entries[e.Path]; twice {
		s.errs.add(finding.Problem{Path: e.Path, Error: "listed more than once: the first is read"})
		return
	}
	s.entries[e.Path] = e
	for _, p := range parsers {
		s.tasks = append(s.tasks, task{parser: p, entry: e})
	}
}

// problems counts what could not be read and keeps the first few.
type problems struct {
	list []finding.Problem
	n    int64
}

func (p *problems) add(one finding.Problem) {
	p.n++
	if len(p.list) < finding.MaxErrors {
		p.list = append(p.list, one)
	}
}

func (p *problems) addAll(o *problems) {
	for _, one := range o.list {
		p.add(one)
	}
	p.n += o.n - int64(len(o.list))
}
