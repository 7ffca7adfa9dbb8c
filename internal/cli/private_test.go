package cli

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/testevidence"
)

// TestPrivateIsNeverNamed checks a backup with planted traces against the
// same indicators, marked TLP:RED. No listed value may be in what a person
// passes on: findings, run.json, the report in each form, what the terminal
// shows. records/ and the timeline are the phone's own data and stay whole.
//
// The same run shows that nothing of it resolves a name or opens a connection.
func TestPrivateIsNeverNamed(t *testing.T) {
	if testing.Short() {
		t.Skip("much work in one goroutine: left to the run without the race detector")
	}
	var dialed atomic.Int64
	transport, resolver := http.DefaultTransport, net.DefaultResolver
	http.DefaultTransport = refuse{&dialed}
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		dialed.Add(1)
		return nil, errors.New("no network")
	}}
	t.Cleanup(func() { http.DefaultTransport, net.DefaultResolver = transport, resolver })
	dir := t.TempDir()
	t.Setenv("AMPARO_HOME", filepath.Join(dir, "home"))
	backup, ioc := filepath.Join(dir, "backup"), filepath.Join(dir, "ioc")
	if _, err := testevidence.WriteIOSBackup(backup, testevidence.Options{Seed: 3, Messages: 500, Plant: true}); err != nil {
		t.Fatal(err)
	}
	if err := testevidence.WriteIndicators(ioc); err != nil {
		t.Fatal(err)
	}
	values := markRed(t, ioc)
	result := filepath.Join(dir, "result")
	out := run1(t, 0, "check", backup, "--indicators", ioc, "--out", result)
	for _, format := range []string{"json", "csv", "html"} {
		out += run1(t, 0, "report", result, "--format", format)
	}
	data, err := os.ReadFile(filepath.Join(result, "findings.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	private := 0
	for line := range strings.Lines(string(data)) {
		if strings.Contains(line, `"private":true`) {
			private++
			id := regexp.MustCompile(`F-[0-9a-f]{12}`).FindString(line)
			out += run1(t, 0, "explain", id, "--run", result)
			out += run1(t, 0, "explain", id, "--run", result, "--evidence", backup)
		}
	}
	if private < 5 || !strings.Contains(out, "a private indicator of") {
		t.Fatalf("%d private findings: the test says little", private)
	}
	for _, name := range []string{"findings.jsonl", "run.json", "report.html"} {
		b, err := os.ReadFile(filepath.Join(result, name))
		if err != nil {
			t.Fatal(err)
		}
		namesNone(t, name, string(b), values)
	}
	namesNone(t, "what the terminal shows", out, values)
	if n := dialed.Load(); n > 0 {
		t.Errorf("%d names were looked up or connections opened", n)
	}
}

// refuse counts requests and sends none.
type refuse struct{ n *atomic.Int64 }

func (r refuse) RoundTrip(*http.Request) (*http.Response, error) {
	r.n.Add(1)
	return nil, errors.New("no network")
}

func run1(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := Main(t.Context(), args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs}); code != want {
		t.Fatalf("amparo %v: exit %d\n%s", args, code, errs.String())
	}
	return out.String() + errs.String()
}

// markRed marks every indicator of a folder TLP:RED, and returns their values.
func markRed(t *testing.T, dir string) []string {
	t.Helper()
	const red = `"object_marking_refs":["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"],"pattern":`
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(name, bytes.ReplaceAll(b, []byte(`"pattern":`), []byte(red)), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	sets, err := indicator.LoadPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, s := range sets {
		for d := range s.All() {
			if !d.Private() {
				t.Fatal("not marked")
			}
			if len(d.Value()) > 8 { // shorter ones are words of any text
				values = append(values, d.Value())
			}
		}
	}
	return values
}

// namesNone fails for each value that text holds, other than within longer
// words.
func namesNone(t *testing.T, what, text string, values []string) {
	t.Helper()
	lower := strings.ToLower(text)
	for _, v := range values {
		if i := strings.Index(lower, strings.ToLower(v)); i >= 0 {
			t.Errorf("%s names %s: …%s…", what, v, text[max(0, i-120):min(len(text), i+len(v)+40)])
		}
	}
}
