package cli

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/vault"
)

// sweptStore notes how old what is cleaned must be.
type sweptStore struct {
	vault.Store
	before chan time.Time
	err    error
}

func (s *sweptStore) CleanIncoming(_ context.Context, before time.Time) error {
	s.before <- before
	return s.err
}

// TestSweep: a worker cleans at once and again each day, whatever the store
// says, until it ends.
func TestSweep(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	s := &sweptStore{before: make(chan time.Time), err: errors.New("the bucket is away")}
	var log bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	tick, done := make(chan time.Time), make(chan struct{})
	go func() {
		defer close(done)
		sweep(ctx, s, func() time.Time { return now }, slog.New(slog.NewTextHandler(&log, nil)), tick)
	}()
	for range 3 {
		if got, want := <-s.before, now.AddDate(0, 0, -7); !got.Equal(want) {
			t.Errorf("what is older than %s is cleaned, not %s", got, want)
		}
		now = now.Add(sweepEvery)
		tick <- now
	}
	<-s.before
	cancel()
	<-done
	if n := strings.Count(log.String(), "the bucket is away"); n < 3 {
		t.Errorf("it failed, and the log says so %d times: %s", n, &log)
	}
}
