package browsertest

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/publish"
	"github.com/amparo-project/amparo/internal/account/term"
)

// publicPage writes a site of what the letter of 7 December 2017 says, and
// returns the address of its folder. The file number and the requests for
// information are invented, and the page says so.
func publicPage(t *testing.T) string {
	t.Helper()
	terms, err := term.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	lgtaip, err := terms.Term("mx-lgtaip-2015", term.Day(2017, 6, 27))
	if err != nil {
		t.Fatal(err)
	}
	press := account.Source{Title: "Press release of Congressman Lowenthal, 7 December 2017", URL: "https://example.org/letter", Archived: strings.Repeat("5a", 32)}
	invented := account.Source{Title: "Synthetic, for this demonstration"}
	in := &publish.Input{
		Workspace: "W-demo", Case: "C-demo", Title: "The investigation that was promised in June 2017", Publisher: "a helpline (demonstration)",
		Label: "Demonstration. The requests and their numbers are synthetic.", On: term.Day(2017, 12, 7), Terms: terms,
		Record: &clock.Record{
			Promises: []clock.Promise{{ID: "A-1", Authority: "Government of Mexico", Made: "2017-06-22", Words: "Se investigará el uso indebido de este software.", Lang: "es", Source: press, Public: true}},
			Requests: []clock.Request{
				{ID: "A-2", Kind: clock.Complaint, Authority: "PGR", Sent: "2017-06-19", Subject: "Complaint of nine people whose phones were attacked", Source: press, Public: true},
				{ID: "A-3", Kind: clock.Access, Authority: "PGR", Sent: "2017-06-27", Subject: "Contracts for the purchase of Pegasus", Reference: "0000000000017", Term: &lgtaip, Source: invented, Public: true, Documents: []clock.Document{{Name: "request.pdf", SHA256: strings.Repeat("c1", 32), Public: true}}},
				{ID: "A-4", Kind: clock.Congress, Authority: "US Department of State", Sent: "2017-12-07", Subject: "Ensure that the investigation moves forward", Source: press, Public: true},
			},
			Answers: []clock.Answer{
				{ID: "A-5", To: "A-2", Kind: clock.Acknowledged, On: "2017-06-21", Text: "A file was opened", Source: press, Public: true},
				{ID: "A-6", To: "A-3", Kind: clock.Extended, On: "2017-07-20", Text: "Ten more days, without a reason", Source: invented, Public: true},
			},
		},
		Numbers:    publish.Numbers{On: "2017-12-07", Cells: []publish.Cell{{Role: "journalist", N: 6}, {Role: "lawyer", N: 4}}, Other: 5},
		Concerns:   []publish.Tally{{Text: term.Text{En: "Communications of a lawyer", Es: "Comunicaciones de abogados"}, People: []string{"a", "b", "c", "d"}}, {Text: term.Text{En: "A minor", Es: "Un menor"}, People: []string{"a"}}},
		Safeguards: []publish.Tally{{Text: term.Text{En: "contradicted by what was observed", Es: "contradichas por lo observado"}, N: 2}},
		Checkpoint: []byte("amparo.invalid/W-demo\n41\nq1mW3JQF0b1uPhJ4pWkQvIh0m2rN5sT6uV7wX8yZ9aA=\n\n— amparo.invalid/W-demo q8v2…\n"), LedgerKey: "amparo.invalid/W-demo+00000000+A", LedgerSize: 41,
	}
	site, err := publish.Build(in, "en")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, data := range site.Files {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return (&url.URL{Scheme: "file", Path: dir}).String()
}

// within fails on whatever a page asks for outside its folder.
func within(t *testing.T, ctx context.Context, folder string, visit func()) {
	t.Helper()
	seen := watch(ctx, folder+"/style.css")
	visit()
	seen.mu.Lock()
	defer seen.mu.Unlock()
	for _, s := range seen.list {
		if !strings.HasPrefix(s, "request of "+folder+"/") {
			t.Error(s)
		}
	}
}

func TestPublicPage(t *testing.T) {
	ctx := browser(t)
	folder := publicPage(t)
	run(t, ctx, network.Enable(), runtime.Enable(), emulation.SetScriptExecutionDisabled(true))
	within(t, ctx, folder, func() {
		run(t, ctx, chromedp.EmulateViewport(1200, 1700), chromedp.Navigate(folder+"/index.html"), chromedp.WaitVisible("h1"))
		screen(t, ctx, "public-page")
		press(t, ctx, `a[hreflang="es"]`)
		run(t, ctx, chromedp.WaitVisible(`html[lang="es"] h1`))
		screen(t, ctx, "public-page-es")
		run(t, ctx, chromedp.EmulateViewport(360, 740), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}),
			chromedp.Navigate(folder+"/index.html"), chromedp.WaitVisible("h1"))
		screen(t, ctx, "public-page-phone-dark")
	})
}

func TestPublicPageIsAccessible(t *testing.T) {
	ctx := browser(t)
	folder := publicPage(t)
	run(t, ctx, network.Enable(), runtime.Enable())
	for _, page := range []string{"/index.html", "/es.html"} {
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{1200, 360} {
				run(t, ctx, chromedp.EmulateViewport(width, 900),
					emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
					chromedp.Navigate(folder+page), chromedp.WaitVisible("h1"))
				if wide := ask[int](t, ctx, `document.scrollingElement.scrollWidth - window.innerWidth`); wide > 0 {
					t.Errorf("%s is %d pixels wider than %d: %s", page, wide, width, ask[string](t, ctx, widest))
				}
				accessible(t, ctx, page+" "+scheme)
			}
		}
	}
}
