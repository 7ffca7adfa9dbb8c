package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/web"
	"github.com/amparo-project/amparo/internal/workspace"
)

// memberCmd is "amparo member".
type memberCmd struct {
	Invite memberInviteCmd `cmd:"" help:"member_invite"`
	List   memberListCmd   `cmd:"" help:"member_list"`
	Remove memberRemoveCmd `cmd:"" help:"member_remove"`
}

type memberInviteCmd struct {
	Name    string `arg:"" optional:"" help:"member_name"`
	Manager bool   `help:"member_manager"`
	Case    string `help:"member_case" placeholder:"CASE"`
	Role    string `help:"member_role" placeholder:"ROLE"`
	Person  string `help:"member_person" placeholder:"PERSON"`
	URL     string `name:"url" help:"member_url" placeholder:"https://HOST"`
	JSON    bool   `name:"json" help:"json"`
	wsFlags
}

// errNoAddress says that a link has to begin somehow.
var errNoAddress = errors.New("a link needs the address of the workspace: give --url https://HOST, or set " + urlVariable)

// Run makes a link for somebody: new, a member, or whoever runs it.
func (c *memberInviteCmd) Run(a *app) error {
	at := cmp.Or(c.URL, os.Getenv(urlVariable))
	if at == "" {
		return usageError{errNoAddress}
	}
	u, err := web.ParseURL(at)
	if err != nil {
		return usageError{err}
	}
	return c.with(a, func(s *space) error {
		made, secret, err := c.make(s)
		if err != nil {
			return err
		}
		link := u.String() + "/join/" + secret
		if c.JSON {
			return writeJSON(a.Out, struct {
				workspace.Invitation
				Link string `json:"link"`
			}{made, link})
		}
		fmt.Fprintln(a.Out, link)
		fmt.Fprintln(a.Err, "amparo: "+a.Text("member.link", "Name", safe(made.Name), "Until", made.Until))
		return nil
	})
}

func (c *memberInviteCmd) make(s *space) (workspace.Invitation, string, error) {
	if c.Name == "" {
		return c.myself(s)
	}
	l, err := s.MembersNamed(s.app.ctx, c.Name, workspace.Page{})
	if err != nil {
		return workspace.Invitation{}, "", err
	}
	if len(l.Items) == 1 && l.Items[0].Removed == "" {
		return s.InviteBack(s.app.ctx, l.Items[0].ID)
	}
	inv := workspace.Invitation{Name: c.Name, Manager: c.Manager, Case: c.Case, Role: workspace.Role(c.Role), Person: c.Person}
	if inv.Case != "" {
		inv.Role = workspace.Role(cmp.Or(c.Role, string(workspace.RoleAnalyst)))
	}
	return s.Invite(s.app.ctx, inv)
}

// maxIdentityFile bounds an identity file in bytes.
const maxIdentityFile = 64 << 10

// myself puts the identity of whoever runs this into the workspace, under its
// passphrase, so that they can work from elsewhere too.
func (c *memberInviteCmd) myself(s *space) (inv workspace.Invitation, secret string, err error) {
	name, err := c.identityFile()
	if err != nil {
		return inv, "", err
	}
	f, err := os.Open(name)
	if err != nil {
		return inv, "", err
	}
	defer f.Close()
	data, err := limit.ReadAll(f, maxIdentityFile)
	if err != nil {
		return inv, "", err
	}
	if err := s.SetIdentity(s.app.ctx, data); err != nil {
		return inv, "", err
	}
	return s.InviteBack(s.app.ctx, s.Member().ID)
}

type memberListCmd struct {
	listFlags
	anyFlags
}

// Run lists who works here, and who did.
func (c *memberListCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		l, err := s.MembersNamed(a.ctx, "", c.page())
		if err != nil {
			return err
		}
		return show(a, l, c.JSON, []string{"id", "name", "created", "state"}, func(m workspace.Member) []string {
			state := "member.is.member"
			switch {
			case m.Removed != "":
				state = "member.is.removed"
			case m.Manager:
				state = "member.is.manager"
			}
			return []string{m.ID, m.Name, day(m.Created), a.Text(state, "Day", day(m.Removed))}
		})
	})
}

type memberRemoveCmd struct {
	Name string `arg:"" help:"member_name"`
	wsFlags
}

// Run ends the work of a member here.
func (c *memberRemoveCmd) Run(a *app) error {
	return c.with(a, func(s *space) error {
		l, err := s.MembersNamed(a.ctx, c.Name, workspace.Page{})
		if err != nil {
			return err
		}
		if len(l.Items) == 0 {
			return fmt.Errorf("member %s: %w", c.Name, workspace.ErrNotFound)
		}
		if err := s.RemoveMember(a.ctx, l.Items[0].ID); err != nil {
			return err
		}
		fmt.Fprintln(a.Out, a.Text("member.removed", "Name", safe(c.Name)))
		return nil
	})
}
