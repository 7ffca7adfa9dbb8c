package workspace

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// standingVersion is of the first program that runs hunts which no key goes
// with: a job of kind hunt that was queued for a standing order.
const standingVersion = 4

// OrderHunts has a case be hunted in after each news of the feeds from now on, in
// the name of the acting member, or ends that. A hunt needs no key of the case: it
// sets indicators against values that lie in the database, so none is given away.
// The order ends with the member's role, and with the case. Errors wrap
// ErrNotAllowed and ErrClosed.
func (w *Workspace) OrderHunts(ctx context.Context, caseID string, on bool) error {
	return w.act(ctx, func(t *tx) error {
		if !on {
			if _, err := t.member(caseID, ActHunt); err != nil {
				return err
			}
			if t.endOrder(caseID, "") > 0 {
				t.record("hunts.ended", caseID, caseID, map[string]any{"case": caseID})
			}
			return t.err
		}
		if _, err := t.openCase(caseID, ActHunt); err != nil {
			return err
		}
		t.exec(`INSERT INTO standing (case_id, member_id, made) VALUES ($1, $2, $3)
			ON CONFLICT (case_id) DO UPDATE SET member_id = excluded.member_id, made = excluded.made`, caseID, w.member.ID, t.now)
		t.record("hunts.ordered", caseID, caseID, map[string]any{"case": caseID})
		return t.err
	})
}

// endOrder ends the standing order of a case, of a member or of anybody, with the
// hunts that were queued for it.
func (t *tx) endOrder(caseID, member string) int64 {
	n := t.exec("DELETE FROM standing WHERE case_id = $1 AND ($2 = '' OR member_id = $2)", caseID, member)
	if n > 0 {
		t.exec(cancelJob+"case_id = $2 AND kind = $3 AND version = $4", t.w.now(), caseID, JobHunt, standingVersion)
	}
	return n
}

// HuntsOrdered lists the cases that are hunted in after each news, of those in
// which the acting member may hunt, in the order of their ids.
func (w *Workspace) HuntsOrdered(ctx context.Context) (list []string, err error) {
	err = w.read(ctx, func(t *tx) error {
		rows, err := t.texts(w.inCases(ActHunt, "$1", "SELECT case_id FROM standing WHERE case_id IN (@cases) ORDER BY case_id"), 1, w.member.ID)
		for _, row := range rows {
			list = append(list, row[0])
		}
		return err
	})
	return list, err
}

// ordered selects the cases with a standing order that still holds: of an open
// case, by somebody who may hunt in it.
var ordered = `SELECT s.case_id, s.member_id FROM standing s JOIN cases c ON c.id = s.case_id AND c.state = '` + CaseOpen + `'
	JOIN case_member m ON m.case_id = s.case_id AND m.member_id = s.member_id AND m.role IN (` + rolesFor(ActHunt) + `)
	JOIN member b ON b.id = s.member_id AND b.removed = ''`

// orderHolds reports, as ErrNotAllowed, that a hunt was queued for an order that
// holds no longer.
func (w *Workspace) orderHolds(ctx context.Context, j *Job) error {
	var n int
	err := w.db.Pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM ("+ordered+") o WHERE o.case_id = $1 AND o.member_id = $2", j.Case, j.member).Scan(&n)
	if err != nil {
		return w.fail("standing order", err)
	}
	if n == 0 {
		return fmt.Errorf("job %s: %w: nobody orders hunts in the case any more", j.ID, ErrNotAllowed)
	}
	return nil
}

// byOrder reports whether a job was queued for a standing order.
func (j *Job) byOrder() bool { return j.Kind == JobHunt && j.Version >= standingVersion }

// HuntNews queues a hunt in each case with a standing order, for what an update of
// the feeds brought, tells webhooks of it, and keeps that it did: all, or nothing. A case whose hunt
// waits already needs no second: it will know what came.
func (w *Workspace) HuntNews(ctx context.Context, u *FeedUpdate) error {
	if err := w.mayShared(ctx); err != nil {
		return err
	}
	if !u.News {
		return nil
	}
	next := *u
	err := w.act(ctx, func(t *tx) error {
		list, err := t.texts(ordered+` WHERE EXISTS (SELECT 1 FROM consent k WHERE k.case_id = s.case_id AND k.withdrawn = '' AND ',' || k.purposes || ',' LIKE '%,`+string(Hunting)+`,%')
			AND NOT EXISTS (SELECT 1 FROM job j WHERE j.case_id = s.case_id AND j.kind = 'hunt' AND j.version >= $1 AND j.state IN ('waiting', 'queued'))
			ORDER BY s.case_id`, 2, standingVersion)
		if err != nil {
			return err
		}
		pool, err := t.workers()
		if err != nil {
			return err
		}
		for _, row := range list {
			j := Job{
				ID: newID("J"), Case: row[0], Kind: JobHunt, State: JobWaiting, Created: t.now, Runs: []string{}, Queue: row[1],
				Priority: jobKinds[JobHunt].priority, Version: standingVersion, member: row[1],
			}
			if pool != "" {
				j.Queue = ForWorkers
			}
			if err := t.storeJob(&j); err != nil {
				return err
			}
		}
		if err := t.tellNews(u); err != nil {
			return err
		}
		next.News, next.Came, next.Hunts = false, 0, next.Hunts+len(list)
		return t.keepUpdate(&next)
	})
	if err == nil {
		*u = next
	}
	return err
}

// tellNews tells webhooks what came.
func (t *tx) tellNews(u *FeedUpdate) error {
	list, err := t.hooks()
	if err != nil {
		return err
	}
	cause := "update " + u.Job + " " + strconv.FormatInt(t.size, 10)
	for i := range list {
		if err := t.tell(&list[i], EventIndicators, cause, map[string]any{"indicators": u.Came}); err != nil {
			return err
		}
	}
	return nil
}

// NotHunted lists the open cases, of those in which the acting member may hunt,
// with a check that some of these sets of indicators were not set against yet, in the
// order of their ids. sums are their SHA-256.
func (w *Workspace) NotHunted(ctx context.Context, sums []string) ([]string, error) {
	var h Hunted
	runs, err := w.huntable(ctx, "", sums, &h)
	if err != nil {
		return nil, err
	}
	cases := map[string]bool{}
	for i := range runs {
		if slices.ContainsFunc(sums, func(sum string) bool { return !runs[i].sets[sum] }) {
			cases[runs[i].caseID] = true
		}
	}
	if len(cases) == 0 {
		return []string{}, nil
	}
	err = w.read(ctx, func(t *tx) error {
		list, err := t.texts("SELECT id FROM cases WHERE state <> $1 AND id <> ''", 1, CaseOpen)
		for _, row := range list {
			delete(cases, row[0])
		}
		return err
	})
	return append([]string{}, slices.Sorted(maps.Keys(cases))...), err
}

// openOrdered opens the workspace for a hunt of the workers that a standing order
// asked for: it carries no key, and reads nothing that is sealed for the case.
func (w *Workspace) openOrdered(ctx context.Context, through string, j *Job) (*Workspace, error) {
	if w.shared.Zero() {
		return nil, errors.Join(ErrLater, ErrSharedKey)
	}
	if err := errors.Join(w.actAs(ctx, j.member), w.orderHolds(ctx, j)); err != nil {
		return nil, err
	}
	w.only = &oneCase{id: j.Case, through: through}
	return w, nil
}
