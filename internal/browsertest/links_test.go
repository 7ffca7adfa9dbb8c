package browsertest

import (
	"io"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/amparo-project/amparo/internal/link"
	pages "github.com/amparo-project/amparo/internal/report"
)

// linksPage writes a page of links and returns its address.
func linksPage(t *testing.T) string {
	t.Helper()
	at := time.Date(2025, 3, 1, 10, 0, 0, 0, time.UTC)
	g := &link.Graph{People: 40, Clusters: []link.Cluster{{
		ID: "L-0123456789ab", First: at, Last: at.AddDate(0, 0, 6),
		People: []link.Member{{ID: "P-1", Case: "C-4v036zwcqta6", Name: "heron"}, {ID: "P-2", Case: "C-4v036zwcqta6", Name: "wren"}, {ID: "P-3", Case: "C-95a3z6t8gjfr", Name: "swift"}},
		Values: []link.Value{
			{Kind: link.Indicator, Value: "domain evil.example", Weight: 0.94, People: []string{"P-1", "P-2", "P-3"}, First: at, Last: at.AddDate(0, 0, 6)},
			{Kind: link.Lure, Value: "very-long-name-of-a-domain-that-pretends-to-be-a-bank.example", Weight: 0.6, People: []string{"P-1", "P-2"}, First: at, Last: at},
			{Kind: link.Phone, Value: "+19990001111", Weight: 0.2, People: []string{"P-2", "P-3"}, First: at, Last: at},
		},
	}}}
	name := filepath.Join(t.TempDir(), "links.html")
	f, err := os.Create(name)
	if err == nil {
		err = pages.Links(io.Writer(f), g, pages.LinksOptions{Lang: "en", Made: "2026-05-01T12:00:00.000000Z", NoConsent: 2})
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return (&url.URL{Scheme: "file", Path: name}).String()
}

// TestLinks looks at the page of links: in both languages, on a phone, and
// without the network.
func TestLinks(t *testing.T) {
	ctx := browser(t)
	page := linksPage(t)
	seen := watch(ctx, page)
	run(t, ctx, network.Enable(), runtime.Enable(), chromedp.EmulateViewport(1200, 1100), chromedp.Navigate(page), chromedp.WaitVisible(".in-en h1"))
	screen(t, ctx, "links-en")
	accessible(t, ctx, "links, English")
	press(t, ctx, "#lang-es")
	if !shown(t, ctx, ".in-es h1") || shown(t, ctx, ".in-en h1") {
		t.Error("the language does not change")
	}
	accessible(t, ctx, "links, Spanish")
	run(t, ctx, chromedp.EmulateViewport(360, 740))
	if wide := ask[int](t, ctx, `document.scrollingElement.scrollWidth - window.innerWidth`); wide > 0 {
		t.Errorf("the page is %d pixels wider than the phone: %s", wide, ask[string](t, ctx, widest))
	}
	accessible(t, ctx, "links, a phone")
	seen.clean(t)
}
