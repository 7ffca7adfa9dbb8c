package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/settings"
)

// apiDoc is the page whose lines are run.
const apiDoc = "../../docs/api.md"

// example is a line of the page: a call of curl, and what its end says of the
// answer: "# 409 conflict", "# CASE = .id".
type example struct {
	words  []string
	status int
	code   string
	name   string // of the variable
	path   string // in the answer
}

var exampleEnd = regexp.MustCompile(`\s+# (?:(\d{3})(?: (\w+))?|([A-Z]+) = (\S+))$`)

// examples reads the lines of the page that a shell would run.
func examples(t *testing.T) (out []string) {
	t.Helper()
	data, err := os.ReadFile(apiDoc)
	if err != nil {
		t.Fatal(err)
	}
	line := ""
	for s := range strings.SplitSeq(string(data), "\n") {
		switch {
		case line != "" || strings.HasPrefix(s, "    curl "):
			line += strings.TrimSuffix(strings.TrimPrefix(s, "    "), "\\")
			if !strings.HasSuffix(s, "\\") {
				out = append(out, line)
				line = ""
			}
		case strings.HasPrefix(s, "    "):
			t.Errorf("a line that is not run: %q", s)
		}
	}
	return out
}

// parse reads a line as a shell does: words, quotes, variables.
func parse(t *testing.T, line string, vars map[string]string) (e example) {
	t.Helper()
	e.status = http.StatusOK
	if m := exampleEnd.FindStringSubmatch(line); m != nil {
		line = strings.TrimSuffix(line, m[0])
		if m[1] != "" {
			e.status, _ = strconv.Atoi(m[1])
		}
		e.code, e.name, e.path = m[2], m[3], m[4]
	}
	word, inWord, quote := "", false, byte(0)
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quote == 0 && c == ' ':
			if inWord {
				e.words = append(e.words, word)
			}
			word, inWord = "", false
		case quote == 0 && (c == '"' || c == '\''), c == quote:
			quote, inWord = c-quote, true
		case c == '$' && quote != '\'':
			end := i + 1
			for end < len(line) && line[end] >= 'A' && line[end] <= 'Z' {
				end++
			}
			v, ok := vars[line[i+1:end]]
			if !ok {
				t.Fatalf("%s: no $%s", line, line[i+1:end])
			}
			word, inWord, i = word+v, true, end-1
		default:
			word, inWord = word+string(c), true
		}
	}
	if inWord {
		e.words = append(e.words, word)
	}
	return e
}

// run makes the call of a line of curl.
func (e *example) run(f *fixture, files map[string][]byte) answer {
	f.t.Helper()
	method, url, body, head := "", "", []byte(nil), http.Header{}
	for i := 1; i < len(e.words); i++ {
		value := func() string {
			i++
			return e.words[i]
		}
		switch w := e.words[i]; w {
		case "-X":
			method = value()
		case "-H":
			k, v, _ := strings.Cut(value(), ": ")
			head.Set(k, v)
		case "-d":
			body = []byte(value())
		case "--data-binary":
			body = files[strings.TrimPrefix(value(), "@")]
		default:
			if strings.HasPrefix(w, "-") || url != "" {
				f.t.Fatalf("%q: not a flag that this test knows", w)
			}
			url = w
		}
	}
	if method == "" {
		method = http.MethodGet
		if body != nil {
			method = http.MethodPost
		}
	}
	b := &browser{f, http.DefaultClient}
	r := b.request(method, strings.TrimPrefix(url, f.base), bytes.NewReader(body))
	for k, v := range head {
		r.Header[k] = v
	}
	return b.do(r)
}

// valueAt finds a value in an answer: ".items[0].id".
func valueAt(t *testing.T, body, path string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	for _, step := range regexp.MustCompile(`\w+`).FindAllString(path, -1) {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n >= len(x) {
				t.Fatalf("%s: %s", path, body)
			}
			v = x[n]
		}
	}
	s, ok := v.(string)
	if !ok {
		t.Fatalf("%s is %v in %s", path, v, body)
	}
	return s
}

// TestDocumentedCalls runs docs/api.md.
func TestDocumentedCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("much work in one goroutine: left to the run without the race detector")
	}
	f := newFixture(t)
	b := f.member()
	f.indicators(b)
	backup := backupZip(t)
	files := map[string][]byte{"backup.zip": backup, "institutions.yaml": []byte(settings.Example("institutions.yaml"))}
	vars := map[string]string{"SERVER": f.base, "TOKEN": b.makeToken(Scopes...), "SIZE": fmt.Sprint(len(backup))}
	lines := examples(t)
	if len(lines) < 20 {
		t.Fatalf("only %d lines", len(lines))
	}
	for _, line := range lines {
		e := parse(t, line, vars)
		a := e.run(f, files)
		if a.status != e.status {
			t.Fatalf("%s\n%d %s", line, a.status, a.body)
		}
		if e.code != "" && valueAt(t, a.body, ".code") != e.code {
			t.Errorf("%s\n%s", line, a.body)
		}
		if e.name != "" {
			vars[e.name] = valueAt(t, a.body, e.path)
		}
	}
}

// TestDocumentedCodes holds the page to name every code of a problem that a
// program may be told.
func TestDocumentedCodes(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(apiDoc)
	if err != nil {
		t.Fatal(err)
	}
	table := string(data[bytes.Index(data, []byte("## Errors")):])
	named := map[string]bool{}
	for _, w := range regexp.MustCompile(`\w+`).FindAllString(table, -1) {
		named[w] = true
	}
	for _, code := range statusCodes {
		if !named[code] {
			t.Errorf("%s is not named", code)
		}
	}
	for _, c := range causes {
		if code := codeOf(c.id); !named[code] {
			t.Errorf("%s (%v) is not named", code, c.err)
		}
	}
}
