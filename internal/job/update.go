package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/amparo-project/amparo/internal/vault/s3"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Asking is the feeds that a job of kind update asks for news.
type Asking interface {
	// Feeds are their names and addresses, in the order in which they are asked.
	Feeds() []workspace.FeedResult
	// Ask asks the i-th and stores what came, with the id of the job: an attempt
	// that died after that is told it by the next, which asks nobody again. The
	// error says that it could not be stored, or that ctx ended: not that of a feed.
	Ask(ctx context.Context, i int) (workspace.FeedResult, error)
}

// ErrFeeds says that some feeds could not be asked, and are asked again. It wraps
// ErrAgain.
var ErrFeeds = fmt.Errorf("feeds could not be asked: %w", ErrAgain)

// ErrNoFeed says that no feed could be asked.
var ErrNoFeed = errors.New("no feed could be asked")

// feedTries is how often feeds are asked again that could not be asked, for a
// reason that passes. After that they wait for the next job: others should not
// wait for them.
const feedTries = 3

// update asks the feeds for news and queues the hunts for what came. What an
// attempt before had is not asked again, and was not hunted for twice.
func (e *Engine) update(ctx context.Context, c *running, j *workspace.Job) error {
	e.phase(c, "updating", 0)
	key, err := c.space.SharedKey(ctx)
	if err != nil {
		return err
	}
	c.change(func(*workspace.Job) { c.key = key })
	u, err := c.space.LastUpdate(ctx)
	if err != nil && !errors.Is(err, workspace.ErrNotFound) {
		return err
	}
	if u.Job != j.ID { // of one that was cancelled the news are still to be hunted for
		u = workspace.FeedUpdate{Job: j.ID, News: u.News, Came: u.Came}
		if err := c.space.KeepUpdate(ctx, &u); err != nil {
			return err
		}
	}
	if err := e.Update(ctx, c.space, j.ID, func(a Asking) error { return e.ask(ctx, c, &u, a) }); err != nil {
		return err
	}
	if err := c.space.HuntNews(ctx, &u); err != nil {
		return err
	}
	e.Wake()
	return left(&u, j.Retries)
}

// left says what an update could not do.
func left(u *workspace.FeedUpdate, retries int) error {
	again, failed := 0, 0
	for i := range u.Feeds {
		if u.Feeds[i].Failed() {
			failed++
			if u.Feeds[i].Passes {
				again++
			}
		}
	}
	switch {
	case again > 0 && retries < feedTries:
		return ErrFeeds
	case failed > 0 && failed == len(u.Feeds):
		return ErrNoFeed
	}
	return nil
}

// ask asks the feeds that are not done, one after the other. One that fails costs
// no other.
func (e *Engine) ask(ctx context.Context, c *running, u *workspace.FeedUpdate, a Asking) error {
	feeds := a.Feeds()
	u.Feeds = slices.DeleteFunc(u.Feeds, func(r workspace.FeedResult) bool { // that are in no list any more
		return !slices.ContainsFunc(feeds, func(f workspace.FeedResult) bool { return f.Address == r.Address })
	})
	c.change(func(j *workspace.Job) { j.Progress.Total = int64(len(feeds)) })
	defer c.change(func(*workspace.Job) { c.reading = nil })
	for i := range feeds {
		at := slices.IndexFunc(u.Feeds, func(r workspace.FeedResult) bool { return r.Address == feeds[i].Address })
		if at < 0 || u.Feeds[at].Failed() && u.Feeds[at].Passes {
			c.change(func(*workspace.Job) { c.reading = []file{{Path: feeds[i].Name}} })
			r, err := a.Ask(ctx, i)
			if err != nil {
				return err
			}
			if at < 0 {
				at, u.Feeds = len(u.Feeds), append(u.Feeds, r)
			}
			if u.Feeds[at] = r; r.News() {
				u.News, u.Came = true, u.Came+r.Added
			}
			if err := c.space.KeepUpdate(ctx, u); err != nil {
				return err
			}
		}
		c.change(func(j *workspace.Job) { j.Progress.Files++ })
	}
	return nil
}

// OfWorkspace reports whether it is the workspace that fails, and not a feed.
func OfWorkspace(err error) bool {
	for _, of := range []error{
		workspace.ErrLost, workspace.ErrUnreachable, workspace.ErrDiskFull, workspace.ErrBusy, workspace.ErrReadOnly, workspace.ErrNotAllowed, workspace.ErrNotMember,
		workspace.ErrSharedKey, s3.ErrUnreachable, syscall.ENOSPC,
	} {
		if errors.Is(err, of) {
			return true
		}
	}
	return false
}
