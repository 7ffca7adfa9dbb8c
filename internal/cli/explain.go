package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/report"
)

// explainCmd is "amparo explain FINDING".
type explainCmd struct {
	Finding      string `arg:"" help:"explain_finding"`
	RunDir       string `name:"run" default:"." help:"explain_run" placeholder:"DIR"`
	Evidence     string `help:"explain_evidence" placeholder:"PATH"`
	PasswordFile string `help:"password_file" placeholder:"FILE"`
	identityFlags
}

// Run prints the walk. The evidence is read again where it can be reached
// without asking: for an encrypted one, where a password was given.
func (c *explainCmd) Run(a *app) error {
	res, err := report.Load(c.RunDir)
	if err != nil {
		return err
	}
	f, err := report.Find(c.RunDir, c.Finding)
	if err != nil {
		return err
	}
	var o report.ExplainOptions
	if c.Evidence != "" || !res.Run.Evidence.Encrypted || c.PasswordFile != "" || c.Identity != "" {
		closing, err := c.evidence(a, &res.Run, f, &o)
		if err != nil && c.Evidence != "" {
			return err
		}
		defer closing()
	}
	return report.Explain(a.Out, f, &res.Run, a.Printer, o)
}

// evidence opens the finding's file in the evidence.
func (c *explainCmd) evidence(a *app, run *finding.Run, f *finding.Finding, o *report.ExplainOptions) (closing func(), err error) {
	closing = func() {}
	where := run.Evidence.Path
	if c.Evidence != "" {
		where = c.Evidence
		o.Path, o.Packed = where, evidence.Packed(where)
	}
	if f.Where.Stored == "" {
		return closing, nil // the list of files has no bytes
	}
	found, err := a.findAll([]string{where})
	if err != nil {
		return closing, err
	}
	for _, candidate := range found {
		if len(found) > 1 && candidate.Root() != run.Evidence.Root {
			continue
		}
		src, err := candidate.Open(a.ctx, evidence.OpenOptions{Password: a.password(c.PasswordFile, where), Identity: a.identities(&c.identityFlags)})
		if err != nil {
			return closing, err
		}
		file, err := openPath(a.ctx, src, f.Where.Path)
		if err != nil {
			return closing, errors.Join(err, src.Close())
		}
		o.Evidence = file
		if o.SHA256, err = hashStored(file); err != nil {
			return closing, errors.Join(err, file.Close(), src.Close())
		}
		closing = func() { file.Close(); src.Close() }
		return closing, c.columns(a, src, f, o)
	}
	return closing, fmt.Errorf("%s: %w", path.Join(where, run.Evidence.Root), evidence.ErrNotEvidence)
}

// openPath opens the file with a logical path.
func openPath(ctx context.Context, src evidence.Source, name string) (evidence.File, error) {
	for e, err := range src.Files(ctx) {
		var bad *evidence.EntryError
		if err != nil && !errors.As(err, &bad) {
			return nil, err
		}
		if err == nil && e.Path == name {
			return src.Open(ctx, e)
		}
	}
	return nil, fmt.Errorf("%s is not in the evidence", name)
}

func hashStored(f evidence.File) (string, error) {
	_, _, open := f.Stored()
	r, err := open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
