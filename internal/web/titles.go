package web

import (
	"cmp"
	"slices"

	"github.com/amparo-project/amparo/internal/workspace"
)

// titles are those of cases by id. What a page did not list is opened when it
// is asked for: lists of acts, jobs and findings reach beyond the cases of a page.
type titles struct {
	q     *request
	known map[string]string
}

func (q *request) titles(cases ...workspace.Case) *titles {
	t := &titles{q, map[string]string{"": ""}}
	for i := range cases {
		t.known[cases[i].ID] = cmp.Or(cases[i].Title, cases[i].ID)
	}
	return t
}

// open opens those of some cases at once.
func (t *titles) open(ids ...string) {
	ids = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(ids))), func(id string) bool { _, ok := t.known[id]; return ok })
	list, err := t.q.space.CasesNamed(t.q.ctx(), ids)
	if err != nil {
		return // their ids are shown
	}
	for i := range list {
		t.known[list[i].ID] = cmp.Or(list[i].Title, list[i].ID)
	}
}

// each is what a function says of each item.
func each[T any](items []T, of func(*T) string) []string {
	out := make([]string, len(items))
	for i := range items {
		out[i] = of(&items[i])
	}
	return out
}

// Of returns the title of a case, or its id where that is all that may be known.
func (t *titles) Of(id string) string {
	if _, ok := t.known[id]; !ok {
		t.open(id)
		t.known[id] = cmp.Or(t.known[id], id)
	}
	return t.known[id]
}
