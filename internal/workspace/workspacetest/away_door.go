package workspacetest

import (
	"slices"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// passkey is the id of a passkey of the member.
func (c *cast) passkey() string {
	const id = "the passkey"
	list, err := c.Passkeys(c.T.Context())
	ok(c.T, err)
	if !slices.ContainsFunc(list, func(p workspace.Passkey) bool { return p.ID == id }) {
		ok(c.T, c.AddPasskey(c.T.Context(), workspace.Passkey{ID: id, Name: "x", Record: "{}"}))
	}
	return id
}

// invited is the secret of an invitation.
func (c *cast) invited() string {
	_, secret, err := c.Invite(c.T.Context(), workspace.Invitation{Name: c.spare()})
	ok(c.T, err)
	return secret
}

// running is a job that a process runs, and no other job runs.
func (c *cast) running(k *workspace.Worker) workspace.Job {
	ctx := c.T.Context()
	j, err := c.AddJob(ctx, workspace.Job{Case: c.Case.ID, Kind: workspace.JobReceive, Device: c.people[0].device.ID}, workspace.JobPrivate{})
	ok(c.T, err)
	_, err = c.DB.Pool.ExecContext(ctx, "UPDATE job SET state = 'done', ended = created WHERE state = 'running'")
	ok(c.T, err)
	_, err = c.DB.Pool.ExecContext(ctx, "UPDATE job SET state = 'running', owner = $1 WHERE id = $2", k.Name(), j.ID)
	ok(c.T, err)
	return j
}

// doors and workers are what Away tries of those; nil: it asks no database.
var doors = map[string]func(c *cast, d *workspace.Door) (any, error){
	"Info":   nil,
	"Member": func(c *cast, d *workspace.Door) (any, error) { return d.Member(c.T.Context(), c.Member().ID) },
	"Ways":   func(c *cast, d *workspace.Door) (any, error) { return d.Ways(c.T.Context()) },
	"SignedIn": func(c *cast, d *workspace.Door) (any, error) {
		return nil, d.SignedIn(c.T.Context(), c.Member().ID, "passkey")
	},
	"Unlock": func(c *cast, d *workspace.Door) (any, error) {
		ok(c.T, c.SetPassphrase(c.T.Context(), phrase)) // wrong ones are forgotten
		_, err := d.Unlock(c.T.Context(), c.Member().ID, phrase)
		return nil, err
	},
	"Token": func(c *cast, d *workspace.Door) (any, error) {
		id := c.spare()
		made, err := c.AddToken(c.T.Context(), id, workspace.Token{Name: "x", Scopes: []string{"read"}, Sealed: []byte{1}}, time.Hour)
		ok(c.T, err)
		got, err := d.Token(c.T.Context(), id)
		ok(c.T, c.RevokeToken(c.T.Context(), made.Handle)) // there may be so many
		return got, err
	},
	"Passkey": func(c *cast, d *workspace.Door) (any, error) { return d.Passkey(c.T.Context(), c.passkey()) },
	"PasskeysOf": func(c *cast, d *workspace.Door) (any, error) {
		c.passkey()
		return d.PasskeysOf(c.T.Context(), c.Member().ID)
	},
	"PasskeyUsed": func(c *cast, d *workspace.Door) (any, error) {
		return nil, d.PasskeyUsed(c.T.Context(), c.passkey(), "{}")
	},
	"BySubject": func(c *cast, d *workspace.Door) (any, error) {
		name := c.spare()
		ok(c.T, c.AddSubject(c.T.Context(), "https://issuer.example", name))
		m, err := d.BySubject(c.T.Context(), "https://issuer.example", name)
		ok(c.T, c.RemoveSubject(c.T.Context(), "https://issuer.example", name))
		return m, err
	},
	"Begin": func(c *cast, d *workspace.Door) (any, error) {
		return nil, d.Begin(c.T.Context(), c.spare(), "data", time.Hour)
	},
	"Finish": func(c *cast, d *workspace.Door) (any, error) {
		id := c.spare()
		ok(c.T, c.door().Begin(c.T.Context(), id, "data", time.Hour))
		return d.Finish(c.T.Context(), id)
	},
	"GuessWait":   func(c *cast, d *workspace.Door) (any, error) { return d.GuessWait(c.T.Context(), "somewhere") },
	"GuessFailed": func(c *cast, d *workspace.Door) (any, error) { return nil, d.GuessFailed(c.T.Context(), c.spare()) },
	"GuessPassed": func(c *cast, d *workspace.Door) (any, error) { return nil, d.GuessPassed(c.T.Context(), "somewhere") },
	"Invitation":  func(c *cast, d *workspace.Door) (any, error) { return d.Invitation(c.T.Context(), c.invited()) },
	"Join": func(c *cast, d *workspace.Door) (any, error) {
		_, m, err := d.Join(c.T.Context(), c.invited(), phrase)
		return m, err
	},
	"Return": func(c *cast, d *workspace.Door) (any, error) {
		_, secret, err := c.InviteBack(c.T.Context(), c.member(c.spare()).Member().ID)
		ok(c.T, err)
		return d.Return(c.T.Context(), secret)
	},
	"AddSession": func(c *cast, d *workspace.Door) (any, error) {
		return nil, d.AddSession(c.T.Context(), c.spare(), workspace.Session{Member: c.Member().ID, How: "passkey", Browser: "x"}, "")
	},
	"Session": func(c *cast, d *workspace.Door) (any, error) {
		id := c.spare()
		ok(c.T, c.door().AddSession(c.T.Context(), id, workspace.Session{Member: c.Member().ID, How: "passkey", Browser: "x"}, ""))
		return d.Session(c.T.Context(), id)
	},
	"EndSession": func(c *cast, d *workspace.Door) (any, error) { return nil, d.EndSession(c.T.Context(), "x") },
}

var workers = map[string]func(c *cast, k *workspace.Worker) (any, error){
	"Name": nil,
	"Next": func(c *cast, k *workspace.Worker) (any, error) { return k.Next(c.T.Context(), []string{c.Member().ID}) },
	"Claim": func(c *cast, k *workspace.Worker) (any, error) {
		j, err := c.AddJob(c.T.Context(), workspace.Job{Case: c.Case.ID, Kind: workspace.JobReceive, Device: c.people[0].device.ID}, workspace.JobPrivate{})
		ok(c.T, err)
		got, err := k.Claim(c.T.Context(), j.ID)
		ok(c.T, c.CancelJob(c.T.Context(), j.ID))
		return got.Kind, err
	},
	"Beat": func(c *cast, k *workspace.Worker) (any, error) { j := c.running(k); return k.Beat(c.T.Context(), &j) },
	"Keep": func(c *cast, k *workspace.Worker) (any, error) {
		j := c.running(k)
		return nil, k.Keep(c.T.Context(), &j, workspace.JobPrivate{})
	},
	"End": func(c *cast, k *workspace.Worker) (any, error) {
		j := c.running(k)
		return nil, k.End(c.T.Context(), &j, workspace.JobDone, "")
	},
	"GiveBack": func(c *cast, k *workspace.Worker) (any, error) {
		j := c.running(k)
		return nil, k.GiveBack(c.T.Context(), &j, 0, "")
	},
	"Mend":      func(c *cast, k *workspace.Worker) (any, error) { return nil, k.Mend(c.T.Context()) },
	"Left":      func(c *cast, k *workspace.Worker) (any, error) { return k.Left(c.T.Context()) },
	"Removed":   func(c *cast, k *workspace.Worker) (any, error) { return nil, k.Removed(c.T.Context(), []string{"S-x"}) },
	"SweepKept": func(c *cast, k *workspace.Worker) (any, error) { return k.SweepKept(c.T.Context()) },
	"Due": func(c *cast, k *workspace.Worker) (any, error) {
		ok(c.T, c.SetSchedule(c.T.Context(), time.Hour))
		c.Clock.Add(2 * time.Hour)
		return k.Due(c.T.Context())
	},
}
