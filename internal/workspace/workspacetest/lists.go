package workspacetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// testLists pages through every list one by one, and filters it.
func testLists(t *testing.T, f *Fixture) {
	ctx := t.Context()
	id, err := seal.NewIdentity()
	ok(t, err)
	_, err = f.AddMember(ctx, "second", id.Recipient())
	ok(t, err)
	_, err = f.CreateCase(ctx, "another")
	ok(t, err)
	child, err := f.AddPerson(ctx, workspace.Person{Case: f.Case.ID, Pseudonym: "child", Minor: true})
	ok(t, err)
	_, err = f.AddDevice(ctx, f.Case.ID, child.ID, "tablet")
	ok(t, err)
	f.consent(f.Person.ID, "2026-05-02", []string{workspace.Analysis}, nil)
	ev := f.Store(f.Folder(map[string]string{"a": "1"}))
	second := f.Store(f.Folder(map[string]string{"b": "2"}))
	f.Check(ev, 2)
	f.Check(second, 1)
	for range 2 {
		_, err := f.RecordExport(ctx, workspace.Export{ID: workspace.NewExportID(), Case: f.Case.ID, Subject: ev.ID, SHA256: form, Evidence: []string{ev.ID}})
		ok(t, err)
	}
	c := f.Case.ID
	pages(t, f, "members", 2, func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Member], error) {
		return f.Members(ctx, p)
	})
	pages(t, f, "cases", 2, func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Case], error) {
		return f.Cases(ctx, "", p)
	})
	pages(t, f, "people", 2, func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Person], error) {
		return f.People(ctx, c, p)
	})
	pages(t, f, "devices", 2, func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Device], error) {
		return f.Devices(ctx, c, "", p)
	})
	pages(t, f, "consents", 2, func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Consent], error) {
		return f.Consents(ctx, c, "", p)
	})
	pages(t, f, "evidence", 2, func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Evidence], error) {
		return f.Evidences(ctx, c, "", p)
	})
	pages(t, f, "runs", 2, func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Run], error) {
		return f.Runs(ctx, workspace.RunFilter{Case: c}, p)
	})
	pages(t, f, "findings", 3, func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Finding], error) {
		return f.Findings(ctx, workspace.FindingFilter{Case: c}, p)
	})
	pages(t, f, "acts", 5, func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Act], error) {
		return f.Acts(ctx, ev.ID, p)
	})
	pages(t, f, "exports", 2, func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Export], error) {
		return f.Exports(ctx, c, ev.ID, p)
	})

	f.Clock.Add(48 * 60 * 60e9)
	counts := map[string]int{}
	count := func(name string, n int, err error) { t.Helper(); ok(t, err); counts[name] = n }
	members, err := f.MembersNamed(ctx, "second", workspace.Page{})
	count("member", len(members.Items), err)
	people, err := f.PeopleBy(ctx, c, workspace.PersonFilter{Minor: true}, workspace.Page{})
	count("minors", len(people.Items), err)
	people, err = f.PeopleBy(ctx, c, workspace.PersonFilter{Pseudonym: "nobody"}, workspace.Page{})
	count("nobody", len(people.Items), err)
	devices, err := f.Devices(ctx, c, "child", workspace.Page{})
	count("devices of a pseudonym", len(devices.Items), err)
	consents, err := f.ConsentsHolding(ctx, c, f.Person.Pseudonym, workspace.Page{})
	count("consents that hold", len(consents.Items), err)
	evidence, err := f.EvidenceBy(ctx, c, workspace.EvidenceFilter{Device: f.Device.ID, State: workspace.Stored}, workspace.Page{})
	count("stored", len(evidence.Items), err)
	evidence, err = f.EvidenceBy(ctx, c, workspace.EvidenceFilter{State: workspace.Erased}, workspace.Page{})
	count("erased", len(evidence.Items), err)
	runs, err := f.Runs(ctx, workspace.RunFilter{Evidence: second.ID, State: workspace.Stored}, workspace.Page{})
	count("runs of one", len(runs.Items), err)
	found, err := f.Findings(ctx, workspace.FindingFilter{Evidence: ev.ID, Artifact: "ios.sms", Kind: "indicator"}, workspace.Page{})
	count("findings of one", len(found.Items), err)
	found, err = f.Findings(ctx, workspace.FindingFilter{Artifact: "ios.calls"}, workspace.Page{})
	count("findings of another artifact", len(found.Items), err)
	want := map[string]int{
		"member": 1, "minors": 1, "nobody": 0, "devices of a pseudonym": 1, "consents that hold": 1, "stored": 2, "erased": 0, "runs of one": 1,
		"findings of one": 2, "findings of another artifact": 0,
	}
	if d := cmp.Diff(want, counts); d != "" {
		t.Error(d)
	}

	// What is not there is told apart from what holds nothing.
	_, err = f.Devices(ctx, c, "nobody", workspace.Page{})
	is(t, err, workspace.ErrNotFound)
	_, err = f.People(ctx, "C-nothere", workspace.Page{})
	is(t, err, workspace.ErrNotFound)
	_, err = f.Runs(ctx, workspace.RunFilter{Case: "C-nothere"}, workspace.Page{})
	is(t, err, workspace.ErrNotFound)
	_, err = f.Findings(ctx, workspace.FindingFilter{Case: "C-nothere"}, workspace.Page{})
	is(t, err, workspace.ErrNotFound)
}

// pages holds a list, read one by one, to the same list read at once.
func pages[T any](t *testing.T, f *Fixture, name string, want int, list func(context.Context, workspace.Page) (workspace.List[T], error)) {
	t.Helper()
	whole, err := list(f.T.Context(), workspace.Page{})
	ok(t, err)
	var got []T
	for p := (workspace.Page{Limit: 1}); ; {
		l, err := list(f.T.Context(), p)
		ok(t, err)
		got = append(got, l.Items...)
		if p.After = l.Next; p.After == "" || len(got) > want {
			break
		}
	}
	if a, b := fmt.Sprintf("%+v", whole.Items), fmt.Sprintf("%+v", got); a != b || len(got) != want || whole.Next != "" {
		t.Errorf("%s: %d in pages, want %d\n%s\n%s", name, len(got), want, a, b)
	}
	got = got[:0]
	for p := (workspace.Page{Limit: 1, Last: true}); ; {
		l, err := list(f.T.Context(), p)
		ok(t, err)
		got = append(got, l.Items...)
		if p.After = l.Next; p.After == "" || len(got) > want {
			break
		}
	}
	slices.Reverse(got)
	if a, b := fmt.Sprintf("%+v", whole.Items), fmt.Sprintf("%+v", got); a != b {
		t.Errorf("%s, the last first: %d in pages, want %d\n%s\n%s", name, len(got), want, a, b)
	}
}
