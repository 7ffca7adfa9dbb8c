package web

import (
	"slices"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// Bounds of graphs that are kept: how many, and for how long.
const (
	maxCompared  = 16
	comparedLife = time.Hour
)

// compared keeps the graphs that were made last, in memory alone: a filter does
// not compare people anew. A graph is shown to the member who made it, as long
// as the consents that it was made by hold.
type compared struct {
	mu   sync.Mutex
	list []comparedGraph // guarded by mu; the last made at the end
}

type comparedGraph struct {
	member, caseID, basis string
	at                    time.Time
	linked                *workspace.Linked
}

func (c *compared) put(g comparedGraph) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = slices.DeleteFunc(c.list, func(o comparedGraph) bool { return o.member == g.member && o.caseID == g.caseID })
	if c.list = append(c.list, g); len(c.list) > maxCompared {
		c.list = slices.Delete(c.list, 0, 1)
	}
}

// get returns the member's graph of a case, or of all, nil where there is none
// on this basis.
func (c *compared) get(member, caseID, basis string, now time.Time) *workspace.Linked {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = slices.DeleteFunc(c.list, func(o comparedGraph) bool {
		return now.Sub(o.at) > comparedLife || o.member == member && o.basis != basis
	})
	for i := range c.list {
		if o := &c.list[i]; o.member == member && o.caseID == caseID {
			return o.linked
		}
	}
	return nil
}

// forget drops the graphs of a member; of all where none is named.
func (c *compared) forget(member string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = slices.DeleteFunc(c.list, func(o comparedGraph) bool { return member == "" || o.member == member })
}
