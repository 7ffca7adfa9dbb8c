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

func (q *request) tokensData() tokensData {
	d := tokensData{Scopes: Scopes}
	for _, t := range q.s.tokens.of(q.space.Member().ID) {
		d.Tokens = append(d.Tokens, tokenLine{t.id, t.name, t.until.UTC().Format("2006-01-02 15:04"), t.scopes})
	}
	return d
}

func (q *request) tokensPage() error {
	return q.render("tokens", q.Text("web.tokens.title"), q.tokensData(), inSection("tokens"))
}

// maxTokenDays is how long a token may live.
const maxTokenDays = 90

func (q *request) newToken() error {
	if err := q.form(); err != nil {
		return err
	}
	scopes := q.r.PostForm["scope"]
	days, err := strconv.Atoi(q.value("days"))
	if err != nil || days < 1 || days > maxTokenDays || len(scopes) == 0 || q.value("name") == "" || len(q.value("name")) > 100 ||
		slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(Scopes, s) }) {
		return q.again(workspace.ErrInvalid, "tokens", q.Text("web.tokens.title"), q.tokensData(), inSection("tokens"))
	}
	text := q.s.tokens.add(token{
		name: q.value("name"), scopes: scopes, until: q.s.o.Now().Add(time.Duration(days) * 24 * time.Hour),
		member: q.space.Member().ID, space: q.space,
	})
	if text == "" {
		return q.again(invalid{"web.tokens.many"}, "tokens", q.Text("web.tokens.title"), q.tokensData(), inSection("tokens"))
	}
	d := q.tokensData()
	d.New = text
	return q.render("tokens", q.Text("web.tokens.title"), d, inSection("tokens"))
}

func (q *request) revokeToken() error {
	if err := q.form(); err != nil {
		return err
	}
	if !q.s.tokens.revoke(q.space.Member().ID, q.path("token")) {
		return workspace.ErrNotFound
	}
	return q.done("/tokens", q.Text("web.tokens.revoked"))
}
