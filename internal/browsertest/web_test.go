package browsertest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

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
	submit(t, ctx, `tbody a`)
	if got := ask[string](t, ctx, `document.querySelector("h1").textContent`); !strings.Contains(got, "A journalist in Oaxaca") {
		t.Errorf("the case is called %q", got)
	}
}
