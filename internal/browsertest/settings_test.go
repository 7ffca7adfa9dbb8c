package browsertest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestSettingsInBrowser writes a file of settings with a fault, mends and keeps
// it, and compares two checks of a phone.
func TestSettingsInBrowser(t *testing.T) {
	c := aCheck(t)
	pass := filepath.Join(filepath.Dir(c.home), "passphrase")
	t.Setenv("AMPARO_HOME", c.home)
	set := filepath.Join(filepath.Dir(c.home), "another.csv")
	if err := os.WriteFile(set, []byte("type,value\ndomain,another.planted.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	amparo(t, "", "indicators", "add", set)
	amparo(t, "", "check", "--case", c.caseID, c.evidence, "--passphrase-file", pass)
	s, ctx := opened(t, c)
	text := func() string { return ask[string](t, ctx, `document.querySelector("main").textContent`) }
	run(t, ctx, chromedp.Navigate(s.base+"/me"), chromedp.WaitReady("main", chromedp.ByQuery))
	submit(t, ctx, `a[href="/settings"]`)
	accessible(t, ctx, "the files of settings")
	submit(t, ctx, `a[href="/settings/notices.yaml"]`)
	fill(t, ctx, "#text", "helpline:\n  name: The helpline\n  reach: {en: Signal}\nsmpt: {host: mail.example.org}\nteam: one@example.org\n")
	submit(t, ctx, `form[enctype] button`)
	if got := text(); !strings.Contains(got, "Line 4, column 1:") || !strings.Contains(got, "Line 5, column 7:") {
		t.Errorf("two faults, and the page says %q", got)
	}
	look(t, ctx, "web-setting")
	run(t, ctx, chromedp.SetValue("#text", "helpline:\n  name: The helpline\n  reach: {en: Signal}\n", chromedp.ByQuery))
	submit(t, ctx, `form[enctype] button`)
	if got := text(); !strings.Contains(got, "counts from now on") {
		t.Errorf("it is not kept: %q", got)
	}
	accessible(t, ctx, "a file that is kept")
	run(t, ctx, chromedp.Navigate(s.base+"/cases/"+c.caseID), chromedp.WaitReady("main", chromedp.ByQuery))
	submit(t, ctx, `a[href$="/compare"]`)
	if got := text(); !strings.Contains(got, "in the later alone") || !strings.Contains(got, "0 new") {
		t.Errorf("two checks with another set: %q", got)
	}
	look(t, ctx, "web-compare")
	submit(t, ctx, `#records + p + form button`)
	if got := text(); !strings.Contains(got, "Still deleted") {
		t.Errorf("records are not compared: %q", got)
	}
	accessible(t, ctx, "records compared")
}
