package pipeline

import (
	"context"
	"errors"
	"path"
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

// selection is what parsers want of the evidence.
type selection struct {
	tasks   []task                    // by parser, then path
	entries map[string]evidence.Entry // files that parsers read or may consult
	listed  int64                     // entries of the evidence
	errs    problems
}

// sidecars are what SQLite keeps beside a database.
var sidecars = []string{"-wal", "-journal"}

// wanted finds the patterns that may fit a path by its last component, for
// evidence lists hundreds of thousands of files and parsers want a few.
type wanted struct {
	byBase map[string][]want
	other  []want // patterns whose last component has a wildcard
}

type want struct {
	pattern string
	parser  int // -1: a companion
}

func newWanted(parsers []artifact.Parser) *wanted {
	w := &wanted{byBase: map[string][]want{}}
	for i, p := range parsers {
		info := p.Info()
		for _, pattern := range info.Files {
			w.add(want{pattern, i})
		}
		for _, pattern := range info.Companions {
			w.add(want{pattern, -1})
		}
	}
	return w
}

func (w *wanted) add(n want) {
	base := path.Base(n.pattern)
	if strings.ContainsAny(base, `*?[\`) {
		w.other = append(w.other, n)
		return
	}
	w.byBase[base] = append(w.byBase[base], n)
}

// match appends to dst the parsers whose patterns fit the path, and reports
// whether the path is wanted at all: a companion or a sidecar has no parser.
func (w *wanted) match(name string, dst []int) (parsers []int, ok bool) {
	base := name[strings.LastIndexByte(name, '/')+1:]
	for _, list := range [][]want{w.byBase[base], w.other} {
		for _, n := range list {
			if !artifact.Match(n.pattern, name) {
				continue
			}
			ok = true
			if n.parser >= 0 && !slices.Contains(dst, n.parser) {
				dst = append(dst, n.parser)
			}
		}
	}
	for _, suffix := range sidecars {
		if db, is := strings.CutSuffix(name, suffix); is && !ok {
			_, ok = w.match(db, nil)
		}
	}
	return dst, ok
}

// choose lists the evidence once and keeps what parsers want.
func choose(ctx context.Context, src evidence.Source, parsers []artifact.Parser) (*selection, error) {
	w := newWanted(parsers)
	s := &selection{entries: map[string]evidence.Entry{}}
	var end error
	for e, err := range src.Files(ctx) {
		if err != nil {
			var ee *evidence.EntryError
			if !errors.As(err, &ee) {
				end = err
				break
			}
			s.errs.add(finding.Problem{Path: ee.Path, Error: ee.Err.Error()})
			continue
		}
		s.listed++
		s.take(w, e)
	}
	slices.SortStableFunc(s.tasks, func(a, b task) int {
		if a.parser != b.parser {
			return a.parser - b.parser
		}
		return strings.Compare(a.entry.Path, b.entry.Path)
	})
	return s, end
}

func (s *selection) take(w *wanted, e evidence.Entry) {
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
