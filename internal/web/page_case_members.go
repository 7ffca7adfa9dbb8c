package web

import (
	"context"
	"errors"
	"slices"

	"github.com/amparo-project/amparo/internal/workspace"
)

// caseMembersData is who works on a case, and as what.
type caseMembersData struct {
	Case    workspace.Case
	Members []caseMemberLine
	Others  []string // members of the workspace who are none of the case
	People  []workspace.Person
	Roles   []workspace.Role
	Form    caseMemberForm
}

type caseMemberLine struct {
	workspace.CaseMember
	Pseudonym string // of the person that they are
	You       bool
}

// caseMemberForm is what was typed.
type caseMemberForm struct{ Member, Role, Person string }

func (q *request) caseMembersData() (d caseMembersData, err error) {
	if d.Case, err = q.theCase(); err != nil {
		return d, err
	}
	list, err := q.space.CaseMembers(q.ctx(), d.Case.ID)
	if err != nil {
		return d, err
	}
	if d.People, err = all(q.ctx(), func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Person], error) {
		return q.space.People(ctx, d.Case.ID, p)
	}); err != nil {
		return d, err
	}
	everybody, err := all(q.ctx(), q.space.Members)
	if err != nil {
		return d, err
	}
	in := map[string]bool{}
	for _, m := range list {
		line := caseMemberLine{CaseMember: m, You: m.ID == q.space.Member().ID}
		if i := slices.IndexFunc(d.People, func(p workspace.Person) bool { return p.ID == m.Person }); i >= 0 {
			line.Pseudonym = d.People[i].Pseudonym
		}
		d.Members, in[m.ID] = append(d.Members, line), true
	}
	for _, m := range everybody {
		if !in[m.ID] && m.Removed == "" {
			d.Others = append(d.Others, m.Name)
		}
	}
	d.Roles, d.Form.Role = workspace.Roles, string(workspace.RoleReader)
	return d, nil
}

func (q *request) caseMembersPage() error {
	d, err := q.caseMembersData()
	if err != nil {
		return err
	}
	return q.render("case_members", q.Text("web.case_members.title"), d, inSection("cases"))
}

// changeCaseMembers does something with a member of the case that a form names, and
// says so. What the form cannot have is said on the page.
func (q *request) changeCaseMembers(said string, do func(caseID string, f caseMemberForm) error) error {
	if err := q.form(); err != nil {
		return err
	}
	f := caseMemberForm{q.value("member"), q.value("role"), q.value("person")}
	if f.Role != string(workspace.RolePerson) {
		f.Person = "" // the field is for that role alone
	}
	caseID := q.path("case")
	err := do(caseID, f)
	switch {
	case errors.Is(err, workspace.ErrInvalid), errors.Is(err, workspace.ErrLastOwner):
		d, derr := q.caseMembersData()
		if derr != nil {
			return derr
		}
		d.Form = f
		return q.again(err, "case_members", q.Text("web.case_members.title"), d, inSection("cases"))
	case err != nil:
		return err
	}
	to := "/cases/" + caseID + "/members"
	if m, err := q.space.RoleIn(q.ctx(), caseID); err != nil || !m.Role.May(workspace.ActMembers) {
		to = "/cases" // who gave their own part away
	}
	return q.done(to, q.Text(said, "Name", f.Member, "Role", q.Or("web.role.", f.Role)))
}

func (q *request) shareCase() error {
	return q.changeCaseMembers("web.case_members.shared", func(caseID string, f caseMemberForm) error {
		return q.space.ShareCase(q.ctx(), caseID, f.Member, workspace.Role(f.Role), f.Person)
	})
}

func (q *request) changeCaseRole() error {
	return q.changeCaseMembers("web.case_members.changed", func(caseID string, f caseMemberForm) error {
		return q.space.ChangeRole(q.ctx(), caseID, f.Member, workspace.Role(f.Role), f.Person)
	})
}

func (q *request) removeFromCase() error {
	return q.changeCaseMembers("web.case_members.removed", func(caseID string, f caseMemberForm) error {
		return q.space.RemoveFromCase(q.ctx(), caseID, f.Member)
	})
}
