package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/docket"
	"github.com/amparo-project/amparo/internal/account/term"
)

func (b *browser) cookies() []*http.Cookie {
	r := b.request(http.MethodGet, "/", nil)
	return b.c.Jar.Cookies(r.URL)
}

func (b *browser) setCookies(list []*http.Cookie) {
	r := b.request(http.MethodGet, "/", nil)
	b.c.Jar.SetCookies(r.URL, list)
}

// TestAnotherMembersCase asks for what belongs to a case that is not shared.
func TestAnotherMembersCase(t *testing.T) {
	f := newFixture(t)
	ana := f.member()
	caseID, device := ana.newCase()
	luz := f.otherMember("luz")
	for _, path := range []string{"/cases/" + caseID, "/cases/" + caseID + "/evidence", "/cases/" + caseID + "/consent", "/cases/" + caseID + "/browse"} {
		if a := luz.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	for _, path := range []string{"/cases/" + caseID + "/close", "/cases/" + caseID + "/devices/" + device + "/upload?name=a&size=1"} {
		if a := luz.post(path); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if a := luz.get("/cases"); strings.Contains(a.body, "A case") {
		t.Error("the list of cases shows the title of a case of somebody else")
	}
}

func TestLinkWorksOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	link := strings.TrimPrefix(f.s.NewLink(), f.base)
	first, second := f.browser(), f.browser()
	if a := first.get(link); a.status != http.StatusOK {
		t.Fatalf("first use: %d", a.status)
	}
	if a := second.get(link); a.status != http.StatusForbidden {
		t.Errorf("second use: %d", a.status)
	}
	link = strings.TrimPrefix(f.s.NewLink(), f.base)
	f.later(linkLife + time.Second)
	if a := second.get(link); a.status != http.StatusForbidden {
		t.Errorf("after its time: %d", a.status)
	}
	// Guessing: the door stays shut for a while, also for the right link.
	for range freeGuesses {
		second.get("/enter/guess")
	}
	link = strings.TrimPrefix(f.s.NewLink(), f.base)
	if a := second.get(link); a.status != http.StatusForbidden {
		t.Errorf("while locked out: %d", a.status)
	}
	f.later(longestWait)
	link = strings.TrimPrefix(f.s.NewLink(), f.base)
	if a := second.get(link); a.status != http.StatusOK {
		t.Errorf("after the wait: %d", a.status)
	}
}

func TestPassphrase(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member()
	b := f.browser()
	b.enter()
	before := b.cookies()[0].Value
	for i := range freeGuesses {
		if a := b.post("/unlock", "passphrase", "wrong"); a.status != http.StatusForbidden {
			t.Fatalf("guess %d: %d", i, a.status)
		}
	}
	if a := b.post("/unlock", "passphrase", goodPassphrase); a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" {
		t.Errorf("after too many guesses: %d", a.status)
	}
	f.later(firstWait)
	if a := b.post("/unlock", "passphrase", goodPassphrase); a.status != http.StatusSeeOther {
		t.Fatalf("the right one: %d", a.status)
	}
	if b.cookies()[0].Value == before {
		t.Error("the cookie of before is that of after: whoever knew it is in")
	}
	if strings.Contains(f.log.String(), goodPassphrase) {
		t.Error("the passphrase is in the log")
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	f.later(sessionIdle - time.Minute)
	if a := b.get("/cases"); a.status != http.StatusOK {
		t.Fatalf("in use: %d", a.status)
	}
	f.later(sessionIdle + time.Minute)
	if a := b.get("/cases"); a.status != http.StatusUnauthorized {
		t.Errorf("unused for an hour: %d", a.status)
	}
	b.enter()
	if a := b.post("/unlock", "passphrase", goodPassphrase); a.status != http.StatusSeeOther {
		t.Fatal(a.status)
	}
	for range 13 {
		f.later(sessionIdle - time.Minute)
		b.get("/cases")
	}
	if a := b.get("/cases"); a.status != http.StatusUnauthorized {
		t.Errorf("after its life: %d", a.status)
	}
}

func TestOthersMayNot(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	r := b.request(http.MethodPost, "/cases/new", strings.NewReader("title=x&label=y"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if a := b.do(r); a.status != http.StatusForbidden {
		t.Errorf("another site's form: %d", a.status)
	}
	r = b.request(http.MethodPost, "/cases/new", strings.NewReader("title=x&label=y"))
	r.Header.Set("Origin", "https://evil.example")
	if a := b.do(r); a.status != http.StatusForbidden {
		t.Errorf("another origin: %d", a.status)
	}
	for _, host := range []string{"evil.example", "127.0.0.1:1", "127.0.0.1", "10.0.0.1:80", ""} {
		r := b.request(http.MethodGet, "/cases", nil)
		r.Host = host
		if host == "" {
			r.Host = "rebound.example:" + strings.TrimPrefix(f.base[strings.LastIndex(f.base, ":"):], ":")
		}
		if a := b.do(r); a.status != http.StatusMisdirectedRequest {
			t.Errorf("host %q: %d", r.Host, a.status)
		}
	}
	a := b.get("/cases")
	for name, want := range map[string]string{
		"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "same-origin",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestOnlyLoopback(t *testing.T) {
	t.Parallel()
	for addr, good := range map[string]bool{
		"127.0.0.1:0": true, "[::1]:80": true, "localhost:8642": true, "0.0.0.0:80": false, ":80": false, "192.0.2.1:80": false, "[::]:80": false, "example.org:80": false,
	} {
		if _, _, err := CheckAddress(addr); (err == nil) != good {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

// TestAccountPage shows a promise that nobody kept, and the silence since.
func TestAccountPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	caseID, _ := b.newCase()
	sp := f.s.sessions.get(b.cookies()[0].Value).unlocked()
	d := &docket.Docket{Store: sp.Workspace, Case: caseID, Today: term.Day(2026, 3, 1)}
	if _, err := d.AddPromise(t.Context(), clock.Promise{
		Authority: "Fiscalía", Made: "2025-06-01", Due: "2025-07-01", Words: "<b>It will be investigated</b>",
		Source: account.Source{Title: "Press release", URL: "https://example.org/promise"},
	}); err != nil {
		t.Fatal(err)
	}
	page := b.get("/cases/" + caseID + "/account")
	if page.status != http.StatusOK || !strings.Contains(page.body, "days of silence") || !strings.Contains(page.body, "&lt;b&gt;It will be investigated") {
		t.Errorf("%d %s", page.status, page.body)
	}
}
