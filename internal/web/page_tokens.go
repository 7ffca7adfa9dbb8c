package web

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// tokensData are the tokens of the member, and a new one, shown once.
type tokensData struct {
	Tokens []tokenLine
	Scopes []string
	Cases  []caseChoice
	New    string
	Base   string // address of this server
}

type tokenLine struct {
	ID, Name, Until string
	Scopes, Cases   []string // Cases: titles, or ids where there is none
}

// caseChoice is a case that a token can be limited to.
type caseChoice struct{ ID, Title string }

func (q *request) tokensData() (tokensData, error) {
	d := tokensData{Scopes: Scopes, Base: q.s.base()}
	cases, err := q.space.Cases(q.ctx(), "", workspace.Page{Limit: workspace.MaxLimit})
	if err != nil {
		return d, err
	}
	titles := map[string]string{}
	for _, c := range cases.Items {
		if !c.Sealed {
			titles[c.ID] = cmp.Or(c.Title, c.ID)
			d.Cases = append(d.Cases, caseChoice{c.ID, titles[c.ID]})
		}
	}
	list, err := q.space.Tokens(q.ctx())
	for _, t := range list {
		line := tokenLine{ID: t.Handle, Name: t.Name, Until: when(t.Until), Scopes: t.Scopes}
		for _, id := range t.Cases {
			line.Cases = append(line.Cases, cmp.Or(titles[id], id))
		}
		d.Tokens = append(d.Tokens, line)
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
	cases := q.r.PostForm["case"]
	if (q.value("reach") == "some") != (len(cases) > 0) {
		return q.showTokens("", invalid{"web.tokens.which"})
	}
	text, err := q.s.makeToken(q.ctx(), q.session, workspace.Token{Name: q.value("name"), Scopes: scopes, Cases: cases}, time.Duration(days)*24*time.Hour)
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
