package workspacetest

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/workspace"
)

// rows are the ids of what somebody has, or sees.
type rows map[string][]string

func (r rows) add(kind, id string) { r[kind] = append(r[kind], id) }

// testConcerned makes cases at random, and looks at them as each of their
// people: everybody sees all that is theirs, and never a row of another.
func testConcerned(t *testing.T, f *Fixture) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	ctx := t.Context()
	has := map[string]rows{} // by person
	viewer := map[string]*workspace.Workspace{}
	for range 2 {
		k, err := f.CreateCase(ctx, "A case")
		ok(t, err)
		f.Case = k
		var people []string
		for range 2 + rnd.IntN(2) {
			p, err := f.AddPerson(ctx, workspace.Person{Case: k.ID})
			ok(t, err)
			people = append(people, p.ID)
			has[p.ID] = f.belongings(rnd, p)
			viewer[p.ID] = f.member(p.ID)
			ok(t, f.ShareCase(ctx, k.ID, p.ID, workspace.RolePerson, p.ID))
		}
		// What tells of two is nobody's alone.
		_, err = f.PutEntry(ctx, workspace.Entry{Case: k.ID, Kind: "notice", People: people[:2], Body: body("to both")})
		ok(t, err)
	}
	for person, w := range viewer {
		got := sees(t, w)
		for _, list := range got {
			slices.Sort(list)
		}
		for _, list := range has[person] {
			slices.Sort(list)
		}
		if d := cmp.Diff(has[person], got); d != "" {
			t.Errorf("person %s sees otherwise than what is theirs: %s", person, d)
		}
		acts, err := w.Acts(ctx, "", page)
		ok(t, err)
		text, err := json.Marshal(acts)
		ok(t, err)
		for other := range viewer {
			if other != person && strings.Contains(string(text), other) {
				t.Errorf("person %s sees an act about %s", person, other)
			}
		}
		if len(acts.Items) == 0 {
			t.Errorf("person %s sees no act about themselves", person)
		}
	}
}

// belongings gives a person some of everything.
func (f *Fixture) belongings(rnd *rand.Rand, p workspace.Person) rows {
	f.T.Helper()
	ctx := f.T.Context()
	r := rows{}
	r.add("person", p.ID)
	r.add("case", p.Case)
	r.add("consent", f.Agree(p.ID).ID)
	for range 1 + rnd.IntN(2) {
		d, err := f.AddDevice(ctx, f.Case.ID, p.ID, "a phone")
		ok(f.T, err)
		r.add("device", d.ID)
		f.Device = d
		for range 1 + rnd.IntN(2) {
			ev := f.Store(f.Folder(map[string]string{"a": p.ID}))
			r.add("evidence", ev.ID)
			n := rnd.IntN(3)
			run := f.Check(ev, n)
			r.add("run", run.ID)
			for range n {
				r.add("finding", run.ID)
			}
			j, err := f.AddJob(ctx, workspace.Job{Case: f.Case.ID, Kind: workspace.JobCheck, Evidence: ev.ID}, workspace.JobPrivate{})
			ok(f.T, err)
			r.add("job", j.ID)
		}
	}
	for range rnd.IntN(3) {
		e, err := f.PutEntry(ctx, workspace.Entry{Case: f.Case.ID, Kind: "notice", People: []string{p.ID}, Body: body("notice")})
		ok(f.T, err)
		r.add("entry", e.ID)
	}
	_, err := f.PutEntry(ctx, workspace.Entry{Case: f.Case.ID, Kind: "fact", People: []string{p.ID}, Body: body("what the team noted")})
	ok(f.T, err)
	return r
}

// sees gathers what a person is shown of all cases.
func sees(t *testing.T, w *workspace.Workspace) rows {
	t.Helper()
	ctx := t.Context()
	r := rows{}
	cases, err := w.Cases(ctx, "", page)
	ok(t, err)
	for _, k := range cases.Items {
		r.add("case", k.ID)
		gather(t, r, "person", func() (workspace.List[workspace.Person], error) { return w.People(ctx, k.ID, page) }, func(p *workspace.Person) string { return p.ID })
		gather(t, r, "device", func() (workspace.List[workspace.Device], error) { return w.Devices(ctx, k.ID, "", page) }, func(d *workspace.Device) string { return d.ID })
		gather(t, r, "consent", func() (workspace.List[workspace.Consent], error) { return w.Consents(ctx, k.ID, "", page) }, func(c *workspace.Consent) string { return c.ID })
		gather(t, r, "evidence", func() (workspace.List[workspace.Evidence], error) { return w.Evidences(ctx, k.ID, "", page) }, func(e *workspace.Evidence) string { return e.ID })
		gather(t, r, "entry", func() (workspace.List[workspace.Entry], error) {
			return w.Entries(ctx, workspace.EntryFilter{Case: k.ID}, page)
		}, func(e *workspace.Entry) string { return e.ID })
	}
	gather(t, r, "run", func() (workspace.List[workspace.Run], error) { return w.Runs(ctx, workspace.RunFilter{}, page) }, func(x *workspace.Run) string { return x.ID })
	gather(t, r, "finding", func() (workspace.List[workspace.Finding], error) {
		return w.Findings(ctx, workspace.FindingFilter{}, page)
	}, func(x *workspace.Finding) string { return x.Run })
	gather(t, r, "job", func() (workspace.List[workspace.Job], error) { return w.Jobs(ctx, workspace.JobFilter{}, page) }, func(j *workspace.Job) string { return j.ID })
	return r
}

func gather[T any](t *testing.T, r rows, kind string, get func() (workspace.List[T], error), id func(*T) string) {
	t.Helper()
	l, err := get()
	ok(t, err)
	for i := range l.Items {
		r.add(kind, id(&l.Items[i]))
	}
}
