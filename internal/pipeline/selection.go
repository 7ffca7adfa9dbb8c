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
	errs    problems
	end     error // why the list ends early
}

// Select lists the evidence once and keeps what parsers want. A list that ends
// early is no error here: the run of Check says so.
func Select(ctx context.Context, src evidence.Source, parsers []artifact.Parser) *Selection {
	w := newWanted(parsers)
	w.named = byName(src.Evidence().Kind)
	s := &Selection{entries: map[string]evidence.Entry{}}
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
		s.listed++
		s.take(w, e)
	}
	if _, ok := src.(evidence.Lister); ok && s.end == nil && src.Evidence().Kind == filesystem {
		s.takeListing(parsers)
	}
	slices.SortStableFunc(s.tasks, func(a, b task) int {
		if a.parser != b.parser {
			return a.parser - b.parser
		}
		return strings.Compare(a.entry.Path, b.entry.Path)
	})
	return s
}

func (s *Selection) take(w *wanted, e evidence.Entry) {
	var few [4]int
	parsers, ok := w.match(e.Path, few[:0])
	if !ok {
		return
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
