package fetch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/indicator"
)

// State says what became of a feed.
type State string

// The states of an update.
const (
	Added     State = "added"     // it was not installed before
	Changed   State = "changed"   // a new version is installed
	Unchanged State = "unchanged" // there is none
	Kept      State = "kept"      // there is one, which looks broken: the last good one stays
	Failed    State = "failed"    // it could not be fetched or read: the last good one stays
)

// A Result is what became of one feed.
type Result struct {
	Source feed.Source
	Entry  *feed.Entry // nil if it is not installed
	State  State
	Change feed.Change
	Set    *indicator.Set // of Added and Changed
	Why    error          // of Kept and Failed
}

// errSuspicious says that a new version was not taken.
var errSuspicious = errors.New("the new version looks broken")

// Update fetches one feed into the store. Whatever goes wrong, the version that
// is installed stays. accept takes a version that looks broken all the same.
func (c *Client) Update(ctx context.Context, st *feed.Store, s feed.Source, accept bool, now time.Time) Result {
	return c.update(ctx, st, s, asking{accept: accept}, now)
}

// UpdateFor is Update for a job: what came is stored with the job's id. Where the
// entry says that the job asked it already, nobody is asked again.
func (c *Client) UpdateFor(ctx context.Context, st *feed.Store, s feed.Source, job string, now time.Time) Result {
	if e := st.Entry(s.Address); e != nil && e.Asked != nil && e.Asked.By == job {
		return Result{Source: s, Entry: e, State: State(e.Asked.State), Change: feed.Change{Added: e.Asked.Added, Removed: e.Asked.Removed, Examples: e.Asked.Examples}}
	}
	return c.update(ctx, st, s, asking{job: job}, now)
}

// asking is how a feed is asked.
type asking struct {
	accept bool   // a version that looks broken
	job    string // for which; "": for a person
}

// note says in an entry what came of asking it.
func (a *asking) note(e *feed.Entry, state State, c *feed.Change) {
	if e.Asked = nil; a.job != "" {
		e.Asked = &feed.Asked{By: a.job, State: string(state), Added: c.Added, Removed: c.Removed, Examples: c.Examples}
	}
}

func (c *Client) update(ctx context.Context, st *feed.Store, s feed.Source, a asking, now time.Time) Result {
	r := Result{Source: s, State: Failed}
	e := s.NewEntry()
	if old := st.Entry(s.Address); old != nil {
		copied := *old
		e, r.Entry = &copied, old
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.Whole)
	defer cancel()
	f, err := c.open(ctx, &s, e)
	e.Checked = now.UTC()
	if errors.Is(err, errUnchanged) {
		r.unchanged(st, e, &a)
		return r
	}
	if err != nil {
		r.Why = err
		return r
	}
	defer f.close()
	draft, err := st.Draft(f.body, e, c.o.Max)
	if err != nil {
		r.Why = err
		return r
	}
	defer draft.Discard()
	r.decide(st, draft, e, f, &a)
	return r
}

func (r *Result) unchanged(st *feed.Store, e *feed.Entry, a *asking) {
	a.note(e, Unchanged, &r.Change)
	if r.Why = st.Update(e); r.Why == nil {
		r.State = Unchanged
	}
}

// decide puts a draft into the store, or says why not.
func (r *Result) decide(st *feed.Store, d *feed.Draft, e *feed.Entry, f *fetched, a *asking) {
	if d.Same(e) {
		e.ETag, e.Modified = f.etag, f.modified
		r.unchanged(st, e, a)
		return
	}
	var before *indicator.Set
	if e.Current() != nil {
		before, _ = st.Set(e, 0) // one that cannot be read is no reason to refuse a new one
	}
	r.Change = feed.Compare(before, d.Set)
	if why := feed.Suspicious(r.Change, d.Set); why != "" && !a.accept {
		r.Why = fmt.Errorf("%w: %s", errSuspicious, why)
		if r.Entry != nil {
			r.State = Kept
		}
		return
	}
	state := Changed
	if e.ID == "" {
		state = Added
	}
	e.ETag, e.Modified = f.etag, f.modified
	a.note(e, state, &r.Change)
	if err := st.Put(d, e); err != nil {
		r.Why = err
		return
	}
	r.Entry, r.Set, r.State = e, d.Set, state
}
