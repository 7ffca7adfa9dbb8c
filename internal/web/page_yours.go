package web

import (
	"context"
	"slices"

	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/workspace"
)

// yoursData is the page of the person concerned: what is theirs, in plain words.
type yoursData struct{ People []yourself }

// yourself is the person, in one case.
type yourself struct {
	Case     workspace.Case
	Person   workspace.Person
	Owners   []string // whom to ask
	Phones   []yourPhone
	Consents []consentLine
	Notices  []outbox.Notice // that were sent
	Exports  []workspace.Export
}

// yourPhone is a phone: its last check in full, and what was handed over before.
type yourPhone struct {
	workspace.Device
	Last    *yourCheck
	Waiting int // pieces of evidence that were not checked yet
	Erased  int
	Before  []workspace.Run
}

// yourCheck is what was found on a phone.
type yourCheck struct {
	Run      workspace.Run
	Received string // the evidence
	Overview report.Overview
	Findings []workspace.Finding // the gravest
	More     int64
}

// yoursPage is where the person concerned begins.
func (q *request) yoursPage() error {
	roles, err := q.space.MyRoles(q.ctx())
	if err != nil {
		return err
	}
	var d yoursData
	for _, m := range roles {
		if m.Role != workspace.RolePerson {
			continue
		}
		if err := q.view(workspace.Thing{Case: m.Case}, "/yours"); err != nil {
			return err
		}
		y, err := q.yourself(m)
		if err != nil {
			return err
		}
		d.People = append(d.People, y)
	}
	if len(d.People) == 0 {
		return q.redirect("/cases")
	}
	return q.render("yours", q.Text("web.yours.title"), d, inSection("yours"))
}

func (q *request) yourself(m workspace.CaseRole) (y yourself, err error) {
	if y.Case, err = q.space.Case(q.ctx(), m.Case); err != nil {
		return y, err
	}
	if y.Owners, err = q.space.Owners(q.ctx(), m.Case); err != nil {
		return y, err
	}
	people, err := q.people(m.Case)
	if err != nil {
		return y, err
	}
	i := slices.IndexFunc(people, func(p personLine) bool { return p.ID == m.Person })
	if i < 0 {
		return y, workspace.ErrNotFound
	}
	y.Person, y.Consents = people[i].Person, people[i].Consents
	slices.Reverse(y.Consents)
	evidence, err := q.evidenceOf(m.Case, people)
	if err != nil {
		return y, err
	}
	for _, dev := range people[i].Devices {
		phone, err := q.yourPhone(dev, evidence)
		if err != nil {
			return y, err
		}
		y.Phones = append(y.Phones, phone)
	}
	notices, err := (&outbox.Box{Store: q.space, Now: q.s.o.Now}).Notices(q.ctx(), m.Case)
	if err != nil {
		return y, err
	}
	y.Notices = slices.DeleteFunc(notices, func(n outbox.Notice) bool { return n.State != notice.Sent && n.State != notice.Read })
	slices.Reverse(y.Notices)
	y.Exports, err = all(q.ctx(), func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Export], error) {
		return q.space.Exports(ctx, m.Case, "", p)
	})
	slices.Reverse(y.Exports)
	return y, err
}

// yourPhone gathers what was handed over of a phone; evidence lies the last
// first.
func (q *request) yourPhone(dev workspace.Device, evidence []evidenceLine) (p yourPhone, err error) {
	p.Device = dev
	for i := range evidence {
		e := &evidence[i]
		switch {
		case e.Device != dev.ID:
		case e.State == workspace.Erased:
			p.Erased++
		case e.Run == nil:
			p.Waiting++
		case p.Last != nil:
			p.Before = append(p.Before, *e.Run)
		default:
			if p.Last, err = q.yourCheck(e); err != nil {
				return p, err
			}
		}
	}
	return p, nil
}

// shownOfYours is how many findings the page names; the check has them all.
const shownOfYours = 12

func (q *request) yourCheck(e *evidenceLine) (*yourCheck, error) {
	c := &yourCheck{Run: *e.Run, Received: e.Received}
	b, err := q.space.OpenRun(q.ctx(), &c.Run)
	if err != nil {
		return nil, err
	}
	run, err := report.LoadRun(b.FS(q.ctx()), c.Run.ID)
	if err != nil {
		return nil, err
	}
	if c.Overview, err = report.Overlook(run, q.Printer); err != nil {
		return nil, err
	}
	l, err := q.space.Findings(q.ctx(), workspace.FindingFilter{Run: c.Run.ID, AtLeast: finding.Medium}, workspace.Page{Limit: shownOfYours + 1})
	if err != nil {
		return nil, err
	}
	c.Findings = l.Items[:min(len(l.Items), shownOfYours)]
	c.More = c.Run.Summary.Totals.Findings - int64(len(c.Findings))
	return c, nil
}
