package workspacetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
		a := table[name]
		if a.try == nil || unbroken[name] {
			continue
		}
		got, answer := a.try(c, open(), &c.people[0])
		whole := sizeOf(t, got)
		for n := 0; ; n++ {
			w, half := open(), (n+i)%2 == 0
			b.BreakAfter(n, half)
			got, err := a.try(c, w, &c.people[0])
			broke, size := b.Heal(), sizeOf(t, got)
			if !broke {
				break
			}
			// An answer may have been whole before it broke.
			if !errors.Is(err, workspace.ErrUnreachable) && (fmt.Sprint(err) != fmt.Sprint(answer) || size < whole) {
				t.Errorf("%s: the database went away at request %d (half an answer: %v): %d of %d bytes: %v", name, n+1, half, size, whole, err)
			}
		}
	}
	c.Verify()
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
