package web

import (
	"sync"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/workspace"
)

// indexing makes indexes of checks from before there were any, one after the
// other, when somebody searches in them.
type indexing struct {
	mu      sync.Mutex
	waiting map[string]bool // guarded by mu: runs that are made, or will be
	one     sync.Mutex      // held by the one that is made
	all     sync.WaitGroup
}

// maxWaiting bounds how many checks wait; the next search asks for the rest.
const maxWaiting = 100

// makeIndex makes the index of a run, unless that is under way.
func (s *Server) makeIndex(sp *examine.Space, r *workspace.Run) {
	x := &s.indexing
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.waiting[r.ID] || len(x.waiting) >= maxWaiting || s.ended.Err() != nil {
		return
	}
	if x.waiting == nil {
		x.waiting = map[string]bool{}
	}
	x.waiting[r.ID] = true
	run := *r
	x.all.Go(func() {
		x.one.Lock()
		defer x.one.Unlock()
		if s.ended.Err() == nil {
			if err := sp.MakeIndex(s.ended, &run); err != nil && s.ended.Err() == nil {
				s.o.Log.WarnContext(s.ended, "index not made", "run", run.ID)
			}
		}
		x.mu.Lock()
		defer x.mu.Unlock()
		delete(x.waiting, run.ID)
	})
}
