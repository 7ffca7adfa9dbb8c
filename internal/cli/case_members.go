package cli

import (
	"github.com/amparo-project/amparo/internal/workspace"
)

type caseShareCmd struct {
	Case   string `arg:"" help:"case_id"`
	Member string `arg:"" help:"workspace_member_name"`
	Role   string `help:"case_role" enum:"owner,analyst,counsel,reader,person" default:"owner" placeholder:"ROLE"`
	Person string `help:"case_role_person" placeholder:"PERSON"`
	anyFlags
}

// Run makes somebody a member of a case.
func (c *caseShareCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		return s.ShareCase(a.ctx, c.Case, c.Member, workspace.Role(c.Role), c.Person)
	})
}

type caseMembersCmd struct {
	Case string `arg:"" help:"case_id"`
	JSON bool   `name:"json" help:"json"`
	anyFlags
}

// Run lists the members of a case.
func (c *caseMembersCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		list, err := s.CaseMembers(a.ctx, c.Case)
		if err != nil {
			return err
		}
		people, err := s.PeopleBy(a.ctx, c.Case, workspace.PersonFilter{}, workspace.Page{Limit: workspace.MaxLimit})
		if err != nil {
			return err
		}
		names := map[string]string{}
		for _, p := range people.Items {
			names[p.ID] = p.Pseudonym
		}
		return show(a, workspace.List[workspace.CaseMember]{Items: list}, c.JSON, []string{"id", "name", "role", "person"},
			func(m workspace.CaseMember) []string {
				return []string{m.ID, m.Name, a.Text("ws.role." + string(m.Role)), names[m.Person]}
			})
	})
}

type caseRoleCmd struct {
	Case   string `arg:"" help:"case_id"`
	Member string `arg:"" help:"workspace_member_name"`
	Role   string `arg:"" help:"case_role" enum:"owner,analyst,counsel,reader,person"`
	Person string `help:"case_role_person" placeholder:"PERSON"`
	anyFlags
}

// Run gives a member of a case another role.
func (c *caseRoleCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		return s.ChangeRole(a.ctx, c.Case, c.Member, workspace.Role(c.Role), c.Person)
	})
}

type caseRemoveCmd struct {
	Case   string `arg:"" help:"case_id"`
	Member string `arg:"" help:"workspace_member_name"`
	anyFlags
}

// Run ends somebody's part in a case.
func (c *caseRemoveCmd) Run(a *app) error {
	return c.either(a, func(s works) error { return s.RemoveFromCase(a.ctx, c.Case, c.Member) })
}
