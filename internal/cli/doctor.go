package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/vault/stores"
	"github.com/amparo-project/amparo/internal/workspace"
)

// doctorCmd is "amparo doctor": it looks at a deployment as its operator would,
// changes nothing of a case, and says what is wrong and what to do.
type doctorCmd struct {
	Backup     string `help:"doctor_backup" placeholder:"DIR"`
	URL        string `help:"doctor_url" placeholder:"https://HOST"`
	CA         string `name:"ca" aliases:"server-ca" help:"doctor_ca" placeholder:"FILE"`
	NoIdentity bool   `help:"doctor_no_identity"`
	JSON       bool   `name:"json" help:"json"`
	wsFlags
}

// States of what was looked at.
const (
	healthy = "ok"
	warning = "warning"
	failing = "failed"
	skipped = "skipped"
)

// diagnosis is what was found of one thing.
type diagnosis struct {
	Check  string `json:"check"`
	State  string `json:"state"`
	Detail string `json:"detail,omitempty"`
	Hint   string `json:"hint,omitempty"`
}

// errUnhealthy makes the command fail.
var errUnhealthy = errors.New("something is wrong")

// Run looks at everything, also where something before it failed.
func (c *doctorCmd) Run(a *app) (err error) {
	d := &doctor{app: a, c: c, now: a.Now()}
	defer func() { err = errors.Join(err, d.close()) }()
	d.say("program", healthy, a.Text("doctor.program", "Version", Version, "System", system()))
	d.database()
	d.identity()
	d.member()
	d.vault()
	d.disk()
	d.indicators()
	d.queue()
	d.pool()
	d.mail()
	d.server()
	d.copies()
	if c.JSON {
		if err := writeJSON(a.Out, d.found); err != nil {
			return err
		}
	} else {
		d.print()
	}
	for _, f := range d.found {
		if f.State == failing {
			return errUnhealthy
		}
	}
	return nil
}

// doctor is one examination.
type doctor struct {
	*app
	c     *doctorCmd
	now   time.Time
	found []diagnosis

	db *workspace.DB
	at stores.Place         // of the vault, once it was looked at
	w  *workspace.Workspace // nil: not opened
}

func (d *doctor) close() error {
	if d.db == nil {
		return nil
	}
	return d.db.Close()
}

func (d *doctor) say(check, state, detail string) {
	d.found = append(d.found, diagnosis{Check: check, State: state, Detail: detail})
}

// failed tells of an error, with the hint that the command itself would give, or
// else with what to look at.
func (d *doctor) failed(check string, err error) {
	hint := d.hint(err)
	if hint == "" {
		hint = d.Text("doctor.hint." + check)
	}
	d.found = append(d.found, diagnosis{Check: check, State: failing, Detail: err.Error(), Hint: hint})
}

// wrong tells of what is no error and yet not as it should be.
func (d *doctor) wrong(check, detail string) {
	d.found = append(d.found, diagnosis{Check: check, State: failing, Detail: detail, Hint: d.Text("doctor.hint." + check)})
}

func (d *doctor) skip(check, why string) { d.say(check, skipped, d.Text("doctor.skipped."+why)) }

func (d *doctor) print() {
	for _, f := range d.found {
		fmt.Fprintf(d.Out, "%-10s %-12s %s\n", d.Text("doctor.state."+f.State), d.Text("doctor.check."+f.Check), safe(f.Detail))
		if f.Hint != "" {
			fmt.Fprintf(d.Out, "%-23s %s\n", "", f.Hint)
		}
	}
}
