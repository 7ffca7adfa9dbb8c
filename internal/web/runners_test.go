package web

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestEveryDay runs now and once a day, however many ticks come.
func TestEveryDay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tick := time.NewTicker(time.Minute)
		defer tick.Stop()
		var days []string
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			now := func() time.Time { return time.Now().UTC() } // begins on 2000-01-01 at midnight
			everyDay(ctx, now, tick.C, func() { days = append(days, now().Format(time.DateTime)) })
		}()
		time.Sleep(49 * time.Hour)
		cancel()
		<-ended
		if want := []string{"2000-01-01 00:00:00", "2000-01-02 00:00:00", "2000-01-03 00:00:00"}; !slices.Equal(days, want) {
			t.Errorf("it ran at %v, want %v", days, want)
		}
	})
}
