package web

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/amparo-project/amparo/internal/fault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Heads of a call that must not be made twice.
const (
	idempotencyHeader = "Idempotency-Key"
	replayedHeader    = "Idempotency-Replayed"
	maxKey            = 200 // bytes
	creates           = "creates"
)

// once makes a call that names a key once: the same call is answered as the
// first was, for a day.
func (s *Server) once(c *caller, w http.ResponseWriter, r *http.Request, next http.Handler) {
	key := r.Header.Get(idempotencyHeader)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if key == "" || r.Method != http.MethodPost || c.space == nil || kind != "" && kind != "application/json" {
		next.ServeHTTP(w, r)
		return
	}
	if len(key) > maxKey {
		c.refuse(http.StatusBadRequest, "web.error.bad_request")
		return
	}
	body, err := io.ReadAll(r.Body) //nolint:forbidigo // bounded by maxForm
	if err != nil {
		c.fail(badRequest{err})
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	o := &workspace.Once{Key: key, Request: requestHash(key, c, r, body)}
	had, err := c.space.BeginOnce(r.Context(), o)
	if err != nil {
		c.fail(err)
		return
	}
	if had != nil {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set(replayedHeader, "true")
		_, _ = w.Write(had) // the client is gone
		return
	}
	c.once = o
	rec := &recorder{ResponseWriter: w}
	defer func() {
		// The answer is kept also where the client did not wait for it.
		if err := c.space.EndOnce(c.longer(), o, rec.good()); err != nil {
			s.o.Log.ErrorContext(r.Context(), "answer not kept", fault.Kind(err))
		}
	}()
	next.ServeHTTP(rec, r)
}

// requestHash is the hash of all that a call is. It is keyed: a body may hold
// a password.
func requestHash(key string, c *caller, r *http.Request, body []byte) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, []byte(key))
	for _, part := range []string{strings.Join(c.scopes, " "), strings.Join(c.space.Limited(), " "), r.Method, r.URL.RequestURI(), c.Lang()} {
		fmt.Fprintf(h, "%d %s\n", len(part), part)
	}
	h.Write(body)
	h.Sum(sum[:0])
	return sum
}

// recorder keeps an answer while it is written.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
	failed bool
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if r.body.Len()+len(b) > maxForm {
		r.failed = true
	} else {
		r.body.Write(b)
	}
	n, err := r.ResponseWriter.Write(b)
	if err != nil {
		return len(b), nil //nolint:nilerr // the client is gone: the answer is kept for when it asks again
	}
	return n, err
}

// good is the answer to a call that did what it says; nil for others.
func (r *recorder) good() []byte {
	if r.status != http.StatusOK || r.failed {
		return nil
	}
	return r.body.Bytes()
}
