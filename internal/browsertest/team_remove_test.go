package browsertest

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// removesPasskey removes a passkey of who has just joined: not the last way in,
// but one of two.
func removesPasskey(t *testing.T, ctx context.Context, base string) {
	t.Helper()
	names := func() string {
		return ask[string](t, ctx, `[...document.querySelectorAll("section[aria-labelledby=passkeys] tbody strong")].map(e => e.textContent).sort().join()`)
	}
	for _, name := range []string{"the phone", "the key"} {
		run(t, ctx, chromedp.Navigate(base+"/me"), chromedp.WaitVisible("form[data-passkey] button:not([disabled])", chromedp.ByQuery))
		fill(t, ctx, "#new-name", name)
		if _, err := chromedp.RunResponse(ctx, chromedp.Click("form[data-passkey] button", chromedp.ByQuery)); err != nil {
			t.Fatal(err)
		}
		run(t, ctx, chromedp.WaitVisible(".notice", chromedp.ByQuery))
		remove := `tr:has(input[value="the phone"]) form[action$="/remove"] button`
		run(t, ctx, chromedp.Evaluate(`document.querySelector('tr:has(input[value="the phone"]) details').open = true`, nil))
		accessible(t, ctx, "web me, a passkey open")
		if name == "the phone" {
			submit(t, ctx, remove)
			if got := ask[string](t, ctx, `document.querySelector("main").textContent`); !strings.Contains(got, "last way") {
				t.Errorf("removing the last passkey says %q", got)
			}
			authenticator(t, ctx, true, true)
			continue
		}
		if got := names(); got != "the key,the phone" {
			t.Fatalf("passkeys are %q", got)
		}
		submit(t, ctx, remove)
	}
	if got := names(); got != "the key" {
		t.Errorf("after one was removed there are %q", got)
	}
}

// removesMember lets the manager, who comes back by a link, remove who has just
// joined: their browser is out at once.
func removesMember(t *testing.T, theirs context.Context, base string) {
	t.Helper()
	ctx := browser(t)
	quiet(t, ctx, base)
	run(t, ctx, chromedp.EmulateViewport(1200, 900), chromedp.Navigate(amparo(t, "", "member", "invite", "--url", base)))
	submit(t, ctx, "main button")
	fill(t, ctx, "#passphrase", passphrase)
	submit(t, ctx, "main form.card button")
	run(t, ctx, chromedp.Navigate(base+"/members"), chromedp.WaitReady("main", chromedp.ByQuery))
	submit(t, ctx, `a[aria-label$=": luz"]`)
	accessible(t, ctx, "web member remove")
	if got := ask[string](t, ctx, `document.querySelector("h1").textContent`); !strings.Contains(got, "luz") {
		t.Errorf("the page that asks is about %q", got)
	}
	submit(t, ctx, "button.danger")
	if at, row := ask[string](t, ctx, `location.pathname`), ask[string](t, ctx, `[...document.querySelectorAll("tbody tr")].find(r => r.cells[0].textContent.includes("luz")).textContent`); at != "/members" || !strings.Contains(row, "removed") {
		t.Errorf("at %s luz is %q", at, row)
	}
	run(t, theirs, chromedp.Navigate(base+"/me"), chromedp.WaitReady("main", chromedp.ByQuery))
	if at := ask[string](t, theirs, `location.pathname`); at != "/signin" {
		t.Errorf("who was removed is at %s", at)
	}
}
