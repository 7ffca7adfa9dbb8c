package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/message"
)

// apiPrefix is below which the API lies.
const apiPrefix = "/api/v1"

// caller is who asks the API.
type caller struct {
	*request
	scopes []string
}

type callerKey struct{}

// api serves the JSON API: what the pages do, for programs. Its description,
// OpenAPI 3.1, is made from the same types that it answers with.
type api struct {
	huma.API
	s *Server
}

func (s *Server) newAPI() (http.Handler, *api) {
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Amparo", s.o.Version)
	config.Info.Description = "The workspace of `amparo serve`. Tokens are made on the page \"Programs\"; errors are problems after RFC 9457."
	config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", nil // its pages load scripts from elsewhere
	config.Servers = []*huma.Server{{URL: apiPrefix}}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer"},
		"session": {Type: "apiKey", In: "cookie", Name: s.cookieName()},
	}
	a := &api{humago.NewWithPrefix(mux, apiPrefix, config), s}
	a.UseMiddleware(a.allow)
	a.operations()
	return s.identify(mux), a
}

// identify finds out who asks, by token or by the session of a browser.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &caller{request: &request{Printer: message.New(languageOf(r)), w: w, r: r, s: s}}
		if text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
			t := s.tokens.get(text)
			switch {
			case t != nil:
				c.space, c.scopes = t.space, t.scopes
			case s.tokens.guard.wait() > 0:
				c.refuse(http.StatusTooManyRequests, "web.error.too_many")
				return
			default:
				s.tokens.guard.failed()
			}
		} else if c.session = s.sessions.get(s.token(r)); c.session != nil {
			if c.space = c.session.unlocked(); c.space != nil {
				c.scopes = Scopes
			}
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

// scopeOf is what an operation asks for.
const scopeOf = "scope"

// allow lets a caller in who has the scope of the operation.
func (a *api) allow(ctx huma.Context, next func(huma.Context)) {
	c, _ := ctx.Context().Value(callerKey{}).(*caller)
	want, _ := ctx.Operation().Metadata[scopeOf].(string)
	switch {
	case c == nil || c.space == nil:
		_ = huma.WriteErr(a, ctx, http.StatusUnauthorized, c.Text("web.error.token")) // the client is gone
	case !slices.Contains(c.scopes, want):
		_ = huma.WriteErr(a, ctx, http.StatusForbidden, c.Text("web.error.token")) // the client is gone
	default:
		next(ctx)
	}
}

// answerOf is a body of JSON.
type answerOf[T any] struct{ Body T }

// add puts an operation into the API, with the scope that it asks for.
func add[I, O any](a *api, scope, method, path, id, summary string, fn func(ctx context.Context, sp *examine.Space, in *I) (O, error)) {
	huma.Register(a, huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{scope},
		Security: []map[string][]string{{"token": {scope}}, {"session": {}}},
		Metadata: map[string]any{scopeOf: scope}, MaxBodyBytes: maxForm,
	}, func(ctx context.Context, in *I) (*answerOf[O], error) {
		c, ok := ctx.Value(callerKey{}).(*caller)
		if !ok {
			return nil, errors.New("no caller")
		}
		out, err := fn(ctx, c.space, in)
		if err != nil {
			return nil, c.problem(err)
		}
		return &answerOf[O]{out}, nil
	})
}

// problem is the error as the API tells it: the sentence that a page shows.
func (c *caller) problem(err error) error {
	status, id := causeOf(err)
	if status == http.StatusInternalServerError {
		ref := secret()[:8]
		c.s.o.Log.ErrorContext(c.ctx(), "request failed", "ref", ref, "path", c.r.Pattern)
		return huma.NewError(status, c.Text(id, "Ref", ref))
	}
	return huma.NewError(status, c.Text(id))
}
