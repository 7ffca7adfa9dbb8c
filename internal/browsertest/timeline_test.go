package browsertest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// until waits for something to be true in the page.
func until(t *testing.T, ctx context.Context, what, expression string) {
	t.Helper()
	if err := chromedp.Run(ctx, chromedp.Poll(expression, nil, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(20*time.Second))); err != nil {
		t.Fatalf("%s: %v: %s", what, err, ask[string](t, ctx, `document.querySelector("#span")?.textContent + " " + location.search`))
	}
}

// spanOf is how many milliseconds the picture shows.
const spanOf = `(([a, b]) => Date.parse(b.replace(" ", "T") + "Z") - Date.parse(a.replace(" ", "T") + "Z"))(document.querySelector("#span").textContent.split(" – "))`

// inSpan reports whether each row of the table lies in the span of its address.
const inSpan = `(() => { const q = new URLSearchParams(location.search), from = +q.get("from"), to = +q.get("to"),
	times = [...document.querySelectorAll("#rows tbody td.t")].map(e => Date.parse(e.textContent.trim().replace(" ", "T").replace(/ ?UTC$/, "") + "Z"));
	return times.length > 0 && times.every(x => x >= from - 1000 && x <= to + 1000); })()`

// TestTimelineInBrowser goes from years to seconds and back by keys and the
// wheel, brushes a span, by the mouse, that the table then lists, and looks for
// lanes, findings and recovered rows.
func TestTimelineInBrowser(t *testing.T) {
	c := aCheck(t)
	s, ctx := opened(t, c)
	at := s.base + "/runs/" + c.run + "/timeline"
	run(t, ctx, chromedp.Navigate(at), chromedp.WaitVisible("canvas", chromedp.ByQuery))
	// What is drawn: lanes by artifact, marks of findings, rows that were recovered.
	drawn := `fetch(document.querySelector("#timeline").dataset.counts + "?parts=100&from=" + document.querySelector("#timeline").dataset.first + "&to=" + document.querySelector("#timeline").dataset.last).then(r => r.json())`
	if got := promised[[]int](t, ctx, drawn+`.then(d => [d.lanes.length, d.marks.length, d.lanes.filter(l => l.recovered && l.recovered.some(n => n)).length])`); got[0] < 5 || got[1] < 5 || got[2] == 0 {
		t.Errorf("lanes, findings, lanes with recovered rows: %v", got)
	}
	until(t, ctx, "the picture", `(() => { const c = document.querySelector("canvas"), d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data, seen = new Set();
		for (let i = 0; i < d.length; i += 4) { if (d[i + 3] > 200) { seen.add(d[i] + "," + d[i + 1] + "," + d[i + 2]); } } return seen.size > 5; })()`)
	whole := ask[float64](t, ctx, spanOf)
	if whole < 300*24*3600*1000 {
		t.Fatalf("all of it is %v ms", whole)
	}
	// By keys: to seconds and less, and all again.
	run(t, ctx, chromedp.Focus("canvas", chromedp.ByQuery))
	for range 40 {
		pressed(t, ctx, "+")
	}
	if got := ask[float64](t, ctx, spanOf); got > 1000 {
		t.Errorf("after forty steps in the picture shows %v ms", got)
	}
	pressed(t, ctx, "-", "-", kb.ArrowRight, kb.ArrowLeft, "0")
	if got := ask[float64](t, ctx, spanOf); got < whole*0.99 {
		t.Errorf("all again is %v ms", got)
	}
	// By the wheel.
	ask[bool](t, ctx, `(c => c.dispatchEvent(new WheelEvent("wheel", {deltaY: -100, ctrlKey: true, bubbles: true, cancelable: true, clientX: c.getBoundingClientRect().left + 600, clientY: c.getBoundingClientRect().top + 40})))(document.querySelector("canvas"))`)
	until(t, ctx, "the wheel", fmt.Sprintf("%s < %.0f", spanOf, whole*0.9))
	pressed(t, ctx, "0")
	until(t, ctx, "all lanes", `document.querySelector("canvas").clientHeight > 200`)
	// A span is dragged: the table lists it, and nothing else; Enter goes into it, Escape lets it go.
	box := boxOf(t, ctx, "canvas")
	x, y := (box.Content[0]+box.Content[4])/2, box.Content[1]+60
	run(t, ctx, input.DispatchMouseEvent(input.MousePressed, x-100, y).WithButton(input.Left).WithClickCount(1), input.DispatchMouseEvent(input.MouseMoved, x+150, y).WithButton(input.Left),
		input.DispatchMouseEvent(input.MouseReleased, x+300, y).WithButton(input.Left).WithClickCount(1))
	const listed = `(q => q.get("to") - q.get("from"))(new URLSearchParams(location.search))`
	until(t, ctx, "the table after a drag", fmt.Sprintf("%s < %.0f && %s", listed, whole*0.9, inSpan))
	brushed := ask[float64](t, ctx, listed)
	if brushed > whole*0.6 || brushed < whole*0.2 {
		t.Errorf("of %v ms the table lists %v", whole, brushed)
	}
	screen(t, ctx, "web-timeline-brush")
	accessible(t, ctx, "a timeline with a span")
	ask[bool](t, ctx, `(document.querySelector("canvas").focus(), true)`)
	pressed(t, ctx, kb.Enter)
	if got := ask[float64](t, ctx, spanOf); got > brushed*1.05 {
		t.Errorf("Enter goes into %v ms, not into %v", got, brushed)
	}
	pressed(t, ctx, kb.Escape)
	if !ask[bool](t, ctx, `document.querySelector("[data-act=brush]").hidden`) {
		t.Error("Escape does not let the span go")
	}
	// A span is chosen by keys alone, and said; what the picture shows can be read.
	pressed(t, ctx, "0")
	for range 3 {
		run(t, ctx, chromedp.KeyEvent(kb.ArrowRight, chromedp.KeyModifiers(input.ModifierShift)))
	}
	until(t, ctx, "the table after Shift and arrows", fmt.Sprintf("%s < %.0f && %s > 0", listed, whole*0.25, listed))
	if said := ask[string](t, ctx, `document.querySelector("#said").textContent`); !strings.Contains(said, " – ") {
		t.Errorf("of the span that was chosen by keys a screen reader says %q", said)
	}
	press(t, ctx, "#still summary")
	until(t, ctx, "what the picture shows, as a table", `document.querySelector("#still").open && document.querySelectorAll("#still tbody tr").length > 4`)
	accessible(t, ctx, "a timeline and its table")
}

// promised waits for what a promise of the page gives.
func promised[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	var answer T
	run(t, ctx, chromedp.Evaluate(expression, &answer, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return answer
}

// TestPrint prints a check, a case and a finding: the words are there, and what is
// to be clicked is not.
func TestPrint(t *testing.T) {
	c := aCheck(t)
	s, ctx := opened(t, c)
	for path, words := range map[string]string{"/runs/" + c.run: "Pegasus", c.findingOf(t, "ios.sms "): "http", "/cases/" + c.caseID: "heron"} {
		run(t, ctx, chromedp.Navigate(s.base+path), chromedp.WaitReady("main", chromedp.ByQuery), emulation.SetEmulatedMedia().WithMedia("print"))
		if got := ask[string](t, ctx, `[...document.querySelectorAll("nav, form, button, .foot, .skip, .actions")].filter(e => e.checkVisibility() && !e.closest("nav.crumbs")).map(e => e.outerHTML.slice(0, 80)).join(" | ")`); got != "" {
			t.Errorf("%s prints %s", path, got)
		}
		if !strings.Contains(ask[string](t, ctx, `document.querySelector("main").innerText`), words) {
			t.Errorf("%s prints without %q", path, words)
		}
		if bg := ask[string](t, ctx, `getComputedStyle(document.body).backgroundColor`); bg != "rgb(255, 255, 255)" {
			t.Errorf("%s prints on %s", path, bg)
		}
		var pdf []byte
		run(t, ctx, chromedp.ActionFunc(func(ctx context.Context) (err error) {
			pdf, _, err = page.PrintToPDF().Do(ctx)
			return err
		}))
		if len(pdf) < 5000 {
			t.Errorf("%s prints as %d bytes", path, len(pdf))
		}
		run(t, ctx, emulation.SetEmulatedMedia().WithMedia("screen"))
	}
}

// TestSimilar goes from a finding to the same elsewhere, and takes a decision back.
func TestSimilar(t *testing.T) {
	c := aCheck(t)
	s := serve(t, c.home)
	ctx := browser(t)
	quiet(t, ctx, s.base)
	run(t, ctx, chromedp.EmulateViewport(1200, 900), network.Enable())
	open(t, ctx, s)
	first := c.findingOf(t, "ios.sms ")
	run(t, ctx, chromedp.Navigate(s.base+first), chromedp.WaitReady("main", chromedp.ByQuery))
	title := ask[string](t, ctx, `document.querySelector("h1").textContent`)
	submit(t, ctx, `section[aria-labelledby=similar] li a`)
	if at := ask[string](t, ctx, `location.pathname`); at == first || ask[string](t, ctx, `document.querySelector("h1").textContent`) == "" {
		t.Errorf("the same elsewhere than %s is at %s", title, at)
	}
	state := func() string { return ask[string](t, ctx, `document.querySelector("main .tag").textContent`) }
	was := state()
	submit(t, ctx, `button[value=dismissed]`)
	if state() == was {
		t.Errorf("dismissed it is %q", was)
	}
	submit(t, ctx, `button[value=new]`)
	if state() != was {
		t.Errorf("taken back it is %q, not %q", state(), was)
	}
}
