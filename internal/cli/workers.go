package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// wsWorkersCmd is "amparo workspace workers".
type wsWorkersCmd struct {
	New       string `help:"workers_new" placeholder:"FILE" xor:"what"`
	Recipient string `help:"workers_recipient" placeholder:"age1…" xor:"what"`
	Remove    bool   `help:"workers_remove" xor:"what"`
	JSON      bool   `name:"json" help:"json"`
	wsFlags
}

// Run shows or sets whom jobs carry the key of their case for.
func (c *wsWorkersCmd) Run(a *app) error {
	return c.with(a, func(s *space) error {
		switch {
		case c.Remove:
			return s.RemoveWorkers(a.ctx)
		case c.New != "":
			id, err := newWorkersKey(c.New)
			if err != nil {
				return err
			}
			c.Recipient = id.Recipient()
		}
		if c.Recipient != "" {
			if err := s.SetWorkers(a.ctx, c.Recipient); err != nil {
				return err
			}
		}
		now, err := s.Workers(a.ctx)
		if errors.Is(err, workspace.ErrNotFound) && !c.JSON {
			fmt.Fprintln(a.Out, a.Text("worker.none"))
			return nil
		}
		return a.madeOr(err, c.JSON, now, now.Recipient)
	})
}

func (a *app) madeOr(err error, asJSON bool, v any, id string) error {
	if err != nil {
		return err
	}
	return a.made(asJSON, v, id)
}

// newWorkersKey writes a new key, in clear: workers have nobody to ask for a
// passphrase, and the file is given to them by whoever runs them.
func newWorkersKey(name string) (seal.Identity, error) {
	id, err := seal.NewIdentity()
	if err != nil {
		return id, err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return id, fmt.Errorf("%s: %w", name, workspace.ErrExists)
	}
	if err != nil {
		return id, err
	}
	_, err = fmt.Fprintln(f, id.Secret())
	return id, errors.Join(err, f.Sync(), f.Close())
}
