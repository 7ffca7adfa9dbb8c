package browsertest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/amparo-project/amparo/internal/testevidence"
)

// TestUploadInBrowser sends a file by the page and its script: its hash is shown,
// and its check says how far it is.
func TestUploadInBrowser(t *testing.T) {
	c := aCheck(t)
	s, ctx := opened(t, c)
	// No evidence, so that the job ends soon; longer than what is looked at for indicators.
	data := []byte(strings.Repeat("these are no indicators and no evidence\n", 20000))
	name := filepath.Join(t.TempDir(), "holiday.bin")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, ctx, chromedp.Navigate(s.base+"/cases/"+c.caseID+"/evidence"), chromedp.WaitReady("#upload", chromedp.ByQuery),
		chromedp.SetUploadFiles("#file", []string{name}, chromedp.ByQuery), chromedp.Click("#upload button", chromedp.ByQuery), chromedp.WaitVisible("#job", chromedp.ByQuery))
	if got, want := ask[string](t, ctx, `document.querySelector(".notice")?.textContent ?? ""`), fmt.Sprintf("%x", sha256.Sum256(data)); !strings.Contains(got, want) || !strings.Contains(got, "holiday.bin") {
		t.Errorf("after the upload the page says %q, not the hash %s", got, want)
	}
	run(t, ctx, chromedp.WaitVisible(`#job:not([data-poll])`, chromedp.ByQuery))
	if got := ask[string](t, ctx, `document.querySelector("#job").textContent`); !strings.Contains(got, "none of the kinds") {
		t.Errorf("a file that is no evidence: %q", got)
	}
}

// TestPickFolder looks for a backup on this machine by clicks alone, and takes it.
func TestPickFolder(t *testing.T) {
	c := aCheck(t)
	home := t.TempDir()
	if _, err := testevidence.WriteIOSBackup(filepath.Join(home, "backups", "phone"), testevidence.Options{Messages: 100}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home) // where the page begins
	s, ctx := opened(t, c)
	run(t, ctx, chromedp.Navigate(s.base+"/cases/"+c.caseID+"/evidence"), chromedp.WaitReady("#upload", chromedp.ByQuery))
	submit(t, ctx, `a[href$="/browse"]`)
	submit(t, ctx, entry("backups"))
	submit(t, ctx, entry("phone"))
	submit(t, ctx, `.actions a.button:not(.plain)`)
	if got, want := ask[string](t, ctx, `document.querySelector("#path").value`), filepath.Join(home, "backups", "phone"); got != want {
		t.Fatalf("what was picked is %q", got)
	}
	submit(t, ctx, `form[action$="/path"] button`)
	run(t, ctx, chromedp.WaitVisible(`a.button[href^="/runs/"]`, chromedp.ByQuery))
}

// entry is the link to a folder in the list of one.
func entry(name string) string { return `main table a[href$="` + name + `"]` }

// pressed sends keys to what has the focus.
func pressed(t *testing.T, ctx context.Context, keys ...string) {
	t.Helper()
	for _, k := range keys {
		run(t, ctx, chromedp.KeyEvent(k))
	}
}
