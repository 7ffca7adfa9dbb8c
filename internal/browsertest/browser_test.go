package browsertest

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

var update = flag.Bool("update", false, "renew docs/screens")

// chromium is one program for all tests: each has a browser of its own in it,
// without the cookies of the others.
var chromium = sync.OnceValues(func() (context.Context, error) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return nil, exec.ErrNotFound
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("hide-scrollbars", true))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	stopChromium = stop
	ctx, _ = chromedp.NewContext(ctx) // stopChromium ends it
	return ctx, chromedp.Run(ctx)
})

// stopChromium ends it where it was started.
var stopChromium = func() {}

// browser opens a browser, or skips where there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	all, err := chromium()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("no Chromium on this machine: \"make browser\" says how to get one")
	}
	if err != nil {
		t.Fatal(err)
	}
	program := cdp.WithExecutor(all, chromedp.FromContext(all).Browser)
	own, err := target.CreateBrowserContext().Do(program)
	if err != nil {
		t.Fatal(err)
	}
	window, err := target.CreateTarget("about:blank").WithBrowserContextID(own).WithNewWindow(true).Do(program)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := chromedp.NewContext(context.WithValue(all, ownKey{}, own), chromedp.WithTargetID(window))
	t.Cleanup(func() {
		stop()
		_ = target.DisposeBrowserContext(own).Do(program) // closed already, where the program ended
	})
	ctx, stop = context.WithTimeout(ctx, 10*time.Minute)
	t.Cleanup(stop)
	run(t, ctx, emulation.SetFocusEmulationEnabled(true))
	return ctx
}

// ownKey is where the context of a test keeps the browser that it has in the program.
type ownKey struct{}

// downloads are kept in a folder.
func downloads(ctx context.Context, into string) chromedp.Action {
	own, _ := ctx.Value(ownKey{}).(cdp.BrowserContextID)
	return cdpbrowser.SetDownloadBehavior(cdpbrowser.SetDownloadBehaviorBehaviorAllow).WithBrowserContextID(own).WithDownloadPath(into)
}

// watched is what a page did that it should not.
type watched struct {
	mu   sync.Mutex
	list []string // guarded by mu
}

func (w *watched) add(s string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, s)
}

// watch notes requests to anything but the page itself, and what it complains of.
func watch(ctx context.Context, page string) *watched {
	w := &watched{}
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if url := e.Request.URL; url != page && !strings.HasPrefix(url, "data:") {
				w.add("request of " + url)
			}
		case *runtime.EventExceptionThrown:
			w.add("exception: " + e.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			w.add("console: " + string(e.Type))
		}
	})
	return w
}

// clean fails the test where something was noted.
func (w *watched) clean(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.list {
		t.Error(s)
	}
}

func run(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// ask evaluates an expression in the page.
func ask[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	var answer T
	run(t, ctx, chromedp.Evaluate(expression, &answer))
	return answer
}

// boxOf returns where the first element that fits the selector is shown,
// without a script: nil where it is not.
func boxOf(t *testing.T, ctx context.Context, selector string) *dom.BoxModel {
	t.Helper()
	var box *dom.BoxModel
	run(t, ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		root, err := dom.GetDocument().Do(ctx)
		if err != nil {
			return err
		}
		id, err := dom.QuerySelector(root.NodeID, selector).Do(ctx)
		if err != nil {
			return err
		}
		if err := dom.ScrollIntoViewIfNeeded().WithNodeID(id).Do(ctx); err != nil {
			return nil // not shown
		}
		box, _ = dom.GetBoxModel().WithNodeID(id).Do(ctx)
		return nil
	}))
	return box
}

func shown(t *testing.T, ctx context.Context, selector string) bool {
	t.Helper()
	box := boxOf(t, ctx, selector)
	return box != nil && box.Height > 0
}

// press clicks the middle of an element.
func press(t *testing.T, ctx context.Context, selector string) {
	t.Helper()
	box := boxOf(t, ctx, selector)
	if box == nil {
		t.Fatalf("%s is not shown", selector)
	}
	run(t, ctx, chromedp.MouseClickXY((box.Content[0]+box.Content[4])/2, (box.Content[1]+box.Content[5])/2))
}

// violation is what axe-core complains of.
type violation struct {
	ID, Help string
	Nodes    []struct {
		HTML           string `json:"html"`
		FailureSummary string `json:"failureSummary"`
	}
}

// axe is the text of axe-core, "" where AMPARO_AXE names none.
var axe = sync.OnceValues(func() (string, error) {
	file := os.Getenv("AMPARO_AXE")
	if file == "" {
		return "", nil
	}
	data, err := os.ReadFile(file)
	return string(data), err
})

var notAsked sync.Once

// accessible asks axe-core of the page as it is shown now, but for what is left
// out because there is much of the same.
func accessible(t *testing.T, ctx context.Context, what string, leftOut ...string) {
	t.Helper()
	script, err := axe()
	if err != nil {
		t.Fatal(err)
	}
	if script == "" {
		notAsked.Do(func() { t.Log("AMPARO_AXE names no axe.min.js: not asked") })
		return
	}
	var raw []byte
	run(t, ctx, chromedp.Evaluate(`"axe" in window`, &raw))
	if string(raw) != "true" {
		run(t, ctx, chromedp.Evaluate(script+"; true", nil))
	}
	exclude, err := json.Marshal(append([]string{}, leftOut...))
	if err != nil {
		t.Fatal(err)
	}
	run(t, ctx, chromedp.Evaluate(
		`axe.run({include: [["html"]], exclude: `+string(exclude)+`.map(s => [s])}, {resultTypes: ["violations"], preload: false}).then(r => JSON.stringify(r.violations.map(v => ({ID: v.id, Help: v.help, Nodes: v.nodes.slice(0, 3)}))))`,
		&raw, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		text = string(raw)
	}
	var list []violation
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	for _, v := range list {
		for _, n := range v.Nodes {
			t.Errorf("%s: %s (%s): %s: %s", what, v.ID, v.Help, n.HTML, n.FailureSummary)
		}
	}
}

// screen takes a picture of what is shown, for docs/screens.
func screen(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	var png []byte
	run(t, ctx, chromedp.CaptureScreenshot(&png))
	if len(png) < 1000 {
		t.Errorf("%s: the picture has %d bytes", name, len(png))
	}
	if !*update {
		return
	}
	if err := os.WriteFile(filepath.Join("..", "..", "docs", "screens", name+".png"), png, 0o600); err != nil {
		t.Fatal(err)
	}
}
