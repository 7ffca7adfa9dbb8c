package web

import (
	"cmp"
	"slices"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/hook"
	"github.com/amparo-project/amparo/internal/workspace"
)

// webhooksData are the webhooks of the member, and the secret of a new one,
// shown once.
type webhooksData struct {
	Hooks      []webhookLine
	Events     []purposeLine
	Severities []string
	URL, Least string
	Secret     string
}

type webhookLine struct {
	workspace.Webhook
	Log []workspace.Delivery // the last
}

// shownDeliveries is how many deliveries of a webhook a page lists.
const shownDeliveries = 50

func (q *request) webhooksData() (webhooksData, error) {
	d := webhooksData{Least: finding.High.String()}
	for _, e := range workspace.HookEvents {
		d.Events = append(d.Events, purposeLine{e, e == workspace.EventFinding || e == workspace.EventJob})
	}
	for _, s := range finding.Severities {
		d.Severities = append(d.Severities, s.String())
	}
	list, err := q.space.Webhooks(q.ctx())
	if err != nil {
		return d, err
	}
	for _, h := range list {
		line := webhookLine{Webhook: h}
		if line.Log, err = q.space.Deliveries(q.ctx(), h.ID, shownDeliveries); err != nil {
			return d, err
		}
		d.Hooks = append(d.Hooks, line)
	}
	return d, nil
}

func (q *request) webhooksPage() error {
	d, err := q.webhooksData()
	if err != nil {
		return err
	}
	return q.render("webhooks", q.Text("web.hooks.title"), d, inSection("tokens"))
}

// newWebhook makes a webhook and shows its secret, once.
func (q *request) newWebhook() error {
	if err := q.form(); err != nil {
		return err
	}
	least, err := finding.ParseSeverity(cmp.Or(q.value("at_least"), finding.High.String()))
	if err != nil {
		return badRequest{err}
	}
	h := workspace.Webhook{URL: q.value("url"), Events: slices.Clone(q.r.PostForm["event"]), Least: least}
	h, secret, err := q.addWebhook(h)
	d, derr := q.webhooksData()
	if derr != nil {
		return derr
	}
	if err != nil {
		d.URL, d.Least = h.URL, least.String()
		for i := range d.Events {
			d.Events[i].Chosen = slices.Contains(h.Events, d.Events[i].Name)
		}
		return q.again(err, "webhooks", q.Text("web.hooks.title"), d, inSection("tokens"))
	}
	d.Secret = secret
	return q.render("webhooks", q.Text("web.hooks.title"), d, inSection("tokens"))
}

// addWebhook makes a webhook whose address is one that may be asked.
func (q *request) addWebhook(h workspace.Webhook) (workspace.Webhook, string, error) {
	if err := hook.CheckURL(h.URL); err != nil {
		return h, "", err
	}
	return q.space.AddWebhook(q.ctx(), h)
}

func (q *request) testWebhook() error {
	if err := q.form(); err != nil {
		return err
	}
	if err := q.space.TestWebhook(q.ctx(), q.path("webhook")); err != nil {
		return err
	}
	q.s.told()
	return q.done("/webhooks", q.Text("web.hooks.tested"))
}

func (q *request) removeWebhook() error {
	if err := q.form(); err != nil {
		return err
	}
	if err := q.space.RemoveWebhook(q.ctx(), q.path("webhook")); err != nil {
		return err
	}
	return q.done("/webhooks", q.Text("web.hooks.removed"))
}
