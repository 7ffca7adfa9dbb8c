package web

import (
	"slices"
	"strconv"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// tokensData are the tokens of the member, and a new one, shown once.
type tokensData struct {
	Tokens []tokenLine
	Scopes []string
	New    string
}

type tokenLine struct {
	ID, Name, Until string
	Scopes          []string
}

func (q *request) tokensData() (tokensData, error) {
	d := tokensData{Scopes: Scopes}
	list, err := q.space.Tokens(q.ctx())
	for _, t := range list {
		d.Tokens = append(d.Tokens, tokenLine{t.Handle, t.Name, when(t.Until), t.Scopes})
	}
	return d, err
}

func (q *request) tokensPage() error { return q.showTokens("", nil) }

// showTokens shows the page, with a token that was made, or what has to be
// mended.
func (q *request) showTokens(made string, problem error) error {
	d, err := q.tokensData()
	if err != nil {
		return err
	}
	if problem != nil {
		return q.again(problem, "tokens", q.Text("web.tokens.title"), d, inSection("tokens"))
	}
	d.New = made
	return q.render("tokens", q.Text("web.tokens.title"), d, inSection("tokens"))
}

func (q *request) newToken() error {
	if err := q.form(); err != nil {
		return err
	}
	scopes := q.r.PostForm["scope"]
	days, err := strconv.Atoi(q.value("days"))
	if err != nil || slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(Scopes, s) }) {
		return q.showTokens("", workspace.ErrInvalid)
	}
	text, err := q.s.makeToken(q.ctx(), q.session, workspace.Token{Name: q.value("name"), Scopes: scopes}, time.Duration(days)*24*time.Hour)
	if err != nil {
		return q.showTokens("", err)
	}
	return q.showTokens(text, nil)
}

func (q *request) revokeToken() error {
	if err := q.form(); err != nil {
		return err
	}
	if err := q.space.RevokeToken(q.ctx(), q.path("token")); err != nil {
		return err
	}
	return q.done("/tokens", q.Text("web.tokens.revoked"))
}
