package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// jobCmd is "amparo job".
type jobCmd struct {
	Add    jobAddCmd    `cmd:"" help:"job_add"`
	List   jobListCmd   `cmd:"" help:"job_list"`
	Show   jobShowCmd   `cmd:"" help:"job_show"`
	Wait   jobWaitCmd   `cmd:"" help:"job_wait"`
	Fetch  jobFetchCmd  `cmd:"" help:"job_fetch"`
	Cancel jobCancelCmd `cmd:"" help:"job_cancel"`
}

type jobAddCmd struct {
	Kind         string `arg:"" help:"job_kind" enum:"receive,check,recheck,hunt,remind,notice,export,links,index,update"`
	Case         string `arg:"" optional:"" help:"case_id"`
	All          bool   `help:"job_all"`
	Evidence     string `help:"job_evidence" placeholder:"EVIDENCE"`
	Device       string `help:"evidence_device" placeholder:"DEVICE"`
	Path         string `help:"job_path" placeholder:"PATH"`
	PasswordFile string `help:"password_file" placeholder:"FILE"`
	jobExportFlags
	JSON bool `name:"json" help:"json"`
	anyFlags
}

// errJobNeeds says which flags a kind of job needs.
var errJobNeeds = errors.New("a job of kind check needs --evidence, one of kind receive --device and --path, one of kind export a case with --subject and --for, or with --run and --format, one of kind update none of these, the others a case or --all")

func (c *jobAddCmd) valid() bool {
	switch c.Kind {
	case workspace.JobCheck:
		return c.Evidence != "" && !c.All
	case workspace.JobReceive:
		return c.Case != "" && c.Device != "" && c.Path != "" && !c.All
	case workspace.JobExport:
		return c.Case != "" && !c.All && (c.Subject != "" && c.For != "" && c.Format == "") != (c.Subject == "" && c.InRun != "" && c.Format != "")
	case workspace.JobUpdate:
		return c.Case == "" && !c.All
	default:
		return (c.Case != "") != c.All
	}
}

// stray names a flag that is not for the kind, and would do nothing.
func (c *jobAddCmd) stray() string {
	export := []string{workspace.JobExport}
	for _, f := range []struct {
		name  string
		given bool
		kinds []string
	}{
		{"--evidence", c.Evidence != "", []string{workspace.JobCheck}},
		{"--device", c.Device != "", []string{workspace.JobReceive}},
		{"--path", c.Path != "", []string{workspace.JobReceive}},
		{"--password-file", c.PasswordFile != "", []string{workspace.JobReceive, workspace.JobCheck, workspace.JobRecheck, workspace.JobExport}},
		{"--subject", c.Subject != "", export},
		{"--for", c.For != "", export},
		{"--report", len(c.Report) > 0, export},
		{"--run", c.InRun != "", export},
		{"--format", c.Format != "", export},
	} {
		if f.given && !slices.Contains(f.kinds, c.Kind) {
			return f.name
		}
	}
	return ""
}

// Run puts jobs into the queue and says their names.
func (c *jobAddCmd) Run(a *app) error {
	if flag := c.stray(); flag != "" {
		err := fmt.Errorf("%s is not for jobs of kind %s", flag, c.Kind)
		if c.Kind == workspace.JobExport && flag == "--evidence" {
			err = fmt.Errorf("%w: name the evidence by --subject, and how much of it goes along by --amount", err)
		}
		return usageError{err}
	}
	if !c.valid() {
		return usageError{errJobNeeds}
	}
	private := workspace.JobPrivate{Path: c.Path, Lang: a.Lang()}
	if c.PasswordFile != "" {
		var err error
		if private.Password, err = passwordFrom(c.PasswordFile); err != nil {
			return err
		}
	}
	if c.Kind == workspace.JobExport {
		private.Output = c.output()
	}
	return c.either(a, func(s works) error {
		cases, err := c.cases(a, s)
		if err != nil {
			return err
		}
		added := []workspace.Job{}
		for _, id := range cases {
			j := workspace.Job{Case: id, Kind: c.Kind, Device: c.Device, Evidence: c.Evidence}
			if j, err = s.AddJob(a.ctx, j, private); err != nil {
				return err
			}
			added = append(added, j)
			if !c.JSON {
				fmt.Fprintln(a.Out, j.ID)
			}
		}
		if c.JSON {
			return writeJSON(a.Out, added)
		}
		return nil
	})
}

// cases are those that the jobs are of.
func (c *jobAddCmd) cases(a *app, s works) ([]string, error) {
	switch {
	case c.Kind == workspace.JobUpdate:
		return []string{""}, nil
	case c.Kind == workspace.JobCheck:
		ev, err := s.Evidence(a.ctx, c.Evidence)
		if err == nil && c.Case != "" && c.Case != ev.Case {
			err = fmt.Errorf("evidence %s in case %s: %w", c.Evidence, c.Case, workspace.ErrNotFound)
		}
		c.Device = ev.Device
		return []string{ev.Case}, err
	case !c.All:
		return []string{c.Case}, nil
	}
	var ids []string
	for page := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := s.Cases(a.ctx, workspace.CaseOpen, page)
		if err != nil {
			return nil, err
		}
		for i := range l.Items {
			if !l.Items[i].Sealed {
				ids = append(ids, l.Items[i].ID)
			}
		}
		if page.After = l.Next; page.After == "" {
			return ids, nil
		}
	}
}

type jobListCmd struct {
	Case  string `help:"job_of_case" placeholder:"CASE"`
	State string `help:"job_state" enum:"waiting,running,done,failed,cancelled," default:"" placeholder:"STATE"`
	listFlags
	anyFlags
}

var jobColumns = []string{"id", "kind", "case", "evidence", "state", "progress", "created", "runs"}

// Run lists jobs.
func (c *jobListCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		l, err := s.Jobs(a.ctx, workspace.JobFilter{Case: c.Case, State: c.State}, c.page())
		if err != nil {
			return err
		}
		return show(a, l, c.JSON, jobColumns, a.jobRow)
	})
}

func (a *app) jobRow(j workspace.Job) []string {
	return []string{j.ID, a.Or("job.kind.", j.Kind), j.Case, j.Evidence, a.Or("job.state.", j.State), a.jobProgress(&j), day(j.Created), strings.Join(j.Runs, " ")}
}

// jobProgress is how far a job has come, in a few words.
func (a *app) jobProgress(j *workspace.Job) string {
	p := &j.Progress
	switch {
	case j.State == workspace.JobWaiting && j.Retries > 0:
		return a.Text("job.again", "Time", day(j.Due))
	case j.State != workspace.JobRunning:
		return ""
	case p.Of > 0:
		return fmt.Sprintf("%d %%", min(100, p.Bytes*100/p.Of))
	case j.Kind == workspace.JobRecheck && p.Total > 0:
		return a.Text("job.pieces_of", "Done", a.Number(p.Files), "Total", a.Number(p.Total))
	case j.Kind == workspace.JobUpdate && p.Total > 0:
		return a.Text("job.feeds_of", "Done", a.Number(p.Files), "Total", a.Number(p.Total))
	case p.Total > 0:
		return a.Text("job.files_of", "Files", a.Number(p.Files), "Total", a.Number(p.Total))
	}
	return a.Text("job.files", "Files", a.Number(p.Files))
}

type jobShowCmd struct {
	Job  string `arg:"" help:"job_id"`
	JSON bool   `name:"json" help:"json"`
	anyFlags
}

// Run shows a job.
func (c *jobShowCmd) Run(a *app) error {
	return c.either(a, func(s works) error { return a.showJob(s, c.Job, c.JSON) })
}

func (a *app) showJob(s works, id string, asJSON bool) error {
	j, err := s.Job(a.ctx, id)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(a.Out, j)
	}
	if err := a.table(jobColumns, [][]string{a.jobRow(j)}, ""); err != nil {
		return err
	}
	if j.Error != "" {
		fmt.Fprintln(a.Out, a.Text(j.Error))
	}
	if j.File != "" {
		id := "job.reading"
		if j.Kind == workspace.JobUpdate {
			id = "job.asking"
		}
		fmt.Fprintln(a.Out, a.Text(id, "Name", safe(j.File)))
	}
	if j.Kept != "" {
		fmt.Fprintln(a.Out, a.Text("job.kept", "Time", day(j.Kept), "Job", j.ID))
	}
	if j.Progress.LeftOut > 0 {
		fmt.Fprintln(a.Out, a.Count("job.left_out", int64(j.Progress.LeftOut)))
	}
	return nil
}

type jobWaitCmd struct {
	Job     string        `arg:"" help:"job_id"`
	Timeout time.Duration `help:"job_timeout" placeholder:"DURATION"`
	JSON    bool          `name:"json" help:"json"`
	anyFlags
}

// waitEvery is how often a job that is waited for is looked at.
const waitEvery = 500 * time.Millisecond

// errStillRuns says that a job did not end in the time that it was given.
var errStillRuns = errors.New("the job has not ended")

// Run waits until a job ended, and fails where the job did.
func (c *jobWaitCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		late := make(<-chan time.Time)
		if c.Timeout > 0 {
			late = time.After(c.Timeout)
		}
		tick := time.NewTicker(waitEvery)
		defer tick.Stop()
		for {
			j, err := s.Job(a.ctx, c.Job)
			if err != nil {
				return err
			}
			if j.Ended != "" {
				if err := a.showJob(s, c.Job, c.JSON); err != nil {
					return err
				}
				if j.State != workspace.JobDone {
					return exitError(exitFailed)
				}
				return nil
			}
			select {
			case <-a.ctx.Done():
				return a.ctx.Err()
			case <-late:
				return fmt.Errorf("job %s: %w", c.Job, errStillRuns)
			case <-tick.C:
			}
		}
	})
}

type jobCancelCmd struct {
	Job string `arg:"" help:"job_id"`
	anyFlags
}

// Run ends a job that waits, and asks the process of one that runs to end it.
func (c *jobCancelCmd) Run(a *app) error {
	return c.either(a, func(s works) error { return s.CancelJob(a.ctx, c.Job) })
}
