package web

import (
	"context"
	"slices"
	"sync"

	"github.com/amparo-project/amparo/internal/timeline"
	"github.com/amparo-project/amparo/internal/workspace"
)

// maxIndexed bounds the memory of all indexes of timelines, in bytes: some
// fourteen million events.
const maxIndexed = 256 << 20

// indexes keeps the timelines that were looked at last. They hold times and
// places, no text; they are in memory alone and go with the last session.
type indexes struct {
	mu   sync.Mutex
	list []*indexed // guarded by mu; the last used at the end
}

type indexed struct {
	run   string
	ready chan struct{}
	x     *timeline.Index
	err   error
}

// get returns the index of a run, which is read once however many ask.
func (l *indexes) get(ctx context.Context, run string, read func() (*timeline.Index, error)) (*timeline.Index, error) {
	l.mu.Lock()
	i := slices.IndexFunc(l.list, func(e *indexed) bool { return e.run == run })
	if i >= 0 {
		e := l.list[i]
		l.list = append(slices.Delete(l.list, i, i+1), e)
		l.mu.Unlock()
		select {
		case <-e.ready:
			return e.x, e.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	e := &indexed{run: run, ready: make(chan struct{})}
	l.list = append(l.list, e)
	l.mu.Unlock()
	e.x, e.err = read()
	close(e.ready)
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.err != nil {
		l.list = slices.DeleteFunc(l.list, func(o *indexed) bool { return o == e })
	}
	l.shrink()
	return e.x, e.err
}

// shrink forgets what was not used for longest, but never the last.
func (l *indexes) shrink() {
	var total int64
	for i := len(l.list) - 1; i >= 0; i-- {
		e := l.list[i]
		select {
		case <-e.ready:
		default:
			continue // being read
		}
		if e.x != nil {
			total += e.x.Bytes()
		}
		if total > maxIndexed && i < len(l.list)-1 {
			l.list = slices.Delete(l.list, 0, i+1)
			return
		}
	}
}

// forget drops all.
func (l *indexes) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = nil
}

// index returns the timeline of a run, and its file.
func (q *request) index(r *workspace.Run) (*timeline.Index, error) {
	return q.s.indexes.get(q.ctx(), r.ID, func() (*timeline.Index, error) {
		// Others may wait for it: it is read to the end even if this page is closed.
		ctx := context.WithoutCancel(q.ctx())
		b, err := q.space.OpenRun(ctx, r)
		if err != nil {
			return nil, err
		}
		f, err := b.FS(ctx).Open("timeline.jsonl")
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return timeline.Read(f)
	})
}
