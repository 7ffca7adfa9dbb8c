package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/fault"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/workspace"
)

// apiPrefix is below which the API lies.
const apiPrefix = "/api/v1"

// caller is who asks the API.
type caller struct {
	*request
	scopes []string
	stream io.ReadCloser   // the body as it comes, for operations that take files
	once   *workspace.Once // the call, where its program named it
}

type callerKey struct{}

// api serves the JSON API: what the pages do, for programs. Its description,
// OpenAPI 3.1, is made from the same types that it answers with.
type api struct {
	huma.API
	s *Server
}

func (s *Server) newAPI() (http.Handler, *api) {
	describeProblems()
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Amparo", s.o.Version)
	config.Info.Description = "The workspace of `amparo serve`. Tokens are made on the page \"Programs\"; errors are problems after RFC 9457."
	config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", nil // its pages load scripts from elsewhere
	config.Servers = []*huma.Server{{URL: apiPrefix}}
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer"},
		"session": {Type: "apiKey", In: "cookie", Name: s.cookieName()},
	}
	a := &api{humago.NewWithPrefix(mux, apiPrefix, config), s}
	a.UseMiddleware(a.allow)
	a.operations()
	a.bytes()
	return s.identify(mux), a
}

// schemaName is what a type is called in the description. Types of packages
// below the workspace have the package's name before their own: there is a
// finding of a result and one of the workspace.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	switch from := path.Base(t.PkgPath()); from {
	case "", ".", "workspace", "web", "huma", "v2":
		return name
	default:
		return strings.ToUpper(from[:1]) + from[1:] + name
	}
}

// identify finds out who asks, by token or by the session of a browser.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &caller{request: &request{Printer: message.New(languageOf(r)), w: w, r: r, s: s}}
		if err := c.identify(); err != nil {
			c.fail(err)
			return
		}
		c.stream = r.Body
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		outer := r
		r = r.WithContext(context.WithValue(r.Context(), callerKey{}, c))
		c.r = r
		// Whoever measures asks the request that came for what answered it.
		defer func() { outer.Pattern = cmp.Or(r.Pattern, outer.Pattern) }()
		s.once(c, w, r, next)
	})
}

// identify finds the caller's workspace and scopes; none where nobody is known.
func (c *caller) identify() error {
	text, ok := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	if ok {
		return c.byToken(text)
	}
	var err error
	if c.session, err = c.s.sessions.find(c.ctx(), c.s.token(c.r)); err != nil {
		return err
	}
	if !c.s.limits.allow(c.session, c.r) {
		return tooFast{}
	}
	if c.space = c.session.unlocked(); c.space != nil {
		c.scopes = Scopes
	}
	return nil
}

// byToken lets a program in. Wrong tokens make the next wait that come from the
// same address.
func (c *caller) byToken(text string) error {
	g := c.s.limits.guess(guessToken, c.r)
	if g.wait() > 0 {
		return tooMany{}
	}
	if !c.s.limits.allow(&session{secret: text}, c.r) {
		return tooFast{}
	}
	var err error
	if c.space, c.scopes, err = c.s.findToken(c.ctx(), text); err == nil && c.space == nil {
		g.failed()
	}
	return err
}

// scopeOf is what an operation asks for.
const scopeOf = "scope"

// allow lets a caller in who has the scope of the operation, and whose role lets
// them do what it is for.
func (a *api) allow(ctx huma.Context, next func(huma.Context)) {
	c, _ := ctx.Context().Value(callerKey{}).(*caller)
	want, _ := ctx.Operation().Metadata[scopeOf].(string)
	switch {
	case c == nil || c.space == nil:
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="Amparo"`)
		_ = huma.WriteErr(a, ctx, http.StatusUnauthorized, c.Text("web.error.token")) // the client is gone
	case !slices.Contains(c.scopes, want):
		_ = huma.WriteErr(a, ctx, http.StatusForbidden, c.Text("web.error.token")) // the client is gone
	default:
		if err := c.admitTo(ctx); err != nil {
			a.refuse(ctx, c.problem(err))
			return
		}
		next(ctx)
	}
}

// refuse answers with a problem before an operation is asked.
func (a *api) refuse(ctx huma.Context, p *problem) {
	ctx.SetHeader("Content-Type", p.ContentType(""))
	ctx.SetStatus(p.Status)
	_ = json.NewEncoder(ctx.BodyWriter()).Encode(p) // the client is gone
}

// answerOf is a body of JSON.
type answerOf[T any] struct{ Body T }

// operation is what all operations have in common.
func operation(scope, method, path, id, summary string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{scope},
		Security: []map[string][]string{{"token": {scope}}, {"session": {}}},
		Metadata: map[string]any{scopeOf: scope}, MaxBodyBytes: maxForm,
	}
}

// add puts an operation into the API, with the scope that it asks for.
func add[I, O any](a *api, scope, method, path, id, summary string, fn func(ctx context.Context, sp *examine.Space, in *I) (O, error)) {
	register(a, operation(scope, method, path, id, summary), fn)
}

// create is add for what makes something new with each call. A program gives a
// key, so that a call that it repeats makes nothing twice.
func create[I, O any](a *api, scope, path, id, summary string, fn func(ctx context.Context, sp *examine.Space, in *I) (O, error)) {
	o := operation(scope, http.MethodPost, path, id, summary)
	o.Parameters = []*huma.Param{{
		Name: idempotencyHeader, In: "header", Schema: &huma.Schema{Type: "string", MinLength: new(1), MaxLength: new(maxKey)},
		Description: "A text of the program's own, such as a random one: the same call with the same key within a day is answered as the first was.",
	}}
	o.Metadata[creates] = true
	register(a, o, func(ctx context.Context, sp *examine.Space, in *I) (O, error) {
		if once := callerOf(ctx).once; once != nil {
			ctx = once.Makes(ctx)
		}
		return fn(ctx, sp, in)
	})
}

// receive is add for what takes a file as the body: it is read as it comes.
func receive[I, O any](a *api, scope, method, path, id, summary, kind string, fn func(ctx context.Context, sp *examine.Space, in *I) (O, error)) {
	o := operation(scope, method, path, id, summary)
	o.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{kind: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}
	register(a, o, fn)
}

func register[I, O any](a *api, o huma.Operation, fn func(ctx context.Context, sp *examine.Space, in *I) (O, error)) {
	huma.Register(a, o, func(ctx context.Context, in *I) (*answerOf[O], error) {
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

// file is an answer that is no JSON.
type file struct {
	ContentType string `header:"Content-Type"`
	Body        func(huma.Context)
}

// hand is add for what answers with a file. fn returns what writes it: what
// fails before is told as a problem, what fails while it is written breaks the
// answer off.
func hand[I any](a *api, scope, method, path, id, summary, kind string, fn func(ctx context.Context, sp *examine.Space, in *I) (kind string, write func(io.Writer) error, err error)) {
	o := operation(scope, method, path, id, summary)
	o.Responses = map[string]*huma.Response{"200": {Description: "the file", Content: map[string]*huma.MediaType{kind: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	huma.Register(a, o, func(ctx context.Context, in *I) (*file, error) {
		c := callerOf(ctx)
		kind, write, err := fn(ctx, c.space, in)
		if err != nil {
			return nil, c.problem(err)
		}
		return &file{kind, func(hc huma.Context) {
			if err := write(hc.BodyWriter()); err != nil {
				a.s.o.Log.WarnContext(ctx, "file broke off", "operation", id, fault.Kind(err))
				panic(http.ErrAbortHandler) // who reads must not take it for whole
			}
		}}, nil
	})
}

// callerOf is who asks: allow lets nobody else come this far.
func callerOf(ctx context.Context) *caller {
	c, _ := ctx.Value(callerKey{}).(*caller)
	return c
}

// at says to the code of pages what the path names.
func (c *caller) at(pairs ...string) *request {
	for i := 0; i+1 < len(pairs); i += 2 {
		c.r.SetPathValue(pairs[i], pairs[i+1])
	}
	return c.request
}
