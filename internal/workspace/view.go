package workspace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// A View is that somebody looks at something.
type View struct {
	Thing
	Person  string // whose details are shown, where it is of one
	Page    string // what is looked at: "/runs/{run}/timeline"
	Session string // of whom, known by a hash
}

// Views writes to the ledger who looks at what, before they see it. The same
// view in the same session is written once in an hour. Views of several people
// at the same time are written in one transaction: while one is written, the
// others gather for the next. The zero value is ready; it must not be copied.
type Views struct {
	mu      sync.Mutex
	hour    time.Time        // guarded by mu; of seen
	seen    map[viewKey]bool // guarded by mu
	waiting []*waitingView   // guarded by mu
	writing bool             // guarded by mu
}

type viewKey struct {
	member string
	View
}

type waitingView struct {
	w    *Workspace
	view View
	err  error
	done chan struct{}
}

// maxViews bounds what is remembered of an hour: beyond it a view may be
// written again.
const maxViews = 100_000

// Record writes that the acting member of w looks at things, and returns once
// that is durable. Each Thing is what AllowsWith returned of it: whether they
// may is asked there, each time, and not here once more. Errors wrap ErrInvalid
// for a Thing without its case, and ErrNotMember.
func (v *Views) Record(ctx context.Context, w *Workspace, views ...View) error {
	var wait []*waitingView
	now := w.o.Now()
	for _, view := range views {
		if view.Case == "" && view.Thing != (Thing{}) {
			return fmt.Errorf("view: %w: %+v is of no case", ErrInvalid, view.Thing)
		}
		if !v.known(viewKey{w.member.ID, view}, now) {
			wait = append(wait, &waitingView{w: w, view: view, done: make(chan struct{})})
		}
	}
	if len(wait) == 0 {
		return nil
	}
	v.mu.Lock()
	v.waiting = append(v.waiting, wait...)
	if !v.writing {
		v.writing = true
		go v.write(context.WithoutCancel(ctx))
	}
	v.mu.Unlock()
	for _, x := range wait {
		select {
		case <-x.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if x.err != nil {
			return x.err
		}
		v.mu.Lock()
		v.seen[viewKey{w.member.ID, x.view}] = true
		v.mu.Unlock()
	}
	return nil
}

// known reports whether a view was written in this hour.
func (v *Views) known(key viewKey, now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if hour := now.Truncate(time.Hour); v.seen == nil || !hour.Equal(v.hour) || len(v.seen) >= maxViews {
		v.hour, v.seen = hour, map[viewKey]bool{}
	}
	return v.seen[key]
}

// write writes what waits until nothing does.
func (v *Views) write(ctx context.Context) {
	for {
		v.mu.Lock()
		list := v.waiting
		v.waiting = nil
		v.writing = len(list) > 0
		v.mu.Unlock()
		if len(list) == 0 {
			return
		}
		nobody := &Workspace{db: list[0].w.db, o: list[0].w.o} // views asks of each whether they still work here
		err := nobody.act(ctx, func(t *tx) error { return t.views(list) })
		for _, x := range list {
			x.err = errors.Join(x.err, err)
			close(x.done)
		}
	}
}

// views records several views, each by who looked.
func (t *tx) views(list []*waitingView) error {
	first := t.w
	defer func() { t.w = first }()
	t.gather()
	here, err := t.whoWorks(list)
	if err != nil {
		return err
	}
	for _, x := range list {
		t.w = x.w
		if id := x.w.member.ID; id != "" && !here[id] { // removed meanwhile
			x.err = ErrNotMember
			continue
		}
		act, subject := "case.viewed", x.view.Case
		detail := map[string]any{"what": x.view.Page, "case": x.view.Case}
		switch {
		case x.view.Evidence != "":
			act, subject = "evidence.viewed", x.view.Evidence
			detail["evidence"] = x.view.Evidence
		case x.view.Case == "":
			act = "workspace.viewed"
		}
		for name, id := range map[string]string{"run": x.view.Run, "job": x.view.Job, "entry": x.view.Entry, "finding": x.view.Finding, "person": x.view.Person} {
			if id != "" {
				detail[name] = id
			}
		}
		t.record(act, x.view.Case, subject, detail)
	}
	return t.flush()
}

// whoWorks is works, for all who look at something.
func (t *tx) whoWorks(list []*waitingView) (map[string]bool, error) {
	var ids []string
	for _, x := range list {
		if id := x.w.member.ID; !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	in, args := listed(ids)
	found, err := t.texts("SELECT id FROM member WHERE removed = '' AND id IN ("+in+")", 1, args...)
	here := map[string]bool{}
	for _, row := range found {
		here[row[0]] = true
	}
	return here, err
}
