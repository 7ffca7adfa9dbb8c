package web

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// A sender may pause for slack in all, and more by slowest bytes for each
// second: a form arrives at once, and a part of evidence over a bad line in its
// time. Without a bound anybody could hold connections for ever, a byte now and
// then, before they are asked who they are.
const (
	slack   = time.Minute
	slowest = 1 << 10
)

// unhurried bounds how long the body of a request may take to arrive. What the
// server does between two reads is not counted.
func (s *Server) unhurried(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	r.Body = &timedBody{ReadCloser: r.Body, on: http.NewResponseController(w), left: s.slack}
}

type timedBody struct {
	io.ReadCloser
	on   *http.ResponseController
	left time.Duration // that reads may still wait
	set  time.Time     // when the deadline was set last
}

// Read implements io.Reader.
func (b *timedBody) Read(p []byte) (int, error) {
	begun := time.Now()
	if begun.Sub(b.set) > b.left/8 { // each is a message to the connection
		_ = b.on.SetReadDeadline(begun.Add(b.left)) // what cannot, as in tests, waits
		b.set = begun
	}
	n, err := b.ReadCloser.Read(p)
	b.left += time.Duration(n)*(time.Second/slowest) - time.Since(begun)
	if err != nil && errors.Is(err, io.EOF) {
		// From here on the server listens whether who asked is still there: that is no
		// reading of a body, and has no end.
		_ = b.on.SetReadDeadline(time.Time{})
	}
	return n, err
}
