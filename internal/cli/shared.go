package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
)

// sharer is a workspace whose servers and workers have things in common.
type sharer interface {
	Shared(ctx context.Context, name string) (data []byte, revision int64, err error)
}

// sharedFile returns what a workspace keeps under a name. of is whatever a
// command works on: where it is no workspace of this machine, keeps nothing, or
// does not show it to the person concerned, there is nothing.
func sharedFile(ctx context.Context, of any, name string) (data []byte, found bool, err error) {
	s, ok := of.(sharer)
	if !ok {
		return nil, false, nil
	}
	data, _, err = s.Shared(ctx, name)
	if errors.Is(err, workspace.ErrNotFound) || errors.Is(err, workspace.ErrNotAllowed) {
		return nil, false, nil
	}
	return data, err == nil, err
}

// noticesOf reads how notices go out: from the workspace, or from beside the
// identity.
func noticesOf(ctx context.Context, of any) (*notice.Config, error) {
	data, found, err := sharedFile(ctx, of, workspace.SharedNotices)
	if err != nil {
		return nil, err
	}
	if !found {
		return noticesConfig()
	}
	return notice.ParseConfig(data)
}

// termsOf are the terms of the law, with a team's own: those of the workspace,
// or of this machine.
func (a *app) termsOf(ctx context.Context, of any) (*term.Set, error) {
	data, found, err := sharedFile(ctx, of, workspace.SharedTerms)
	if err != nil {
		return nil, err
	}
	if !found {
		return a.terms()
	}
	return term.Load(data)
}

// luresOf is what messages are read with: with institutions of the workspace,
// or of this machine.
func luresOf(ctx context.Context, of any, dirs []string) (*lure.Knowledge, error) {
	data, found, err := sharedFile(ctx, of, workspace.SharedInstitutions)
	if err != nil {
		return nil, err
	}
	if !found {
		return loadLures(dirs)
	}
	k, err := lure.LoadWith(data, dirs...)
	if errors.Is(err, lure.ErrInstitutions) {
		return nil, usageError{err}
	}
	return k, err
}

// storeOf opens the installed indicators that count for a workspace: its own
// or, where it has none, those of this machine.
func storeOf(ctx context.Context, s *examine.Space, cache *feed.Cache) (*feed.Store, error) {
	st, err := s.Indicators(ctx, cache)
	if errors.Is(err, workspace.ErrNotFound) {
		return openStore()
	}
	return st, err
}

// changeStoreOf opens them to be changed, runs fn and closes them.
func changeStoreOf(ctx context.Context, s *examine.Space, fn func(*feed.Store) error) error {
	st, err := s.Indicators(ctx, nil)
	if errors.Is(err, workspace.ErrNotFound) {
		return changeStore(fn)
	}
	if err != nil {
		return err
	}
	defer st.Close()
	return fn(st)
}

// installed returns what loads the indicators that count for a workspace. What
// it loaded of those that it shares stays in memory, as long as they are the same.
func (a *app) installed() func(context.Context, *examine.Space) (*indicators, error) {
	cache := &feed.Cache{}
	return func(ctx context.Context, s *examine.Space) (*indicators, error) {
		st, err := storeOf(ctx, s, cache)
		if err != nil {
			return nil, err
		}
		return a.loadStore(st)
	}
}

// indicatorsFor loads files and folders or, where none is given, the sets that
// count for a workspace.
func (a *app) indicatorsFor(s *examine.Space, paths []string) (*indicators, error) {
	if len(paths) == 0 {
		return a.installed()(a.ctx, s)
	}
	return a.loadIndicators(paths)
}

// storeFlags say whose indicators a command means: those of a workspace that is
// named, where it has its own, or else those of this machine.
type storeFlags struct{ wsFlags }

// named reports whether a workspace is named that has indicators of its own.
func (f *storeFlags) named(a *app) (own bool, err error) {
	if cmp.Or(f.Workspace, os.Getenv(workspaceVariable)) == "" {
		return false, nil
	}
	where, isURL, err := f.where()
	if err != nil || !isURL && !sqlite.Exists(where) {
		return false, err
	}
	db, _, err := f.database(a, false)
	if err != nil {
		return false, err
	}
	defer db.Close() //nolint:errcheck // nothing was written
	since, err := workspace.SharedSince(a.ctx, db, workspace.SharedIndicators)
	if err == nil && since == "" {
		fmt.Fprintln(a.Err, "amparo: "+a.Text("indicators.of_machine"))
	}
	return since != "", err
}

// read opens the indicators, and runs fn with them and what they are of: nil for
// this machine.
func (f *storeFlags) read(a *app, fn func(*feed.Store, any) error) error {
	own, err := f.named(a)
	if err != nil {
		return err
	}
	if !own {
		st, err := openStore()
		if err != nil {
			return err
		}
		return fn(st, nil)
	}
	return f.with(a, func(s *space) error {
		st, err := s.Indicators(a.ctx, nil)
		if err != nil {
			return err
		}
		return fn(st, s.Space)
	})
}

// change opens them to be changed, and runs fn.
func (f *storeFlags) change(a *app, fn func(*feed.Store, any) error) error {
	own, err := f.named(a)
	if err != nil {
		return err
	}
	if !own {
		return changeStore(func(st *feed.Store) error { return fn(st, nil) })
	}
	return f.with(a, func(s *space) error {
		return changeStoreOf(a.ctx, s.Space, func(st *feed.Store) error { return fn(st, s.Space) })
	})
}

// indicatorsShareCmd is "amparo indicators share".
type indicatorsShareCmd struct {
	Empty bool `help:"indicators_share_empty"`
	wsFlags
}

// Run has the workspace keep indicators of its own, those of this machine to
// begin with.
func (c *indicatorsShareCmd) Run(a *app) error {
	return c.with(a, func(s *space) error {
		if c.Empty {
			if _, err := s.ShareIndicators(a.ctx, nil); err != nil {
				return err
			}
			fmt.Fprintln(a.Out, a.Text("indicators.shared_empty"))
			return nil
		}
		from, err := openStore()
		if err != nil {
			return err
		}
		n, err := s.ShareIndicators(a.ctx, from)
		if err != nil {
			return err
		}
		fmt.Fprintln(a.Out, a.Count("indicators.shared", int64(n)))
		loose, err := from.Loose()
		if err == nil && len(loose) > 0 {
			fmt.Fprintln(a.Err, "amparo: "+a.Count("indicators.shared_loose", int64(len(loose)), "Dir", safe(from.Dir())))
		}
		return err
	})
}

// shareNow is for a new workspace that others will use: it keeps its own
// indicators from the start.
func shareNow(ctx context.Context, w *workspace.Workspace) error {
	_, err := (&examine.Space{Workspace: w}).ShareIndicators(ctx, nil)
	return err
}
