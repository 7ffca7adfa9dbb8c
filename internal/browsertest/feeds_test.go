package browsertest

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestFeedsByPage sets a schedule and orders hunts by the page Indicators, and
// reads there what came: a value that a phone was seen with is found by a hunt. The feeds
// are those of a server here, which is the proxy too, so that no other is reached.
func TestFeedsByPage(t *testing.T) {
	c := aCheck(t)
	feed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			http.Error(w, "no way out", http.StatusForbidden)
			return
		}
		w.Header().Set("ETag", `"1"`)
		_, _ = w.Write([]byte("one.planted.example\nfree247downloads.com\n"))
	}))
	defer feed.Close()
	t.Setenv("AMPARO_PROXY", feed.URL)
	list := "feeds:\n  - {name: Feed of a partner, address: " + feed.URL + "/list, type: domain}\n"
	if err := os.WriteFile(filepath.Join(c.home, "feeds.yaml"), []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, c.home)
	ctx := browser(t)
	quiet(t, ctx, s.base)
	run(t, ctx, chromedp.EmulateViewport(1200, 1300))
	open(t, ctx, s)
	submit := func(form string) {
		t.Helper()
		run(t, ctx, chromedp.Submit(form, chromedp.ByQuery), chromedp.WaitReady("main", chromedp.ByQuery))
	}
	run(t, ctx, chromedp.Navigate(s.base+"/indicators"), chromedp.WaitReady("main", chromedp.ByQuery))
	submit(`form[action="/indicators/hunts"]`)
	run(t, ctx, chromedp.Navigate(s.base+"/indicators"), chromedp.WaitReady("main", chromedp.ByQuery), chromedp.SetValue("#minutes", "60", chromedp.ByQuery))
	submit(`form[action="/indicators/schedule"]`)
	run(t, ctx, chromedp.Poll(`document.querySelector("#feeds").textContent.includes("One hunt was queued")`, nil, chromedp.WithPollingTimeout(120*time.Second)))
	run(t, ctx, chromedp.Navigate(s.base+"/indicators"), chromedp.WaitReady("main", chromedp.ByQuery))
	text := ask[string](t, ctx, `document.querySelector("main").textContent`)
	for _, want := range []string{"Feed of a partner: new, 2 indicators", "every hour, in the name of ana", "ordered in one of your cases"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q on the page: %s", want, text)
		}
	}
	accessible(t, ctx, "indicators, with what came")
}
