package cli

import (
	"fmt"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/pipeline"
)

// progress shows on a terminal how far a check has come, and nothing elsewhere.
type progress struct {
	*app
	mu    sync.Mutex
	next  time.Time
	shown bool
}

// progressEvery keeps the line calm.
const progressEvery = 100 * time.Millisecond

func (a *app) newProgress() *progress { return &progress{app: a, next: time.Now().Add(progressEvery)} }

func (p *progress) show(now pipeline.Progress) {
	if !p.ErrTerminal {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Now().Before(p.next) {
		return
	}
	p.next = time.Now().Add(progressEvery)
	p.shown = true
	percent := int64(100)
	if now.Total > 0 {
		percent = now.Bytes * 100 / now.Total
	}
	fmt.Fprintf(p.Err, "\r\x1b[K%s", p.Text("cli.checking", "Records", p.Number(now.Records),
		"Done", now.Done, "Tasks", now.Tasks, "Percent", percent))
}

func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.Err, "\r\x1b[K")
	}
}
