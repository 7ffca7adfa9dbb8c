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

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

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
		case <-time.After(20 * time.Second):
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

// quiet fails the test for what a page should not do: reach elsewhere, break a
// policy, throw.
func quiet(t *testing.T, ctx context.Context, base string) {
	t.Helper()
	w := &watched{}
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if !strings.HasPrefix(e.Request.URL, base+"/") && !strings.HasPrefix(e.Request.URL, "data:") {
				w.add("request of " + e.Request.URL)
			}
		case *runtime.EventExceptionThrown:
			w.add("exception: " + e.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			w.add("console: " + string(e.Type))
		}
	})
	t.Cleanup(func() { w.clean(t) })
	run(t, ctx, network.Enable(), runtime.Enable())
}

// submit presses a button and waits for the page that comes.
func submit(t *testing.T, ctx context.Context, selector string) {
	t.Helper()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(selector, chromedp.ByQuery)); err != nil {
		t.Fatalf("%s: %v", selector, err)
	}
	run(t, ctx, chromedp.WaitReady("main", chromedp.ByQuery))
}

func fill(t *testing.T, ctx context.Context, pairs ...string) {
	t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		run(t, ctx, chromedp.SendKeys(pairs[i], pairs[i+1], chromedp.ByQuery))
	}
}

// look checks a page with axe-core and takes its picture.
func look(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	accessible(t, ctx, name)
	screen(t, ctx, name)
	if wide := ask[int](t, ctx, `document.scrollingElement.scrollWidth - window.innerWidth`); wide > 0 {
		t.Errorf("%s: %d pixels wider than the window: %s", name, wide, ask[string](t, ctx, widest))
	}
}

func TestFirstMinute(t *testing.T) {
	home, backup := prepared(t, true)
	s := serve(t, home)
	ctx := browser(t)
	quiet(t, ctx, s.base)
	run(t, ctx, chromedp.EmulateViewport(1200, 900), chromedp.Navigate(s.link), chromedp.WaitVisible("#passphrase", chromedp.ByQuery))
	look(t, ctx, "web-start")
	fill(t, ctx, "#name", "ana", "#passphrase", passphrase, "#repeat", passphrase)
	submit(t, ctx, "main button")
	look(t, ctx, "web-case-new")
	fill(t, ctx, "#title", "A journalist in Oaxaca", "#pseudonym", "heron", "#name", "Somebody", "#label", "the old iPhone")
	submit(t, ctx, "main button")
	form := filepath.Join(t.TempDir(), "signed.pdf")
	if err := os.WriteFile(form, []byte("signed"), 0o600); err != nil {
		t.Fatal(err)
	}
	look(t, ctx, "web-consent")
	fill(t, ctx, "#given_by", "Somebody")
	run(t, ctx, chromedp.SetUploadFiles("#form", []string{form}, chromedp.ByQuery))
	submit(t, ctx, "main button")
	run(t, ctx, chromedp.WaitVisible("#upload", chromedp.ByQuery))
	look(t, ctx, "web-intake")
	// The folder on this machine, encrypted.
	fill(t, ctx, "#path", backup, "#password2", "amparo")
	submit(t, ctx, `form[action$="/path"] button`)
	screen(t, ctx, "web-job")
	run(t, ctx, chromedp.WaitVisible(`a.button[href^="/runs/"]`, chromedp.ByQuery))
	look(t, ctx, "web-job-done")
	submit(t, ctx, `a.button[href^="/runs/"]`)
	look(t, ctx, "web-run")
	submit(t, ctx, `a[href$="/timeline"]`)
	run(t, ctx, chromedp.WaitVisible("canvas", chromedp.ByQuery), chromedp.Sleep(700*time.Millisecond))
	look(t, ctx, "web-timeline")
	before := ask[string](t, ctx, `document.querySelector("#span").textContent`)
	run(t, ctx, chromedp.Click(`[data-act=in]`, chromedp.ByQuery))
	if ask[string](t, ctx, `document.querySelector("#span").textContent`) == before {
		t.Error("zooming in changes nothing")
	}
	submit(t, ctx, `.crumbs a[href^="/runs/"]`)
	submit(t, ctx, `#findings + * a, section[aria-labelledby=findings] a`)
	look(t, ctx, "web-finding")
	fill(t, ctx, "#note", "The link is in her messages of that week.")
	submit(t, ctx, `button[value=confirmed]`)
	if got := ask[string](t, ctx, `document.querySelector(".notice").textContent`); !strings.Contains(got, "Confirmed") {
		t.Errorf("after the decision the page says %q", got)
	}
	submit(t, ctx, `button[value=new]`)
	run(t, ctx, chromedp.Navigate(s.base+"/cases"))
	look(t, ctx, "web-cases")
	submit(t, ctx, `tbody a`)
	look(t, ctx, "web-case")
}
