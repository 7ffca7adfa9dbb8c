package web

import (
	"io"

	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/fault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// queueExhibit queues a job that makes an exhibit, from the form that otherwise
// makes it at once.
func (q *request) queueExhibit() error {
	d, o, wrong, err := q.exhibitForm()
	if err != nil {
		return err
	}
	if wrong != nil {
		return q.again(wrong, "out", q.Text("web.out.title"), d, inSection("cases"))
	}
	return q.queue(workspace.Job{Case: d.Case.ID, Kind: workspace.JobExport}, workspace.JobPrivate{Output: &o, Lang: q.Lang()})
}

// queueReport queues a job that makes the report of a check.
func (q *request) queueReport() error {
	if err := q.form(); err != nil {
		return err
	}
	r, err := q.space.Run(q.ctx(), q.value("run"))
	if err == nil && r.Case != q.path("case") {
		err = workspace.ErrNotFound
	}
	if err != nil {
		return err
	}
	return q.queue(workspace.Job{Case: r.Case, Kind: workspace.JobExport},
		workspace.JobPrivate{Output: &workspace.JobOutput{Run: r.ID, Format: q.value("format")}, Lang: q.Lang()})
}

// jobResult hands out what a job made.
func (q *request) jobResult() error {
	begun := false
	err := casework.Fetch(q.ctx(), q.space, q.path("job"), q.s.o.Version, func(name, kind string) io.Writer {
		begun = true
		q.attach(name, kind)
		return q.w
	})
	if err != nil && begun { // a file without its end opens nowhere
		q.s.o.Log.WarnContext(q.ctx(), "result of a job broke off", fault.Kind(err))
		return nil
	}
	return err
}
