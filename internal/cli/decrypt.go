package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/iosbackup"
)

// decryptCmd is "amparo decrypt BACKUP --out DIR".
type decryptCmd struct {
	Path         string `arg:"" name:"backup" help:"decrypt_path"`
	Out          string `required:"" help:"decrypt_out" placeholder:"DIR"`
	PasswordFile string `help:"password_file" placeholder:"FILE"`
	JSON         bool   `name:"json" help:"json"`
}

// Run decrypts the one backup that the path holds.
func (c *decryptCmd) Run(a *app) (err error) {
	found, err := a.findAll([]string{c.Path})
	if err != nil {
		return err
	}
	found = slices.DeleteFunc(found, func(c evidence.Candidate) bool { return c.Kind() != iosbackup.Kind })
	if len(found) == 0 {
		return &evidence.NotEvidenceError{Path: c.Path, Reason: "there is no iTunes or Finder backup, and nothing else is encrypted in its way"}
	}
	if len(found) > 1 {
		return usageError{fmt.Errorf("%s holds %d backups: give the path of one", c.Path, len(found))}
	}
	src, err := found[0].Open(a.ctx, evidence.OpenOptions{Password: a.password(c.PasswordFile, c.Path)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	res, err := iosbackup.Decrypt(a.ctx, src, c.Out, iosbackup.DecryptOptions{})
	if err != nil {
		return err
	}
	for _, f := range res.Failed {
		fmt.Fprintf(a.Err, "amparo: %s\n", a.Text("cli.decrypt_failed", "Path", safe(f.Path), "Error", safe(f.Err.Error())))
	}
	if c.JSON {
		err = writeJSON(a.Out, res)
	} else {
		fmt.Fprintln(a.Out, a.Count("cli.decrypted", res.Written, "Dir", c.Out,
			"Skipped", a.Number(res.Skipped), "Failed", a.Number(int64(len(res.Failed)))))
		fmt.Fprintln(a.Err, "amparo: "+a.Text("cli.decrypt_careful"))
	}
	if err == nil && len(res.Failed) > 0 {
		return exitError(exitFailed)
	}
	return err
}
