package web

import (
	"net/http"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// jobData is a job: how far it has come, what came of it.
type jobData struct {
	Job      workspace.Job
	Case     workspace.Case
	Title    string // of the case, in a list
	Percent  int64
	Left     string // time that it still takes, "" where that cannot be told
	Active   bool
	MayEnd   bool
	Findings []workspace.Run // with their totals
}

// jobsData is a list of jobs, the last first.
type jobsData struct {
	Jobs []jobData
	Next string
	Busy bool // some are not ended
}

// jobRows is how many jobs a page shows.
const jobRows = 100

func (q *request) jobsPage() error {
	l, err := q.space.Jobs(q.ctx(), workspace.JobFilter{}, q.last(jobRows))
	if err != nil {
		return err
	}
	d := jobsData{Jobs: make([]jobData, len(l.Items)), Next: l.Next}
	t := q.titles()
	t.open(each(l.Items, func(j *workspace.Job) string { return j.Case })...)
	for i := range l.Items {
		d.Jobs[i] = q.jobLine(l.Items[i])
		d.Jobs[i].Title = t.Of(l.Items[i].Case)
		d.Busy = d.Busy || d.Jobs[i].Active
	}
	var o []option
	if d.Busy {
		o = append(o, refreshing(refreshEvery))
	}
	return q.render("jobs", q.Text("web.jobs.title"), d, append(o, inSection("jobs"))...)
}

// refreshEvery is after how many seconds a page without script asks again.
const refreshEvery = 3

// jobLine says how far a job is, and when it may be done.
func (q *request) jobLine(j workspace.Job) jobData {
	d := jobData{Job: j, Active: j.State == workspace.JobWaiting || j.State == workspace.JobRunning}
	p := &j.Progress
	if p.Of > 0 {
		d.Percent = min(100, p.Bytes*100/p.Of)
	} else if p.Total > 0 {
		d.Percent = min(100, p.Files*100/p.Total)
	}
	if j.State == workspace.JobDone {
		d.Percent = 100
	}
	since, err := time.Parse(timeLayout, p.Since)
	if err != nil || j.State != workspace.JobRunning || p.Bytes <= 0 || p.Of <= p.Bytes {
		return d
	}
	taken := q.s.o.Now().Sub(since)
	if taken < 2*time.Second {
		return d
	}
	left := time.Duration(float64(taken) * float64(p.Of-p.Bytes) / float64(p.Bytes))
	switch {
	case left < time.Minute:
		d.Left = q.Count("web.job.seconds", int64(left/time.Second)+1)
	case left < time.Hour:
		d.Left = q.Count("web.job.minutes", int64(left/time.Minute)+1)
	default:
		d.Left = q.Count("web.job.hours", int64(left/time.Hour)+1)
	}
	return d
}

func (q *request) jobData() (jobData, error) {
	j, err := q.space.Job(q.ctx(), q.path("job"))
	if err != nil {
		return jobData{}, err
	}
	d := q.jobLine(j)
	if j.Case == "" {
		d.MayEnd = q.space.Allows(q.ctx(), workspace.JobDeed(j.Kind)) == nil
		return d, nil
	}
	if d.Case, err = q.space.Case(q.ctx(), j.Case); err != nil {
		return d, err
	}
	d.MayEnd = d.Case.Role.MayAll(workspace.JobDeed(j.Kind))
	for _, id := range j.Runs {
		r, err := q.space.Run(q.ctx(), id)
		if err != nil {
			return d, err
		}
		d.Findings = append(d.Findings, r)
	}
	return d, nil
}

func (q *request) jobPage() error {
	d, err := q.jobData()
	if err != nil {
		return err
	}
	o := []option{inSection("jobs")}
	if d.Active {
		o = append(o, refreshing(refreshEvery))
	}
	return q.render("job", q.Text("web.job.kind."+d.Job.Kind), d, o...)
}

func (q *request) cancelJob() error {
	if err := q.form(); err != nil {
		return err
	}
	if err := q.space.CancelJob(q.ctx(), q.path("job")); err != nil {
		return err
	}
	q.s.wake()
	return q.redirect("/jobs/" + q.path("job"))
}

// checkAgain queues a check of evidence that is stored.
func (q *request) checkAgain() error {
	if err := q.form(); err != nil {
		return err
	}
	ev, err := q.space.Evidence(q.ctx(), q.path("evidence"))
	if err != nil {
		return err
	}
	return q.queue(workspace.Job{Case: ev.Case, Kind: workspace.JobCheck, Device: ev.Device, Evidence: ev.ID},
		workspace.JobPrivate{Password: q.r.PostFormValue("password"), Lang: q.Lang()})
}

// queueOf queues a job that needs nothing but a case.
func queueOf(kind string) func(*request) error {
	return func(q *request) error {
		if err := q.form(); err != nil {
			return err
		}
		return q.queue(workspace.Job{Case: q.path("case"), Kind: kind}, workspace.JobPrivate{Lang: q.Lang()})
	}
}

// queue puts a job into the queue and shows it.
func (q *request) queue(j workspace.Job, private workspace.JobPrivate) error {
	j, err := q.space.AddJob(q.ctx(), j, private)
	if err != nil {
		return err
	}
	q.s.wake()
	http.Redirect(q.w, q.r, "/jobs/"+j.ID, http.StatusSeeOther)
	return nil
}
