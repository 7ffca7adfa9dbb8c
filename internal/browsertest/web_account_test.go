package browsertest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/amparo-project/amparo/internal/testevidence"
)

// lookAll looks at a page in both languages, wide and on a phone, light and dark.
func lookAll(t *testing.T, ctx context.Context, s *served, names map[string]string, pages ...string) {
	t.Helper()
	for _, lang := range []string{"en", "es"} {
		run(t, ctx, chromedp.EmulateViewport(1200, 900), chromedp.Navigate(s.base+"/cases"), chromedp.WaitReady("main", chromedp.ByQuery))
		submit(t, ctx, "button[value="+lang+"]")
		for _, path := range pages {
			for _, shape := range []string{"", "-phone"} {
				width, height, scheme := int64(1200), int64(900), "light"
				if shape != "" {
					width, height, scheme = 360, 740, "dark"
				}
				run(t, ctx, chromedp.EmulateViewport(width, height),
					emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
					chromedp.Navigate(s.base+path), chromedp.WaitReady("main", chromedp.ByQuery))
				accessible(t, ctx, lang+shape+" "+path)
				if wide := ask[int](t, ctx, `document.scrollingElement.scrollWidth - window.innerWidth`); wide > 0 {
					t.Errorf("%s%s %s: %d pixels wider than the window: %s", lang, shape, path, wide, ask[string](t, ctx, widest))
				}
				if file := names[lang+shape+" "+path]; file != "" {
					screen(t, ctx, file)
				}
			}
		}
	}
	run(t, ctx, chromedp.EmulateViewport(1200, 900), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}}),
		chromedp.Navigate(s.base+"/cases"), chromedp.WaitReady("main", chromedp.ByQuery))
	submit(t, ctx, "button[value=en]")
}

// TestLinksInBrowser compares three people of three cases, and follows an edge
// by keyboard to the values behind it.
func TestLinksInBrowser(t *testing.T) {
	home, _ := prepared(t, false)
	dir := filepath.Dir(home)
	write := func(name, text string) string {
		at := filepath.Join(dir, name)
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return at
	}
	pass := write("passphrase", passphrase+"\n")
	amparo(t, "", "workspace", "init", "--name", "ana", "--passphrase-file", pass)
	for i, who := range []string{"heron", "wren", "swift"} {
		backup := filepath.Join(dir, who)
		if _, err := testevidence.WriteIOSBackup(backup, testevidence.Options{Messages: 100, Plant: true, Seed: uint64(i + 1)}); err != nil {
			t.Fatal(err)
		}
		c := amparo(t, "", "case", "create", "Case of "+who, "--passphrase-file", pass)
		amparo(t, "", "person", "add", c, "--pseudonym", who, "--passphrase-file", pass)
		d := amparo(t, "", "device", "add", c, who, "phone", "--passphrase-file", pass)
		amparo(t, "", "consent", "add", c, who, "--purpose", "analysis,linking", "--until", "2099-12-31", "--given-by", write("given", "x"),
			"--form", write("form", "signed"), "--passphrase-file", pass)
		amparo(t, "", "check", "--case", c, "--device", d, backup, "--passphrase-file", pass)
	}
	s := serve(t, home)
	ctx := browser(t)
	quiet(t, ctx, s.base)
	run(t, ctx, chromedp.EmulateViewport(1200, 1100))
	open(t, ctx, s)
	submit(t, ctx, `nav a[href="/links"]`)
	submit(t, ctx, `form[action="/links"][method=post] button`)
	look(t, ctx, "web-links")
	if n := ask[int](t, ctx, `document.querySelectorAll("svg.links circle").length`); n != 3 {
		t.Errorf("%d people are drawn", n)
	}
	// By keyboard: an edge takes the focus, is seen to have it, and opens.
	run(t, ctx, chromedp.Focus("svg.links a", chromedp.ByQuery))
	if ask[string](t, ctx, `document.activeElement.getAttribute("aria-label")`) == "" {
		t.Error("an edge has no name")
	}
	if _, err := chromedp.RunResponse(ctx, chromedp.KeyEvent(kb.Enter)); err != nil {
		t.Fatal(err)
	}
	run(t, ctx, chromedp.WaitVisible("#behind", chromedp.ByQuery))
	if got := ask[string](t, ctx, `document.querySelector("section[aria-labelledby=behind] tbody").textContent`); !strings.Contains(got, "published indicator") {
		t.Errorf("behind the edge is %q", got)
	}
	lookAll(t, ctx, s, nil, "/links")
}
