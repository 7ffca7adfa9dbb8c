package browsertest

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
)

// TestProgress looks at a job that another process runs, and that goes on: the
// file that is read, records, how much of it is done and how long it still takes.
// A screen reader is told of what begins, and not of every figure.
func TestProgress(t *testing.T) {
	c := aCheck(t)
	job := amparo(t, "", "job", "add", "check", "--evidence", c.evidence, "--passphrase-file", filepath.Join(filepath.Dir(c.home), "passphrase"))
	db, err := sqlite.Open(t.Context(), filepath.Join(c.home, "workspace"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	worker := workspace.NewWorker(db, workspace.WorkerOptions{Now: time.Now})
	j, err := worker.Claim(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	// It lives as long as the test does: the server would take it over otherwise.
	var mu sync.Mutex
	beat := func(change func(p *workspace.JobProgress)) {
		mu.Lock()
		defer mu.Unlock()
		change(&j.Progress)
		if _, err := worker.Beat(t.Context(), &j); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	}
	ended, beating := make(chan struct{}), sync.WaitGroup{}
	beating.Go(func() {
		for tick := time.NewTicker(time.Second); ; {
			select {
			case <-ended:
				tick.Stop()
				return
			case <-tick.C:
				beat(func(*workspace.JobProgress) {})
			}
		}
	})
	defer func() { close(ended); beating.Wait() }()
	since := time.Now().Add(-20 * time.Second).UTC().Format("2006-01-02T15:04:05.000000Z")
	beat(func(p *workspace.JobProgress) {
		*p = workspace.JobProgress{Phase: "storing", Since: since, Files: 3, Total: 40, Bytes: 25 << 20, Of: 100 << 20}
	})
	s, ctx := opened(t, c)
	speak(t, ctx, s, "en")
	run(t, ctx, chromedp.Navigate(s.base+"/jobs/"+job), chromedp.WaitVisible("#job progress", chromedp.ByQuery))
	const text = `document.querySelector("#job").innerText`
	until(t, ctx, "how far it is", text+`.includes("3 / 40") && `+text+`.includes("25.0 MiB / 100.0 MiB") && /about \d+ minutes/.test(`+text+`) && document.querySelector("#job progress").value === 25`)
	beat(func(p *workspace.JobProgress) { p.Phase, p.Files, p.Records, p.Bytes = "checking", 39, 4321, 90<<20 })
	until(t, ctx, "how far it is now", text+`.includes("4,321") && /about \d+ seconds/.test(`+text+`) && document.querySelector("#job progress").value === 90`)
	if said := ask[string](t, ctx, `document.querySelector("#said").textContent`); said == "" {
		t.Error("that another part begins is not said")
	}
	beat(func(p *workspace.JobProgress) { p.Records++ })
	ask[bool](t, ctx, `(document.querySelector("#said").textContent = "", true)`)
	until(t, ctx, "one record more", text+`.includes("4,322")`)
	if said := ask[string](t, ctx, `document.querySelector("#said").textContent`); said != "" {
		t.Errorf("a figure that moves on is read aloud: %q", said)
	}
	accessible(t, ctx, "a job that runs")
	run(t, ctx, chromedp.Navigate(s.base+"/jobs"), chromedp.WaitVisible("main progress", chromedp.ByQuery))
	accessible(t, ctx, "jobs, one of which runs")
}
