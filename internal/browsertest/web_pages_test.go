package browsertest

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/web/webtest"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
)

// open brings a browser into a workspace.
func open(t *testing.T, ctx context.Context, s *served) {
	t.Helper()
	run(t, ctx, chromedp.Navigate(s.link), chromedp.WaitVisible("#passphrase", chromedp.ByQuery))
	fill(t, ctx, "#passphrase", passphrase)
	submit(t, ctx, "main button")
}

// opened serves a check to a browser of the usual size, and opens its workspace there.
func opened(t *testing.T, c checked) (*served, context.Context) {
	t.Helper()
	s, ctx := serve(t, c.home), browser(t)
	quiet(t, ctx, s.base)
	run(t, ctx, chromedp.EmulateViewport(1200, 900))
	open(t, ctx, s)
	return s, ctx
}

// TestHuntInBrowser hunts for a value and follows it to the finding.
func TestHuntInBrowser(t *testing.T) {
	c := aCheck(t)
	s, ctx := opened(t, c)
	// A host that was seen and that nobody published yet.
	run(t, ctx, chromedp.Navigate(s.base+"/runs/"+c.run+"/search?q=https%3A%2F%2F"), chromedp.WaitReady("main", chromedp.ByQuery))
	value := ask[string](t, ctx, `[...document.body.textContent.matchAll(/https:\/\/([a-z0-9.-]+\.[a-z]{2,})/g)].map(m => m[1])[0]`)
	run(t, ctx, chromedp.Navigate(s.base+"/indicators"), chromedp.WaitReady("main", chromedp.ByQuery))
	fill(t, ctx, "#value", value)
	submit(t, ctx, `form[action="/indicators/hunt"] button`)
	look(t, ctx, "web-hunt")
	if n := ask[int](t, ctx, `document.querySelectorAll("section[aria-labelledby=hunted] tbody tr").length`); n == 0 {
		t.Fatalf("a hunt for %s finds nothing", value)
	}
	submit(t, ctx, `section[aria-labelledby=hunted] tbody a`)
	if got := ask[string](t, ctx, `document.querySelector("main").textContent`); !strings.Contains(got, value) {
		t.Error("the finding does not name the value")
	}
	// Keyboard alone: the first stop leads past the head.
	run(t, ctx, chromedp.Navigate(s.base+"/cases"), chromedp.WaitReady("main", chromedp.ByQuery), chromedp.KeyEvent(kb.Tab))
	if got := ask[string](t, ctx, `document.activeElement.className`); got != "skip" {
		t.Errorf("the keyboard comes first to %q", got)
	}
}

// TestWithoutScript reads, changes the language, decides and brings evidence
// in a browser that runs no scripts.
func TestWithoutScript(t *testing.T) {
	c := aCheck(t)
	list := amparo(t, "", "finding", "list", "--run", c.run, "--passphrase-file", filepath.Join(filepath.Dir(c.home), "passphrase"))
	finding := "/runs/" + c.run + "/findings/" + regexp.MustCompile(`F-[0-9a-f]{12}`).FindString(list)
	s := serve(t, c.home)
	ctx := browser(t)
	run(t, ctx, chromedp.EmulateViewport(1000, 900), emulation.SetScriptExecutionDisabled(true), chromedp.Navigate(s.link))
	pressSoon(t, ctx, "#passphrase")
	run(t, ctx, chromedp.KeyEvent(passphrase))
	pressSoon(t, ctx, "main form button")
	arrive(t, ctx, `a[href="/cases/`+c.caseID+`"]`)
	pressSoon(t, ctx, `button[value=es]`)
	arrive(t, ctx, `html[lang=es] main`)
	run(t, ctx, chromedp.Navigate(s.base+"/runs/"+c.run+"/timeline"))
	soon(t, ctx, "#still table") // not shown, without scripts, it would have no box
	soon(t, ctx, "#rows tbody tr")
	// Every page that is read shows what it is for.
	for path, what := range map[string]string{
		"/cases/" + c.caseID: "main h1", "/evidence/" + c.evidence: "main table tbody tr", "/runs/" + c.run: ".verdict", "/findings": "tbody tr a",
		finding + "/bytes": ".hex tbody tr", "/ledger": "tbody tr", "/ledger/verify?entry=3": "#proof", "/indicators": "#sets", "/jobs": "main h1",
	} {
		run(t, ctx, chromedp.Navigate(s.base+path))
		soon(t, ctx, what)
	}
	run(t, ctx, chromedp.Navigate(s.base+finding))
	pressSoon(t, ctx, "button[value=dismissed]")
	arrive(t, ctx, "button[value=new]")
}

// soon returns the box of what is shown, or will be once the page has come.
func soon(t *testing.T, ctx context.Context, selector string) *dom.BoxModel {
	t.Helper()
	var box *dom.BoxModel
	for range 2400 {
		err := chromedp.Run(ctx, chromedp.ActionFunc(func(ctx context.Context) error {
			root, err := dom.GetDocument().Do(ctx)
			if err != nil {
				return nil // the page is changing
			}
			id, err := dom.QuerySelector(root.NodeID, selector).Do(ctx)
			if err != nil || dom.ScrollIntoViewIfNeeded().WithNodeID(id).Do(ctx) != nil {
				return nil
			}
			box, _ = dom.GetBoxModel().WithNodeID(id).Do(ctx)
			return nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		if box != nil && box.Height > 0 {
			return box
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("%s does not come", selector)
	return nil
}

func pressSoon(t *testing.T, ctx context.Context, selector string) {
	t.Helper()
	box := soon(t, ctx, selector)
	run(t, ctx, chromedp.MouseClickXY((box.Content[0]+box.Content[4])/2, (box.Content[1]+box.Content[5])/2))
}

// arrive waits for what only the next page has, without asking by script.
func arrive(t *testing.T, ctx context.Context, selector string) {
	t.Helper()
	var found bool
	for range 2400 {
		err := chromedp.Run(ctx, chromedp.ActionFunc(func(ctx context.Context) error {
			root, err := dom.GetDocument().Do(ctx)
			if err != nil {
				return nil // the page is changing
			}
			id, err := dom.QuerySelector(root.NodeID, selector).Do(ctx)
			found = err == nil && id != 0
			return nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		if found {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("%s does not come", selector)
}

// TestHostileInBrowser shows what was planted in every field to a browser.
func TestHostileInBrowser(t *testing.T) {
	c := aCheck(t)
	planted, err := plantIn(t, c)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, c.home)
	ctx := browser(t)
	quiet(t, ctx, s.base)
	chromedp.ListenTarget(ctx, func(event any) {
		if _, ok := event.(*page.EventJavascriptDialogOpening); ok {
			t.Error("a dialog opens")
		}
	})
	run(t, ctx, chromedp.EmulateViewport(1200, 900))
	open(t, ctx, s)
	run(t, ctx, chromedp.Navigate(s.base+"/runs/"+planted), chromedp.WaitReady("main", chromedp.ByQuery))
	finding := ask[string](t, ctx, `document.querySelector("section[aria-labelledby=findings] tbody a").getAttribute("href")`)
	for _, path := range []string{"/runs/" + planted, finding, "/runs/" + planted + "/timeline", "/runs/" + planted + "/search?q=planted", "/findings", "/indicators?q=" + url.QueryEscape(webtest.Payload)} {
		run(t, ctx, chromedp.Navigate(s.base+path), chromedp.WaitReady("main", chromedp.ByQuery), chromedp.Sleep(200*time.Millisecond))
		if ask[bool](t, ctx, `"planted" in window || document.querySelector("img") !== null || document.querySelector("main script") !== null`) {
			t.Errorf("%s: what was planted runs", path)
		}
		if wide := ask[int](t, ctx, `document.scrollingElement.scrollWidth - window.innerWidth`); wide > 0 {
			t.Errorf("%s: huge text makes it %d pixels wider than the window", path, wide)
		}
		if path == finding {
			screen(t, ctx, "web-hostile")
		}
	}
}

// plantIn plants a hostile run beside the one that was checked.
func plantIn(t *testing.T, c checked) (id string, err error) {
	t.Helper()
	at := filepath.Join(c.home, "workspace")
	who, err := seal.ReadIdentityFile(filepath.Join(c.home, "identity.age"), func() (string, error) { return passphrase, nil })
	if err != nil {
		return "", err
	}
	db, err := sqlite.Open(t.Context(), at, time.Now)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	w, err := workspace.Open(t.Context(), db, workspace.Options{Identity: who, Now: time.Now})
	if err != nil {
		return "", err
	}
	v, err := vault.OpenDir(filepath.Join(at, "vault"))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	return webtest.Plant(t.Context(), &examine.Space{Workspace: w, Vault: v, Dir: filepath.Join(at, "vault")}, c.evidence, c.run)
}
