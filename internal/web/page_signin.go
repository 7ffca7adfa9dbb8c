package web

import (
	"errors"
	"net/url"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// signInData is the page by which members come who are elsewhere.
type signInData struct {
	Provider string // host of the provider, "" without one
}

func (q *request) providerHost() string {
	if q.s.team == nil || q.s.team.oidc == nil {
		return ""
	}
	u, err := url.Parse(q.s.team.oidc.o.Issuer)
	if err != nil {
		return ""
	}
	return u.Host
}

func (q *request) signInPage() error {
	if err := q.teamOnly(); err != nil {
		return err
	}
	if q.session != nil {
		return q.redirect(q.inside())
	}
	return q.render("signin", q.Text("web.signin.title"), signInData{q.providerHost()})
}

// joinData is what somebody sees who was invited.
type joinData struct {
	Name, Until string
	Back        bool // a member who lost their way in
	Min         int
}

// invitation is the one that the path names. Who tries one after the other
// waits.
func (q *request) invitation() (inv workspace.Invitation, err error) {
	if err := q.teamOnly(); err != nil {
		return inv, err
	}
	g := q.s.guess(guessInvitation, q.r)
	if g.wait() > 0 {
		return inv, tooMany{}
	}
	d, err := q.s.door(q.ctx())
	if err != nil {
		return inv, err
	}
	inv, err = d.Invitation(q.ctx(), q.path("token"))
	if errors.Is(err, workspace.ErrNotFound) {
		g.failed()
		return inv, errInvitation
	}
	if err == nil {
		g.passed()
	}
	return inv, err
}

// errInvitation says that a link is used up.
var errInvitation = errors.New("no such invitation")

func joinOf(inv *workspace.Invitation) joinData {
	return joinData{inv.Name, when(inv.Until), inv.Member != "", workspace.MinPassphrase}
}

// joinPage only shows: programs that preview links do not spend them.
func (q *request) joinPage() error {
	inv, err := q.invitation()
	if err != nil {
		return err
	}
	return q.render("join", q.Text("web.join.title"), joinOf(&inv))
}

// join spends the invitation.
func (q *request) join() error {
	if err := q.form(); err != nil {
		return err
	}
	inv, err := q.invitation()
	if err != nil {
		return err
	}
	if inv.Member != "" {
		return q.comeBack()
	}
	if err := q.joinNew(); err != nil {
		return q.again(err, "join", q.Text("web.join.title"), joinOf(&inv))
	}
	return q.done("/me", q.Text("web.join.done"))
}

// comeBack signs a member in who lost their way in. Their passphrase opens
// their identity, as ever.
func (q *request) comeBack() error {
	d, err := q.s.door(q.ctx())
	if err != nil {
		return err
	}
	m, err := d.Return(q.ctx(), q.path("token"))
	if errors.Is(err, workspace.ErrNotFound) {
		return errInvitation
	}
	if err != nil {
		return err
	}
	if err := q.signIn(m, "invitation", inside{}); err != nil {
		return err
	}
	return q.redirect("/unlock")
}

// joinNew makes a member: their identity is made in memory, and kept under
// their passphrase.
func (q *request) joinNew() error {
	pass := q.r.PostFormValue("passphrase")
	switch {
	case len(pass) < workspace.MinPassphrase:
		return invalid{"web.start.short"}
	case pass != q.r.PostFormValue("repeat"):
		return invalid{"web.start.differ"}
	}
	d, err := q.s.door(q.ctx())
	if err != nil {
		return err
	}
	var id seal.Identity
	var m workspace.Member
	err = q.s.slow(q.ctx(), func() (err error) {
		id, m, err = d.Join(q.ctx(), q.path("token"), pass)
		return err
	})
	switch {
	case errors.Is(err, workspace.ErrNotFound):
		return errInvitation
	case errors.Is(err, workspace.ErrExists):
		return invalid{"web.join.taken"}
	case err != nil:
		return err
	}
	return q.signIn(m, "invitation", inside{Identity: id.Secret()})
}
