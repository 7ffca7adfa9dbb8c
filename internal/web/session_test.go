package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// with is a browser of another server on the same workspace, with the cookie
// that this one has.
func (f *fixture) with(cookie string) *browser {
	b := f.browser()
	b.setCookies([]*http.Cookie{{Name: f.s.cookieName(), Value: cookie, Path: "/"}})
	return b
}

// several makes what is sealed under a cookie the same for all servers, as it
// is where members sign in from elsewhere.
func several(list ...*fixture) {
	for _, f := range list {
		f.s.alone = ""
	}
}

// TestOldCookie uses cookies that somebody may have copied: of before the
// passphrase, of a session that was left, of a program that ended.
func TestOldCookie(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member()
	b := f.browser()
	b.enter()
	before := b.cookies()[0].Value
	if a := b.post("/unlock", "passphrase", goodPassphrase); a.status != http.StatusSeeOther {
		t.Fatal(a.status)
	}
	if a := f.with(before).get("/unlock"); a.status != http.StatusUnauthorized {
		t.Errorf("the cookie of before the passphrase: %d", a.status)
	}
	cookie := b.cookies()[0].Value
	// The program ends, and is started anew: on this machine alone nobody
	// comes in by a cookie and a disk.
	again := fixtureAt(t, f.home)
	if a := again.with(cookie).get("/cases"); a.status != http.StatusUnauthorized {
		t.Errorf("the cookie of another program: %d", a.status)
	}
	b = f.browser()
	b.enter()
	b.post("/unlock", "passphrase", goodPassphrase)
	cookie = b.cookies()[0].Value
	if a := f.with(cookie).get("/cases"); a.status != http.StatusOK {
		t.Fatalf("the cookie that stands: %d", a.status)
	}
	b.post("/lock")
	if a := f.with(cookie).get("/cases"); a.status != http.StatusUnauthorized {
		t.Errorf("the cookie of a session that was left: %d", a.status)
	}
}

// TestTwoServers answers one session by two processes: what one ends has
// ended for the other.
func TestTwoServers(t *testing.T) {
	t.Parallel()
	one := newFixture(t)
	two := fixtureAt(t, one.home)
	several(one, two)
	b := one.member()
	cookie := b.cookies()[0].Value
	there := two.with(cookie)
	if a := there.get("/cases"); a.status != http.StatusOK {
		t.Fatalf("the other server: %d", a.status)
	}
	// What one says the other shows.
	if a := b.post("/cases/new", "title", "A case", "pseudonym", "heron", "label", "the phone"); a.status != http.StatusSeeOther {
		t.Fatal(a.status)
	}
	there.setCookies(b.cookies())
	if a := there.get("/cases"); !strings.Contains(a.body, `class="notice"`) {
		t.Error("the other server does not say what was done")
	}
	b.post("/lock")
	if a := there.get("/cases"); a.status != http.StatusUnauthorized {
		t.Errorf("after it was left elsewhere: %d", a.status)
	}
	// A member who is removed is out, wherever they are.
	b.enter()
	b.post("/unlock", "passphrase", goodPassphrase)
	luz := one.otherMember("luz")
	hers := two.with(luz.cookies()[0].Value)
	if a := hers.get("/cases"); a.status != http.StatusOK {
		t.Fatal(a.status)
	}
	m, err := one.manager().MembersNamed(t.Context(), "luz", workspace.Page{})
	if err != nil || len(m.Items) != 1 {
		t.Fatal(err)
	}
	if err := one.manager().RemoveMember(t.Context(), m.Items[0].ID); err != nil {
		t.Fatal(err)
	}
	for i, b := range []*browser{luz, hers} {
		if a := b.get("/cases"); a.status != http.StatusUnauthorized {
			t.Errorf("server %d still lets in who was removed: %d", i, a.status)
		}
	}
}

// TestTokensOutliveTheServer uses a token after a restart, and after its time.
func TestTokensOutliveTheServer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	token := b.makeToken(ScopeRead)
	gone := b.makeToken(ScopeRead)
	page := b.get("/tokens").body
	b.post("/tokens/" + idOf(t, page, "T")[1] + "/revoke")
	b.post("/lock")
	again := fixtureAt(t, f.home)
	if a := again.program(http.MethodGet, "/api/v1/cases", token, ""); a.status != http.StatusOK {
		t.Fatalf("after a restart: %d %s", a.status, a.body)
	}
	if a := again.program(http.MethodGet, "/api/v1/cases", gone, ""); a.status != http.StatusUnauthorized {
		t.Errorf("one that was ended: %d", a.status)
	}
	again.later(7*24*time.Hour + time.Minute)
	if a := again.program(http.MethodGet, "/api/v1/cases", token, ""); a.status != http.StatusUnauthorized {
		t.Errorf("after its time: %d", a.status)
	}
	// Guesses wait.
	for range freeGuesses {
		again.program(http.MethodGet, "/api/v1/cases", "amparo_guess", "")
	}
	if a := again.program(http.MethodGet, "/api/v1/cases", "amparo_guess", ""); a.status != http.StatusTooManyRequests {
		t.Errorf("guess after guess: %d", a.status)
	}
}

func idOf(t *testing.T, page, letter string) []string {
	t.Helper()
	var out []string
	for _, id := range idPattern.FindAllString(page, -1) {
		if strings.HasPrefix(id, letter+"-") {
			out = append(out, id)
		}
	}
	if len(out) == 0 {
		t.Fatalf("no %s- in the page", letter)
	}
	return out
}

func TestNotices(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	b.makeToken(ScopeRead)
	id := idOf(t, b.get("/tokens").body, "T")[0]
	if a := b.post("/tokens/" + id + "/revoke"); a.status != http.StatusSeeOther {
		t.Fatal(a.status)
	}
	for _, c := range b.cookies() {
		if strings.Contains(c.Value, "no longer") {
			t.Error("a notice is in clear in its cookie")
		}
	}
	if a := b.get("/tokens"); !strings.Contains(a.body, "no longer works") {
		t.Error("the notice is not shown")
	}
	if a := b.get("/tokens"); strings.Contains(a.body, "no longer works") {
		t.Error("the notice is shown twice")
	}
}

// TestLimits sends more than any analyst does, by a clock that stands still.
func TestLimits(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	l := newLimits(func() time.Time { return now })
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	one, two := &session{secret: "one"}, &session{secret: "two"}
	for i := range requestsAtOnce {
		if !l.allow(one, r) {
			t.Fatalf("request %d is refused", i)
		}
	}
	if l.allow(one, r) {
		t.Error("nothing is refused")
	}
	if !l.allow(two, r) || !l.allow(nil, r) {
		t.Error("others are refused")
	}
	now = now.Add(time.Second)
	for i := range requestsPerSecond {
		if !l.allow(one, r) {
			t.Fatalf("a second later: request %d is refused", i)
		}
	}
	// However many come, memory is bounded; who is in use is not forgotten.
	for i := range 3 * maxWatched {
		now = now.Add(time.Millisecond)
		l.allow(&session{secret: fmt.Sprint(i)}, r)
		l.guess(guessToken, &http.Request{RemoteAddr: fmt.Sprintf("10.0.%d.%d:1", i>>8, i&255)}).failed()
	}
	if len(l.rates) > maxWatched || len(l.guards) > maxWatched {
		t.Errorf("%d sessions and %d addresses are kept", len(l.rates), len(l.guards))
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ remote, forwarded, plain, proxied string }{
		{"192.0.2.7:1234", "", "192.0.2.7", "192.0.2.7"},
		{"127.0.0.1:1", "198.51.100.9", "127.0.0.1", "198.51.100.9"},
		{"127.0.0.1:1", "1.2.3.4, 198.51.100.9", "127.0.0.1", "198.51.100.9"}, // the first is what anybody wrote
		{"127.0.0.1:1", "nonsense", "127.0.0.1", "127.0.0.1"},
		{"[2001:db8:1:2:3:4:5:6]:1", "", "2001:db8:1:2::", "2001:db8:1:2::"},
		{"[2001:db8:1:2:9::]:1", "", "2001:db8:1:2::", "2001:db8:1:2::"},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{}}
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := (&limits{}).address(r); got != c.plain {
			t.Errorf("%s: %s", c.remote, got)
		}
		if got := (&limits{proxied: true}).address(r); got != c.proxied {
			t.Errorf("%s behind a proxy: %s", c.remote, got)
		}
	}
}

func TestBrowsers(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0":                                                             "Firefox",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0":      "Edge",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36":                    "Chrome",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile Safari/604.1":   "Safari",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/127.0 Mobile Safari/605.1.15": "Firefox",
		"curl/8.5.0": "", "": "",
	} {
		if got := browserOf(&http.Request{Header: http.Header{"User-Agent": {agent}}}); got != want {
			t.Errorf("%s: %q, want %q", agent, got, want)
		}
	}
}

// TestSpacesAreForgotten keeps open workspaces no longer than they are used.
func TestSpacesAreForgotten(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	sp := f.manager()
	f.later(sessionIdle + time.Minute)
	f.s.spaces.sweep()
	if n := len(f.s.spaces.list); n != 0 {
		t.Errorf("%d are still open", n)
	}
	b.get("/cases")
	l := newSpaces(f.now)
	defer l.clear()
	for i := range 2 * maxSpaces {
		l.put(fmt.Sprint(i), sp)
	}
	if len(l.list) > maxSpaces || l.get(fmt.Sprint(2*maxSpaces-1)) != sp {
		t.Errorf("%d are open", len(l.list))
	}
}

// TestManyAtOnce asks with one session from many sides, while it is opened for
// the first time.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	one := newFixture(t)
	two := fixtureAt(t, one.home)
	several(one, two)
	cookie := one.member().cookies()[0].Value
	var wg sync.WaitGroup
	for range 8 {
		b := two.with(cookie)
		wg.Go(func() {
			if a := b.get("/cases"); a.status != http.StatusOK {
				t.Errorf("%d", a.status)
			}
		})
	}
	wg.Wait()
}

// BenchmarkSession is what a request costs before its handler: with the
// workspace open, and to open it.
func BenchmarkSession(b *testing.B) {
	f := newFixture(b)
	cookie, ctx := f.member().cookies()[0].Value, b.Context()
	b.Run("warm", func(b *testing.B) {
		for b.Loop() {
			if s, err := f.s.sessions.find(ctx, cookie); err != nil || s.unlocked() == nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			f.s.spaces.clear()
			if s, err := f.s.sessions.find(ctx, cookie); err != nil || s.unlocked() == nil {
				b.Fatal(err)
			}
		}
	})
}
