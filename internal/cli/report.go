package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/amparo-project/amparo/internal/report"
)

// reportCmd is "amparo report DIR".
type reportCmd struct {
	Dir    string `arg:"" help:"report_dir"`
	Format string `help:"report_format" enum:"html,pdf,json,csv,stix,misp,timesketch" default:"html"`
	Out    string `help:"report_out" placeholder:"FILE"`
	serverFlags
}

// Run makes the report again from what the folder holds.
func (c *reportCmd) Run(a *app) error {
	if strings.HasPrefix(c.Dir, "R-") && c.server() != "" {
		return c.far(a)
	}
	res, err := report.Load(c.Dir)
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return report.Formats[c.Format].Write(w, res, report.Options{Lang: a.Lang()}) }
	if c.Out == "" {
		return write(a.Out)
	}
	if err := writeFile(c.Out, write); err != nil {
		return err
	}
	fmt.Fprintf(a.Err, "amparo: %s\n", a.Text("cli.written", "File", c.Out))
	return nil
}

// far takes the report of a check from a server.
func (c *reportCmd) far(a *app) error {
	far, err := c.dial(a)
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return far.Report(a.ctx, c.Dir, c.Format, w) }
	if c.Out == "" {
		return write(a.Out)
	}
	if err := writeFile(c.Out, write); err != nil {
		return err
	}
	fmt.Fprintf(a.Err, "amparo: %s\n", a.Text("cli.written", "File", c.Out))
	return nil
}
