package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// growing are feeds of this test alone, each of which lists more hosts from version
// to version.
type growing struct {
	*httptest.Server
	mu   sync.Mutex
	now  map[string]int    // guarded by mu; versions, by path
	sums map[string]string // guarded by mu; SHA-256 of all that were published: path and number
	slow bool              // guarded by mu; an answer takes some time, so that faults fall into it
	n    int               // guarded by mu; requests
}

// feedPaths are where they lie.
var feedPaths = []string{"/a", "/b", "/c"}

func newGrowing(t *testing.T) *growing {
	t.Helper()
	g := &growing{now: map[string]int{}, sums: map[string]string{}}
	g.Server = httptest.NewServer(http.HandlerFunc(g.serve))
	t.Cleanup(g.Close)
	for _, path := range feedPaths {
		g.grow(path)
	}
	return g
}

func (g *growing) serve(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	n, wait := g.now[r.URL.Path], time.Duration(0)
	if g.n++; g.slow {
		wait = time.Duration(g.n%7) * 100 * time.Millisecond
	}
	g.mu.Unlock()
	sleep(r.Context(), wait)
	tag := fmt.Sprintf("%q", fmt.Sprint(n))
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	fmt.Fprint(w, version(r.URL.Path, n))
}

func version(path string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "host%d.%s.example\n", i, path[1:])
	}
	return b.String()
}

// grow publishes another version.
func (g *growing) grow(path string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.now[path] + 1
	sum := sha256.Sum256([]byte(version(path, n)))
	g.now[path], g.sums[hex.EncodeToString(sum[:])] = n, fmt.Sprint(path, " ", n)
}

// lag has answers take some time, or none.
func (g *growing) lag(slow bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.slow = slow
}

// published is the feed and the number of a version; "" of one that was never there.
func (g *growing) published(sum string) (path string, n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, _ = fmt.Sscan(g.sums[sum], &path, &n) // of none there is nothing to read
	return path, n
}

// askOnly has the workspace ask these feeds, and none of those that Amparo knows.
func (f *field) askOnly() {
	f.t.Helper()
	text := "not_asked: [built-in]\nfeeds:\n"
	for _, path := range feedPaths {
		text += fmt.Sprintf("- {name: %q, address: %q, type: domain}\n", "feed "+path, f.feeds.URL+path)
	}
	if err := os.WriteFile(f.path("feeds.yaml"), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.must("workspace", "file", "set", "feeds.yaml", f.path("feeds.yaml"))
}

// ask publishes a version, and has feeds asked for news.
func (c *client) ask() error {
	c.feeds.grow(feedPaths[c.r.IntN(len(feedPaths))])
	var j named
	err := c.call(http.MethodPost, "/indicators/update", map[string]any{}, &j)
	if err != nil && !did(err) {
		return fmt.Errorf("update: %w", err)
	}
	if err == nil {
		c.queued("update", "", j.ID)
	}
	return c.told()
}

// told holds what is told of the last update: nothing is wrong with the feeds.
func (c *client) told() error {
	var u struct {
		Done []struct {
			Name, State, Why string
			Passes           bool
		}
	}
	if err := c.call(http.MethodGet, "/indicators/update", nil, &u); err != nil {
		return fmt.Errorf("update: %w", err)
	}
	for _, r := range u.Done {
		if r.State == "kept" || r.State == "failed" && !r.Passes {
			return fmt.Errorf("%s was not to blame: %s: %s", r.Name, r.State, r.Why)
		}
	}
	return nil
}

// installed is a set as the API tells it.
type installed struct {
	Address  string
	Versions []struct {
		SHA256 string
		Count  int
	}
}

// news asks once more, when all is calm: each feed's last version is there, each
// version once, in the order in which they were published, and the ledger tells of
// each once.
func (f *field) news(c *client) {
	f.t.Helper()
	if err := c.told(); err != nil {
		f.t.Error(err)
	}
	for _, path := range feedPaths {
		f.feeds.grow(path)
	}
	var j named
	if err := c.call(http.MethodPost, "/indicators/update", map[string]any{}, &j); err != nil {
		f.t.Fatal(err)
	}
	c.queued("update", "", j.ID)
	f.allEnded()
	var sets []installed
	if err := c.call(http.MethodGet, "/indicators", nil, &sets); err != nil {
		f.t.Fatal(err)
	}
	if len(sets) != len(feedPaths) {
		f.t.Errorf("%d sets of %d feeds", len(sets), len(feedPaths))
	}
	told := f.addedSets()
	for _, s := range sets {
		path, last := strings.TrimPrefix(s.Address, f.feeds.URL), 0
		for _, v := range s.Versions {
			of, n := f.feeds.published(v.SHA256)
			if of != path || n <= last || v.Count != n || told[v.SHA256] != 1 {
				f.t.Errorf("%s: version %d of %q with %d indicators after %d; the ledger tells of it %d times", path, n, of, v.Count, last, told[v.SHA256])
			}
			last = n
		}
		if f.feeds.now[path] != last {
			f.t.Errorf("%s: the last version is %d, not %d", path, last, f.feeds.now[path])
		}
	}
}

// addedSets counts the acts of the ledger by the versions that they say were added:
// of one feed each is later than the one before.
func (f *field) addedSets() map[string]int {
	f.t.Helper()
	rows, err := f.db.QueryContext(f.t.Context(), "SELECT data, detail FROM ledger_entry ORDER BY n")
	if err != nil {
		f.t.Fatal(err)
	}
	defer rows.Close()
	told, last := map[string]int{}, map[string]int{}
	for rows.Next() {
		var data, detail []byte
		if err := rows.Scan(&data, &detail); err != nil {
			f.t.Fatal(err)
		}
		if !strings.Contains(string(data), "shared.changed") {
			continue
		}
		var what struct{ Added []string }
		if err := json.Unmarshal(detail, &what); err != nil {
			f.t.Fatal(err)
		}
		for _, sum := range what.Added {
			path, n := f.feeds.published(sum)
			if told[sum]++; n <= last[path] {
				f.t.Errorf("the ledger says that version %d of %q came after %d", n, path, last[path])
			}
			last[path] = n
		}
	}
	if err := rows.Err(); err != nil {
		f.t.Fatal(err)
	}
	var jobs, again int
	if err := f.db.QueryRowContext(f.t.Context(), "SELECT COUNT(*), COUNT(CASE WHEN attempts > 1 THEN 1 END) FROM job WHERE kind = 'update'").Scan(&jobs, &again); err != nil {
		f.t.Fatal(err)
	}
	f.t.Logf("%d versions of feeds were stored, of %d that were published, by %d updates of which %d were begun again", len(told), len(f.feeds.sums), jobs, again)
	return told
}

// noSetLeft holds that all versions are whole, and that nothing is left of those that
// interrupted processes stored. It is called with a clock of two days later, when the next
// change of the sets removes that.
func (f *field) noSetLeft() {
	f.t.Helper()
	if err := os.WriteFile(f.path("more.csv"), []byte("type,value\ndomain,more.example\n"), 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.must("indicators", "add", f.path("more.csv"))
	var sets, n int
	said := f.must("indicators", "verify")
	if _, err := fmt.Sscanf(said, "%d sets, %d versions", &sets, &n); err != nil {
		f.t.Fatalf("%s: %v", said, err)
	}
	rows, err := f.db.QueryContext(f.t.Context(), "SELECT DISTINCT bundle FROM bundle_batch WHERE bundle LIKE 'X-%'")
	if err != nil {
		f.t.Fatal(err)
	}
	defer rows.Close()
	var bundles []string
	for rows.Next() {
		var b string
		if err := rows.Scan(&b); err != nil {
			f.t.Fatal(err)
		}
		bundles = append(bundles, b)
	}
	if err := rows.Err(); err != nil || len(bundles) != n {
		slices.Sort(bundles)
		f.t.Errorf("%d versions are installed, and %d are stored: %v %v", n, len(bundles), bundles, err)
	}
}
