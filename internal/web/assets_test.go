package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestAssets gets each file that pages load: for good, packed for who takes it
// so, and not again for who has it.
func TestAssets(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.browser()
	for at, a := range f.s.pages.byPath {
		get := func(pairs ...string) answer {
			r := b.request(http.MethodGet, at, nil)
			r.Header.Set("Accept-Encoding", "identity")
			for i := 0; i+1 < len(pairs); i += 2 {
				r.Header.Set(pairs[i], pairs[i+1])
			}
			return b.do(r)
		}
		plain, packed := get(), get("Accept-Encoding", "gzip")
		if plain.body != string(a.content) || plain.header.Get("Content-Encoding") != "" || plain.header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %d bytes, %v", at, len(plain.body), plain.header)
		}
		if a.packed != nil {
			z, err := gzip.NewReader(strings.NewReader(packed.body))
			if err != nil {
				t.Fatalf("%s: %v", at, err)
			}
			if data, err := io.ReadAll(z); err != nil || string(data) != string(a.content) || len(packed.body) >= len(a.content) {
				t.Errorf("%s: packed into %d bytes: %v", at, len(packed.body), err)
			}
		}
		for _, tag := range []string{plain.header.Get("ETag"), `"x", W/` + plain.header.Get("ETag"), "*"} {
			if again := get("If-None-Match", tag); again.status != http.StatusNotModified || again.body != "" {
				t.Errorf("%s: had %s: %d", at, tag, again.status)
			}
		}
		if again := get("If-None-Match", `"another"`); again.status != http.StatusOK || packed.header.Get("ETag") == plain.header.Get("ETag") && a.packed != nil {
			t.Errorf("%s: %d with another tag; %s", at, again.status, packed.header.Get("ETag"))
		}
	}
}

// mostScript is how much script a page may send, in bytes.
const mostScript = 300 << 10

var scriptOf = regexp.MustCompile(`<script[^>]*\ssrc="([^"]+)"`)

// scripts holds a page to what it may load that runs, as it is before it is
// packed. Every page of a workspace is looked at: see TestStatementsDoNotGrow.
func (f *fixture) scripts(path, page string) {
	f.t.Helper()
	total := 0
	for _, m := range scriptOf.FindAllStringSubmatch(page, -1) {
		a, known := f.s.pages.byPath[m[1]]
		if !known {
			f.t.Errorf("%s loads %s", path, m[1])
		}
		total += len(a.content)
	}
	if total > mostScript {
		f.t.Errorf("%s sends %d bytes of script, at most %d are promised", path, total, mostScript)
	}
	if strings.HasPrefix(page, "<!DOCTYPE html>") && !strings.HasSuffix(path, "/report") && total == 0 {
		f.t.Errorf("%s: no script is found: the test proves nothing", path)
	}
}
