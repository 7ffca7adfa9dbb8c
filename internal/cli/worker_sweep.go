package cli

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/vault"
)

// How often a worker looks for uploads that nobody completed, and how old they
// are when it ends them: a segment is sent in minutes.
const (
	sweepEvery = 24 * time.Hour
	sweepAge   = 7 * 24 * time.Hour
)

// sweeping sweeps beside what else a worker does, until stop.
func sweeping(a *app, store vault.Store, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(a.ctx)
	tick := time.NewTicker(sweepEvery)
	var done sync.WaitGroup
	done.Go(func() { sweep(ctx, store, a.Now, log, tick.C) })
	return func() {
		cancel()
		done.Wait()
		tick.Stop()
	}
}

// sweep ends uploads to a bucket that nobody completed, at once and at each
// tick: they cost their owner money, and no list of objects shows them. A rule
// of the bucket does the same; not all stores have rules. That it fails is
// logged, and costs no job.
func sweep(ctx context.Context, store vault.Store, now func() time.Time, log *slog.Logger, tick <-chan time.Time) {
	for {
		if err := store.CleanIncoming(ctx, now().Add(-sweepAge)); err != nil && ctx.Err() == nil {
			log.LogAttrs(ctx, slog.LevelWarn, "uploads that nobody completed stay in the bucket", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
	}
}
