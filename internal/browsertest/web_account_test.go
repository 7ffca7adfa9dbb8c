package browsertest

import (
	"archive/zip"
	"crypto/sha256"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/amparo-project/amparo/internal/account/notice/smtptest"
	"github.com/amparo-project/amparo/internal/testevidence"
)

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
	v := &visitor{t: t, ctx: ctx, s: s}
	v.take(shape{"es", "dark", 360, 740})
	v.visit("/links")
	accessible(t, ctx, "es /links, a graph")
	v.fits("es /links, a graph")
}

// TestNoticeInBrowser takes a notice from the wish to be told to delivered and
// read, by a mail server on this machine; and publishes the page of the case.
func TestNoticeInBrowser(t *testing.T) {
	c := aCheck(t)
	mail, err := smtptest.Start(smtptest.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(mail.Close)
	config := fmt.Sprintf("from: Helpline <help@example.org>\nhelpline:\n  name: The helpline\n  reach: {en: \"Signal +1 555\", es: \"Signal +52 555\"}\n"+
		"smtp: {host: 127.0.0.1, port: %d, tls: starttls, ca_file: %q, timeout: 10s}\n", mail.Port, mail.CA)
	if err := os.WriteFile(filepath.Join(c.home, "notices.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, c.home)
	ctx := browser(t)
	quiet(t, ctx, s.base)
	at := s.base + "/cases/" + c.caseID
	run(t, ctx, chromedp.EmulateViewport(1200, 1000))
	open(t, ctx, s)
	// The person wants a mail of what authorities answer.
	run(t, ctx, chromedp.Navigate(at+"/notices"), chromedp.WaitReady("main", chromedp.ByQuery), chromedp.Click("section[aria-labelledby=wishes] summary", chromedp.ByQuery))
	fill(t, ctx, "#address", "heron@example.net")
	submit(t, ctx, `form[action$="/notices/ask"] button`)
	// What was promised, and the answer of which they are to be told.
	for _, form := range [][]string{
		{"promise", "#authority", "Government of Mexico", "#words", "An investigation into the misuse of this spyware.", "#made", "2017-06-22", "#source", "A newspaper"},
		{"request", "#authority", "PGR", "#subject", "The criminal complaint of nine people.", "#sent", "2017-06-19", "#source", "Our file"},
		{"answer", "#authority", "PGR", "#made", "2017-07-18", "#words", "The file is open.", "#source", "Our file"},
	} {
		run(t, ctx, chromedp.Navigate(at+"/account/"+form[0]), chromedp.WaitReady("main", chromedp.ByQuery))
		fill(t, ctx, form[1:]...)
		if form[0] == "answer" {
			run(t, ctx, chromedp.SetValue("#new", "no", chromedp.ByQuery))
		}
		run(t, ctx, chromedp.Click("#public", chromedp.ByQuery))
		submit(t, ctx, "main form.card button")
	}
	look(t, ctx, "web-account")
	run(t, ctx, chromedp.Navigate(at+"/notices"), chromedp.WaitReady("main", chromedp.ByQuery))
	submit(t, ctx, `form[action$="/notices/due"] button`)
	submit(t, ctx, `section[aria-labelledby=list] tbody a`)
	look(t, ctx, "web-notice")
	submit(t, ctx, `button[value=approve]`)
	run(t, ctx, chromedp.Navigate(at+"/notices"), chromedp.WaitReady("main", chromedp.ByQuery))
	submit(t, ctx, `form[action$="/notices/send"] button`)
	if got := mail.Messages(); len(got) != 1 || got[0].To != "heron@example.net" || strings.Contains(got[0].Data, "PGR") {
		t.Fatalf("the server has %+v", got)
	}
	submit(t, ctx, `section[aria-labelledby=list] tbody a`)
	fill(t, ctx, "#note", "She said so by phone.")
	submit(t, ctx, `button[value=read]`)
	if got := ask[string](t, ctx, `document.querySelector("h1 .tag").textContent`); got != "read" {
		t.Errorf("in the end the notice is %q", got)
	}
	// The public page: what becomes public, and what stays.
	run(t, ctx, chromedp.Navigate(at+"/out"), chromedp.WaitReady("main", chromedp.ByQuery))
	fill(t, ctx, "#public-title", "What was promised", "#public-publisher", "A helpline")
	submit(t, ctx, `form[method=get][action$="/out/public"] button`)
	look(t, ctx, "web-publish")
	if got := ask[string](t, ctx, `document.querySelector("section[aria-labelledby=withheld]").textContent`); !strings.Contains(got, "heron") {
		t.Errorf("what stays does not name who is not counted: %q", got)
	}
	into := t.TempDir()
	run(t, ctx, downloads(ctx, into),
		chromedp.Click("#sure", chromedp.ByQuery), chromedp.Click(`form[method=post][action$="/out/public"] button`, chromedp.ByQuery))
	for n := 0; ; n++ {
		if data, err := os.ReadFile(filepath.Join(into, "public.zip")); err == nil && len(data) > 1000 {
			break
		}
		if n > 100 {
			t.Fatal("the site does not come")
		}
		run(t, ctx, chromedp.Sleep(25*time.Millisecond))
	}
	publicOffline(t, filepath.Join(into, "public.zip"))
}

// publicOffline opens the site that was published from its zip: without a
// network, without a script, and as its manifest has it.
func publicOffline(t *testing.T, name string) {
	t.Helper()
	z, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	dir := t.TempDir()
	if err := os.CopyFS(dir, z); err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile(filepath.Join(dir, "public", "manifest.sha256"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(manifest)) {
		sum, file, _ := strings.Cut(strings.TrimSpace(line), "  ")
		data, err := os.ReadFile(filepath.Join(dir, "public", filepath.FromSlash(file)))
		if n++; err != nil || fmt.Sprintf("%x", sha256.Sum256(data)) != sum {
			t.Errorf("%s is not what the manifest says: %v", file, err)
		}
	}
	if n < 5 {
		t.Errorf("the manifest has %d files", n)
	}
	ctx, folder := browser(t), (&url.URL{Scheme: "file", Path: filepath.Join(dir, "public")}).String()
	run(t, ctx, network.Enable(), runtime.Enable(), network.EmulateNetworkConditions(true, 0, 0, 0), chromedp.EmulateViewport(1200, 900))
	within(t, ctx, folder, func() {
		for page, words := range map[string]string{"/index.html": "An investigation into the misuse", "/es.html": "An investigation into the misuse"} {
			run(t, ctx, chromedp.Navigate(folder+page), chromedp.WaitVisible("h1", chromedp.ByQuery))
			if text := ask[string](t, ctx, `document.body.textContent`); !strings.Contains(text, words) || strings.Contains(text, "heron") {
				t.Errorf("%s shows %q", page, text)
			}
			if ask[bool](t, ctx, `document.querySelector("script") !== null || getComputedStyle(document.body).fontFamily.includes("Times")`) {
				t.Errorf("%s has a script, or no style", page)
			}
			accessible(t, ctx, "published "+page)
		}
	})
}
