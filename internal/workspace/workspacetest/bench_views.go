package workspacetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// Looking measures what fifty people wait, the 95th of a hundred, who open
// something at once that none of them opened in this hour: each view is durable
// before it returns.
func Looking(b *testing.B, db *workspace.DB) {
	b.Helper()
	const people = 50
	f := newBench(b, db, people)
	var v workspace.Views
	var all []time.Duration
	for n := 0; b.Loop(); n++ {
		took := make([]time.Duration, people)
		start := make(chan struct{})
		var wg sync.WaitGroup
		for i := range people {
			wg.Go(func() {
				<-start
				begun := time.Now()
				thing, err := f.W.AllowsWith(b.Context(), workspace.ActSee, workspace.Thing{Evidence: f.Evidence[i].ID})
				if err != nil {
					b.Error(err)
				}
				x := workspace.View{Thing: thing, Page: "/evidence/{evidence}", Session: fmt.Sprint(n, i)}
				if err := v.Record(b.Context(), f.W, x); err != nil {
					b.Error(err)
				}
				took[i] = time.Since(begun)
			})
		}
		close(start)
		wg.Wait()
		all = append(all, took...)
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)*95/100])/float64(time.Millisecond), "ms-p95")
}
