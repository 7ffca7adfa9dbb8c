package casework

import (
	"context"
	"slices"
	"time"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/docket"
	"github.com/amparo-project/amparo/internal/account/publish"
	"github.com/amparo-project/amparo/internal/workspace"
)

// minorRole counts minors apart from what else they are.
const minorRole = "minor"

// roles tells in which role each person is counted: one. A minor is a minor;
// who has several roles is counted in the first, in the order in which the
// account knows them.
func roles(b *book.Case, people []workspace.Person, on time.Time) map[string]string {
	out := map[string]string{}
	for _, p := range people {
		var own []*account.Fact
		for _, f := range b.Facts {
			if f.Person == p.ID || f.Person == p.Pseudonym {
				own = append(own, f)
			}
		}
		young, _, _ := account.Minor(own, account.DayOf(on))
		if p.Minor || young == account.Yes {
			out[p.ID] = minorRole
			continue
		}
		var has []string
		for _, f := range own {
			if f.Kind == account.Role && !f.Not {
				has = append(has, f.Value)
			}
		}
		slices.Sort(has)
		for _, r := range slices.Concat(account.Roles, has) {
			if slices.Contains(has, r) {
				out[p.ID] = r
				break
			}
		}
	}
	return out
}

// publicPeople are the people who agreed to be counted, and of those the names
// of who agreed to be named.
func publicPeople(ctx context.Context, w *workspace.Workspace, b *book.Case, on, today time.Time) ([]publish.Person, error) {
	consents, err := w.Consents(ctx, b.ID, "", workspace.Page{Limit: workspace.MaxLimit})
	if err != nil {
		return nil, err
	}
	counted, named := map[string]bool{}, map[string]bool{}
	for _, k := range consents.Items {
		if k.Holds(workspace.Reporting, today) {
			counted[k.Person] = true
			named[k.Person] = named[k.Person] || docket.MayBeNamed(k)
		}
	}
	inRole := roles(b, b.People, on)
	var out []publish.Person
	for _, p := range b.People {
		if !counted[p.ID] {
			continue
		}
		person := publish.Person{ID: p.ID, Role: inRole[p.ID]}
		if named[p.ID] {
			person.Name = p.Private.Name
		}
		out = append(out, person)
	}
	return out, nil
}
