package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/workspace"
)

// The methods below do what those of the same names do in package workspace.

// MembersNamed lists who works there.
func (c *Client) MembersNamed(ctx context.Context, name string, p workspace.Page) (workspace.List[workspace.Member], error) {
	return list[workspace.Member](ctx, c, "/members", values("name", name), p)
}

// CreateCase makes a case.
func (c *Client) CreateCase(ctx context.Context, title string) (k workspace.Case, err error) {
	err = c.post(ctx, "/cases", map[string]any{"title": title}, &k)
	return k, err
}

// Cases lists cases.
func (c *Client) Cases(ctx context.Context, state string, p workspace.Page) (workspace.List[workspace.Case], error) {
	return list[workspace.Case](ctx, c, "/cases", values("state", state), p)
}

// Case returns one.
func (c *Client) Case(ctx context.Context, id string) (k workspace.Case, err error) {
	err = c.get(ctx, "/cases/"+part(id), nil, &k)
	return k, err
}

// CloseCase closes a case.
func (c *Client) CloseCase(ctx context.Context, id string) error {
	return c.post(ctx, "/cases/"+part(id)+"/close", nil, nil)
}

// ShareCase lets another member work on a case.
func (c *Client) ShareCase(ctx context.Context, caseID, member string, role workspace.Role, person string) error {
	body := map[string]any{"member": member, "role": string(role)}
	if person != "" {
		body["person"] = person
	}
	return c.post(ctx, "/cases/"+part(caseID)+"/share", body, nil)
}

// CaseMembers lists the members of a case.
func (c *Client) CaseMembers(ctx context.Context, caseID string) (out []workspace.CaseMember, err error) {
	err = c.get(ctx, "/cases/"+part(caseID)+"/members", nil, &out)
	return out, err
}

// ChangeRole gives a member of a case another role.
func (c *Client) ChangeRole(ctx context.Context, caseID, member string, role workspace.Role, person string) error {
	body := map[string]any{"member": member, "role": string(role)}
	if person != "" {
		body["person"] = person
	}
	return c.post(ctx, "/cases/"+part(caseID)+"/members/role", body, nil)
}

// RemoveFromCase ends a member's part in a case.
func (c *Client) RemoveFromCase(ctx context.Context, caseID, member string) error {
	return c.post(ctx, "/cases/"+part(caseID)+"/members/remove", map[string]any{"member": member}, nil)
}

// Exports lists what left a case.
func (c *Client) Exports(ctx context.Context, caseID, evidence string, p workspace.Page) (workspace.List[workspace.Export], error) {
	return list[workspace.Export](ctx, c, "/cases/"+part(caseID)+"/exports", values("evidence", evidence), p)
}

// AddPerson adds a person.
func (c *Client) AddPerson(ctx context.Context, p workspace.Person) (out workspace.Person, err error) {
	err = c.post(ctx, "/cases/"+part(p.Case)+"/people", map[string]any{
		"pseudonym": p.Pseudonym, "minor": p.Minor, "name": p.Private.Name, "languages": p.Private.Languages, "reach": p.Private.Reach,
	}, &out)
	return out, err
}

// People lists people.
func (c *Client) People(ctx context.Context, caseID string, p workspace.Page) (workspace.List[workspace.Person], error) {
	return c.PeopleBy(ctx, caseID, workspace.PersonFilter{}, p)
}

// PeopleBy lists the people that fit.
func (c *Client) PeopleBy(ctx context.Context, caseID string, by workspace.PersonFilter, p workspace.Page) (workspace.List[workspace.Person], error) {
	return list[workspace.Person](ctx, c, "/cases/"+part(caseID)+"/people", values("pseudonym", by.Pseudonym, "minor", yes(by.Minor)), p)
}

// AddDevice adds a device.
func (c *Client) AddDevice(ctx context.Context, caseID, person, label string) (d workspace.Device, err error) {
	err = c.post(ctx, "/cases/"+part(caseID)+"/devices", map[string]any{"person": person, "label": label}, &d)
	return d, err
}

// Devices lists devices.
func (c *Client) Devices(ctx context.Context, caseID, person string, p workspace.Page) (workspace.List[workspace.Device], error) {
	return list[workspace.Device](ctx, c, "/cases/"+part(caseID)+"/devices", values("person", person), p)
}

// AddConsent records a consent.
func (c *Client) AddConsent(ctx context.Context, k workspace.Consent) (out workspace.Consent, err error) {
	err = c.post(ctx, "/cases/"+part(k.Case)+"/consents", map[string]any{
		"person": k.Person, "purposes": k.Purposes, "until": k.Until, "guardian": k.Guardian, "given_by": k.Private.GivenBy,
		"shares": append([]string{}, k.Private.Shares...), "form_sha256": k.FormSHA256,
	}, &out)
	return out, err
}

// Consents lists consents.
func (c *Client) Consents(ctx context.Context, caseID, person string, p workspace.Page) (workspace.List[workspace.Consent], error) {
	return list[workspace.Consent](ctx, c, "/cases/"+part(caseID)+"/consents", values("person", person), p)
}

// ConsentsHolding lists those that hold today.
func (c *Client) ConsentsHolding(ctx context.Context, caseID, person string, p workspace.Page) (workspace.List[workspace.Consent], error) {
	return list[workspace.Consent](ctx, c, "/cases/"+part(caseID)+"/consents", values("person", person, "holds", "true"), p)
}

// Withdraw withdraws a consent. The server deletes what it covered.
func (c *Client) Withdraw(ctx context.Context, id string) (workspace.Remains, error) {
	var r workspace.Remains
	caseID, err := c.caseOfConsent(ctx, id)
	if err != nil {
		return r, err
	}
	err = c.post(ctx, "/cases/"+part(caseID)+"/consents/"+part(id)+"/withdraw", nil, &r)
	return r, err
}

// caseOfConsent finds the case: the API asks for both.
func (c *Client) caseOfConsent(ctx context.Context, id string) (string, error) {
	most := workspace.Page{Limit: workspace.MaxLimit}
	for p := most; ; {
		cases, err := c.Cases(ctx, "", p)
		if err != nil {
			return "", err
		}
		for _, k := range cases.Items {
			if k.Sealed {
				continue
			}
			l, err := c.Consents(ctx, k.ID, "", most)
			if err != nil {
				return "", err
			}
			for _, x := range l.Items {
				if x.ID == id {
					return k.ID, nil
				}
			}
		}
		if p.After = cases.Next; p.After == "" {
			return "", fmt.Errorf("consent %s: %w", id, workspace.ErrNotFound)
		}
	}
}

// Evidence returns one piece of evidence.
func (c *Client) Evidence(ctx context.Context, id string) (e workspace.Evidence, err error) {
	err = c.get(ctx, "/evidence/"+part(id), nil, &e)
	return e, err
}

// Evidences lists the evidence of a case.
func (c *Client) Evidences(ctx context.Context, caseID, device string, p workspace.Page) (workspace.List[workspace.Evidence], error) {
	return c.EvidenceBy(ctx, caseID, workspace.EvidenceFilter{Device: device}, p)
}

// EvidenceBy lists the evidence that fits.
func (c *Client) EvidenceBy(ctx context.Context, caseID string, by workspace.EvidenceFilter, p workspace.Page) (workspace.List[workspace.Evidence], error) {
	return list[workspace.Evidence](ctx, c, "/cases/"+part(caseID)+"/evidence", values("device", by.Device, "state", by.State), p)
}

// Runs lists checks.
func (c *Client) Runs(ctx context.Context, by workspace.RunFilter, p workspace.Page) (workspace.List[workspace.Run], error) {
	return list[workspace.Run](ctx, c, "/runs", values("case", by.Case, "evidence", by.Evidence, "state", by.State), p)
}

// Run returns one check.
func (c *Client) Run(ctx context.Context, id string) (r workspace.Run, err error) {
	err = c.get(ctx, "/runs/"+part(id), nil, &r)
	return r, err
}

// Viewed does nothing: the server notes what it shows.
func (c *Client) Viewed(context.Context, string, string) error { return nil }

// Findings lists findings.
func (c *Client) Findings(ctx context.Context, by workspace.FindingFilter, p workspace.Page) (workspace.List[workspace.Finding], error) {
	least := ""
	if by.AtLeast != 0 {
		least = by.AtLeast.String()
	}
	return list[workspace.Finding](ctx, c, "/findings", values("case", by.Case, "run", by.Run, "state", by.State, "at_least", least, "evidence", by.Evidence,
		"source", by.Source, "kind", by.Kind, "artifact", by.Artifact, "rule", by.Rule, "value", by.Value), p)
}

// Decide decides on a finding, or notes something. Without a run it is decided
// on in the one that has it.
func (c *Client) Decide(ctx context.Context, run, id, state, note string) error {
	f, err := c.finding(ctx, run, id)
	if err != nil {
		return err
	}
	return c.post(ctx, "/runs/"+part(f.Run)+"/findings/"+part(id), map[string]any{"state": state, "note": note, "seen": f.Decided}, nil)
}

// finding finds a finding by its id.
func (c *Client) finding(ctx context.Context, run, id string) (found workspace.Finding, err error) {
	n := 0
	for p := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := c.Findings(ctx, workspace.FindingFilter{Run: run}, p)
		if err != nil {
			return found, err
		}
		for i := range l.Items {
			if l.Items[i].ID == id {
				found = l.Items[i]
				n++
			}
		}
		if p.After = l.Next; p.After == "" {
			break
		}
	}
	switch {
	case n == 0:
		return found, fmt.Errorf("finding %s: %w", id, workspace.ErrNotFound)
	case n > 1:
		return found, fmt.Errorf("%w: finding %s is in %d runs: give one", workspace.ErrInvalid, id, n)
	}
	return found, nil
}

// Whole returns a finding as its result has it, and the check.
func (c *Client) Whole(ctx context.Context, run, id string) (*finding.Finding, *finding.Run, error) {
	var out struct {
		Finding *finding.Finding `json:"finding"`
		Run     *finding.Run     `json:"run"`
	}
	if err := c.get(ctx, "/runs/"+part(run)+"/findings/"+part(id)+"/whole", nil, &out); err != nil {
		return nil, nil, err
	}
	if out.Finding == nil || out.Run == nil {
		return nil, nil, ErrAnswer
	}
	return out.Finding, out.Run, nil
}

// Hunt hunts for one value, or with all sets that the server has.
func (c *Client) Hunt(ctx context.Context, value string) (h workspace.Hunted, err error) {
	body := map[string]any{}
	if value != "" {
		body["value"] = value
	}
	err = c.post(ctx, "/hunt", body, &h)
	return h, err
}

// Links says what ties people together.
func (c *Client) Links(ctx context.Context, caseID string, kept bool) (*workspace.Linked, error) {
	l := &workspace.Linked{}
	return l, c.get(ctx, "/links", values("case", caseID, "kept", yes(kept)), l)
}

// AddJob queues a job. A receive is of what lies at a path of the server.
func (c *Client) AddJob(ctx context.Context, j workspace.Job, private workspace.JobPrivate) (out workspace.Job, err error) {
	switch j.Kind {
	case workspace.JobCheck:
		return c.Check(ctx, j.Evidence, private.Password)
	case workspace.JobExport:
		if x := private.Output; x.Format != "" {
			err = c.post(ctx, "/cases/"+part(j.Case)+"/jobs/report", map[string]any{"run": x.Run, "format": x.Format}, &out)
		} else {
			body := map[string]any{"subject": x.Subject, "for": x.Recipient, "evidence": x.Evidence}
			if len(x.Formats) > 0 {
				body["formats"] = x.Formats
			}
			if x.Run != "" {
				body["run"] = x.Run
			}
			if private.Password != "" {
				body["password"] = private.Password
			}
			err = c.post(ctx, "/cases/"+part(j.Case)+"/jobs/exhibit", body, &out)
		}
		return out, err
	case workspace.JobUpdate:
		return out, c.post(ctx, "/indicators/update", nil, &out)
	case workspace.JobReceive:
		body := map[string]any{"device": j.Device, "path": private.Path}
		if private.Password != "" {
			body["password"] = private.Password
		}
		err = c.post(ctx, "/cases/"+part(j.Case)+"/evidence", body, &out)
		return out, err
	}
	err = c.post(ctx, "/cases/"+part(j.Case)+"/jobs/"+part(j.Kind), nil, &out)
	return out, err
}

// FetchJob writes what a job made.
func (c *Client) FetchJob(ctx context.Context, id string, w io.Writer) error {
	return c.do(ctx, call{method: http.MethodGet, path: "/jobs/" + part(id) + "/result"}, func(r io.Reader, _ string) error {
		_, err := io.Copy(w, r)
		return err
	})
}

// Jobs lists jobs.
func (c *Client) Jobs(ctx context.Context, by workspace.JobFilter, p workspace.Page) (workspace.List[workspace.Job], error) {
	return list[workspace.Job](ctx, c, "/jobs", values("case", by.Case, "evidence", by.Evidence, "state", by.State), p)
}

// Job returns a job.
func (c *Client) Job(ctx context.Context, id string) (workspace.Job, error) {
	return c.WaitJob(ctx, id, 0)
}

// WaitJob returns a job, as soon as it has ended, or after some seconds.
func (c *Client) WaitJob(ctx context.Context, id string, wait int) (j workspace.Job, err error) {
	err = c.get(ctx, "/jobs/"+part(id), values("wait", strconv.Itoa(wait)), &j)
	return j, err
}

// CancelJob ends a job that waits, and asks for one that runs to be ended.
func (c *Client) CancelJob(ctx context.Context, id string) error {
	return c.post(ctx, "/jobs/"+part(id)+"/cancel", nil, nil)
}

// AddWebhook makes a webhook.
func (c *Client) AddWebhook(ctx context.Context, h workspace.Webhook) (workspace.Webhook, string, error) {
	body := map[string]any{"url": h.URL, "events": h.Events}
	if h.Least != 0 {
		body["at_least"] = h.Least.String()
	}
	var out struct {
		workspace.Webhook
		Secret string `json:"secret"`
	}
	err := c.post(ctx, "/webhooks", body, &out)
	return out.Webhook, out.Secret, err
}

// Webhooks lists webhooks.
func (c *Client) Webhooks(ctx context.Context) (out []workspace.Webhook, err error) {
	err = c.get(ctx, "/webhooks", nil, &out)
	return out, err
}

// Deliveries lists what a webhook was told.
func (c *Client) Deliveries(ctx context.Context, id string, limit int) (out []workspace.Delivery, err error) {
	err = c.get(ctx, "/webhooks/"+part(id)+"/deliveries", values("limit", strconv.Itoa(limit)), &out)
	return out, err
}

// TestWebhook sends a test.
func (c *Client) TestWebhook(ctx context.Context, id string) error {
	return c.post(ctx, "/webhooks/"+part(id)+"/test", nil, nil)
}

// RemoveWebhook removes a webhook.
func (c *Client) RemoveWebhook(ctx context.Context, id string) error {
	return c.post(ctx, "/webhooks/"+part(id)+"/remove", nil, nil)
}

// CaseOf finds the case of a case, an evidence or a finding, the latter of a
// run, or of all that have it. The error wraps workspace.ErrInvalid where those
// are of several cases.
func (c *Client) CaseOf(ctx context.Context, id, run string) (string, error) {
	switch {
	case strings.HasPrefix(id, "E-"):
		ev, err := c.Evidence(ctx, id)
		return ev.Case, err
	case strings.HasPrefix(id, "F-"):
		return c.caseOfFinding(ctx, id, run)
	}
	k, err := c.Case(ctx, id)
	return k.ID, err
}

func (c *Client) caseOfFinding(ctx context.Context, id, run string) (in string, err error) {
	for p := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := c.Findings(ctx, workspace.FindingFilter{Run: run}, p)
		if err != nil {
			return "", err
		}
		for i := range l.Items {
			switch f := &l.Items[i]; {
			case f.ID != id || f.Case == in:
			case in != "":
				return "", fmt.Errorf("%w: finding %s is in several cases: give a run", workspace.ErrInvalid, id)
			default:
				in = f.Case
			}
		}
		if p.After = l.Next; p.After == "" {
			break
		}
	}
	if in == "" {
		return "", fmt.Errorf("finding %s: %w", id, workspace.ErrNotFound)
	}
	return in, nil
}
