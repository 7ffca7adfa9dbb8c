package web

import (
	"errors"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// meData is the page of a member about themselves.
type meData struct {
	Member   workspace.Member
	Team     bool // members sign in from elsewhere
	Provider string
	Passkeys []workspace.Passkey
	Subjects []workspace.Subject
	Sessions []workspace.Session
	This     string // handle of the session that asks
	Min      int
}

func (q *request) meData() (d meData, err error) {
	d = meData{Member: q.space.Member(), Team: q.s.team != nil, Provider: q.providerHost(), This: q.session.row.Handle, Min: workspace.MinPassphrase}
	if d.Sessions, err = q.space.Sessions(q.ctx()); err != nil {
		return d, err
	}
	if d.Passkeys, err = q.space.Passkeys(q.ctx()); err != nil {
		return d, err
	}
	d.Subjects, err = q.space.Subjects(q.ctx())
	return d, err
}

func (q *request) mePage() error { return q.showMe(nil) }

// showMe shows the page, with what in a form has to be mended.
func (q *request) showMe(problem error) error {
	d, err := q.meData()
	if err != nil {
		return err
	}
	if problem != nil {
		return q.again(problem, "me", q.Text("web.me.title"), d, inSection("me"))
	}
	return q.render("me", q.Text("web.me.title"), d, inSection("me"))
}

// changePassphrase asks for the old one: who finds a browser open does not
// take the account over.
func (q *request) changePassphrase() error {
	if err := q.form(); err != nil {
		return err
	}
	if err := q.teamOnly(); err != nil {
		return err
	}
	if err := q.setPassphrase(); err != nil {
		return q.showMe(err)
	}
	if err := q.space.EndMySessions(q.ctx(), q.session.row.Handle); err != nil {
		return err
	}
	return q.done("/me", q.Text("web.me.passphrase_changed"))
}

func (q *request) setPassphrase() error {
	next := q.r.PostFormValue("passphrase")
	switch {
	case len(next) < workspace.MinPassphrase:
		return invalid{"web.start.short"}
	case next != q.r.PostFormValue("repeat"):
		return invalid{"web.start.differ"}
	}
	g := q.s.guess(guessPassphrase, q.r)
	if wait := g.wait(); wait > 0 {
		return workspace.LockedError{Wait: wait}
	}
	d, err := q.s.door(q.ctx())
	if err != nil {
		return err
	}
	return q.s.slow(q.ctx(), func() error {
		_, err := d.Unlock(q.ctx(), q.space.Member().ID, q.r.PostFormValue("old"))
		if errors.Is(err, seal.ErrWrongPassphrase) {
			g.failed()
		}
		if err != nil {
			return err
		}
		return q.space.SetPassphrase(q.ctx(), next)
	})
}

func (q *request) namePasskey() error {
	if err := q.form(); err != nil {
		return err
	}
	if err := q.space.NamePasskey(q.ctx(), q.path("key"), q.value("name")); err != nil {
		if errors.Is(err, workspace.ErrInvalid) {
			return q.showMe(err)
		}
		return err
	}
	return q.done("/me", q.Text("web.me.named"))
}

func (q *request) removePasskey() error {
	if err := q.form(); err != nil {
		return err
	}
	if err := q.space.RemovePasskey(q.ctx(), q.path("key")); err != nil {
		return err
	}
	return q.done("/me", q.Text("web.me.passkey_removed"))
}

// endSession ends one of the member's sessions, be it the one that asks.
func (q *request) endSession() error {
	if err := q.form(); err != nil {
		return err
	}
	if q.path("session") == q.session.row.Handle {
		return q.lock()
	}
	if err := q.space.EndMySession(q.ctx(), q.path("session")); err != nil {
		return err
	}
	return q.done("/me", q.Text("web.me.session_ended"))
}

// endSessions ends them all.
func (q *request) endSessions() error {
	if err := q.form(); err != nil {
		return err
	}
	if err := q.space.EndMySessions(q.ctx(), ""); err != nil {
		return err
	}
	return q.lock()
}
