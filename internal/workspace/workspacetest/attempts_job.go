package workspacetest

import (
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// jobAttempts are those of attempts that are about jobs. Only the process that
// claimed a job can beat and end it.
var jobAttempts = map[string]attempt{
	"Jobs": {rule: mixed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) {
		return w.Jobs(c.T.Context(), workspace.JobFilter{}, page)
	}},
	"ActiveJobs": {rule: mixed, deed: see, try: func(c *cast, w *ws, _ *subject) (any, error) { return w.ActiveJobs(c.T.Context()) }},
	"Job":        {rule: each, deed: see, try: func(c *cast, w *ws, s *subject) (any, error) { return w.Job(c.T.Context(), s.job.ID) }},
	"AddJob": {rule: whole, deed: intake, try: func(c *cast, w *ws, s *subject) (any, error) {
		return w.AddJob(c.T.Context(), workspace.Job{Case: c.Case.ID, Kind: workspace.JobReceive, Device: s.device.ID}, workspace.JobPrivate{})
	}},
	"CancelJob": {rule: whole, deed: intake, try: func(c *cast, w *ws, _ *subject) (any, error) {
		j, err := c.AddJob(c.T.Context(), workspace.Job{Case: c.Case.ID, Kind: workspace.JobReceive, Device: c.people[0].device.ID}, workspace.JobPrivate{})
		ok(c.T, err)
		return nil, w.CancelJob(c.T.Context(), j.ID)
	}},
	"JobPrivate": {rule: whole, deed: checking, try: func(c *cast, w *ws, s *subject) (any, error) {
		return w.JobPrivate(c.T.Context(), &workspace.Job{Case: c.Case.ID, Kind: workspace.JobCheck})
	}},
	"JobKey": {rule: whole, deed: checking, try: func(c *cast, w *ws, s *subject) (any, error) {
		_, _, err := w.JobKey(c.T.Context(), &workspace.Job{Case: c.Case.ID, Kind: workspace.JobCheck})
		return nil, err
	}},
	"Unfinished": {rule: whole, deed: checking, try: func(c *cast, w *ws, s *subject) (any, error) {
		j, err := c.AddJob(c.T.Context(), workspace.Job{Case: c.Case.ID, Kind: workspace.JobCheck, Evidence: s.evidence.ID}, workspace.JobPrivate{})
		ok(c.T, err)
		k := c.process(workspace.WorkerOptions{})
		_, err = k.Claim(c.T.Context(), j.ID)
		ok(c.T, err)
		c.prepared()
		_, _, err = w.Under(&j, k.Name()).Unfinished(s.evidence.ID, 0).Parts(c.T.Context(), "mark")
		ok(c.T, k.End(c.T.Context(), &j, workspace.JobDone, ""))
		return nil, err
	}},
	"BeginKept": {rule: whole, deed: report, try: func(c *cast, w *ws, s *subject) (any, error) {
		j, err := c.AddJob(c.T.Context(), workspace.Job{Case: c.Case.ID, Kind: workspace.JobExport}, workspace.JobPrivate{})
		ok(c.T, err)
		c.prepared()
		k, _, err := w.BeginKept(c.T.Context(), &j, "", []string{s.evidence.ID})
		return k.Bundle, err
	}},
	"EndKept": {rule: whole, deed: report, try: func(c *cast, w *ws, s *subject) (any, error) {
		k := c.kept(s, false)
		c.prepared()
		return nil, w.EndKept(c.T.Context(), &k, nil)
	}},
	"Kept": {rule: whole, deed: report, try: func(c *cast, w *ws, s *subject) (any, error) {
		k := c.kept(s, true)
		c.prepared()
		got, err := w.Kept(c.T.Context(), k.Job)
		return got.Private, err
	}},
	"KeptIndex": {rule: whole, deed: report, try: func(c *cast, w *ws, s *subject) (any, error) {
		k := c.kept(s, false)
		c.prepared()
		if _, err := w.KeptIndex(&k).Parts(c.T.Context(), k.Bundle); err != nil {
			return nil, err
		}
		return nil, w.KeptIndex(&k).Commit(c.T.Context(), k.Bundle, k.Case, 0, []byte("sealed"), nil)
	}},
	"Under":    {rule: anybody}, // it narrows
	"Database": {rule: anybody}, // its rows are sealed
	"Workers": {rule: nothing, try: func(c *cast, w *ws, _ *subject) (any, error) {
		_, err := w.Workers(c.T.Context())
		return nil, err
	}},
	"SetWorkers": {rule: managers, try: func(c *cast, w *ws, _ *subject) (any, error) {
		id, err := seal.NewIdentity()
		ok(c.T, err)
		if err := w.SetWorkers(c.T.Context(), id.Recipient()); err != nil {
			return nil, err
		}
		return nil, w.RemoveWorkers(c.T.Context())
	}},
	"RemoveWorkers": {rule: managers, try: func(c *cast, w *ws, _ *subject) (any, error) {
		id, err := seal.NewIdentity()
		ok(c.T, err)
		ok(c.T, c.SetWorkers(c.T.Context(), id.Recipient()))
		c.prepared()
		return nil, w.RemoveWorkers(c.T.Context())
	}},
}
