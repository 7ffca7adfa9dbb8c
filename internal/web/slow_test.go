package web

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestSlowBody sends forms that never end: a byte now and then does not keep a
// connection. What arrives in parts, and has a long time to be answered, is.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.s.slack = 200 * time.Millisecond
	srv := httptest.NewServer(f.s.Handler())
	defer srv.Close()
	f.s.o.Addr = strings.TrimPrefix(srv.URL, "http://")
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", f.s.o.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST /language HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000000\r\n\r\nlanguage=", f.s.o.Addr, srv.URL)
	gone := make(chan struct{})
	go func() { // as long as the server lets it
		defer close(gone)
		for {
			if _, err := conn.Write([]byte("e")); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestTimeout || !resp.Close {
		t.Errorf("a form without an end: %d, closed: %t", resp.StatusCode, resp.Close)
	}
	<-gone

	// A body that is whole leaves no deadline behind.
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.s.unhurried(w, r)
		body, err := io.ReadAll(r.Body)
		select {
		case <-r.Context().Done():
			t.Error("the answer was given up: ", r.Context().Err())
		case <-time.After(3 * f.s.slack):
		}
		fmt.Fprint(w, len(body), err)
	}))
	defer slow.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, slow.URL, strings.NewReader("whole"))
	if err != nil {
		t.Fatal(err)
	}
	answered, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answered.Body.Close()
	if got, err := io.ReadAll(answered.Body); err != nil || string(got) != "5 <nil>" {
		t.Errorf("%q, %v", got, err)
	}
}
