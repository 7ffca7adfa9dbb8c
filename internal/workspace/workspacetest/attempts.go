package workspacetest

import (
	"errors"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Short names for the table.
type (
	ws = workspace.Workspace
)

const (
	see      = workspace.ActSee
	intake   = workspace.ActIntake
	checking = workspace.ActCheck
	decide   = workspace.ActDecide
	report   = workspace.ActReport
	account  = workspace.ActAccount
	managing = workspace.ActMembers
)

var page = workspace.Page{Limit: workspace.MaxLimit}

// attempts says of every exported method of Workspace who may call it, and
// tries it. A method that is neither here nor in jobAttempts fails the test.
var attempts = map[string]attempt{
	// Of nobody's case.
	"Info":            {rule: anybody, try: func(_ *cast, w *ws, _ *subject) (any, error) { return w.Info(), nil }},
	"Within":          {rule: anybody, try: func(_ *cast, w *ws, _ *subject) (any, error) { return w.Within(nil).Limited(), nil }},
	"Limited":         {rule: anybody, try: func(_ *cast, w *ws, _ *subject) (any, error) { return w.Limited(), nil }},
	"Member":          {rule: anybody, try: func(_ *cast, w *ws, _ *subject) (any, error) { return w.Member(), nil }},
	"Close":           {rule: anybody}, // it ends the database
	"Forget":          {rule: anybody, try: func(_ *cast, w *ws, _ *subject) (any, error) { w.Forget(); return nil, nil }},
	"LedgerSize":      {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.LedgerSize(c.T.Context()) }},
	"Checkpoint":      {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) { b, _, err := w.Checkpoint(c.T.Context()); return b, err }},
	"Checkpoints":     {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Checkpoints(c.T.Context()) }},
	"Timestamps":      {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Timestamps(c.T.Context()) }},
	"Witnesses":       {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Witnesses(c.T.Context()) }},
	"MyRoles":         {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.MyRoles(c.T.Context()) }},
	"MyRolesAnywhere": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.MyRolesAnywhere(c.T.Context()) }},
	"CheckpointAt": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) {
		_, n, err := c.Checkpoint(c.T.Context())
		ok(c.T, err)
		b, err := w.CheckpointAt(c.T.Context(), n)
		return b, err
	}},
	"PublishLedger": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) {
		signed, n, err := c.Checkpoint(c.T.Context())
		ok(c.T, err)
		return nil, w.PublishLedger(c.T.Context(), c.T.TempDir(), n, signed)
	}},
	"RotateKey": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) {
		next, err := seal.NewIdentity()
		ok(c.T, err)
		if err := w.RotateKey(c.T.Context(), next); err != nil {
			return nil, err
		}
		opened, err := workspace.Open(c.T.Context(), c.DB, workspace.Options{Identity: next, Now: c.Clock.Now})
		ok(c.T, err)
		if c.spaces[c.acting] = opened; c.acting == workspace.RoleOwner {
			c.Workspace = opened
			c.spaces[limited] = opened.Within([]string{c.other.ID})
		}
		return nil, nil
	}},

	// Of the workspace.
	"InTeam": {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) { return nil, w.InTeam(c.T.Context()) }},
	"CreateCase": {rule: team, try: func(c *cast, _ *ws, _ *subject) (any, error) {
		w := c.double() // who makes one is its owner from then on
		c.prepared()
		return w.CreateCase(c.T.Context(), c.spare())
	}},
	"Members":       {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Members(c.T.Context(), page) }},
	"MembersNamed":  {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.MembersNamed(c.T.Context(), "x", page) }},
	"KnownSegments": {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.KnownSegments(c.T.Context()) }},
	"DropUnsaved": {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return w.DropUnsaved(c.T.Context(), func(string) bool { return false })
	}},
	"SharedBundle": {rule: anybody, try: func(_ *cast, w *ws, _ *subject) (any, error) { return w.SharedBundle(), nil }},
	"WithShared": {rule: anybody, try: func(_ *cast, w *ws, _ *subject) (any, error) {
		w.WithShared(seal.Identity{})
		return nil, nil
	}},
	"SharedKey": {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) { _, err := w.SharedKey(c.T.Context()); return nil, err }},
	"Shared": {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) {
		c.shares()
		data, _, err := w.Shared(c.T.Context(), workspace.SharedIndicators)
		return data, err
	}},
	"SharedIndex": {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) {
		c.shares()
		_, _, err := w.SharedIndex(c.T.Context())
		return nil, err
	}},
	"ChangeShared": {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) {
		c.prepared()
		return nil, w.ChangeShared(c.T.Context(), workspace.SharedIndicators, func(old []byte) ([]byte, map[string]any, error) {
			return append(old, 'x'), map[string]any{}, nil
		})
	}},
	"RemoveShared": {rule: managers, try: func(c *cast, w *ws, _ *subject) (any, error) {
		ok(c.T, c.ChangeShared(c.T.Context(), workspace.SharedNotices, func([]byte) ([]byte, map[string]any, error) {
			return []byte("x"), map[string]any{}, nil
		}))
		c.prepared()
		return nil, w.RemoveShared(c.T.Context(), workspace.SharedNotices, func([]byte) error { return nil })
	}},
	"ForgetShared": {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.ForgetShared(c.T.Context(), nil) }},
	"SharedList":   {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.SharedList(c.T.Context()) }},
	"LeftShared": {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return w.LeftShared(c.T.Context(), func(string) bool { return true })
	}},
	"UpdateJob": {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) {
		c.asked()
		return w.UpdateJob(c.T.Context())
	}},
	"LastUpdate": {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) {
		u := c.asked()
		ok(c.T, c.KeepUpdate(c.T.Context(), &u))
		c.prepared()
		return w.LastUpdate(c.T.Context())
	}},
	"KeepUpdate": {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) {
		u := c.asked()
		return nil, w.KeepUpdate(c.T.Context(), &u)
	}},
	"HuntNews": {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) {
		u := c.asked()
		return nil, w.HuntNews(c.T.Context(), &u)
	}},
	"Schedule":    {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Schedule(c.T.Context()) }},
	"SetSchedule": {rule: managers, try: func(c *cast, w *ws, _ *subject) (any, error) { return nil, w.SetSchedule(c.T.Context(), time.Hour) }},
	"OrderHunts": {rule: whole, deed: workspace.ActHunt, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return nil, w.OrderHunts(c.T.Context(), c.Case.ID, true)
	}},
	"HuntsOrdered": {rule: mixed, deed: workspace.ActHunt, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.HuntsOrdered(c.T.Context()) }},
	"NotHunted": {rule: anyCase, deed: workspace.ActHunt, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return w.NotHunted(c.T.Context(), []string{"0"})
	}},
	"KeepWitness": {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) { return nil, w.KeepWitness(c.T.Context(), c.spare()) }},
	"KeepTimestamp": {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return nil, w.KeepTimestamp(c.T.Context(), workspace.Timestamp{Server: c.spare(), Token: []byte{}})
	}},
	"KeepCheckpoint": {rule: team, try: func(c *cast, w *ws, _ *subject) (any, error) { return nil, w.KeepCheckpoint(c.T.Context(), -1, nil) }},
	"AddMember": {rule: managers, try: func(c *cast, w *ws, _ *subject) (any, error) {
		id, err := seal.NewIdentity()
		ok(c.T, err)
		return w.AddMember(c.T.Context(), c.spare(), id.Recipient())
	}},

	"Invite": {rule: managers, try: func(c *cast, w *ws, _ *subject) (any, error) {
		inv, _, err := w.Invite(c.T.Context(), workspace.Invitation{Name: c.spare()})
		return inv, err
	}},
	"InviteBack": {rule: managers, try: func(c *cast, w *ws, _ *subject) (any, error) {
		name := c.spare()
		m := c.member(name).Member()
		c.prepared()
		inv, _, err := w.InviteBack(c.T.Context(), m.ID)
		return inv, err
	}},
	"Invitations": {rule: managers, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Invitations(c.T.Context(), page) }},
	"WithdrawInvitation": {rule: managers, try: func(c *cast, w *ws, _ *subject) (any, error) {
		inv, _, err := c.Invite(c.T.Context(), workspace.Invitation{Name: c.spare()})
		ok(c.T, err)
		c.prepared()
		return nil, w.WithdrawInvitation(c.T.Context(), inv.Handle)
	}},
	"RecordBackup": {rule: managers, try: func(c *cast, w *ws, _ *subject) (any, error) {
		c.prepared()
		return nil, w.RecordBackup(c.T.Context(), []string{c.Identity.Recipient()})
	}},
	"RemoveMember": {rule: managers, try: func(c *cast, w *ws, _ *subject) (any, error) {
		m := c.member(c.spare()).Member()
		c.prepared()
		return nil, w.RemoveMember(c.T.Context(), m.ID)
	}},

	// Of oneself.
	"Sessions":      {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Sessions(c.T.Context()) }},
	"EndMySessions": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) { return nil, w.EndMySessions(c.T.Context(), "") }},
	"EndMySession":  {rule: nothing, try: func(c *cast, w *ws, _ *subject) (any, error) { return nil, w.EndMySession(c.T.Context(), "another's") }},
	"Tokens":        {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Tokens(c.T.Context()) }},
	"RevokeToken":   {rule: nothing, try: func(c *cast, w *ws, _ *subject) (any, error) { return nil, w.RevokeToken(c.T.Context(), "another's") }},
	"Passkeys":      {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Passkeys(c.T.Context()) }},
	"NamePasskey": {rule: nothing, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return nil, w.NamePasskey(c.T.Context(), "another's", "x")
	}},
	"OpenByPasskey": {rule: nothing, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return nil, w.OpenByPasskey(c.T.Context(), "another's", nil)
	}},
	"RemovePasskey": {rule: nothing, try: func(c *cast, w *ws, _ *subject) (any, error) { return nil, w.RemovePasskey(c.T.Context(), "another's") }},
	"AddPasskey": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return nil, w.AddPasskey(c.T.Context(), workspace.Passkey{ID: c.spare(), Name: "x", Record: "{}"})
	}},
	"Subjects": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Subjects(c.T.Context()) }},
	"AddSubject": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return nil, w.AddSubject(c.T.Context(), "https://issuer.example", c.spare())
	}},
	"RemoveSubject": {rule: nothing, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return nil, w.RemoveSubject(c.T.Context(), "https://issuer.example", "another's")
	}},
	"SetPassphrase": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) { return nil, w.SetPassphrase(c.T.Context(), phrase) }},
	"SetIdentity": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return nil, w.SetIdentity(c.T.Context(), []byte("age-encryption.org/v1\n"))
	}},
	"BeginOnce": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return w.BeginOnce(c.T.Context(), &workspace.Once{Key: c.spare()})
	}},
	"EndOnce": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return nil, w.EndOnce(c.T.Context(), &workspace.Once{Key: c.spare()}, nil)
	}},
	// A webhook tells its member alone, of cases that they see: see webhook.go.
	"AddWebhook": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) {
		_, _, err := w.AddWebhook(c.T.Context(), workspace.Webhook{URL: "https://hooks.example.org/", Events: []string{workspace.EventJob}})
		return nil, err
	}},
	"Webhooks": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Webhooks(c.T.Context()) }},
	"Webhook":  {rule: nothing, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Webhook(c.T.Context(), "H-another's") }},
	"RemoveWebhook": {rule: nothing, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return nil, w.RemoveWebhook(c.T.Context(), "H-another's")
	}},
	"TestWebhook":  {rule: nothing, try: func(c *cast, w *ws, _ *subject) (any, error) { return nil, w.TestWebhook(c.T.Context(), "H-another's") }},
	"Deliveries":   {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Deliveries(c.T.Context(), "H-another's", 10) }},
	"GatherEvents": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) { return nil, w.GatherEvents(c.T.Context()) }},
	"TellAll": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return nil, w.TellAll(c.T.Context(), workspace.EventIndicators, c.spare(), nil)
	}},
	"EndDelivery": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return nil, w.EndDelivery(c.T.Context(), &workspace.Outgoing{}, 200, "")
	}},
	"ClaimDelivery":    {rule: anybody}, // it takes what waits, for the process that sends
	"ProveConsistency": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.ProveConsistency(c.T.Context(), 1) }},
	"AddToken": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return w.AddToken(c.T.Context(), c.spare(), workspace.Token{Name: "x", Scopes: []string{"read"}, Sealed: []byte{1}}, time.Hour)
	}},

	// A case.
	"Cases":        {rule: mixed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Cases(c.T.Context(), "", page) }},
	"CasesNamed":   {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.CasesNamed(c.T.Context(), []string{c.Case.ID}) }},
	"CountsOf":     {rule: listed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.CountsOf(c.T.Context(), c.Case.ID) }},
	"Counts":       {rule: mixed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Counts(c.T.Context()) }},
	"AccountHeads": {rule: mixed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.AccountHeads(c.T.Context()) }},
	"DueConsents": {rule: mixed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return w.DueConsents(c.T.Context(), 1000*24*time.Hour)
	}},
	"Allows": {rule: anyCase, deed: account, try: func(c *cast, w *ws, _ *subject) (any, error) { return nil, w.Allows(c.T.Context(), account) }},
	"AllowsWith": {rule: each, deed: report, try: func(c *cast, w *ws, s *subject) (any, error) {
		var err error
		for _, x := range []workspace.Thing{{Run: s.run.ID}, {Job: s.job.ID}, {Entry: s.notice.ID}, {Evidence: s.evidence.ID}} {
			before := err
			if _, err = w.AllowsWith(c.T.Context(), report, x); errors.Is(err, workspace.ErrUnreachable) {
				return nil, err
			} else if x.Run == "" && (err == nil) != (before == nil) {
				c.T.Errorf("%+v as %s: %v, and %v", x, c.acting, err, before)
			}
		}
		return nil, err
	}},
	"RoleIn": {rule: listed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.RoleIn(c.T.Context(), c.Case.ID) }},
	"Owners": {rule: listed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Owners(c.T.Context(), c.Case.ID) }},
	// That a case is there is told to the whole team, and nothing of it.
	"Case": {rule: anybody, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Case(c.T.Context(), c.Case.ID) }},
	"CloseCase": {rule: whole, deed: workspace.ActClose, try: func(c *cast, w *ws, _ *subject) (any, error) {
		k := c.scene()
		c.prepared()
		return nil, w.CloseCase(c.T.Context(), k.ID)
	}},

	// Its members.
	"CaseMembers": {rule: whole, deed: managing, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.CaseMembers(c.T.Context(), c.Case.ID) }},
	"ShareCase": {rule: whole, deed: managing, try: func(c *cast, w *ws, _ *subject) (any, error) {
		name := c.spare()
		c.member(name)
		c.prepared()
		return nil, w.ShareCase(c.T.Context(), c.Case.ID, name, workspace.RoleReader, "")
	}},
	"ChangeRole": {rule: whole, deed: managing, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return nil, w.ChangeRole(c.T.Context(), c.Case.ID, c.shared(), workspace.RoleCounsel, "")
	}},
	"RemoveFromCase": {rule: whole, deed: managing, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return nil, w.RemoveFromCase(c.T.Context(), c.Case.ID, c.shared())
	}},

	// People, devices, consent.
	"People": {rule: listed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.People(c.T.Context(), c.Case.ID, page) }},
	"PeopleBy": {rule: listed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return w.PeopleBy(c.T.Context(), c.Case.ID, workspace.PersonFilter{}, page)
	}},
	"Devices": {rule: each, deed: see, try: func(c *cast, w *ws, s *subject) (any, error) {
		return w.Devices(c.T.Context(), c.Case.ID, s.person.ID, page)
	}},
	"Consents": {rule: listed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Consents(c.T.Context(), c.Case.ID, "", page) }},
	"ConsentsHolding": {rule: each, deed: see, try: func(c *cast, w *ws, s *subject) (any, error) {
		return w.ConsentsHolding(c.T.Context(), c.Case.ID, s.person.Pseudonym, page)
	}},
	"AddPerson": {rule: whole, deed: intake, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return w.AddPerson(c.T.Context(), workspace.Person{Case: c.Case.ID})
	}},
	"AddDevice": {rule: whole, deed: intake, try: func(c *cast, w *ws, s *subject) (any, error) {
		return w.AddDevice(c.T.Context(), c.Case.ID, s.person.ID, "new")
	}},
	"AddConsent": {rule: whole, deed: intake, try: func(c *cast, w *ws, s *subject) (any, error) {
		return w.AddConsent(c.T.Context(), workspace.Consent{
			Case: c.Case.ID, Person: s.person.ID, Purposes: workspace.Purposes, Until: "2027-01-01", FormSHA256: form, Private: workspace.ConsentTerms{GivenBy: "x"},
		})
	}},
	"WithdrawConsent": {rule: each, deed: workspace.ActWithdraw, try: func(c *cast, w *ws, s *subject) (any, error) {
		k := c.Agree(s.person.ID)
		c.prepared()
		return w.WithdrawConsent(c.T.Context(), k.ID)
	}},

	// Evidence.
	"Evidences": {rule: listed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Evidences(c.T.Context(), c.Case.ID, "", page) }},
	"EvidenceBy": {rule: listed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return w.EvidenceBy(c.T.Context(), c.Case.ID, workspace.EvidenceFilter{}, page)
	}},
	"Evidence": {rule: each, deed: see, try: func(c *cast, w *ws, s *subject) (any, error) { return w.Evidence(c.T.Context(), s.evidence.ID) }},
	"EvidenceKey": {rule: each, deed: see, try: func(c *cast, w *ws, s *subject) (any, error) {
		_, err := w.EvidenceKey(c.T.Context(), s.evidence.ID, workspace.Analysis)
		return nil, err
	}},
	"Permits": {rule: each, deed: see, try: func(c *cast, w *ws, s *subject) (any, error) {
		return nil, w.Permits(c.T.Context(), s.evidence.ID, workspace.Hunting)
	}},
	"Viewed":   {rule: each, deed: see, try: func(c *cast, w *ws, s *subject) (any, error) { return nil, w.Viewed(c.T.Context(), s.evidence.ID, "x") }},
	"Verified": {rule: each, deed: see, try: func(c *cast, w *ws, s *subject) (any, error) { return nil, w.Verified(c.T.Context(), s.evidence.ID, 0) }},
	"Exported": {rule: each, deed: report, try: func(c *cast, w *ws, s *subject) (any, error) {
		return nil, w.Exported(c.T.Context(), s.evidence.ID, "x", form)
	}},
	"Sharing": {rule: each, deed: report, try: func(c *cast, w *ws, s *subject) (any, error) { return w.Sharing(c.T.Context(), s.evidence.ID, "court") }},
	"ReceiveEvidence": {rule: whole, deed: intake, try: func(c *cast, w *ws, s *subject) (any, error) {
		ev, _, err := w.ReceiveEvidence(c.T.Context(), c.Case.ID, s.device.ID, c.spare())
		return ev, err
	}},
	"CompleteEvidence": {rule: whole, deed: intake, try: func(c *cast, w *ws, s *subject) (any, error) {
		ev, _, err := c.ReceiveEvidence(c.T.Context(), c.Case.ID, s.device.ID, c.spare())
		ok(c.T, err)
		c.prepared()
		return w.CompleteEvidence(c.T.Context(), ev.ID, nil)
	}},
	// What the vault asks of its index: of evidence that is there, and for evidence that comes.
	"Index": {rule: each, deed: see, try: func(c *cast, w *ws, s *subject) (any, error) {
		_, err := w.Index().Segments(c.T.Context(), s.evidence.ID)
		_, parts := w.Index().Parts(c.T.Context(), s.run.ID)
		_, same := w.Index().Same(c.T.Context(), c.Case.ID, []string{form})
		commit := w.Index().Commit(c.T.Context(), c.spare(), c.Case.ID, 0, []byte{}, nil)
		for _, err := range []error{parts, same, commit} {
			if errors.Is(err, workspace.ErrUnreachable) {
				return nil, err
			}
		}
		if (err == nil) != (parts == nil) {
			c.T.Errorf("parts: %v, segments: %v", parts, err)
		}
		if may := c.acting.MayAll(checking); (same == nil) != may || (commit == nil) != may {
			c.T.Errorf("same segments as %s: %v, commit: %v", c.acting, same, commit)
		}
		return nil, err
	}},

	// Runs and findings.
	"Runs": {rule: mixed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return w.Runs(c.T.Context(), workspace.RunFilter{}, page)
	}},
	"LatestRuns": {rule: listed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.LatestRuns(c.T.Context(), c.Case.ID) }},
	"AllLatestRuns": {rule: listed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return w.AllLatestRuns(c.T.Context(), c.Case.ID)
	}},
	"DeviceRuns": {rule: listed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) {
		a, err := w.DeviceRuns(c.T.Context(), c.Case.ID, c.people[0].device.ID)
		b, err2 := w.DeviceRuns(c.T.Context(), c.Case.ID, c.people[1].device.ID)
		return []any{a, b}, errors.Join(err, err2)
	}},
	"Device": {rule: each, deed: see, try: func(c *cast, w *ws, s *subject) (any, error) { return w.Device(c.T.Context(), c.Case.ID, s.device.ID) }},
	"FindingTimes": {rule: mixed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) {
		theirs, err := w.FindingTimes(c.T.Context(), c.people[1].run.ID, "", "9", 10)
		if err != nil {
			return nil, err
		}
		if may := c.acting.MayAll(see); len(theirs) > 0 && !may {
			c.T.Errorf("%d findings of somebody else as %s", len(theirs), c.acting)
		}
		return w.FindingTimes(c.T.Context(), c.people[0].run.ID, "", "9", 10)
	}},
	"Searched": {rule: listed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return nil, w.Searched(c.T.Context(), []string{c.Case.ID})
	}},
	"LastCheck": {rule: mixed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) {
		var got []any
		for i := range c.people {
			run, err := w.LastCheck(c.T.Context(), c.people[i].evidence.ID)
			if err != nil && !errors.Is(err, workspace.ErrNotFound) {
				return nil, err
			}
			got = append(got, run)
		}
		return got, nil
	}},
	"Run": {rule: each, deed: see, try: func(c *cast, w *ws, s *subject) (any, error) { return w.Run(c.T.Context(), s.run.ID) }},
	"Findings": {rule: mixed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return w.Findings(c.T.Context(), workspace.FindingFilter{}, page)
	}},
	"SaveRun": {rule: whole, deed: checking, try: func(c *cast, w *ws, s *subject) (any, error) {
		return w.SaveRun(c.T.Context(), workspace.Run{ID: workspace.NewRunID(), Evidence: s.evidence.ID}, nil, nil, func(func(*finding.Finding) error) error { return nil })
	}},
	"Decide": {rule: whole, deed: decide, try: func(c *cast, w *ws, s *subject) (any, error) {
		return nil, w.Decide(c.T.Context(), s.run.ID, s.finding, workspace.New, "")
	}},
	"DecideSeen": {rule: whole, deed: decide, try: func(c *cast, w *ws, s *subject) (any, error) {
		l, err := c.Findings(c.T.Context(), workspace.FindingFilter{Run: s.run.ID}, page)
		ok(c.T, err)
		return nil, w.DecideSeen(c.T.Context(), s.run.ID, s.finding, workspace.Confirmed, "", l.Items[0].Decided)
	}},
	"HuntIn": {rule: anyCase, deed: workspace.ActHunt, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return w.HuntIn(c.T.Context(), c.Case.ID, nil)
	}},
	"Hunt": {rule: anyCase, deed: workspace.ActHunt, try: func(c *cast, w *ws, _ *subject) (any, error) {
		set, err := indicator.Load(strings.NewReader(bundleOf([]string{c.spare() + ".example"})), "x.stix2")
		ok(c.T, err)
		return w.Hunt(c.T.Context(), []*indicator.Set{set})
	}},
	"LinkBasis": {rule: anyCase, deed: workspace.ActLinks, try: func(c *cast, w *ws, _ *subject) (any, error) {
		basis, _, err := w.LinkBasis(c.T.Context(), "")
		return basis, err
	}},
	"KeepLinks": {rule: whole, deed: workspace.ActLinks, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return w.KeepLinks(c.T.Context(), c.Case.ID, "", hidesNothing)
	}},
	"KeptLinks": {rule: whole, deed: workspace.ActLinks, try: func(c *cast, w *ws, _ *subject) (any, error) {
		if _, err := w.KeepLinks(c.T.Context(), c.Case.ID, "", hidesNothing); err != nil {
			return nil, err
		}
		c.prepared()
		return w.KeptLinks(c.T.Context(), c.Case.ID, "")
	}},
	"LinksMade": {rule: anyCase, deed: workspace.ActLinks, try: func(c *cast, w *ws, _ *subject) (any, error) {
		made, err := w.LinksMade(c.T.Context(), "")
		if errors.Is(err, workspace.ErrNotFound) {
			return "", nil // there is none, and they may ask
		}
		return made, err
	}},
	"Links": {rule: whole, deed: workspace.ActLinks, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Links(c.T.Context(), c.Case.ID) }},

	// Exports.
	"Exports": {rule: listed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) {
		for i := range c.people {
			_, err := c.RecordExport(c.T.Context(), workspace.Export{ID: workspace.NewExportID(), Case: c.Case.ID, Subject: c.people[i].evidence.ID, SHA256: form, Evidence: []string{c.people[i].evidence.ID}})
			ok(c.T, err)
		}
		_, err := c.RecordExport(c.T.Context(), workspace.Export{ID: workspace.NewExportID(), Case: c.Case.ID, Subject: c.Case.ID, SHA256: form, Evidence: []string{c.people[0].evidence.ID, c.people[1].evidence.ID}})
		ok(c.T, err)
		c.prepared()
		return w.Exports(c.T.Context(), c.Case.ID, "", page)
	}},
	"RecordExport": {rule: each, deed: report, try: func(c *cast, w *ws, s *subject) (any, error) {
		return w.RecordExport(c.T.Context(), workspace.Export{ID: workspace.NewExportID(), Case: c.Case.ID, Subject: s.evidence.ID, SHA256: form, Evidence: []string{s.evidence.ID}})
	}},

	// The account.
	"Entries": {rule: listed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return w.Entries(c.T.Context(), workspace.EntryFilter{Case: c.Case.ID, History: true}, page)
	}},
	"AllEntries": {rule: listed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.AllEntries(c.T.Context(), c.Case.ID, "") }},
	"Entry":      {rule: each, deed: see, try: func(c *cast, w *ws, s *subject) (any, error) { return w.Entry(c.T.Context(), s.notice.ID) }},
	"PutEntry": {rule: whole, deed: account, try: func(c *cast, w *ws, s *subject) (any, error) {
		return w.PutEntry(c.T.Context(), workspace.Entry{Case: c.Case.ID, Kind: "fact", People: []string{s.person.ID}, Body: body("fact about")})
	}},
	"PutEntries": {rule: whole, deed: workspace.ActPublish, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return w.PutEntries(c.T.Context(), workspace.Entry{Case: c.Case.ID, Kind: "publication", Body: body("page")})
	}},
	"RetireEntry": {rule: whole, deed: account, try: func(c *cast, w *ws, s *subject) (any, error) {
		e, err := c.PutEntry(c.T.Context(), workspace.Entry{Case: c.Case.ID, Kind: "notice", People: []string{c.people[0].person.ID}, Body: body("notice")})
		ok(c.T, err)
		c.prepared()
		return w.RetireEntry(c.T.Context(), e.ID, "why")
	}},

	// Custody.
	"Acts": {rule: mixed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.Acts(c.T.Context(), "", page) }},
	"Prove": {rule: each, deed: see, try: func(c *cast, w *ws, s *subject) (any, error) {
		signed, n, err := c.Checkpoint(c.T.Context())
		ok(c.T, err)
		proof, err := w.Prove(c.T.Context(), s.entry, n, signed, true)
		return string(proof), err
	}},
}
