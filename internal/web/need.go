package web

import (
	"net/http"
	"strings"

	"github.com/amparo-project/amparo/internal/workspace"
)

// level is how far somebody has come in.
type level int

const (
	isAnybody level = iota // on this machine
	isVisitor              // came by the link
	isMember               // the keys of their cases are open
)

// need is what a route, or an operation of the API, asks of who sends a
// request.
type need struct {
	level    level
	deed     workspace.Deed // with what the path names, or in some case
	whole    bool           // with all of the case, not with their own alone
	team     bool           // is not the person concerned alone
	managers bool           // who invites and removes members of the workspace
	endsJob  bool           // the deed is that of the job that the path names
}

// What a route can ask.
var (
	anybody  = need{level: isAnybody}
	visitor  = need{level: isVisitor}
	member   = need{level: isMember} // of what is their own: their tokens, their sessions
	ofTeam   = need{level: isMember, team: true}
	managers = need{level: isMember, managers: true}
	whole    = mayAll(workspace.ActSee) // who sees all of a case
	endsJob  = need{level: isMember, deed: workspace.ActCheck, endsJob: true}
)

// mayAll asks for a member whose role lets them do something with all of a case.
func mayAll(d workspace.Deed) need { return need{level: isMember, deed: d, whole: true} }

// may asks for a member whose role lets them do something.
func may(d workspace.Deed) need { return need{level: isMember, deed: d} }

// teamMay asks for one who does it for the whole workspace.
func teamMay(d workspace.Deed) need { return need{level: isMember, deed: d, team: true} }

// things are the names in paths that stand for what belongs to a case.
var things = map[string]func(*workspace.Thing) *string{
	"case":     func(x *workspace.Thing) *string { return &x.Case },
	"evidence": func(x *workspace.Thing) *string { return &x.Evidence },
	"run":      func(x *workspace.Thing) *string { return &x.Run },
	"job":      func(x *workspace.Thing) *string { return &x.Job },
	"finding":  func(x *workspace.Thing) *string { return &x.Finding },
}

// entryPath is how paths name an entry of the account; elsewhere {entry} is
// one of the ledger.
const entryPath = "/entries/{entry}"

// looks reports whether a request shows something of a case.
func (n need) looks(method string) bool {
	return n.deed == workspace.ActSee || n.deed != "" && method == http.MethodGet
}

// thingIn is what a path names. value tells the values of its parts.
func thingIn(pattern string, value func(name string) string) (x workspace.Thing) {
	for name, field := range things {
		if strings.Contains(pattern, "{"+name+"}") {
			*field(&x) = value(name)
		}
	}
	if strings.Contains(pattern, entryPath) {
		x.Entry = value("entry")
	}
	if strings.Contains(pattern, "{notice}") {
		x.Entry = value("notice")
	}
	return x
}

// admitTo lets a member do what a route is for, and writes to the ledger that
// they look where they only look. A path that names something of a case asks
// for a deed: without one only an owner would come through.
func (q *request) admitTo(n need) error {
	if n.level < isMember {
		return nil
	}
	x, err := q.allowed(n, thingIn(q.r.Pattern, q.path))
	if err != nil {
		return err
	}
	if !n.looks(q.r.Method) {
		return nil
	}
	_, page, _ := strings.Cut(q.r.Pattern, " ")
	return q.view(x, page)
}

// allowed asks whether the member may do what is needed with a thing, and
// returns it with its case and evidence.
func (q *request) allowed(n need, x workspace.Thing) (workspace.Thing, error) {
	if n.managers && !q.space.Member().Manager {
		return x, workspace.ErrNotAllowed
	}
	if n.managers && q.space.Limited() != nil {
		return x, workspace.ErrLimited
	}
	if n.team {
		if err := q.space.InTeam(q.ctx()); err != nil {
			return x, err
		}
	}
	if n.endsJob {
		if j, err := q.space.Job(q.ctx(), x.Job); err == nil { // else it is refused by the deed of most
			n.deed = workspace.JobDeed(j.Kind)
		}
	}
	if n.deed == "" && x != (workspace.Thing{}) {
		n.deed = workspace.ActMembers
	}
	if n.deed == "" {
		return x, nil
	}
	x, err := q.space.AllowsWith(q.ctx(), n.deed, x)
	if err != nil || !n.whole {
		return x, err
	}
	m, err := q.space.RoleIn(q.ctx(), x.Case)
	if err == nil && !m.Role.MayAll(n.deed) {
		err = &workspace.NotAllowed{Case: x.Case, Role: m.Role, Deed: n.deed}
	}
	return x, err
}

// view writes to the ledger that the member looks at something, of which was
// asked whether they may, before they see it.
func (q *request) view(x workspace.Thing, page string) error {
	return q.viewAll([]workspace.Thing{x}, page)
}

// viewAll is view, of several things that a page shows together.
func (q *request) viewAll(list []workspace.Thing, page string) error {
	session := ""
	if q.session != nil {
		session = workspace.SecretID(q.session.secret)
	} else if token, ok := strings.CutPrefix(q.r.Header.Get("Authorization"), "Bearer "); ok {
		session = workspace.SecretID(token)
	}
	views := make([]workspace.View, len(list))
	for i, x := range list {
		views[i] = workspace.View{Thing: x, Page: page, Session: session}
	}
	return q.s.views.Record(q.ctx(), q.space.Workspace, views...)
}

// ofRuns are checks as things to look at: of lists that the member got, so that
// whether they may was asked.
func ofRuns(runs []workspace.Run) []workspace.Thing {
	list := make([]workspace.Thing, len(runs))
	for i := range runs {
		list[i] = workspace.Thing{Case: runs[i].Case, Evidence: runs[i].Evidence, Run: runs[i].ID}
	}
	return list
}
