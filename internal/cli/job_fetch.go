package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/amparo-project/amparo/internal/workspace"
)

// jobExportFlags say what a job of kind export makes.
type jobExportFlags struct {
	Subject string   `help:"job_subject" placeholder:"SUBJECT"`
	For     string   `help:"export_for" placeholder:"RECIPIENT"`
	Amount  string   `help:"export_evidence" enum:"all,needed,none" default:"needed"`
	Report  []string `help:"export_report" placeholder:"FORMAT"`
	InRun   string   `name:"run" help:"job_run" placeholder:"RUN"`
	Format  string   `help:"job_format" enum:"pdf,html,json,csv,stix,misp,timesketch," default:"" placeholder:"FORMAT"`
}

func (f *jobExportFlags) output() *workspace.JobOutput {
	if f.Format != "" {
		return &workspace.JobOutput{Run: f.InRun, Format: f.Format}
	}
	return &workspace.JobOutput{Subject: f.Subject, Recipient: strings.TrimSpace(f.For), Evidence: f.Amount, Formats: f.Report, Run: f.InRun}
}

type jobFetchCmd struct {
	Job string `arg:"" help:"job_id"`
	To  string `help:"job_to" required:"" placeholder:"FILE"`
	anyFlags
}

// Run writes what a job made to a new file.
func (c *jobFetchCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		if err := writeFile(c.To, func(w io.Writer) error { return s.FetchJob(a.ctx, c.Job, w) }); err != nil {
			return err
		}
		fmt.Fprintf(a.Err, "amparo: %s\n", a.Text("cli.written", "File", c.To))
		return nil
	})
}
