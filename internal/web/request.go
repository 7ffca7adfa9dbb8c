package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/text/language"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/workspace"
)

// request is one request with what its handler needs.
type request struct {
	*message.Printer
	w       http.ResponseWriter
	r       *http.Request
	s       *Server
	session *session       // nil: none
	space   *examine.Space // nil before the passphrase was given
}

func (q *request) ctx() context.Context { return q.r.Context() }

// longer is a context for what is written at the end of a request, whether or
// not its sender still waits.
func (q *request) longer() context.Context { return context.WithoutCancel(q.r.Context()) }

// path is a part of the request's path, by the name that the route gives it.
func (q *request) path(name string) string { return q.r.PathValue(name) }

// value is a field of the form, or of the query, with the line ends of a
// browser made ours.
func (q *request) value(name string) string {
	return strings.TrimSpace(strings.ReplaceAll(q.r.FormValue(name), "\r\n", "\n"))
}

// page is the part of a list that is asked for.
func (q *request) page(limit int) workspace.Page {
	return workspace.Page{After: q.r.URL.Query().Get("after"), Limit: limit}
}

// last is the page of a list that was asked for, what came last first.
func (q *request) last(limit int) workspace.Page {
	p := q.page(limit)
	p.Last = true
	return p
}

// maxForm bounds a form without files, in bytes.
const maxForm = 1 << 20

// form reads a form without files.
func (q *request) form() error {
	q.r.Body = http.MaxBytesReader(q.w, q.r.Body, maxForm)
	if err := q.r.ParseForm(); err != nil {
		return badRequest{err}
	}
	return nil
}

// redirect sends the browser on after a change.
func (q *request) redirect(to string) error {
	http.Redirect(q.w, q.r, to, http.StatusSeeOther)
	return nil
}

// done says something on the page that is shown next.
func (q *request) done(to, notice string) error {
	if q.session != nil {
		q.say(notice)
	}
	return q.redirect(to)
}

// Cookies of the two choices that everybody has. They hold no secret.
const (
	languageCookie   = "amparo_language"
	appearanceCookie = "amparo_appearance"
)

var matcher = language.NewMatcher([]language.Tag{language.English, language.Spanish})

// languageOf is the language that was chosen, or the browser asks for.
func languageOf(r *http.Request) string {
	if c, err := r.Cookie(languageCookie); err == nil && (c.Value == "en" || c.Value == "es") {
		return c.Value
	}
	_, i := language.MatchStrings(matcher, r.Header.Get("Accept-Language"))
	return message.Languages[i]
}

// appearanceOf is "light", "dark", or "" for what the system has.
func appearanceOf(r *http.Request) string {
	if c, err := r.Cookie(appearanceCookie); err == nil && (c.Value == "light" || c.Value == "dark") {
		return c.Value
	}
	return ""
}

// back is the page that a form was on: a path of ours, never another's.
func (q *request) back() string {
	u, err := url.Parse(q.r.Referer())
	if err != nil || u.Host != q.r.Host || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	return u.RequestURI()
}
