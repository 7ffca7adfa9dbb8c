package cli

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/walk"
)

// explainCmd is "amparo explain FINDING".
type explainCmd struct {
	Finding      string `arg:"" help:"explain_finding"`
	RunDir       string `name:"run" default:"." help:"explain_run" placeholder:"DIR"`
	Evidence     string `help:"explain_evidence" placeholder:"PATH"`
	PasswordFile string `help:"password_file" placeholder:"FILE"`
	identityFlags
	serverFlags
}

// Run prints the walk. The evidence is read again where it can be reached
// without asking: for an encrypted one, where a password was given.
func (c *explainCmd) Run(a *app) error {
	if strings.HasPrefix(c.RunDir, "R-") && c.server() != "" {
		return c.far(a)
	}
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

// far prints the walk of a finding of a check at a server. The evidence is
// there: it is not read again here, unless --evidence says where it lies.
func (c *explainCmd) far(a *app) error {
	far, err := c.dial(a)
	if err != nil {
		return err
	}
	f, run, err := far.Whole(a.ctx, c.RunDir, c.Finding)
	if err != nil {
		return err
	}
	var o report.ExplainOptions
	if c.Evidence != "" {
		closing, err := c.evidence(a, run, f, &o)
		if err != nil {
			return err
		}
		defer closing()
	}
	return report.Explain(a.Out, f, run, a.Printer, o)
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
		place, err := walk.Open(a.ctx, src, f, a.Printer)
		if err != nil {
			return closing, errors.Join(err, src.Close())
		}
		closing = func() { _ = errors.Join(place.Close(), src.Close()) } // all was read
		return closing, c.read(a, place, o)
	}
	return closing, fmt.Errorf("%s: %w", path.Join(where, run.Evidence.Root), evidence.ErrNotEvidence)
}

// read takes what is at the place of a finding.
func (c *explainCmd) read(a *app, place *walk.Place, o *report.ExplainOptions) (err error) {
	o.Evidence = place.File()
	if o.SHA256, err = place.Hash(a.ctx); err != nil {
		return err
	}
	parts, err := place.Parts(a.ctx)
	if err != nil {
		return err
	}
	if o.Fields, o.Key = parts.Fields, parts.Key; !parts.Rows {
		return nil
	}
	o.Versions, err = place.Versions(a.ctx)
	return err
}
