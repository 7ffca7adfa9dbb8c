package web

import (
	"context"
	"slices"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/workspace"
)

// caseData is a case: who, what phones, what evidence, what was found.
type caseData struct {
	Case     workspace.Case
	People   []personLine
	Evidence []evidenceLine
	Findings []workspace.Finding // the gravest that nobody decided on
	Counts   workspace.CaseCounts
	Acts     []actLine // the last
	Jobs     []string  // kinds that the member may queue
	MoreActs bool
	MayOrder bool // hunts after each news
	Ordered  bool
}

type personLine struct {
	workspace.Person
	Devices  []workspace.Device
	Consents []consentLine
	Consent  string // of those that hold: until when; "" where none does
}

type consentLine struct {
	workspace.Consent
	Holds bool
}

type evidenceLine struct {
	workspace.Evidence
	Label, Pseudonym string
	Run              *workspace.Run // the last
}

// all reads every page of a list that a case bounds.
func all[T any](ctx context.Context, get func(context.Context, workspace.Page) (workspace.List[T], error)) ([]T, error) {
	var out []T
	for p := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := get(ctx, p)
		if err != nil {
			return nil, err
		}
		out = append(out, l.Items...)
		if p.After = l.Next; p.After == "" {
			return out, nil
		}
	}
}

// theCase returns a case that the member may see.
func (q *request) theCase() (workspace.Case, error) {
	c, err := q.space.Case(q.ctx(), q.path("case"))
	if err == nil && c.Sealed {
		err = workspace.ErrNoAccess
	}
	return c, err
}

func (q *request) casePage() error {
	c, err := q.theCase()
	if err != nil {
		return err
	}
	if c.Role == workspace.RolePerson {
		return q.redirect("/yours")
	}
	d := caseData{Case: c}
	for _, kind := range workspace.CaseJobs {
		if c.State == workspace.CaseOpen && c.Role.MayAll(workspace.JobDeed(kind)) {
			d.Jobs = append(d.Jobs, kind)
		}
	}
	if d.MayOrder = c.State == workspace.CaseOpen && c.Role.MayAll(workspace.ActHunt); d.MayOrder {
		ordered, err := q.space.HuntsOrdered(q.ctx())
		if err != nil {
			return err
		}
		d.Ordered = slices.Contains(ordered, c.ID)
	}
	if d.People, err = q.people(c.ID); err != nil {
		return err
	}
	if d.Evidence, err = q.evidenceOf(c.ID, d.People); err != nil {
		return err
	}
	if d.Counts, err = q.space.CountsOf(q.ctx(), c.ID); err != nil {
		return err
	}
	if d.Findings, err = q.gravest(c.ID); err != nil {
		return err
	}
	return q.render("case", c.Title, d, inSection("cases"))
}

func (q *request) people(caseID string) ([]personLine, error) {
	people, err := all(q.ctx(), func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Person], error) {
		return q.space.People(ctx, caseID, p)
	})
	if err != nil {
		return nil, err
	}
	devices, err := all(q.ctx(), func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Device], error) {
		return q.space.Devices(ctx, caseID, "", p)
	})
	if err != nil {
		return nil, err
	}
	consents, err := all(q.ctx(), func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Consent], error) {
		return q.space.Consents(ctx, caseID, "", p)
	})
	if err != nil {
		return nil, err
	}
	now := q.s.o.Now()
	lines := make([]personLine, 0, len(people))
	for _, p := range people {
		line := personLine{Person: p}
		for _, d := range devices {
			if d.Person == p.ID {
				line.Devices = append(line.Devices, d)
			}
		}
		for _, k := range consents {
			if k.Person != p.ID {
				continue
			}
			holds := k.Stands(now)
			if holds {
				line.Consent = max(line.Consent, k.Until)
			}
			line.Consents = append(line.Consents, consentLine{k, holds})
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func (q *request) evidenceOf(caseID string, people []personLine) ([]evidenceLine, error) {
	list, err := all(q.ctx(), func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Evidence], error) {
		return q.space.Evidences(ctx, caseID, "", p)
	})
	if err != nil {
		return nil, err
	}
	runs, err := all(q.ctx(), func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Run], error) {
		return q.space.Runs(ctx, workspace.RunFilter{Case: caseID}, p)
	})
	if err != nil {
		return nil, err
	}
	last := map[string]*workspace.Run{}
	for i := range runs {
		last[runs[i].Evidence] = &runs[i]
	}
	out := make([]evidenceLine, 0, len(list))
	for _, e := range list {
		line := evidenceLine{Evidence: e, Run: last[e.ID]}
		for i := range people {
			for _, d := range people[i].Devices {
				if d.ID == e.Device {
					line.Label, line.Pseudonym = d.Private.Label, people[i].Pseudonym
				}
			}
		}
		out = append(out, line)
	}
	slices.Reverse(out)
	return out, nil
}

// shownFindings is how many findings the page of a case lists.
const shownFindings = 8

// gravest are the findings of a case to look at first.
func (q *request) gravest(caseID string) ([]workspace.Finding, error) {
	var out []workspace.Finding
	for _, severity := range []finding.Severity{finding.Critical, finding.High, finding.Medium} {
		by := workspace.FindingFilter{Case: caseID, State: workspace.New, Exactly: severity}
		l, err := q.space.Findings(q.ctx(), by, workspace.Page{Limit: shownFindings - len(out)})
		if err != nil {
			return nil, err
		}
		if out = append(out, l.Items...); len(out) == shownFindings {
			break
		}
	}
	return out, nil
}

func (q *request) closeCase() error {
	if err := q.form(); err != nil {
		return err
	}
	if err := q.space.CloseCase(q.ctx(), q.path("case")); err != nil {
		return err
	}
	return q.done("/cases/"+q.path("case"), q.Text("web.case.closed"))
}

func (q *request) newPersonPage() error {
	c, err := q.theCase()
	if err != nil {
		return err
	}
	return q.render("person_new", q.Text("web.person_new.title"), personForm{c, newCaseData{}}, inSection("cases"))
}

type personForm struct {
	Case workspace.Case
	newCaseData
}

func (q *request) newPerson() error {
	if err := q.form(); err != nil {
		return err
	}
	c, err := q.theCase()
	if err != nil {
		return err
	}
	d := q.newCaseData()
	p, err := q.addPerson(c.ID, d)
	if err != nil {
		return q.again(err, "person_new", q.Text("web.person_new.title"), personForm{c, d}, inSection("cases"))
	}
	return q.redirect("/cases/" + c.ID + "/consent?person=" + p.ID)
}

func (q *request) newDevice() error {
	if err := q.form(); err != nil {
		return err
	}
	d, err := q.space.AddDevice(q.ctx(), q.path("case"), q.value("person"), q.value("label"))
	if err != nil {
		return err
	}
	return q.done("/cases/"+q.path("case"), q.Text("web.case.device_added", "Label", d.Private.Label))
}

const timeLayout = "2006-01-02T15:04:05.000000Z"
