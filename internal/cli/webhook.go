package cli

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/hook"
	"github.com/amparo-project/amparo/internal/workspace"
)

// webhookCmd is "amparo webhook".
type webhookCmd struct {
	Add    webhookAddCmd    `cmd:"" help:"webhook_add"`
	List   webhookListCmd   `cmd:"" help:"webhook_list"`
	Log    webhookLogCmd    `cmd:"" help:"webhook_log"`
	Test   webhookTestCmd   `cmd:"" help:"webhook_test"`
	Remove webhookRemoveCmd `cmd:"" help:"webhook_remove"`
}

type webhookAddCmd struct {
	URL     string   `arg:"" name:"url" help:"webhook_url"`
	Event   []string `help:"webhook_event" required:"" placeholder:"EVENT"`
	AtLeast string   `help:"webhook_least" placeholder:"SEVERITY"`
	JSON    bool     `name:"json" help:"json"`
	anyFlags
}

// Run makes a webhook and prints its secret, which nothing shows again.
func (c *webhookAddCmd) Run(a *app) (err error) {
	h := workspace.Webhook{URL: c.URL, Events: c.Event}
	if c.URL == "-" { // an address may hold a secret
		if h.URL, err = a.text(c.URL); err != nil {
			return err
		}
	}
	if err := hook.CheckURL(h.URL); err != nil {
		return err
	}
	if c.AtLeast != "" {
		if h.Least, err = finding.ParseSeverity(c.AtLeast); err != nil {
			return usageError{err}
		}
	}
	return c.either(a, func(s works) error {
		h, secret, err := s.AddWebhook(a.ctx, h)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, struct {
				workspace.Webhook
				Secret string `json:"secret"`
			}{h, secret})
		}
		fmt.Fprintln(a.Out, h.ID)
		fmt.Fprintln(a.Out, secret)
		fmt.Fprintln(a.Err, "amparo: "+a.Text("web.hooks.once"))
		return nil
	})
}

type webhookListCmd struct {
	JSON bool `name:"json" help:"json"`
	anyFlags
}

// Run lists the webhooks of the acting member.
func (c *webhookListCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		list, err := s.Webhooks(a.ctx)
		if err != nil {
			return err
		}
		return show(a, workspace.List[workspace.Webhook]{Items: list}, c.JSON, []string{"id", "state", "created", "events", "url"}, func(h workspace.Webhook) []string {
			return []string{h.ID, h.State, day(h.Created), strings.Join(h.Events, ","), h.URL}
		})
	})
}

type webhookLogCmd struct {
	Webhook string `arg:"" help:"webhook_id"`
	Limit   int    `help:"ws_limit" default:"100"`
	JSON    bool   `name:"json" help:"json"`
	anyFlags
}

// Run lists what a webhook was told, the last first.
func (c *webhookLogCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		list, err := s.Deliveries(a.ctx, c.Webhook, c.Limit)
		if err != nil {
			return err
		}
		return show(a, workspace.List[workspace.Delivery]{Items: list}, c.JSON, []string{"id", "created", "event", "state", "attempts", "detail"}, func(d workspace.Delivery) []string {
			detail := d.Error
			if d.Status != 0 {
				detail = strings.TrimSpace(fmt.Sprintf("%d %s", d.Status, detail))
			}
			return []string{d.ID, day(d.Created), d.Event, a.Text("web.hooks.state." + d.State), a.Number(int64(d.Attempts)), cmp.Or(detail, day(d.Next))}
		})
	})
}

type webhookTestCmd struct {
	Webhook string `arg:"" help:"webhook_id"`
	anyFlags
}

// Run puts a test into the outbox: a server sends it.
func (c *webhookTestCmd) Run(a *app) error {
	return c.either(a, func(s works) error { return s.TestWebhook(a.ctx, c.Webhook) })
}

type webhookRemoveCmd struct {
	Webhook string `arg:"" help:"webhook_id"`
	anyFlags
}

// Run removes a webhook.
func (c *webhookRemoveCmd) Run(a *app) error {
	return c.either(a, func(s works) error { return s.RemoveWebhook(a.ctx, c.Webhook) })
}
