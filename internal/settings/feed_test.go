package settings_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/settings"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/postgres"
	"github.com/amparo-project/amparo/internal/workspace/postgres/postgrestest"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
)

// TestSwitchFeed has feeds switched by several at once, on both databases: nobody's
// change is lost, and one that changes nothing is no act.
func TestSwitchFeed(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		db, err := sqlite.Open(t.Context(), t.TempDir(), time.Now)
		switchFeeds(t, db, err)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		db, err := postgres.Open(t.Context(), postgrestest.Database(t))
		switchFeeds(t, db, err)
	})
}

func switchFeeds(t *testing.T, db *workspace.DB, err error) {
	t.Helper()
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(err)
	t.Cleanup(func() { _ = db.Close() })
	id, err := seal.NewIdentity()
	ok(err)
	w, err := workspace.Create(ctx, db, workspace.Options{Identity: id, Now: time.Now}, "ana")
	ok(err)
	var all sync.WaitGroup
	known := feed.BuiltIn()
	for _, s := range known[:6] {
		all.Go(func() {
			if changed, err := settings.SwitchFeed(ctx, w, &feed.Config{}, nil, s.Name, false); err != nil || !changed {
				t.Error(s.Name, changed, err)
			}
		})
	}
	all.Wait()
	kept := func() (*feed.Config, int64) {
		data, revision, err := w.Shared(ctx, workspace.SharedFeeds)
		ok(err)
		ok(settings.Check(workspace.SharedFeeds, data))
		c, err := feed.ParseConfig(data)
		ok(err)
		return c, revision
	}
	c, before := kept()
	for _, s := range known[:6] {
		if !slices.Contains(c.NotAsked, s.Name) {
			t.Errorf("%s is lost: %v", s.Name, c.NotAsked)
		}
	}
	changed, err := settings.SwitchFeed(ctx, w, &feed.Config{}, nil, known[0].Address, false)
	if _, now := kept(); err != nil || changed || now != before {
		t.Errorf("what was so already: %v, %v, revision %d after %d", changed, err, now, before)
	}
	for name, want := range map[string]error{"Preditor": feed.ErrNoFeed, "": feed.ErrNoFeed} {
		if _, err := settings.SwitchFeed(ctx, w, &feed.Config{}, nil, name, false); !errors.Is(err, want) || !errors.Is(err, workspace.ErrInvalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
	machine := &feed.Config{NotAsked: []string{feed.AllBuiltIn}}
	if _, err := settings.SwitchFeed(ctx, w, machine, nil, known[0].Name, true); err != nil {
		t.Errorf("where the workspace keeps a file that of a machine does not matter: %v", err)
	}
	ok(settings.Remove(ctx, w, workspace.SharedFeeds, settings.Wish{}))
	if _, err := settings.SwitchFeed(ctx, w, machine, nil, known[0].Name, false); !errors.Is(err, settings.ErrOwnFeeds) {
		t.Errorf("a file of the machine was passed over: %v", err)
	}
}
