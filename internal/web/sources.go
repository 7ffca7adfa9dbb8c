package web

import (
	"path"
	"regexp"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/workspace"
)

// sourceLine is a source of a statement: what it names of the workspace, and what
// else it tells. Link is "" where there is nothing to open, or the reader may not
// open it.
type sourceLine struct{ Name, Link, Text string }

// sourceLinks knows which evidence and checks the reader of a page may open, so
// that each is asked for once.
type sourceLinks struct {
	q     *request
	known map[string]bool
}

func (q *request) sourceLinks() *sourceLinks { return &sourceLinks{q, map[string]bool{}} }

// findingID is what a finding is called: whoever wrote the account typed it.
var findingID = regexp.MustCompile(`^F-[0-9a-z]+$`)

// line is a source as a page shows it.
func (l *sourceLinks) line(s account.Source) sourceLine {
	rest := s
	rest.Evidence, rest.Run, rest.Finding = "", "", ""
	out := sourceLine{Text: casework.SourceText(rest)}
	switch {
	case s.Finding != "":
		out.Name = path.Join(s.Evidence, s.Run, s.Finding)
		if findingID.MatchString(s.Finding) && l.run(s.Run) {
			out.Link = "/runs/" + s.Run + "/findings/" + s.Finding
		}
	case s.Evidence != "":
		if out.Name = s.Evidence; l.evidence(s.Evidence) {
			out.Link = "/evidence/" + s.Evidence
		}
	}
	return out
}

// may asks once whether something can be opened: what an id names may be of
// nobody, or of a case that the reader does not know.
func (l *sourceLinks) may(id string, ask func() (bool, error)) bool {
	if id == "" {
		return false
	}
	ok, asked := l.known[id]
	if !asked {
		var err error
		ok, err = ask()
		ok = ok && err == nil
		l.known[id] = ok
	}
	return ok
}

func (l *sourceLinks) run(id string) bool {
	return l.may(id, func() (bool, error) {
		r, err := l.q.space.Run(l.q.ctx(), id)
		return r.State != workspace.Erased, err
	})
}

func (l *sourceLinks) evidence(id string) bool {
	return l.may(id, func() (bool, error) {
		_, err := l.q.space.Evidence(l.q.ctx(), id)
		return true, err
	})
}
