package web

import (
	"context"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/workspace"
)

// jobs puts jobs of a case into the queue, an operation for each kind: what they
// do asks for different roles and scopes.
func (a *api) jobs() {
	for _, k := range []struct{ kind, scope, summary string }{
		{workspace.JobRecheck, ScopeIntake, "Queue a job that checks the evidence of a case again, where parsers, rules or indicators are others than at the last check"},
		{workspace.JobHunt, ScopeHunt, "Queue a job that sets the installed indicators against what was observed in a case"},
		{workspace.JobRemind, ScopeAccount, "Queue a job that drafts what is due in a case, and sends its reminders and approved mails"},
		{workspace.JobNotice, ScopeAccount, "Queue a job that sends the approved mails of a case, each once"},
		{workspace.JobIndex, ScopeIntake, "Queue a job that makes what the results of a case are looked up by, where it is missing"},
	} {
		create(a, k.scope, "/cases/{case}/jobs/"+k.kind, "queue-"+k.kind, k.summary,
			func(ctx context.Context, sp *examine.Space, in *InCase) (workspace.Job, error) {
				return a.queue(ctx, sp, workspace.Job{Case: in.Case, Kind: k.kind}, workspace.JobPrivate{})
			})
	}
}
