package browsertest

import (
	"context"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tabTo goes by the Tab key to an element, which then has the focus, and shows
// that it has.
func tabTo(t *testing.T, ctx context.Context, selector string) {
	t.Helper()
	for range 150 {
		pressed(t, ctx, kb.Tab)
		if !ask[bool](t, ctx, `document.activeElement.matches("`+selector+`")`) {
			continue
		}
		if !ask[bool](t, ctx, `(s => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 || document.activeElement.closest("svg") !== null)(getComputedStyle(document.activeElement))`) {
			t.Errorf("%s has the focus, and nothing shows it", selector)
		}
		return
	}
	t.Fatalf("Tab does not reach %s on %s", selector, ask[string](t, ctx, `location.pathname`))
}

// entered presses Enter where the focus is and waits for the page that comes.
func entered(t *testing.T, ctx context.Context) {
	t.Helper()
	if _, err := chromedp.RunResponse(ctx, chromedp.KeyEvent(kb.Enter)); err != nil {
		t.Fatal(err)
	}
	run(t, ctx, chromedp.WaitReady("main", chromedp.ByQuery))
}

// TestKeyboard sorts a finding, and looks behind a line of the graph, without a
// mouse.
func TestKeyboard(t *testing.T) {
	c := aCheck(t)
	s, ctx := opened(t, c)
	run(t, ctx, chromedp.Navigate(s.base+"/cases"), chromedp.WaitReady("main", chromedp.ByQuery))
	tabTo(t, ctx, ".skip")
	pressed(t, ctx, kb.Enter)
	if !ask[bool](t, ctx, `document.activeElement.id === "main"`) {
		t.Error("the first link does not lead to the content")
	}
	run(t, ctx, chromedp.Navigate(s.base+"/cases"), chromedp.WaitReady("main", chromedp.ByQuery))
	tabTo(t, ctx, `nav a[href^='/findings']`)
	entered(t, ctx)
	tabTo(t, ctx, `tbody a[href*='/findings/']`)
	entered(t, ctx)
	tabTo(t, ctx, "#note")
	run(t, ctx, chromedp.KeyEvent("The link is in her messages."))
	tabTo(t, ctx, "button[value=confirmed]")
	entered(t, ctx)
	if got := ask[string](t, ctx, `document.querySelector("main .tag").textContent`); got != "confirmed" {
		t.Errorf("confirmed by keys it is %q", got)
	}
	tabTo(t, ctx, "button[value=new]")
	entered(t, ctx)
	if got := ask[string](t, ctx, `document.querySelector("main .tag").textContent`); got == "confirmed" {
		t.Error("it is not taken back")
	}
}
