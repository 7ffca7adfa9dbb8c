package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/account/concern"
	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/rule"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault/stores"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
	"github.com/amparo-project/amparo/internal/workspace/sqlite/sqlitetest"
)

// fixture is a server over an empty home, with a clock of its own.
type fixture struct {
	t      testing.TB
	s      *Server
	base   string
	home   string
	log    *bytes.Buffer
	mu     sync.Mutex
	offset time.Duration // guarded by mu
}

func (f *fixture) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Now().Add(f.offset)
}

func (f *fixture) later(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.offset += d
}

func TestMain(m *testing.M) {
	seal.WorkFactor = 4 // a passphrase costs a second otherwise
	os.Exit(m.Run())
}

// lockedBuffer is a log that goroutines share.
type lockedBuffer struct {
	mu sync.Mutex
	b  *bytes.Buffer // guarded by mu
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	return fixtureAt(t, t.TempDir())
}

// storeAt opens the indicators of a workspace, or of a machine.
func storeAt(ctx context.Context, sp *examine.Space, home string) (*feed.Store, error) {
	st, err := sp.Indicators(ctx, nil)
	if errors.Is(err, workspace.ErrNotFound) {
		return feed.Open(filepath.Join(home, "indicators"))
	}
	return st, err
}

func fixtureAt(t testing.TB, home string, with ...func(base string, o *Options)) *fixture {
	t.Helper()
	f := &fixture{t: t, home: home, log: &bytes.Buffer{}}
	var h http.Handler
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	f.base = hs.URL
	at := filepath.Join(home, "workspace")
	o := Options{
		Addr: strings.TrimPrefix(hs.URL, "http://"), Version: "test", Now: f.now, Log: slog.New(slog.NewTextHandler(&lockedBuffer{b: f.log}, nil)),
		Exists: func() bool { return sqlite.Exists(at) },
		Database: func(ctx context.Context, create bool) (*workspace.DB, stores.Place, error) {
			if create {
				if err := os.MkdirAll(at, 0o700); err != nil {
					return nil, stores.Place{}, err
				}
			}
			db, err := sqlitetest.Open(ctx, at, f.now)
			return db, stores.Place{Vault: filepath.Join(at, "vault")}, err
		},
		IdentityFile: filepath.Join(home, "identity.age"),
		Store:        func(ctx context.Context, sp *examine.Space) (*feed.Store, error) { return storeAt(ctx, sp, home) },
		Feeds: func(ctx context.Context, sp *examine.Space) (*feed.Config, error) {
			data, _, err := sp.Shared(ctx, workspace.SharedFeeds)
			if errors.Is(err, workspace.ErrNotFound) {
				return feed.ReadConfig(filepath.Join(home, "feeds.yaml"))
			}
			if err != nil {
				return nil, err
			}
			return feed.ParseConfig(data)
		},
		Machine: func() (*feed.Store, error) { return feed.Open(filepath.Join(home, "indicators")) },
		Change: func(ctx context.Context, sp *examine.Space, fn func(*feed.Store) error) error {
			if st, err := sp.Indicators(ctx, nil); err == nil || !errors.Is(err, workspace.ErrNotFound) {
				if err != nil {
					return err
				}
				return fn(st)
			}
			st, err := feed.OpenToChange(filepath.Join(home, "indicators"), f.now)
			if err != nil {
				return err
			}
			defer st.Close()
			return fn(st)
		},
		Indicators: func(ctx context.Context, sp *examine.Space) (*indicator.Matcher, []finding.IndicatorSet, error) {
			st, err := storeAt(ctx, sp, home)
			if err != nil {
				return nil, nil, err
			}
			l, err := st.Load()
			if err != nil {
				return nil, nil, err
			}
			var sets []finding.IndicatorSet
			for _, set := range l.Sets {
				sets = append(sets, set.Describe())
			}
			return l.Matcher, sets, nil
		},
		HookNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Rules:        rule.Builtin,
		Lures:        func(context.Context, *examine.Space) (*lure.Knowledge, error) { return lure.Builtin() },
		Terms:        func(context.Context, *examine.Space) (*term.Set, error) { return term.Load(nil) },
		Update: func(context.Context, *examine.Space, string, func(job.Asking) error) error {
			return errors.New("no network in tests")
		},
		Concerns: func() (*concern.Set, []concern.Fault, error) { return concern.Load() },
		Notices: func(ctx context.Context, sp *examine.Space) (*notice.Config, error) {
			if data, _, err := sp.Shared(ctx, workspace.SharedNotices); err == nil {
				return notice.ParseConfig(data)
			}
			return notice.LoadConfig(filepath.Join(home, "notices.yaml"))
		},
	}
	for _, set := range with {
		set(f.base, &o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	f.s, h = s, s.Handler()
	t.Cleanup(func() {
		hs.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// browser is a client with cookies that follows no redirects.
type browser struct {
	f *fixture
	c *http.Client
}

func (f *fixture) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	return &browser{f, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// answer is a response, read.
type answer struct {
	status   int
	location string
	header   http.Header
	body     string
}

func (b *browser) do(r *http.Request) answer {
	b.f.t.Helper()
	res, err := b.c.Do(r)
	if err != nil {
		b.f.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		b.f.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header.Get("Location"), res.Header, string(body)}
}

func (b *browser) request(method, path string, body io.Reader) *http.Request {
	b.f.t.Helper()
	r, err := http.NewRequestWithContext(b.f.t.Context(), method, b.f.base+path, body)
	if err != nil {
		b.f.t.Fatal(err)
	}
	return r
}

func (b *browser) get(path string) answer {
	b.f.t.Helper()
	return b.do(b.request(http.MethodGet, path, nil))
}

func (b *browser) post(path string, pairs ...string) answer {
	b.f.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	r := b.request(http.MethodPost, path, strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

// multipart posts fields, and files whose names begin with "@".
func (b *browser) multipart(path string, pairs ...string) answer {
	b.f.t.Helper()
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	for i := 0; i+1 < len(pairs); i += 2 {
		var err error
		var part io.Writer
		if name, ok := strings.CutPrefix(pairs[i], "@"); ok {
			part, err = w.CreateFormFile("file", name)
		} else {
			part, err = w.CreateFormField(pairs[i])
		}
		if err != nil {
			b.f.t.Fatal(err)
		}
		if _, err := io.WriteString(part, pairs[i+1]); err != nil {
			b.f.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.f.t.Fatal(err)
	}
	r := b.request(http.MethodPost, path, &buf)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return b.do(r)
}

func (b *browser) enter() {
	b.f.t.Helper()
	if a := b.get(strings.TrimPrefix(b.f.s.NewLink(), b.f.base)); a.status != http.StatusOK {
		b.f.t.Fatalf("the link gave %d: %s", a.status, a.body)
	}
}

const goodPassphrase = "four words of nothing"

// member is a browser of somebody who made the workspace.
func (f *fixture) member() *browser {
	f.t.Helper()
	b := f.browser()
	b.enter()
	if a := b.post("/start", "name", "ana", "passphrase", goodPassphrase, "repeat", goodPassphrase); a.status != http.StatusSeeOther {
		f.t.Fatalf("start gave %d: %s", a.status, a.body)
	}
	return b
}

var idPattern = regexp.MustCompile(`[A-Z]-[0-9a-z]{12}`)

// newCase makes a case with a person, a device and a consent.
func (b *browser) newCase() (caseID, device string) {
	b.f.t.Helper()
	a := b.post("/cases/new", "title", "A case", "pseudonym", "heron", "label", "the phone")
	if a.status != http.StatusSeeOther {
		b.f.t.Fatalf("new case gave %d: %s", a.status, a.body)
	}
	ids := idPattern.FindAllString(a.location, -1)
	caseID = ids[0]
	if a := b.multipart("/cases/"+caseID+"/consent?step=2", "person", ids[1], "purpose", "analysis", "purpose", "hunting", "until", "2099-12-31",
		"given_by", "heron", "@form.pdf", "signed"); a.status != http.StatusSeeOther {
		b.f.t.Fatalf("consent gave %d: %s", a.status, a.body)
	}
	page := b.get("/cases/" + caseID + "/evidence").body
	return caseID, regexp.MustCompile(`D-[0-9a-z]{12}`).FindString(page)
}

// otherMember is a browser of a second member of the same workspace, who
// works at the same server.
func (f *fixture) otherMember(name string) *browser {
	f.t.Helper()
	id, err := seal.NewIdentity()
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := f.manager().AddMember(f.t.Context(), name, id.Recipient()); err != nil {
		f.t.Fatal(err)
	}
	sp, err := f.s.space(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	cookie, err := f.s.sessions.begin(f.t.Context(), workspace.Session{Member: sp.Member().ID}, inside{Identity: id.Secret()}, "")
	if err != nil {
		f.t.Fatal(err)
	}
	b := f.browser()
	b.setCookies([]*http.Cookie{{Name: f.s.cookieName(), Value: cookie, Path: "/"}})
	return b
}

// manager is the open workspace of who made it.
func (f *fixture) manager() *examine.Space {
	f.t.Helper()
	for _, o := range f.s.spaces.list {
		if o.space.Member().Manager {
			return o.space
		}
	}
	f.t.Fatal("no manager is in")
	return nil
}

// get is the session of a cookie.
func (l *sessions) get(cookie string) *session {
	s, err := l.find(context.Background(), cookie)
	if err != nil {
		panic(err)
	}
	return s
}
