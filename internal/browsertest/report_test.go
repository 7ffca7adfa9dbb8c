package browsertest

import (
	"context"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/amparo-project/amparo/internal/cli"
	"github.com/amparo-project/amparo/internal/testevidence"
)

// reportOf checks a synthetic backup and returns the address of its report.
var reportOf = sync.OnceValues(func() (string, error) {
	dir := tempDir
	password := filepath.Join(dir, "password.txt")
	if err := os.WriteFile(password, []byte("amparo\n"), 0o600); err != nil {
		return "", err
	}
	o := testevidence.Options{Messages: 500, Iterations: 10, Encrypted: true, Password: "amparo", Plant: true, Decoys: true, WAL: true}
	if _, err := testevidence.WriteIOSBackup(filepath.Join(dir, "backup"), o); err != nil {
		return "", err
	}
	if err := testevidence.WriteIndicators(filepath.Join(dir, "indicators")); err != nil {
		return "", err
	}
	out := filepath.Join(dir, "result")
	code := cli.Main(context.Background(), []string{"check", filepath.Join(dir, "backup"), "--indicators", filepath.Join(dir, "indicators"), "--password-file", password, "--out", out},
		cli.Streams{Out: io.Discard, Err: io.Discard})
	if code != 0 {
		return "", exitCode(code)
	}
	return (&url.URL{Scheme: "file", Path: filepath.Join(out, "report.html")}).String(), nil
})

func report(t *testing.T) string {
	t.Helper()
	page, err := reportOf()
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// fewOfMany are findings of a report beyond the first few: all are built alike,
// and axe-core takes a second for each hundred.
const fewOfMany = ".one ~ .one ~ .one, .finding ~ .finding ~ .finding ~ .finding ~ .finding"

func TestReport(t *testing.T) {
	ctx := browser(t)
	page := report(t)
	seen := watch(ctx, page)
	run(t, ctx, network.Enable(), runtime.Enable(), chromedp.EmulateViewport(1200, 1500), chromedp.Navigate(page), chromedp.WaitVisible(".in-en h1"))
	screen(t, ctx, "report-en")
	accessible(t, ctx, "English", ".in-es", fewOfMany)

	// The keyboard alone: the first stop leads past the head; the arrow in the
	// list of languages changes the language.
	run(t, ctx, chromedp.Focus("#lang-en"), chromedp.KeyEvent(kb.ArrowRight))
	if !ask[bool](t, ctx, `document.querySelector(".in-es h1").checkVisibility() && !document.querySelector(".in-en h1").checkVisibility()`) {
		t.Error("the arrow key does not bring Spanish")
	}
	screen(t, ctx, "report-es")
	accessible(t, ctx, "Spanish", ".in-en", fewOfMany)
	run(t, ctx, chromedp.KeyEvent(kb.Tab))
	if got := ask[string](t, ctx, `document.activeElement.className`); got != "skip" {
		t.Errorf("after the languages the keyboard comes to %q, not to the link past the head", got)
	}

	// The picture zooms by its buttons, and by keys.
	before := ask[string](t, ctx, `document.querySelector(".in-es .tools .soft").textContent`)
	run(t, ctx, chromedp.Focus(".in-es .tools [data-act=in]", chromedp.ByQuery), chromedp.KeyEvent(kb.Enter))
	if after := ask[string](t, ctx, `document.querySelector(".in-es .tools .soft").textContent`); after == before {
		t.Errorf("zooming in leaves the span %q", after)
	}
	seen.clean(t)
}

// widest names the elements that reach beyond the window and are not cut.
const widest = `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll, pre, svg"))
	.slice(-4).map(e => e.outerHTML.slice(0, 160)).join(" | ")`

func TestReportOnAPhone(t *testing.T) {
	ctx := browser(t)
	page := report(t)
	seen := watch(ctx, page)
	run(t, ctx, network.Enable(), runtime.Enable(), chromedp.EmulateViewport(360, 740),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}),
		chromedp.Navigate(page), chromedp.WaitVisible(".in-en h1"))
	if wide := ask[int](t, ctx, `document.scrollingElement.scrollWidth - window.innerWidth`); wide > 0 {
		t.Errorf("the page is %d pixels wider than the phone: %s", wide, ask[string](t, ctx, widest))
	}
	accessible(t, ctx, "a phone, dark", ".in-es", fewOfMany)
	screen(t, ctx, "report-phone-dark")
	for _, lang := range []string{"en", "es"} {
		ask[bool](t, ctx, `(document.querySelector("#lang-`+lang+`").click(), true)`)
		if broken := ask[[]string](t, ctx, squeezed); len(broken) > 0 {
			t.Errorf("%s: words are broken in their midst: %q", lang, broken)
		}
	}
	ask[bool](t, ctx, `(document.querySelector("#coverage-es").scrollIntoView(), true)`)
	screen(t, ctx, "report-read-phone-dark-es")
	seen.clean(t)
}

func TestReportWithoutScripts(t *testing.T) {
	ctx := browser(t)
	page := report(t)
	run(t, ctx, emulation.SetScriptExecutionDisabled(true), chromedp.EmulateViewport(1000, 1200), chromedp.Navigate(page))
	pressSoon(t, ctx, "#lang-es")
	soon(t, ctx, ".in-es h1")
	if !shown(t, ctx, ".in-es h1") || shown(t, ctx, ".in-en h1") {
		t.Error("the language does not change without scripts")
	}
	if shown(t, ctx, ".in-es .one details[open]") {
		t.Error("the walk to the bytes is open from the start")
	}
	press(t, ctx, ".in-es .one details summary")
	if !shown(t, ctx, ".in-es .one details[open] ol") {
		t.Error("the walk to the bytes does not open without scripts")
	}
}
