package browsertest

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// findingOf returns the path of a finding of an artifact.
func (c checked) findingOf(t *testing.T, artifact string) string {
	t.Helper()
	list := amparo(t, "", "finding", "list", "--run", c.run, "--passphrase-file", filepath.Join(filepath.Dir(c.home), "passphrase"))
	for line := range strings.Lines(list) {
		if id := regexp.MustCompile(`F-[0-9a-f]{12}`).FindString(line); id != "" && strings.Contains(line, artifact) {
			return "/runs/" + c.run + "/findings/" + id
		}
	}
	t.Fatalf("no finding of %s in %s", artifact, list)
	return ""
}

// TestBytesInBrowser goes from a finding to its bytes, by the keyboard too.
func TestBytesInBrowser(t *testing.T) {
	c := aCheck(t)
	s := serve(t, c.home)
	ctx := browser(t)
	quiet(t, ctx, s.base)
	run(t, ctx, chromedp.EmulateViewport(1200, 1500))
	open(t, ctx, s)
	run(t, ctx, chromedp.Navigate(s.base+c.findingOf(t, "ios.sms ")), chromedp.WaitReady("main", chromedp.ByQuery))
	submit(t, ctx, `a[href$="/bytes"]`)
	if n := ask[int](t, ctx, `document.querySelectorAll("#parts tbody tr").length`); n < 5 {
		t.Errorf("%d columns", n)
	}
	// Each part that is linked has its bytes, and both are marked together.
	if got := ask[int](t, ctx, `[...document.querySelectorAll("#parts a.key")].filter(a => !document.querySelector(a.getAttribute("href"))).length`); got != 0 {
		t.Errorf("%d links lead to no bytes", got)
	}
	ask[bool](t, ctx, `(document.querySelector("#parts tbody tr:nth-child(5) a.key").focus(), true)`)
	if got := ask[int](t, ctx, `document.querySelectorAll(".hex .run.on").length`); got == 0 {
		t.Error("the bytes of the part in focus are not marked")
	}
	look(t, ctx, "web-bytes")
	// The bytes of the longest text are the text.
	same := ask[bool](t, ctx, `(() => { const rows = [...document.querySelectorAll("#parts tbody tr")].filter(r => /^[ -~]{20,}$/.test(r.cells[2].textContent) && r.querySelector("a.key") && r.cells[4].textContent == r.cells[2].textContent.length);
		const r = rows[0], n = r.dataset.field; return [...document.querySelectorAll(".hex td:last-child .run[data-field='" + n + "']")].map(e => e.textContent).join("") === r.cells[2].textContent; })()`)
	if !same {
		t.Error("the bytes that are marked are not those of the text")
	}
}
