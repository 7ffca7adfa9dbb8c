package browsertest

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// dropped lets a file of a page's making fall on it.
func dropped(t *testing.T, ctx context.Context, name, text string) {
	t.Helper()
	ask[bool](t, ctx, `(() => { const d = new DataTransfer(); d.items.add(new File(["`+text+`"], "`+name+`"));
		document.querySelector("main").dispatchEvent(new DragEvent("drop", {dataTransfer: d, bubbles: true, cancelable: true})); return true; })()`)
	run(t, ctx, chromedp.WaitVisible("#offer", chromedp.ByQuery))
}

// TestDroppedIndicators drops a file of indicators where evidence is expected.
func TestDroppedIndicators(t *testing.T) {
	c := aCheck(t)
	s, ctx := opened(t, c)
	dropped(t, ctx, "notes.txt", "nothing that anybody looks for")
	if got := ask[string](t, ctx, `document.querySelector("#offer-text").textContent`); !strings.Contains(got, "no indicators") || !ask[bool](t, ctx, `document.querySelector("#offer-add").hidden`) {
		t.Errorf("a file of notes: %q", got)
	}
	dropped(t, ctx, "new.csv", `type,value\ndomain,one.planted.example\ndomain,two.planted.example\n`)
	run(t, ctx, chromedp.WaitVisible("#offer-add", chromedp.ByQuery))
	if got := ask[string](t, ctx, `document.querySelector("#offer-text").textContent`); !strings.Contains(got, "2 indicators") {
		t.Errorf("a file of indicators: %q", got)
	}
	look(t, ctx, "web-inbox")
	run(t, ctx, chromedp.Click("#offer-add", chromedp.ByQuery), chromedp.WaitVisible("#sets", chromedp.ByQuery)) // by the script
	if got := ask[string](t, ctx, `document.querySelector("main").textContent`); !strings.Contains(got, "Installed, with 2 indicators.") || !strings.Contains(got, "new.csv") {
		t.Error("they are not installed")
	}
	// On the page for evidence it can be sent all the same.
	run(t, ctx, chromedp.Navigate(s.base+"/cases/"+c.caseID+"/evidence"), chromedp.WaitReady("main", chromedp.ByQuery))
	ask[bool](t, ctx, `(() => { const d = new DataTransfer(); d.items.add(new File(["type,value\ndomain,three.planted.example\n"], "three.csv"));
		document.querySelector("#file").files = d.files; return true; })()`)
	run(t, ctx, chromedp.Click("#upload button", chromedp.ByQuery), chromedp.WaitVisible("#offer-send", chromedp.ByQuery))
	accessible(t, ctx, "web-intake, with an offer")
	run(t, ctx, chromedp.Click("#offer-send", chromedp.ByQuery), chromedp.WaitVisible("#job", chromedp.ByQuery))
	if got := ask[string](t, ctx, `location.pathname`); !strings.HasPrefix(got, "/jobs/") {
		t.Errorf("what is evidence all the same is not sent: %s", got)
	}
}
