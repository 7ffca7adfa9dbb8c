package workspacetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Breaker is the way to a database, which can break.
type Breaker interface {
	// BreakAfter breaks it at the request after n: that one does not arrive, or
	// with half comes its answer in half.
	BreakAfter(n int, half bool)
	// Heal mends it, and reports whether it broke.
	Heal() bool
}

// Away tries every method while the database goes away: before each request
// that the method makes, or in the middle of its answer, by turns. Whoever called is
// told that the database cannot be reached, as they would try again; never that
// something is missing, and never less than there is.
//
// through is db once more, by way of b.
func Away(t *testing.T, db, through *workspace.DB, b Breaker) {
	t.Helper()
	seal.WorkFactor = 4 // a passphrase costs a second otherwise
	c := newCast(t, New(t, db))
	c.acting, c.prepared = workspace.RoleOwner, func() {}
	open := func() *workspace.Workspace {
		w, err := workspace.Open(t.Context(), through, workspace.Options{Identity: c.Identity, Now: c.Clock.Now})
		ok(t, err)
		return w
	}
	table := allAttempts()
	for i, name := range slices.Sorted(maps.Keys(table)) {
		if a := table[name]; a.try != nil && !unbroken[name] {
			var w *workspace.Workspace
			c.away(b, name, i, func() { w = open() }, func() (any, error) { return a.try(c, w, &c.people[0]) })
		}
	}
	ok(t, c.SetPassphrase(t.Context(), phrase))
	d, err := workspace.NewDoor(t.Context(), through, c.Clock.Now)
	ok(t, err)
	k := workspace.NewWorker(through, workspace.WorkerOptions{Now: c.Clock.Now, PerCase: 100})
	complete[workspace.Door](t, doors)
	complete[workspace.Worker](t, workers)
	for i, name := range slices.Sorted(maps.Keys(doors)) {
		if try := doors[name]; try != nil {
			c.away(b, "door: "+name, i, func() {}, func() (any, error) { return try(c, d) })
		}
	}
	for i, name := range slices.Sorted(maps.Keys(workers)) {
		if try := workers[name]; try != nil {
			c.away(b, "worker: "+name, i, func() {}, func() (any, error) { return try(c, k) })
		}
	}
	c.Verify()
}

// away tries something, after what is done for it, as often as it makes requests.
func (c *cast) away(b Breaker, name string, first int, before func(), try func() (any, error)) {
	t := c.T
	t.Helper()
	before()
	got, answer := try()
	whole := sizeOf(t, got)
	for n := 0; ; n++ {
		half := (n+first)%2 == 0
		before()
		b.BreakAfter(n, half)
		got, err := try()
		broke, size := b.Heal(), sizeOf(t, got)
		switch {
		case !broke:
			return
		case errors.Is(err, workspace.ErrUnreachable) && !isAny(err, verdicts):
		case fmt.Sprint(err) != fmt.Sprint(answer) || size < whole: // an answer may have been whole before it broke
			t.Errorf("%s: the database went away at request %d (half an answer: %v): %d of %d bytes: %v", name, n+1, half, size, whole, err)
		}
	}
}

// verdicts are errors that nobody who got one would try again for.
var verdicts = []error{
	workspace.ErrNotFound, workspace.ErrNoAccess, workspace.ErrNotAllowed, workspace.ErrNotMember, workspace.ErrNoConsent, workspace.ErrErased, workspace.ErrClosed,
	workspace.ErrInvalid, workspace.ErrBusy, workspace.ErrConflict, workspace.ErrExists, workspace.ErrLost, workspace.ErrLater, workspace.ErrDamaged, workspace.ErrLimited,
}

// complete fails where a table lacks a method.
func complete[T, F any](t *testing.T, table map[string]F) {
	t.Helper()
	methods := reflect.TypeFor[*T]()
	for i := range methods.NumMethod() {
		name := methods.Method(i).Name
		if _, ok := table[name]; !ok {
			t.Errorf("method %s of %v is in no table: what if the database goes away?", name, methods)
		}
	}
}

// sizeOf is how much a method returned. What it names has names of one length.
func sizeOf(t *testing.T, got any) int {
	t.Helper()
	data, err := json.Marshal(got)
	ok(t, err)
	return len(data)
}

// unbroken are methods that are not tried so.
var unbroken = map[string]bool{
	"RotateKey": true, // the fixture goes on by the new key
}
