package web

import (
	"context"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
)

// FeedResult is what became of one feed that was asked.
type FeedResult struct {
	Name     string   `json:"name"`
	State    string   `json:"state"` // added, changed, unchanged, kept, failed
	Count    int      `json:"count"` // indicators that it holds now
	Added    int      `json:"added"`
	Removed  int      `json:"removed"`
	Examples []string `json:"new,omitempty"` // some of those added
	Why      string   `json:"why,omitempty"`
}

// Feeds is how an update of indicators stands.
type Feeds struct {
	Running bool         `json:"running"`
	Total   int          `json:"total"` // feeds
	Done    []FeedResult `json:"done"`
	Ended   string       `json:"ended,omitempty"`
	Failed  bool         `json:"failed,omitempty"` // no feed could be asked
}

// updating is the one update that runs, and the last that ended: it is asked for
// by a person, and goes on when the page is closed.
type updating struct {
	mu  sync.Mutex
	now Feeds // guarded by mu
	all sync.WaitGroup
}

// state is a copy of how it stands.
func (u *updating) state() Feeds {
	u.mu.Lock()
	defer u.mu.Unlock()
	out := u.now
	out.Done = append([]FeedResult{}, u.now.Done...)
	return out
}

// start begins an update, unless one runs.
func (u *updating) start(ctx context.Context, now func() time.Time, s *examine.Space,
	update func(context.Context, *examine.Space, func(total int, r *FeedResult)) error,
) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.now.Running || ctx.Err() != nil {
		return
	}
	u.now = Feeds{Running: true, Done: []FeedResult{}}
	u.all.Go(func() {
		err := update(ctx, s, func(total int, r *FeedResult) {
			u.mu.Lock()
			defer u.mu.Unlock()
			if u.now.Total = total; r != nil {
				u.now.Done = append(u.now.Done, *r)
			}
		})
		u.mu.Lock()
		defer u.mu.Unlock()
		u.now.Running, u.now.Ended = false, now().UTC().Format(timeLayout)
		u.now.Failed = err != nil
	})
}
