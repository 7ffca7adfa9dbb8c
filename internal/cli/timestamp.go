package cli

import (
	"crypto/x509"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/ledger/fsck"
	"github.com/amparo-project/amparo/internal/ledger/stamp"
	"github.com/amparo-project/amparo/internal/ledger/stamp/ask"
	"github.com/amparo-project/amparo/internal/workspace"
)

// ledgerTimestampCmd has an authority outside say when the ledger was as it is.
type ledgerTimestampCmd struct {
	Server string   `help:"ledger_server" required:"" placeholder:"URL"`
	Root   []string `help:"ledger_root" required:"" placeholder:"FILE" sep:"none"`
	JSON   bool     `name:"json" help:"json"`
	wsFlags
}

// stamped is what was said of a checkpoint.
type stamped struct {
	Entries int64     `json:"entries"`
	Time    time.Time `json:"time"`
	Server  string    `json:"server"`
}

// Run signs the ledger as it is, asks for a timestamp of that, verifies it and
// keeps it. It reaches the network.
func (c *ledgerTimestampCmd) Run(a *app) error {
	roots, text, err := a.roots(c.Root)
	if err != nil {
		return err
	}
	return c.with(a, func(s *space) error {
		signed, n, err := s.Checkpoint(a.ctx)
		if err != nil {
			return err
		}
		body, err := ledger.TextOf(signed)
		if err != nil {
			return fmt.Errorf("%w: %w", workspace.ErrDamaged, err)
		}
		token, at, err := ask.Stamp(a.ctx, c.Server, body, roots)
		if err != nil {
			return err
		}
		err = s.KeepTimestamp(a.ctx, workspace.Timestamp{N: n, Server: c.Server, Made: at.Format(timeLayout), Token: token, Roots: text})
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, stamped{n, at, c.Server})
		}
		fmt.Fprintln(a.Out, a.Count("ws.stamped", n, "Time", at.Format(timeLayout), "Server", safe(c.Server)))
		return nil
	})
}

// roots reads the certificates that timestamps are verified by.
func (a *app) roots(files []string) (list []*x509.Certificate, text string, err error) {
	for _, name := range files {
		data, err := a.readBounded(name, maxProof)
		if err != nil {
			return nil, "", err
		}
		more, err := stamp.Roots(data)
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", name, err)
		}
		list, text = append(list, more...), text+string(data)
	}
	return list, text, nil
}

// stampsBy verifies timestamps by the certificates of files; nil where there
// are none.
func (a *app) stampsBy(files []string) (func(token, text []byte) (time.Time, error), error) {
	if len(files) == 0 {
		return nil, nil
	}
	roots, _, err := a.roots(files)
	return func(token, text []byte) (time.Time, error) { return stamp.Verify(token, text, roots, nil) }, err
}

func (a *app) showStamps(list []fsck.Stamped) {
	for _, s := range list {
		if s.Holds {
			fmt.Fprintln(a.Out, a.Count("ws.stamp_holds", s.Size, "Time", s.Time.UTC().Format(timeLayout)))
		} else {
			fmt.Fprintln(a.Out, a.Text("ws.stamp_unverified", "File", safe(s.File)))
		}
	}
}
