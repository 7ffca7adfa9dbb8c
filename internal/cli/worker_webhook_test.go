package cli

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/hook"
)

// TestWorkerSendsWebhooks has a worker, which has the key of the workers and of
// nobody, send what a member's webhook is to be told.
func TestWorkerSendsWebhooks(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("AMPARO_HOME", filepath.Join(dir, "home"))
	t.Setenv("AMPARO_PASSPHRASE", "a long passphrase")
	t.Setenv(hookVariable, "127.0.0.0/8")
	key := filepath.Join(dir, "workers.key")
	run1(t, 0, "workspace", "init", "--name", "ana")
	type message struct {
		head http.Header
		body []byte
	}
	told := make(chan message, 1)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		told <- message{r.Header, body}
	}))
	t.Cleanup(s.Close)
	secret := ""
	for _, line := range strings.Fields(run1(t, 0, "webhook", "add", s.URL, "--event", "evidence.stored")) {
		if strings.HasPrefix(line, "whsec_") {
			secret = line
		}
	}
	list := run1(t, 0, "webhook", "list", "--json")
	id := list[strings.Index(list, "H-"):][:14]
	run1(t, 0, "workspace", "workers", "--new", key)
	run1(t, 0, "webhook", "test", id)
	t.Setenv("AMPARO_PASSPHRASE", "")

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int)
	go func() {
		ended <- Main(ctx, []string{"worker", "--identity", key, "--kinds", "webhook"}, Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard})
	}()
	select {
	case m := <-told:
		err := hook.Verify(secret, m.head.Get(hook.HeadID), m.head.Get(hook.HeadTime), m.head.Get(hook.HeadSignature), m.body, time.Now())
		if err != nil || !strings.Contains(string(m.body), id) {
			t.Errorf("%v: %s", err, m.body)
		}
	case <-time.After(2 * time.Minute):
		t.Error("nothing was told")
	case code := <-ended:
		t.Fatalf("the worker ended with %d", code)
	}
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("the worker ended with %d", code)
	}
}
