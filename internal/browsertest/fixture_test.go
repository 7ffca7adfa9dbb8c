package browsertest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/cli"
	"github.com/amparo-project/amparo/internal/testevidence"
)

// printed waits for a line in what a command prints.
type printed struct {
	mu   sync.Mutex
	b    bytes.Buffer
	some chan struct{}
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() {
		select {
		case p.some <- struct{}{}:
		default:
		}
	}()
	return p.b.Write(b)
}

var linkPattern = regexp.MustCompile(`http://127\.0\.0\.1:\d+/enter/\S+`)

func (p *printed) link(t *testing.T) string {
	t.Helper()
	for {
		p.mu.Lock()
		found := linkPattern.FindString(p.b.String())
		p.mu.Unlock()
		if found != "" {
			return found
		}
		select {
		case <-p.some:
		case <-time.After(time.Minute):
			t.Fatal("no link was printed")
		}
	}
}

// served is a running "amparo serve" on an empty home.
type served struct {
	home, link, base string
	stop             func()
}

const passphrase = "four words of nothing"

// serve starts "amparo serve" with its own home, and more arguments; synthetic
// indicators are installed.
func serve(t *testing.T, home string, args ...string) *served {
	t.Helper()
	t.Setenv("AMPARO_HOME", home)
	for _, name := range []string{"AMPARO_WORKSPACE", "AMPARO_VAULT", "AMPARO_IDENTITY", "AMPARO_PASSPHRASE"} {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
	out := &printed{some: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan int, 1)
	go func() {
		done <- cli.Main(ctx, append([]string{"serve", "--addr", "127.0.0.1:0", "--no-open", "--lang", "en"}, args...), cli.Streams{Out: out, Err: out})
	}()
	var once sync.Once
	s := &served{home: home, stop: func() {
		once.Do(func() {
			cancel()
			if code := <-done; code != 0 {
				t.Errorf("serve ended with %d: %s", code, out.b.String())
			}
		})
	}}
	t.Cleanup(s.stop)
	s.link = out.link(t)
	s.base = s.link[:strings.Index(s.link, "/enter/")]
	return s
}

func amparo(t *testing.T, in string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := cli.Main(context.Background(), args, cli.Streams{In: strings.NewReader(in), Out: &out, Err: &errs}); code != 0 {
		t.Fatalf("amparo %s: %d: %s", strings.Join(args, " "), code, errs.String())
	}
	return strings.TrimSpace(out.String())
}

// prepared is a home with indicators and synthetic evidence beside it.
func prepared(t *testing.T, encrypted bool) (home, backup string) {
	t.Helper()
	dir := t.TempDir()
	home, backup = filepath.Join(dir, "home"), filepath.Join(dir, "backup")
	t.Setenv("AMPARO_HOME", home)
	o := testevidence.Options{Messages: 300, Iterations: 10, Encrypted: encrypted, Password: "amparo", Plant: true, Decoys: true, WAL: true}
	if _, err := testevidence.WriteIOSBackup(backup, o); err != nil {
		t.Fatal(err)
	}
	if err := testevidence.WriteIndicators(filepath.Join(dir, "indicators")); err != nil {
		t.Fatal(err)
	}
	amparo(t, "", "indicators", "add", filepath.Join(dir, "indicators"))
	return home, backup
}

// checked is a home with a workspace in which one phone was checked.
type checked struct {
	home, caseID, evidence, run string
	device, entry, notice, job  string // of whole alone
}

// A template is a home that is made once, with what is beside it; each test
// works on a copy.
type template struct {
	make  func(t *testing.T) checked
	once  sync.Once
	at    string // "": it could not be made
	names checked
}

// copy returns a copy, which is the home of the test.
func (m *template) copy(t *testing.T) checked {
	t.Helper()
	m.once.Do(func() {
		c := m.make(t)
		at, err := os.MkdirTemp(tempDir, "template")
		if err == nil {
			err = os.CopyFS(at, os.DirFS(filepath.Dir(c.home)))
		}
		if err != nil {
			t.Fatal(err)
		}
		m.at, m.names = at, c
	})
	if m.at == "" {
		t.Fatal("what this test begins with could not be made: see the first that failed")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(m.at)); err != nil {
		t.Fatal(err)
	}
	c := m.names
	c.home = filepath.Join(dir, filepath.Base(m.names.home))
	t.Setenv("AMPARO_HOME", c.home)
	return c
}

var (
	templateCheck    = template{make: makeCheck}
	templateTogether = template{make: makeTogether}
	templateWhole    = template{make: makeWhole}
)

// aCheck is a workspace in which a phone was checked.
func aCheck(t *testing.T) checked { t.Helper(); return templateCheck.copy(t) }

// together is a case with somebody in each role, and a second person in it.
func together(t *testing.T) checked { t.Helper(); return templateTogether.copy(t) }

func makeCheck(t *testing.T) checked {
	t.Helper()
	home, backup := prepared(t, false)
	dir := filepath.Dir(home)
	write := func(name, text string) string {
		t.Helper()
		at := filepath.Join(dir, name)
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return at
	}
	pass := write("passphrase", passphrase+"\n")
	amparo(t, "", "workspace", "init", "--name", "ana", "--passphrase-file", pass)
	c := checked{home: home, caseID: amparo(t, "", "case", "create", "A journalist in Oaxaca", "--passphrase-file", pass)}
	amparo(t, "", "person", "add", c.caseID, "--pseudonym", "heron", "--private", write("private", `{"name": "Somebody"}`), "--passphrase-file", pass)
	amparo(t, "", "device", "add", c.caseID, "heron", "the old iPhone", "--passphrase-file", pass)
	amparo(t, "", "consent", "add", c.caseID, "heron", "--purpose", "analysis,hunting", "--until", "2099-12-31",
		"--given-by", write("given", "Somebody"), "--form", write("form", "signed"), "--passphrase-file", pass)
	out := amparo(t, "", "check", "--case", c.caseID, backup, "--lang", "en", "--passphrase-file", pass)
	c.run = regexp.MustCompile(`R-[0-9a-z]{12}`).FindString(out)
	c.evidence = regexp.MustCompile(`E-[0-9a-z]{12}`).FindString(out)
	if c.run == "" || c.evidence == "" {
		t.Fatalf("no run in %q", out)
	}
	return c
}

// whole is together with something on each page: an account, notices, a
// register, webhooks, and a job that fails as soon as a server runs.
func whole(t *testing.T) checked { t.Helper(); return templateWhole.copy(t) }

func makeWhole(t *testing.T) checked {
	t.Helper()
	c := together(t)
	dir := filepath.Dir(c.home)
	file := func(name, text string) string {
		at := filepath.Join(dir, name)
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return at
	}
	do := func(args ...string) string {
		return amparo(t, "", append(args, "--passphrase-file", filepath.Join(dir, "passphrase"))...)
	}
	words, source := file("words", "An investigation into the misuse of this spyware."), []string{"--source", "A newspaper"}
	do(append([]string{"promise", "add", c.caseID, "--authority", "Government of Mexico", "--made", "2017-06-22", "--words", words}, source...)...)
	do(append([]string{"request", "add", c.caseID, "--kind", "complaint", "--authority", "PGR", "--sent", "2017-06-19", "--subject", words}, source...)...)
	do(append([]string{"answer", "add", c.caseID, "--kind", "statement", "--authority", "PGR", "--on", "2017-07-18", "--text", words, "--new", "no"}, source...)...)
	basis := `"sources": [{"title": "A passport"}], "certainty": "certain"}`
	do("fact", "add", c.caseID, file("fact", `{"person": "heron", "kind": "role", "value": "lawyer", "when": {"from": "2010"}, `+basis))
	c.entry = do("event", "add", c.caseID, file("event", `{"person": "heron", "from": "2016-06", "how": "lure", "threat": "Pegasus", "operator": "RECKLESS-1", "outcome": "attempt",
		"impersonates": [{"kind": "embassy", "country": "US", "name": "US embassy"}], `+basis))
	do("safeguards", "add", c.caseID, file("register", `{"parties": [{"kind": "seller", "name": "Example Surveillance Ltd", "country": "IL", `+basis+`],
		"deals": [{"kind": "contract", "name": "Contract 1", "seller": "Example Surveillance Ltd", "buyer": "Agency", "when": {"from": "2014-10-29"},
		"conditions": [{"rule": "purpose_limited", "words": "Only against crime."}], `+basis+`],
		"attributions": [{"operator": "RECKLESS-1", "buyer": "Agency", `+basis+`]}`))
	do("notice", "ask", c.caseID, "heron", "--channel", "letter", "--address", file("address", "Calle 1, Oaxaca"), "--since", "2017-01-01")
	if err := os.WriteFile(filepath.Join(c.home, "notices.yaml"), []byte("from: Helpline <help@example.org>\nhelpline:\n  name: The helpline\n"+
		"  reach: {en: \"Signal +1 555\", es: \"Signal +52 555\"}\nsmtp: {host: 127.0.0.1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.notice = regexp.MustCompile(`A-[0-9a-z]{12}`).FindString(do("notice", "due", c.caseID))
	c.device = regexp.MustCompile(`D-[0-9a-z]{12}`).FindString(do("device", "list", c.caseID))
	c.job = do("job", "add", "receive", c.caseID, "--device", c.device, "--path", file("nothing", "no evidence"))
	do("consent", "add", c.caseID, "ibis", "--purpose", "analysis", "--until", time.Now().AddDate(0, 0, 10).Format(time.DateOnly), "--given-by", words, "--form", words)
	found := regexp.MustCompile(`F-[0-9a-f]{12}`).FindAllString(do("finding", "list", "--run", c.run), 2)
	for i, verb := range []string{"confirm", "dismiss"} { // as others do it
		do("finding", verb, found[i], "--run", c.run, "--note-file", words, "--identity-file", filepath.Join(dir, "luz.age"))
	}
	do("webhook", "add", "http://127.0.0.1:9/hook", "--event", "job.ended")
	return c
}

func makeTogether(t *testing.T) checked {
	t.Helper()
	c := aCheck(t)
	dir := filepath.Dir(c.home)
	pass := filepath.Join(dir, "passphrase")
	if err := os.WriteFile(filepath.Join(dir, "other"), []byte(`{"name": "Somebody Else"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	amparo(t, "", "person", "add", c.caseID, "--pseudonym", "ibis", "--private", filepath.Join(dir, "other"), "--passphrase-file", pass)
	amparo(t, "", "device", "add", c.caseID, "ibis", "a phone of ibis", "--passphrase-file", pass)
	for name, share := range map[string][]string{
		"luz": {"--role", "analyst"}, "abogada": {"--role", "counsel"}, "sol": {"--role", "reader"}, "hector": {"--role", "person", "--person", "heron"},
	} {
		recipient := amparo(t, "", "workspace", "identity", filepath.Join(dir, name+".age"), "--passphrase-file", pass)
		amparo(t, "", "workspace", "member", "add", name, recipient, "--passphrase-file", pass)
		amparo(t, "", append([]string{"case", "share", c.caseID, name, "--passphrase-file", pass}, share...)...)
	}
	return c
}
