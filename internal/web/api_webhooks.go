package web

import (
	"context"
	"net/http"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/workspace"
)

// InWebhook names a webhook.
type InWebhook struct {
	Webhook string `path:"webhook" maxLength:"20"`
}

type webhookBody struct {
	Body struct {
		URL     string   `json:"url" minLength:"1" maxLength:"2000"`
		Events  []string `json:"events" minItems:"1" maxItems:"20" doc:"finding.new, evidence.stored, job.ended, notice.due, consent.ending, consent.withdrawn, indicators.updated"`
		AtLeast string   `json:"at_least,omitempty" enum:"critical,high,medium,low,info" doc:"of finding.new; without it high"`
	}
}

// webhookAnswer is a new webhook with its secret.
type webhookAnswer struct {
	workspace.Webhook
	Secret string `json:"secret" doc:"by which the receiver verifies each message; it is shown this once"`
}

func (a *api) webhooks() {
	add(a, ScopeManage, http.MethodGet, "/webhooks", "list-webhooks", "The webhooks of the member",
		func(ctx context.Context, sp *examine.Space, _ *nothing) ([]workspace.Webhook, error) {
			return sp.Webhooks(ctx)
		})
	create(a, ScopeManage, "/webhooks", "add-webhook", "Make a webhook that is told of what happens in the member's cases",
		func(ctx context.Context, _ *examine.Space, in *webhookBody) (out webhookAnswer, err error) {
			h := workspace.Webhook{URL: in.Body.URL, Events: in.Body.Events}
			if in.Body.AtLeast != "" {
				if h.Least, err = finding.ParseSeverity(in.Body.AtLeast); err != nil {
					return out, err
				}
			}
			out.Webhook, out.Secret, err = callerOf(ctx).addWebhook(h)
			return out, err
		})
	add(a, ScopeManage, http.MethodGet, "/webhooks/{webhook}/deliveries", "list-deliveries", "What a webhook was told, the last first",
		func(ctx context.Context, sp *examine.Space, in *struct {
			InWebhook
			Limit int `query:"limit" minimum:"1" maximum:"10000" default:"100"`
		},
		) ([]workspace.Delivery, error) {
			if _, err := sp.Webhook(ctx, in.Webhook); err != nil {
				return nil, err
			}
			return sp.Deliveries(ctx, in.Webhook, in.Limit)
		})
	create(a, ScopeManage, "/webhooks/{webhook}/test", "test-webhook", "Send a test; a webhook that is off is switched on",
		func(ctx context.Context, sp *examine.Space, in *InWebhook) (workspace.Webhook, error) {
			if err := sp.TestWebhook(ctx, in.Webhook); err != nil {
				return workspace.Webhook{}, err
			}
			a.s.told()
			return sp.Webhook(ctx, in.Webhook)
		})
	add(a, ScopeManage, http.MethodPost, "/webhooks/{webhook}/remove", "remove-webhook", "Remove a webhook, with what waits for it",
		func(ctx context.Context, sp *examine.Space, in *InWebhook) (workspace.Webhook, error) {
			h, err := sp.Webhook(ctx, in.Webhook)
			if err != nil {
				return h, err
			}
			return h, sp.RemoveWebhook(ctx, in.Webhook)
		})
}
