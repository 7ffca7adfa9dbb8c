package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/stores"
	"github.com/amparo-project/amparo/internal/web/webtest"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/postgres"
	"github.com/amparo-project/amparo/internal/workspace/postgres/postgrestest"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
	"github.com/amparo-project/amparo/internal/workspace/sqlite/sqlitetest"
)

// balanced are two servers of one workspace, on one database and one vault,
// behind a balancer that sends each request to the other one than before. They
// have nothing else in common.
type balanced struct {
	*fixture // the first server, under the address of the balancer
	mu       sync.Mutex
	servers  []*fixture // guarded by mu; nil: it was ended
	next     int        // guarded by mu
	took     []int      // guarded by mu; requests
}

// ServeHTTP is the balancer.
func (l *balanced) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	for l.next = (l.next + 1) % len(l.servers); l.servers[l.next] == nil; {
		l.next = (l.next + 1) % len(l.servers)
	}
	to := l.servers[l.next]
	l.took[l.next]++
	l.mu.Unlock()
	to.s.Handler().ServeHTTP(w, r)
}

// kill ends a server: the balancer sends nothing to it any more.
func (l *balanced) kill(i int) {
	l.t.Helper()
	l.mu.Lock()
	of := l.servers[i]
	l.servers[i] = nil
	l.mu.Unlock()
	if err := of.s.Close(); err != nil {
		l.t.Fatal(err)
	}
}

// balance starts the balancer with two servers. at opens the database.
func balance(t *testing.T, at func(*Options, string), with func(*Team)) (l *balanced, link string) {
	t.Helper()
	home := t.TempDir()
	l = &balanced{took: make([]int, 2)}
	front := httptest.NewServer(l)
	t.Cleanup(front.Close)
	u, err := url.Parse(strings.Replace(front.URL, "127.0.0.1", "localhost", 1))
	if err != nil {
		t.Fatal(err)
	}
	alone := fixtureAt(t, home, func(_ string, o *Options) { at(o, home) })
	alone.member()
	manager := alone.manager()
	if err := manager.SetPassphrase(t.Context(), goodPassphrase); err != nil {
		t.Fatal(err)
	}
	_, secret, err := manager.InviteBack(t.Context(), manager.Member().ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := manager.ShareIndicators(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for i := range 2 { // each is a machine of its own: no home of one is that of another
		f := fixtureAt(t, t.TempDir(), func(_ string, o *Options) {
			at(o, home)
			o.Team, o.IdentityFile = &Team{URL: u}, filepath.Join(t.TempDir(), "none.age")
			with(o.Team)
		})
		f.base = u.String()
		l.servers = append(l.servers, f)
		if i == 0 {
			l.fixture = f
		}
	}
	return l, "/join/" + secret
}

// engines are the databases of the test: SQLite, and PostgreSQL where there is one.
func engines(t *testing.T) map[string]func(*Options, string) {
	t.Helper()
	all := map[string]func(*Options, string){"sqlite": func(o *Options, home string) {
		at := filepath.Join(home, "workspace")
		o.Exists = func() bool { return sqlite.Exists(at) }
		o.Database = func(ctx context.Context, _ bool) (*workspace.DB, stores.Place, error) {
			if err := os.MkdirAll(at, 0o700); err != nil {
				return nil, stores.Place{}, err
			}
			db, err := sqlitetest.Open(ctx, at, o.Now)
			return db, stores.Place{Vault: filepath.Join(at, "vault")}, err
		}
	}}
	if os.Getenv(postgrestest.Variable) == "" {
		return all
	}
	u := postgrestest.Database(t)
	made := false
	all["postgres"] = func(o *Options, home string) {
		o.Database = func(ctx context.Context, _ bool) (*workspace.DB, stores.Place, error) {
			made = true
			db, err := postgres.Open(ctx, u)
			return db, stores.Place{Vault: filepath.Join(home, "vault")}, err
		}
		o.Exists = func() bool { return made }
	}
	return all
}

// ended waits for a job to end, asking the page of either server.
func (l *balanced) ended(b *browser, at string) workspace.Job {
	l.t.Helper()
	sp := l.s.sessions.get(b.session()).unlocked()
	for range 2400 {
		j, err := sp.Job(l.t.Context(), path.Base(at))
		if err != nil {
			l.t.Fatal(err)
		}
		if j.Ended != "" {
			return j
		}
		select {
		case <-l.t.Context().Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	l.t.Fatal("the job does not end")
	return workspace.Job{}
}

// TestServersTakeTurns lives one session of a browser through two servers that take
// turns at each request: signing in, unlocking, evidence, its check, a decision,
// an exhibit, a notice, a comparison, and the way out.
func TestServersTakeTurns(t *testing.T) {
	t.Parallel()
	all := engines(t)
	for name, at := range all {
		if testing.Short() && len(all) > 1 && name == "sqlite" {
			continue // under the race detector one is enough: it looks at servers, not at the database
		}
		t.Run(name, func(t *testing.T) { twoServers(t, at) })
	}
}

func twoServers(t *testing.T, at func(*Options, string)) {
	p, err := webtest.NewProvider(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	l, link := balance(t, at, func(o *Team) { o.OIDC = &OIDC{Issuer: p.URL, ClientID: p.ClientID, ClientSecret: p.Secret} })
	var mu sync.Mutex
	var sent []string
	for _, f := range l.servers {
		f.s.o.SendMail = func(_ context.Context, _ *notice.Config, m notice.Message) notice.Outcome {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, m.To)
			return notice.Outcome{State: notice.Sent, Detail: "250 accepted"}
		}
	}
	b, key := l.in(link) // by the link, with a passkey registered: begun here, ended there
	b.post("/lock")
	if x := b.get("/cases"); x.status == http.StatusOK {
		t.Fatal("signed out, and the other server lets them in")
	}
	b = l.browser()
	if x := b.signIn(key); x.status != http.StatusOK {
		t.Fatalf("passkey: %d %s", x.status, x.body)
	}
	if x := b.post("/unlock", "passphrase", goodPassphrase); x.location != "/cases" {
		t.Fatalf("unlock: %d %s", x.status, x.body)
	}
	l.byProvider(b, p)
	l.indicators(b)
	for range 2 { // both have them at once
		b.has("/indicators", "demo-published-traces")
	}
	caseID, device := b.newCase()
	run := l.brought(b, caseID, device)
	one := regexp.MustCompile(`/runs/R-\w+/findings/F-\w+`).FindString(b.get("/runs/" + run).body)
	b.good("decide", b.post(one, "state", "confirmed", "note", "seen", "seen", ""))
	for range 2 {
		b.has(one, "Confirmed by ana")
	}
	person := b.person(caseID)
	if x := b.post("/cases/"+caseID+"/out/exhibit", "subject", caseID, "for", person, "evidence", "none"); x.status != http.StatusOK || !strings.HasPrefix(x.body, "PK") {
		t.Errorf("exhibit: %d, %d bytes", x.status, len(x.body))
	}
	l.told(b, caseID, person)
	if mu.Lock(); len(sent) != 1 || sent[0] != "heron@example.net" {
		t.Errorf("sent to %v", sent)
	}
	mu.Unlock()
	b.good("compare", b.post("/links", "case", ""))
	for range 2 {
		if x := b.get("/links?case="); x.status != http.StatusOK || !strings.Contains(x.body, "Compare again") {
			t.Errorf("links: %d: the comparison is known to one server alone", x.status)
		}
	}
	b.post("/lock")
	for range 2 {
		if x := b.get("/cases"); x.status == http.StatusOK {
			t.Error("signed out, and still in")
		}
	}
	if l.took[0] < 20 || l.took[1] < 20 {
		t.Errorf("the servers took %v requests", l.took)
	}
}

// byProvider ties a subject of the provider to the member, and signs in by it.
func (l *balanced) byProvider(b *browser, p *webtest.Provider) {
	l.t.Helper()
	walk := func(b *browser, start string) answer {
		x := b.get(start)
		r, err := http.NewRequestWithContext(l.t.Context(), http.MethodGet, x.location, nil)
		if err != nil {
			l.t.Fatal(err)
		}
		at := (&browser{l.fixture, &http.Client{CheckRedirect: b.c.CheckRedirect}}).do(r)
		return b.get(strings.TrimPrefix(at.location, l.base))
	}
	p.As("subject-1", nil)
	if x := walk(b, "/me/oidc"); x.status != http.StatusOK {
		l.t.Fatalf("tie: %d %s", x.status, x.body)
	}
	if x := b.get("/me/oidc/tie"); x.location != "/me" {
		l.t.Fatalf("tied: %d %s", x.status, x.body)
	}
	other := l.browser()
	if x := walk(other, "/signin/oidc"); x.status != http.StatusOK {
		l.t.Fatalf("provider: %d %s", x.status, x.body)
	}
	if x := other.post("/unlock", "passphrase", goodPassphrase); x.location != "/cases" {
		l.t.Errorf("unlock: %d", x.status)
	}
}

// brought sends a small backup and has it checked.
func (l *balanced) brought(b *browser, caseID, device string) (run string) {
	l.t.Helper()
	data := backupZip(l.t.(*testing.T))
	u := b.upload(caseID, device, "backup.zip", len(data))
	if _, status := u.send(http.MethodPost, "", nil, nil); status != http.StatusOK {
		l.t.Fatalf("begin: %d", status)
	}
	if st, status := u.part(0, bytes.NewReader(data)); status != http.StatusOK || st.SHA256 == "" {
		l.t.Fatalf("part: %d %+v", status, st)
	}
	st, status := u.send(http.MethodPost, "/done", nil, nil)
	if status != http.StatusOK {
		l.t.Fatalf("done: %d", status)
	}
	for range 2 {
		if x := b.get(st.Next); x.status != http.StatusOK {
			l.t.Errorf("its job: %d", x.status)
		}
	}
	j := l.ended(b, st.Next)
	if j.State != workspace.JobDone || len(j.Runs) != 1 {
		l.t.Fatalf("%+v", j)
	}
	b.has("/runs/"+j.Runs[0], "Pegasus")
	return j.Runs[0]
}

// told drafts a notice by what the workspace keeps, approves and sends it.
func (l *balanced) told(b *browser, caseID, person string) {
	l.t.Helper()
	at := "/cases/" + caseID + "/notices"
	b.has(at, "notices.yaml")
	sp := l.s.sessions.get(b.session()).unlocked()
	err := sp.ChangeShared(l.t.Context(), workspace.SharedNotices, func([]byte) ([]byte, map[string]any, error) {
		return []byte(noticesConfig), map[string]any{}, nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	b.good("ask", b.post(at+"/ask", "person", person, "channel", "mail", "event", "answer", "address", "heron@example.net", "since", "2017-01-01"))
	b.good("answer", b.multipart("/cases/"+caseID+"/account/answer", "authority", "PGR", "kind", "statement", "made", "2017-07-18", "words", "w", "new", "no", "source", "s"))
	b.good("due", b.post(at+"/due"))
	b.good("due at the other", b.post(at+"/due"))
	page := b.get(at).body
	one := at + "/" + entryPattern.FindString(page[strings.Index(page, "/notices/A-"):])
	b.good("approve", b.post(one, "step", "approve"))
	b.good("send", b.post(at+"/send"))
	b.good("send at the other", b.post(at+"/send"))
}

// TestUploadOverTwoServers sends each part of a file to another server, ends one
// of them in the middle of a part, and goes on at the one that is left.
func TestUploadOverTwoServers(t *testing.T) {
	if testing.Short() {
		t.Skip("it moves some 200 MiB")
	}
	t.Parallel()
	for name, at := range engines(t) {
		t.Run(name, func(t *testing.T) { uploadOverTwo(t, at) })
	}
}

func uploadOverTwo(t *testing.T, at func(*Options, string)) {
	l, link := balance(t, at, func(*Team) {})
	b, _ := l.in(link)
	caseID, device := b.newCase()
	data := make([]byte, 2*vault.SegmentSize+1<<20)
	for i := 0; i < len(data); i += 4096 {
		data[i], data[i+1], data[i+2] = byte(i>>12), byte(i>>20), byte(i>>28)
	}
	u := b.upload(caseID, device, "phone.bin", len(data))
	if st, status := u.send(http.MethodPost, "", nil, nil); status != http.StatusOK || st.Offset != 0 {
		t.Fatalf("begin: %d %+v", status, st)
	}
	st, status := u.part(0, bytes.NewReader(data[:vault.SegmentSize]))
	if status != http.StatusOK || st.Offset != vault.SegmentSize {
		t.Fatalf("first part: %d %+v", status, st)
	}
	// The server that takes the second part is ended in its middle.
	l.mu.Lock()
	victim := (l.next + 1) % 2
	l.mu.Unlock()
	cut := readerFunc(func(p []byte) (int, error) { return 0, http.ErrHandlerTimeout })
	r := u.request(http.MethodPatch, u.at+u.query, &cutReader{bytes.NewReader(data[vault.SegmentSize : 3*vault.SegmentSize/2]), func() { l.kill(victim) }, cut})
	r.Header.Set("Content-Type", "application/offset+octet-stream")
	r.Header.Set("Upload-Offset", "67108864")
	r.ContentLength = vault.SegmentSize
	if res, err := u.c.Do(r); err == nil {
		res.Body.Close()
	}
	// The page asks how far it is, and goes on.
	for try := 0; ; try++ {
		st, status = u.send(http.MethodPost, "", nil, nil)
		if status == http.StatusOK {
			break
		}
		if try == 50 {
			t.Fatalf("after the end of a server: %d", status)
		}
	}
	if st.Offset != vault.SegmentSize {
		t.Fatalf("after the end of a server %d bytes are stored", st.Offset)
	}
	for st.SHA256 == "" {
		end := min(int64(len(data)), st.Offset+vault.SegmentSize)
		if st, status = u.part(st.Offset, bytes.NewReader(data[st.Offset:end])); status != http.StatusOK {
			t.Fatalf("at the server that is left: %d", status)
		}
	}
	if sum := sha256.Sum256(data); st.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("the hash is %s", st.SHA256)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// cutReader calls a function at the end of what it reads, and then fails.
type cutReader struct {
	*bytes.Reader
	at   func()
	then readerFunc
}

// Read implements io.Reader.
func (c *cutReader) Read(p []byte) (int, error) {
	if c.Len() > 0 {
		return c.Reader.Read(p)
	}
	if c.at != nil {
		c.at()
		c.at = nil
	}
	return c.then(p)
}

// TestGuessesOverTwoServers guesses at one server, and is made to wait at the other.
func TestGuessesOverTwoServers(t *testing.T) {
	t.Parallel()
	for name, at := range engines(t) {
		t.Run(name, func(t *testing.T) {
			l, _ := balance(t, at, func(*Team) {})
			nobody := l.browser()
			var last answer
			for range freeGuesses + 2 { // half of them at each
				last = nobody.get("/join/guess")
			}
			if last.status != http.StatusTooManyRequests {
				t.Errorf("after %d guesses at two servers: %d", freeGuesses+2, last.status)
			}
		})
	}
}

// TestFeedsOverTwoServers asks feeds at one of two servers, which is ended in the
// middle: both show how far it is, and the other goes on with the feed that is left.
func TestFeedsOverTwoServers(t *testing.T) {
	t.Parallel()
	for name, at := range engines(t) {
		t.Run(name, func(t *testing.T) { feedsOverTwo(t, at) })
	}
}

func feedsOverTwo(t *testing.T, at func(*Options, string)) {
	l, link := balance(t, func(o *Options, home string) {
		at(o, home)
		o.Update = nil // the server that made the workspace asks no feeds
	}, func(*Team) {})
	var mu sync.Mutex
	var asked []string // guarded by mu; "server feed"
	list := []workspace.FeedResult{{Name: "first feed", Address: "a", State: "added", Count: 7, Added: 7}, {Name: "second feed", Address: "b", State: "unchanged"}}
	for i := range l.servers {
		l.servers[i].s.o.Update = func(_ context.Context, _ *examine.Space, _ string, fn func(job.Asking) error) error {
			return fn(&someFeeds{list, func(ctx context.Context, n int) error {
				mu.Lock()
				hang := n == 1 && len(asked) == 1 // who asks it first hears nothing
				asked = append(asked, fmt.Sprint(i, " ", list[n].Name))
				mu.Unlock()
				if hang {
					<-ctx.Done()
					return ctx.Err()
				}
				return nil
			}})
		}
	}
	b, _ := l.in(link)
	b.good("update", b.post("/indicators/update"))
	shown := func(want ...string) {
		t.Helper()
		for _, text := range want {
			for until := time.Now().Add(time.Minute); !strings.Contains(b.get("/indicators").body, text); time.Sleep(20 * time.Millisecond) {
				if time.Now().After(until) {
					mu.Lock()
					t.Fatalf("no %q: %v", text, asked)
				}
			}
		}
	}
	shown("1 of 2", "1 of 2", "Now: second feed.", "Now: second feed.", "first feed: new, 7 indicators", "first feed: new, 7 indicators") // by each server in turn
	mu.Lock()
	victim := int(asked[0][0] - '0')
	mu.Unlock()
	l.kill(victim)
	shown("Asked on", "first feed: new, 7 indicators", "One feed without news")
	mu.Lock()
	defer mu.Unlock()
	if want := []string{fmt.Sprint(victim, " first feed"), fmt.Sprint(victim, " second feed"), fmt.Sprint(1-victim, " second feed")}; !slices.Equal(asked, want) {
		t.Errorf("asked %v, want %v", asked, want)
	}
}
