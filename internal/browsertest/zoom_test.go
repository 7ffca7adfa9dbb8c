package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/amparo-project/amparo/internal/testevidence"
)

// turning turns the wheel over the picture at each frame, in and out again for
// so many seconds, and tells the times between frames.
const turning = `new Promise(function (done) {
	var canvas = document.querySelector("canvas"), box = canvas.getBoundingClientRect(), gaps = [], last = 0, begun = performance.now(), n = 0;
	function frame(now) {
		if (last) { gaps.push(now - last); }
		last = now;
		if (now - begun > 6000) { done(gaps); return; }
		var turn = Math.floor(n++ / 60) % 2 ? 100 : -100;
		canvas.dispatchEvent(new WheelEvent("wheel", { deltaY: turn, ctrlKey: true, bubbles: true, cancelable: true, clientX: box.left + box.width * 0.7, clientY: box.top + 40 }));
		requestAnimationFrame(frame);
	}
	requestAnimationFrame(frame);
})`

// TestZoom measures how smoothly a timeline zooms: AMPARO_BENCH_ZOOM is how many
// messages the phone has; 420,000 make a million events. make bench-zoom runs it.
func TestZoom(t *testing.T) {
	messages, err := strconv.Atoi(os.Getenv("AMPARO_BENCH_ZOOM"))
	if err != nil {
		t.Skip("make bench-zoom runs it")
	}
	c := aCheck(t)
	big := filepath.Join(t.TempDir(), "big")
	if _, err := testevidence.WriteIOSBackup(big, testevidence.Options{Messages: messages, Partial: true}); err != nil {
		t.Fatal(err)
	}
	pass := filepath.Join(filepath.Dir(c.home), "passphrase")
	device := regexp.MustCompile(`D-[0-9a-z]{12}`).FindString(amparo(t, "", "device", "add", c.caseID, "heron", "the new iPhone", "--passphrase-file", pass))
	begun := time.Now()
	out := amparo(t, "", "check", "--case", c.caseID, "--device", device, big, "--lang", "en", "--passphrase-file", pass)
	id := regexp.MustCompile(`R-[0-9a-z]{12}`).FindString(out)
	fmt.Printf("checked, stored and indexed in %s\n", time.Since(begun).Round(time.Second))
	s := serve(t, c.home)
	ctx := browser(t)
	run(t, ctx, chromedp.EmulateViewport(1200, 900))
	open(t, ctx, s)
	run(t, ctx, chromedp.Navigate(s.base+"/runs/"+id+"/timeline"), chromedp.WaitVisible("canvas", chromedp.ByQuery), chromedp.Sleep(time.Second))
	var gaps []float64
	run(t, ctx, chromedp.Evaluate(turning, &gaps, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	total, most, late := 0.0, 0.0, 0
	for _, g := range gaps {
		total, most = total+g, max(most, g)
		if g > 50 {
			late++
		}
	}
	fmt.Printf("%s: %d frames, %.1f ms apart on average, %.1f ms at most, %d more than 50 ms\n",
		ask[string](t, ctx, `document.querySelector("#timeline").previousElementSibling.textContent`), len(gaps), total/float64(len(gaps)), most, late)
}
