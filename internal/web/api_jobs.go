package web

import (
	"context"
	"io"
	"net/http"

	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/workspace"
)

// reportJobBody names a run and a format.
type reportJobBody struct {
	InCase
	Body struct {
		Run    string `json:"run" minLength:"1" maxLength:"20"`
		Format string `json:"format" enum:"pdf,html,json,csv,stix,misp,timesketch"`
	}
}

// kept puts jobs into the queue that make what leaves a case, and hands out what
// they made.
func (a *api) kept() {
	create(a, ScopeExport, "/cases/{case}/jobs/exhibit", "queue-exhibit", "Queue a job that makes an exhibit, as make-exhibit does, and keeps it for seven days",
		func(ctx context.Context, sp *examine.Space, in *exhibitBody) (workspace.Job, error) {
			x := &in.Body
			if err := callerOf(ctx).ofCase(in.Case, x.Subject); err != nil {
				return workspace.Job{}, err
			}
			return a.queue(ctx, sp, workspace.Job{Case: in.Case, Kind: workspace.JobExport},
				workspace.JobPrivate{Password: x.Password, Output: &workspace.JobOutput{
					Subject: x.Subject, Run: x.Run, Recipient: x.For, Evidence: x.Evidence, Formats: x.Formats, Languages: x.Languages, Pack: x.Pack,
				}})
		})
	create(a, ScopeExport, "/cases/{case}/jobs/report", "queue-report", "Queue a job that makes the report of a check and keeps it for seven days",
		func(ctx context.Context, sp *examine.Space, in *reportJobBody) (workspace.Job, error) {
			r, err := sp.Run(ctx, in.Body.Run)
			if err == nil && r.Case != in.Case {
				err = workspace.ErrNotFound
			}
			if err != nil {
				return workspace.Job{}, err
			}
			return a.queue(ctx, sp, workspace.Job{Case: in.Case, Kind: workspace.JobExport},
				workspace.JobPrivate{Output: &workspace.JobOutput{Run: in.Body.Run, Format: in.Body.Format}})
		})
	packed(a, http.MethodGet, "/jobs/{job}/result", "get-job-result", "What a job of kind export made, as long as it is kept and consents hold", "",
		func(ctx context.Context, c *caller, in *InJob, begin func(kind string) io.Writer) error {
			return casework.Fetch(ctx, c.space, in.Job, a.s.o.Version, func(_, kind string) io.Writer { return begin(kind) })
		})
}

// jobs puts jobs of a case into the queue, an operation for each kind: what they
// do asks for different roles and scopes.
func (a *api) jobs() {
	for _, k := range []struct{ kind, scope, summary string }{
		{workspace.JobRecheck, ScopeIntake, "Queue a job that checks the evidence of a case again, where parsers, rules or indicators are others than at the last check"},
		{workspace.JobHunt, ScopeHunt, "Queue a job that sets the installed indicators against what was observed in a case"},
		{workspace.JobRemind, ScopeAccount, "Queue a job that drafts what is due in a case, and sends its reminders and approved mails"},
		{workspace.JobNotice, ScopeAccount, "Queue a job that sends the approved mails of a case, each once"},
		{workspace.JobLinks, ScopeRead, "Queue a job that compares the people of the member's cases who agreed to it, as list-links does, and keeps the graph"},
		{workspace.JobIndex, ScopeIntake, "Queue a job that makes what the results of a case are looked up by, where it is missing"},
	} {
		create(a, k.scope, "/cases/{case}/jobs/"+k.kind, "queue-"+k.kind, k.summary,
			func(ctx context.Context, sp *examine.Space, in *InCase) (workspace.Job, error) {
				return a.queue(ctx, sp, workspace.Job{Case: in.Case, Kind: k.kind}, workspace.JobPrivate{})
			})
	}
}
