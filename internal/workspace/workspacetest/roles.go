package workspacetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// stranger is a member of the workspace and of no case.
const stranger workspace.Role = "stranger"

// limited is the owner of the case, limited to another that they own too: of
// this one they are to see as little as a stranger.
const limited workspace.Role = "limited"

// subject is a person of the case with one of everything.
type subject struct {
	person   workspace.Person
	device   workspace.Device
	consent  workspace.Consent
	evidence workspace.Evidence
	run      workspace.Run
	finding  string
	notice   workspace.Entry
	job      workspace.Job
	entry    int64 // of the ledger
}

// marks are what tells of a person.
func (s *subject) marks() []string {
	return []string{s.person.ID, s.person.Pseudonym, s.person.Private.Name, s.device.ID, s.device.Private.Label, s.consent.ID, s.evidence.ID, s.run.ID, s.notice.ID, s.job.ID}
}

// cast is a case with two people, and a member in each role; the one in the
// role of a person is the first.
type cast struct {
	*Fixture
	people   [2]subject
	other    workspace.Case // that limited may reach
	spaces   map[workspace.Role]*workspace.Workspace
	spares   int
	acting   workspace.Role
	prepared func() // called once what an attempt needs was made
}

func newCast(t *testing.T, f *Fixture) *cast {
	t.Helper()
	c := &cast{Fixture: f, spaces: map[workspace.Role]*workspace.Workspace{workspace.RoleOwner: f.Workspace}}
	second, err := f.AddPerson(t.Context(), workspace.Person{Case: f.Case.ID, Pseudonym: "ibis", Private: workspace.PersonPrivate{Name: "Second Name"}})
	ok(t, err)
	c.people = [2]subject{c.full(f.Person, "the old phone"), c.full(second, "the other phone")}
	c.other, err = f.CreateCase(t.Context(), "another")
	ok(t, err)
	c.spaces[limited] = f.Within([]string{c.other.ID})
	for _, r := range append(slices.Clone(workspace.Roles), stranger) {
		if r == workspace.RoleOwner {
			continue
		}
		c.spaces[r] = c.member(nameOf(r))
		if r != stranger {
			ok(t, f.ShareCase(t.Context(), f.Case.ID, nameOf(r), r, c.personOf(r)))
		}
	}
	return c
}

// nameOf is how the member in a role is called.
func nameOf(r workspace.Role) string { return "the " + string(r) }

// personOf is the person that a role names.
func (c *cast) personOf(r workspace.Role) string {
	if r == workspace.RolePerson {
		return c.people[0].person.ID
	}
	return ""
}

// member opens the workspace as somebody new.
func (f *Fixture) member(name string) *workspace.Workspace {
	f.T.Helper()
	id, err := seal.NewIdentity()
	ok(f.T, err)
	_, err = f.AddMember(f.T.Context(), name, id.Recipient())
	ok(f.T, err)
	w, err := workspace.Open(f.T.Context(), f.DB, workspace.Options{Identity: id, Now: f.Clock.Now})
	ok(f.T, err)
	return w
}

// full gives a person one of everything.
func (c *cast) full(p workspace.Person, label string) subject {
	c.T.Helper()
	ctx := c.T.Context()
	s := subject{person: p}
	var err error
	s.device, err = c.AddDevice(ctx, c.Case.ID, p.ID, label)
	ok(c.T, err)
	s.consent = c.Agree(p.ID)
	before := c.Device
	c.Device = s.device
	s.evidence = c.Store(c.Folder(map[string]string{"a": label}))
	c.Device = before
	s.run = c.Check(s.evidence, 1)
	s.finding = "F-000000"
	ok(c.T, c.Decide(ctx, s.run.ID, s.finding, workspace.Confirmed, "note on "+p.Pseudonym+" as on heron and ibis"))
	s.notice, err = c.PutEntry(ctx, workspace.Entry{Case: c.Case.ID, Kind: "notice", People: []string{p.ID}, Body: body("notice to " + p.ID)})
	ok(c.T, err)
	_, err = c.PutEntry(ctx, workspace.Entry{Case: c.Case.ID, Kind: "fact", People: []string{p.ID}, Body: body("fact about " + p.ID)})
	ok(c.T, err)
	s.job, err = c.AddJob(ctx, workspace.Job{Case: c.Case.ID, Kind: workspace.JobCheck, Device: s.device.ID, Evidence: s.evidence.ID}, workspace.JobPrivate{})
	ok(c.T, err)
	acts, err := c.Acts(ctx, s.evidence.ID, workspace.Page{})
	ok(c.T, err)
	s.entry = acts.Items[0].N
	return s
}

// spare is a name that nothing has.
func (c *cast) spare() string {
	c.spares++
	return fmt.Sprintf("spare-%d", c.spares)
}

// scene is a new case in which the acting role is what it is in the first.
func (c *cast) scene() workspace.Case {
	c.T.Helper()
	ctx := c.T.Context()
	k, err := c.CreateCase(ctx, c.spare())
	ok(c.T, err)
	if c.acting == workspace.RoleOwner || c.acting == stranger || c.acting == limited {
		return k
	}
	person := ""
	if c.acting == workspace.RolePerson {
		p, err := c.AddPerson(ctx, workspace.Person{Case: k.ID})
		ok(c.T, err)
		person = p.ID
	}
	ok(c.T, c.ShareCase(ctx, k.ID, nameOf(c.acting), c.acting, person))
	return k
}

// rule is how the answer to an attempt is told from the table of roles.
type rule int

const (
	anybody  rule = iota // it touches no case
	nothing              // it is tried with what is another's, or of nobody
	team                 // of the workspace: everybody but who is a person concerned alone
	managers             // of the workspace: who may invite, here the owner
	anyCase              // where the role allows it in no case of theirs it is refused
	whole                // with all of a case, or not at all
	each                 // with rows: one's own, or all
	listed               // of a case: what one may see
	mixed                // of all cases: what one may see
)

// attempt is how a method is tried. What it returns is what its caller sees.
type attempt struct {
	rule rule
	deed workspace.Deed
	try  func(c *cast, w *workspace.Workspace, s *subject) (any, error)
}

// testRoles tries every method as every role: what is refused is what the table
// says, and a refusal leaves no trace.
func testRoles(t *testing.T, f *Fixture) {
	if testing.Short() {
		t.Skip("a thousand attempts, one after the other: nothing for the race detector")
	}
	c := newCast(t, f)
	methods := reflect.TypeOf(f.Workspace)
	seen, table := map[string]bool{}, allAttempts()
	for i := range methods.NumMethod() {
		name := methods.Method(i).Name
		seen[name] = true
		a, ok := table[name]
		if !ok {
			t.Errorf("method %s is in no table: what may who do with it?", name)
			continue
		}
		if a.try == nil {
			continue
		}
		for _, r := range append(slices.Clone(workspace.Roles), stranger, limited) {
			c.acting = r
			for i := range c.people {
				c.attempt(t, name, &a, r, i)
			}
		}
	}
	for name := range table {
		if !seen[name] {
			t.Errorf("the table has a method %s that is none", name)
		}
	}
	f.Verify()
}

func (c *cast) attempt(t *testing.T, name string, a *attempt, r workspace.Role, i int) {
	t.Helper()
	s := &c.people[i]
	w := c.spaces[r]
	size := func() int64 {
		n, err := c.LedgerSize(t.Context())
		ok(t, err)
		return n
	}
	before, prepared := size(), int64(0)
	c.prepared = func() { prepared = size() - before }
	got, err := a.try(c, w, s)
	what := fmt.Sprintf("%s as %s with %s", name, r, s.person.Pseudonym)
	want := a.want(r, i == 0)
	switch {
	case r == limited && ofAll[name]:
		want = []error{workspace.ErrLimited}
	case r == limited && goneBy[name]:
		want = nil
	case r == limited && name == "Case": // that there is one is not theirs to know
		want = []error{workspace.ErrNotFound}
	}
	switch {
	case want == nil && err != nil:
		t.Errorf("%s: refused: %v", what, err)
	case want != nil && !isAny(err, want):
		t.Errorf("%s: got error %v, want %v", what, err, want)
	case want != nil && size() != before+prepared:
		t.Errorf("%s: a refusal left something in the ledger", what)
	}
	if err == nil {
		c.looked(t, what, a, r, got)
	}
}

func isAny(err error, want []error) bool {
	return slices.ContainsFunc(want, func(w error) bool { return errors.Is(err, w) })
}

// want is how an attempt ends; nil: well.
func (a *attempt) want(r workspace.Role, theirs bool) []error {
	refused, unseen := []error{workspace.ErrNotAllowed}, []error{workspace.ErrNoAccess, workspace.ErrNotFound}
	switch {
	case a.rule == anybody, a.rule == mixed, a.rule == managers && r == workspace.RoleOwner:
		return nil
	case a.rule == nothing:
		return unseen
	case a.rule == managers:
		return refused
	case a.rule == team && r == limited:
		return []error{workspace.ErrLimited}
	case a.rule == team || a.rule == anyCase && (r == stranger || r == limited):
		if r == workspace.RolePerson {
			return refused
		}
		return nil
	case r == stranger, r == limited:
		return unseen
	case r.MayAll(a.deed), a.rule == listed && r.May(a.deed), a.rule == each && theirs && r.May(a.deed):
		return nil
	case a.rule == each && r.May(a.deed):
		return []error{workspace.ErrNotFound}
	}
	return refused
}

// looked holds what somebody got to what they may see: of a person concerned
// nothing that tells of the other, of a stranger nothing at all.
func (c *cast) looked(t *testing.T, what string, a *attempt, r workspace.Role, got any) {
	t.Helper()
	data, err := json.Marshal(got)
	ok(t, err)
	if r == workspace.RolePerson {
		for _, mark := range append(c.people[1].marks(), "note on", "fact about", c.Case.Title) {
			if strings.Contains(string(data), mark) {
				t.Errorf("%s: shows %q: %s", what, mark, data)
			}
		}
	}
	if a.rule != listed && a.rule != mixed {
		return
	}
	for i := range c.people {
		shown := slices.ContainsFunc(c.people[i].marks(), func(m string) bool { return strings.Contains(string(data), m) })
		want := r.MayAll(a.deed) || r.May(a.deed) && i == 0
		if shown != want && !bare[what[:strings.IndexByte(what, ' ')]] {
			t.Errorf("%s: shows something of %s: %v, want %v: %s", what, c.people[i].person.Pseudonym, shown, want, data)
		}
	}
}

// ofAll lists what is of a member, or of nobody's case, and reaches all of their
// cases: it is not for who is limited to some.
var ofAll = map[string]bool{
	"AddToken": true, "AddWebhook": true, "Webhooks": true, "Webhook": true, "RemoveWebhook": true, "TestWebhook": true, "Deliveries": true,
	"RotateKey": true, "SetIdentity": true, "SetPassphrase": true,
}

// goneBy is what cases are checked by, also those that somebody is limited to.
var goneBy = map[string]bool{"Shared": true, "SharedKey": true, "SharedIndex": true}

// bare lists what has nothing in it that tells of one person.
var bare = map[string]bool{"AccountHeads": true, "Cases": true, "Case": true, "Counts": true, "CountsOf": true, "ActiveJobs": true, "MyRoles": true, "RoleIn": true, "Owners": true, "CaseMembers": true, "AddToken": true, "FindingTimes": true, "HuntsOrdered": true, "NotHunted": true, "Searched": true}

// testRoleTable holds the table to what the documentation says.
func testRoleTable(t *testing.T, _ *Fixture) {
	want := map[workspace.Role]string{
		workspace.RoleOwner:   "account check close decide hunt intake links lures members publish report see withdraw",
		workspace.RoleAnalyst: "check decide hunt intake links lures report see withdraw",
		workspace.RoleCounsel: "account publish report see",
		workspace.RoleReader:  "see",
		workspace.RolePerson:  "report:own see:own withdraw:own",
	}
	got := map[workspace.Role]string{}
	deeds := map[workspace.Deed]bool{}
	for _, a := range allAttempts() {
		if a.deed != "" {
			deeds[a.deed] = true
		}
	}
	deeds[workspace.ActLures] = true // of pages, which read messages that no case keeps
	for _, r := range workspace.Roles {
		var list []string
		for _, d := range slices.Sorted(maps.Keys(deeds)) {
			switch {
			case r.MayAll(d):
				list = append(list, string(d))
			case r.May(d):
				list = append(list, string(d)+":own")
			}
		}
		got[r] = strings.Join(list, " ")
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	_, err := workspace.ParseRole("admin")
	is(t, err, workspace.ErrInvalid)
}

// testCaseMembers shares, changes and removes.
func testCaseMembers(t *testing.T, f *Fixture) {
	ctx := t.Context()
	me := f.Member().Name
	luz := f.member("luz")
	ok(t, f.ShareCase(ctx, f.Case.ID, "luz", workspace.RoleReader, ""))
	ok(t, f.ShareCase(ctx, f.Case.ID, "luz", workspace.RoleReader, "")) // nothing to do
	is(t, f.ShareCase(ctx, f.Case.ID, "luz", workspace.RoleOwner, ""), workspace.ErrInvalid)
	is(t, f.ShareCase(ctx, f.Case.ID, "nobody", workspace.RoleOwner, ""), workspace.ErrNotFound)
	is(t, f.ChangeRole(ctx, f.Case.ID, "luz", "king", ""), workspace.ErrInvalid)
	is(t, f.ChangeRole(ctx, f.Case.ID, "luz", workspace.RolePerson, ""), workspace.ErrInvalid)
	is(t, f.ChangeRole(ctx, f.Case.ID, "luz", workspace.RoleReader, "heron"), workspace.ErrInvalid)
	is(t, f.ChangeRole(ctx, f.Case.ID, "luz", workspace.RolePerson, "nobody"), workspace.ErrNotFound)
	var refused *workspace.NotAllowed
	if _, err := luz.AddDevice(ctx, f.Case.ID, "heron", "x"); !errors.As(err, &refused) || refused.Role != workspace.RoleReader || refused.Deed != workspace.ActIntake || refused.Case != f.Case.ID {
		t.Errorf("%+v", refused)
	}
	owners, err := luz.Owners(ctx, f.Case.ID)
	ok(t, err)
	if d := cmp.Diff([]string{me}, owners); d != "" {
		t.Error(d)
	}

	// The last owner stays.
	is(t, f.RemoveFromCase(ctx, f.Case.ID, me), workspace.ErrLastOwner)
	is(t, f.ChangeRole(ctx, f.Case.ID, me, workspace.RoleReader, ""), workspace.ErrLastOwner)
	ok(t, f.ChangeRole(ctx, f.Case.ID, "luz", workspace.RoleOwner, ""))
	ok(t, luz.ChangeRole(ctx, f.Case.ID, me, workspace.RolePerson, "heron"))
	is(t, luz.RemoveFromCase(ctx, f.Case.ID, "luz"), workspace.ErrLastOwner)
	list, err := luz.CaseMembers(ctx, f.Case.ID)
	ok(t, err)
	if len(list) != 2 || list[0].Role != workspace.RolePerson || list[0].Person != f.Person.ID || list[1].Role != workspace.RoleOwner {
		t.Errorf("%+v", list)
	}
	ok(t, luz.ChangeRole(ctx, f.Case.ID, me, workspace.RoleAnalyst, ""))

	// Who is removed has no key any more, and no job.
	j, err := f.AddJob(ctx, workspace.Job{Case: f.Case.ID, Kind: workspace.JobReceive, Device: f.Device.ID}, workspace.JobPrivate{Path: "/x"})
	ok(t, err)
	ok(t, luz.RemoveFromCase(ctx, f.Case.ID, me))
	is(t, luz.RemoveFromCase(ctx, f.Case.ID, me), workspace.ErrNotFound)
	_, err = f.People(ctx, f.Case.ID, workspace.Page{})
	is(t, err, workspace.ErrNoAccess)
	var keys int
	ok(t, f.DB.Pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM case_member WHERE member_id = $1", f.Member().ID).Scan(&keys))
	if keys != 0 {
		t.Errorf("%d keys are left of who was removed", keys)
	}
	if j, err = luz.Job(ctx, j.ID); err != nil || j.State != workspace.JobCancelled {
		t.Errorf("%+v %v", j, err)
	}
	if r := f.Verify(); r.Acts["case.shared"] != 1 || r.Acts["case.role_changed"] != 3 || r.Acts["case.unshared"] != 1 {
		t.Errorf("%v", r.Acts)
	}
}
