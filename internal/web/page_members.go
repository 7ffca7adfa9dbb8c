package web

import (
	"errors"

	"github.com/amparo-project/amparo/internal/workspace"
)

// membersData is who works here, and who may come.
type membersData struct {
	Members     []workspace.Member
	Invitations []workspace.Invitation
	Cases       []workspace.Case
	Roles       []workspace.Role
	Team        bool
	Me          string
	Titles      map[string]string // of the cases of invitations
	// A link that was made, for whom, shown once.
	Link, For string
	// What was typed into the form.
	Typed workspace.Invitation
}

func (q *request) membersData() (d membersData, err error) {
	d = membersData{Team: q.s.team != nil, Me: q.space.Member().ID, Roles: workspace.Roles, Titles: map[string]string{}}
	most := workspace.Page{Limit: workspace.MaxLimit}
	invitations, err := q.space.Invitations(q.ctx(), most) // refuses who is no manager
	if err != nil {
		return d, err
	}
	members, err := q.space.Members(q.ctx(), most)
	if err != nil {
		return d, err
	}
	cases, err := q.space.Cases(q.ctx(), workspace.CaseOpen, most)
	if err != nil {
		return d, err
	}
	d.Invitations, d.Members = invitations.Items, members.Items
	for _, c := range cases.Items {
		if c.Sealed {
			continue
		}
		d.Cases = append(d.Cases, c)
		d.Titles[c.ID] = c.Title
	}
	return d, nil
}

func (q *request) membersPage() error { return q.showMembers(membersData{}, nil) }

// showMembers shows the page with what a form gave.
func (q *request) showMembers(with membersData, problem error) error {
	d, err := q.membersData()
	if err != nil {
		return err
	}
	d.Link, d.For, d.Typed = with.Link, with.For, with.Typed
	if problem != nil {
		return q.again(problem, "members", q.Text("web.members.title"), d, inSection("me"))
	}
	return q.render("members", q.Text("web.members.title"), d, inSection("me"))
}

// invite makes an invitation. Its link is shown on this one page.
func (q *request) invite() error {
	if err := q.form(); err != nil {
		return err
	}
	if err := q.teamOnly(); err != nil {
		return err
	}
	inv := workspace.Invitation{
		Name: q.value("name"), Manager: q.value("manager") != "", Case: q.value("case"),
		Role: workspace.Role(q.value("role")), Person: q.value("person"),
	}
	if inv.Case == "" {
		inv.Role, inv.Person = "", ""
	}
	made, secret, err := q.space.Invite(q.ctx(), inv)
	switch {
	case errors.Is(err, workspace.ErrExists):
		return q.showMembers(membersData{Typed: inv}, invalid{"web.members.taken"})
	case errors.Is(err, workspace.ErrNotFound) && inv.Person != "":
		return q.showMembers(membersData{Typed: inv}, invalid{"web.members.no_person"})
	case errors.Is(err, workspace.ErrInvalid):
		return q.showMembers(membersData{Typed: inv}, err)
	case err != nil:
		return err
	}
	return q.showMembers(membersData{Link: q.public("/join/" + secret), For: made.Name}, nil)
}

// inviteBack makes a link for a member who lost their way in.
func (q *request) inviteBack() error {
	if err := q.form(); err != nil {
		return err
	}
	if err := q.teamOnly(); err != nil {
		return err
	}
	made, secret, err := q.space.InviteBack(q.ctx(), q.path("member"))
	if err != nil {
		return err
	}
	return q.showMembers(membersData{Link: q.public("/join/" + secret), For: made.Name}, nil)
}

func (q *request) withdrawInvitation() error {
	if err := q.form(); err != nil {
		return err
	}
	if err := q.space.WithdrawInvitation(q.ctx(), q.path("invitation")); err != nil {
		return err
	}
	return q.done("/members", q.Text("web.members.withdrawn"))
}

// member is the one that the path names, for a manager.
func (q *request) member() (m workspace.Member, err error) {
	d, err := q.membersData()
	if err != nil {
		return m, err
	}
	for _, m := range d.Members {
		if m.ID == q.path("member") && m.Removed == "" {
			return m, nil
		}
	}
	return m, workspace.ErrNotFound
}

func (q *request) removeMemberPage() error {
	m, err := q.member()
	if err != nil {
		return err
	}
	return q.render("member_remove", q.Text("web.members.remove_title"), m, inSection("me"))
}

func (q *request) removeMember() error {
	if err := q.form(); err != nil {
		return err
	}
	m, err := q.member()
	if err != nil {
		return err
	}
	err = q.space.RemoveMember(q.ctx(), m.ID)
	if errors.Is(err, workspace.ErrLastManager) || errors.Is(err, workspace.ErrOnlyKey) {
		return q.again(err, "member_remove", q.Text("web.members.remove_title"), m, inSection("me"))
	}
	if err != nil {
		return err
	}
	if m.ID == q.space.Member().ID {
		return q.lock()
	}
	return q.done("/members", q.Text("web.members.removed", "Name", m.Name))
}
