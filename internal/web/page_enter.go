package web

import (
	"errors"
	"io/fs"
	"math"
	"net/http"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// home leads to where one can go on.
func (q *request) home() error {
	switch {
	case q.session == nil && q.s.team != nil:
		return q.redirect(q.s.outside())
	case q.session == nil:
		return q.render("welcome", q.Text("web.welcome.title"), nil)
	case q.space == nil:
		return q.redirect(q.s.first())
	}
	return q.redirect("/cases")
}

// enter spends the one-time link.
func (q *request) enter() error {
	if q.s.team != nil {
		return workspace.ErrNotFound // members sign in
	}
	if q.session != nil {
		return q.redirect("/") // the same link again, by the same browser
	}
	if !q.s.links.use(q.path("token")) {
		q.refuse(http.StatusForbidden, "web.error.link")
		return nil
	}
	q.s.setCookie(q.w, q.s.sessions.welcome())
	// A page, and no redirect: a browser that came from elsewhere sends a
	// strict cookie only to where a page of ours leads.
	return q.render("entered", q.Text("web.welcome.title"), "/")
}

func (q *request) setLanguage() error { return q.choose(languageCookie, "language", "en", "es") }
func (q *request) setAppearance() error {
	return q.choose(appearanceCookie, "appearance", "light", "dark", "system")
}

// choose remembers a choice in the browser.
func (q *request) choose(cookie, field string, values ...string) error {
	if err := q.form(); err != nil {
		return err
	}
	for _, v := range values {
		if q.value(field) == v {
			//nolint:gosec // no secret, and loopback
			http.SetCookie(q.w, &http.Cookie{Name: cookie, Value: v, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteStrictMode})
			return q.redirect(q.back())
		}
	}
	return badRequest{errors.New("no such choice")}
}

// startData is the form that makes a workspace.
type startData struct {
	Name        string
	HasIdentity bool // there is one already: its passphrase is asked for
	Min         int
}

// minPassphrase keeps the worst passphrases out, in bytes.
const minPassphrase = workspace.MinPassphrase

func (q *request) startData() startData {
	_, err := seal.ReadIdentityFile(q.s.o.IdentityFile, nil)
	return startData{q.value("name"), !errors.Is(err, fs.ErrNotExist), minPassphrase}
}

func (q *request) startPage() error {
	if q.s.o.Exists() {
		return q.redirect("/unlock")
	}
	return q.render("start", q.Text("web.start.title"), q.startData())
}

// start makes a workspace, and an identity where there is none.
func (q *request) start() error {
	if err := q.form(); err != nil {
		return err
	}
	if q.s.o.Exists() {
		return q.redirect("/unlock")
	}
	d := q.startData()
	id, err := q.identityFor(d)
	if err == nil {
		err = q.create(id, d.Name)
	}
	if err != nil {
		return q.again(err, "start", q.Text("web.start.title"), d)
	}
	if err := q.admit(id); err != nil {
		return err
	}
	return q.done("/cases/new", q.Text("web.start.done"))
}

// identityFor opens the identity that is there, or makes one.
func (q *request) identityFor(d startData) (seal.Identity, error) {
	pass := q.r.PostFormValue("passphrase")
	if d.Name == "" {
		return seal.Identity{}, invalid{"web.start.no_name"}
	}
	if d.HasIdentity {
		return q.guess(pass)
	}
	switch {
	case len(pass) < minPassphrase:
		return seal.Identity{}, invalid{"web.start.short"}
	case pass != q.r.PostFormValue("repeat"):
		return seal.Identity{}, invalid{"web.start.differ"}
	}
	id, err := seal.NewIdentity()
	if err != nil {
		return id, err
	}
	if err := makeDirFor(q.s.o.IdentityFile); err != nil {
		return id, err
	}
	return id, seal.WriteIdentityFile(q.s.o.IdentityFile, id, pass)
}

func (q *request) create(id seal.Identity, name string) error {
	h, err := q.s.open(true)
	if err != nil {
		return err
	}
	_, err = workspace.Create(q.ctx(), h.db, workspace.Options{Identity: id, Now: q.s.o.Now}, name)
	if errors.Is(err, workspace.ErrExists) {
		return nil // an earlier try got as far
	}
	return err
}

// admit opens the workspace for this browser, under a new cookie: whoever
// knew the old one gets nothing.
func (q *request) admit(id seal.Identity) error {
	sp, err := q.s.space(q.ctx(), id)
	if err != nil {
		return err
	}
	return q.let(sp.Member(), "link", inside{Identity: id.Secret()})
}

func (q *request) unlockPage() error {
	switch {
	case !q.s.o.Exists():
		return q.redirect("/start")
	case q.space != nil:
		return q.redirect("/cases")
	}
	return q.render("unlock", q.Text("web.unlock.title"), nil)
}

// unlock opens the identity by its passphrase.
func (q *request) unlock() error {
	if err := q.form(); err != nil {
		return err
	}
	var err error
	if pass := q.r.PostFormValue("passphrase"); q.s.team != nil {
		err = q.unlockMember(pass)
	} else {
		err = q.unlockFile(pass)
	}
	if err != nil {
		return q.again(err, "unlock", q.Text("web.unlock.title"), nil)
	}
	return q.redirect("/cases")
}

func (q *request) unlockFile(passphrase string) error {
	id, err := q.guess(passphrase)
	if err != nil {
		return err
	}
	return q.admit(id)
}

// guess opens the identity file. Wrong guesses make the next ones wait, all
// browsers together.
func (q *request) guess(passphrase string) (seal.Identity, error) {
	if wait := q.s.guesses.wait(); wait > 0 {
		q.w.Header().Set("Retry-After", q.Number(int64(math.Ceil(wait.Seconds()))))
		return seal.Identity{}, tooMany{}
	}
	id, err := seal.ReadIdentityFile(q.s.o.IdentityFile, func() (string, error) { return passphrase, nil })
	switch {
	case errors.Is(err, seal.ErrWrongPassphrase):
		q.s.guesses.failed()
	case errors.Is(err, fs.ErrNotExist):
		err = invalid{"web.unlock.no_identity"}
	case err == nil:
		q.s.guesses.passed()
	}
	return id, err
}

// lock ends the session.
func (q *request) lock() error {
	if err := q.s.sessions.end(q.ctx(), q.s.token(q.r)); err != nil {
		return err
	}
	if q.space != nil {
		q.space.Forget()
		q.s.compared.forget(q.space.Member().ID)
		q.s.standings.forget()
		q.s.wholes.forget()
	}
	q.s.dropCookie(q.w)
	return q.redirect(q.s.outside())
}
