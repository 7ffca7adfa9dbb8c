package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/workspace"
)

// The account of a case and its notices. The methods below do what those of the
// same names do in packages workspace, book and outbox.

// Entries lists entries of the account of a case.
func (c *Client) Entries(ctx context.Context, by workspace.EntryFilter, p workspace.Page) (workspace.List[workspace.Entry], error) {
	return list[workspace.Entry](ctx, c, "/cases/"+part(by.Case)+"/entries", values("kind", by.Kind, "person", by.Person, "history", yes(by.History)), p)
}

// AllEntries reads every current entry of a kind.
func (c *Client) AllEntries(ctx context.Context, caseID, kind string) (out []workspace.Entry, err error) {
	for p := (workspace.Page{Limit: 1000}); ; {
		l, err := c.Entries(ctx, workspace.EntryFilter{Case: caseID, Kind: kind}, p)
		if err != nil {
			return nil, err
		}
		out = append(out, l.Items...)
		if p.After = l.Next; p.After == "" {
			return out, nil
		}
	}
}

// Entry returns one entry.
func (c *Client) Entry(ctx context.Context, id string) (e workspace.Entry, err error) {
	err = c.get(ctx, "/entries/"+part(id), nil, &e)
	return e, err
}

// RetireEntry withdraws an entry.
func (c *Client) RetireEntry(ctx context.Context, id, reason string) (e workspace.Entry, err error) {
	err = c.post(ctx, "/entries/"+part(id)+"/retire", map[string]any{"reason": reason}, &e)
	return e, err
}

// PutEntry writes a promise, a request or an answer: other kinds have methods
// of their own. What is written is held to the server's rules again.
func (c *Client) PutEntry(ctx context.Context, e workspace.Entry) (workspace.Entry, error) {
	var body map[string]any
	if err := json.Unmarshal(e.Body, &body); err != nil {
		return e, err
	}
	delete(body, "id")
	switch e.Kind {
	case clock.KindPromise, clock.KindAnswer:
	case clock.KindRequest:
		var q clock.Request
		if err := json.Unmarshal(e.Body, &q); err != nil {
			return e, err
		}
		body["term"] = "none"
		if q.Term != nil {
			body["term"] = q.Term.ID
			if q.Term.Calendar != "" {
				body["country"] = q.Term.Calendar
			}
		}
	default:
		return e, fmt.Errorf("%w: entries of the kind %s are not written over a server", workspace.ErrInvalid, e.Kind)
	}
	var made struct {
		ID string `json:"id"`
	}
	err := c.post(ctx, "/cases/"+part(e.Case)+"/"+e.Kind+"s", body, &made)
	e.ID = made.ID
	return e, err
}

// ids is what came to be.
type ids struct {
	IDs []string `json:"ids"`
}

// PutFacts writes facts down, all or none.
func (c *Client) PutFacts(ctx context.Context, caseID string, facts []*account.Fact) ([]string, error) {
	var out ids
	err := c.into(ctx, "/cases/"+part(caseID)+"/facts", map[string]any{"facts": facts}, &out)
	return out.IDs, err
}

// PutEvents writes events down, all or none.
func (c *Client) PutEvents(ctx context.Context, caseID string, events []*account.Event) ([]string, error) {
	var out ids
	err := c.into(ctx, "/cases/"+part(caseID)+"/events", map[string]any{"events": events}, &out)
	return out.IDs, err
}

// PutRegister writes a register of the trade down, all or none.
func (c *Client) PutRegister(ctx context.Context, caseID string, r *book.Register) ([]string, error) {
	var out ids
	err := c.into(ctx, "/cases/"+part(caseID)+"/register", r, &out)
	return out.IDs, err
}

// FoundEvents makes events of confirmed findings.
func (c *Client) FoundEvents(ctx context.Context, caseID string, findings []string, operator string) ([]string, error) {
	var out ids
	body := map[string]any{}
	if len(findings) > 0 {
		body["findings"] = findings
	}
	if operator != "" {
		body["operator"] = operator
	}
	err := c.into(ctx, "/cases/"+part(caseID)+"/events/found", body, &out)
	return out.IDs, err
}

func (c *Client) into(ctx context.Context, path string, body any, out *ids) error {
	err := c.post(ctx, path, body, out)
	if out.IDs == nil {
		out.IDs = []string{}
	}
	return err
}

// notices is what moved.
type notices struct {
	Notices []outbox.Notice `json:"notices"`
}

// AskNotice records that a person wants to be told.
func (c *Client) AskNotice(ctx context.Context, caseID string, w outbox.Wish) (out outbox.Wish, err error) {
	body := map[string]any{"person": w.Person, "channel": w.Channel}
	for k, v := range map[string]string{"lang": w.Lang, "address": w.Address, "since": w.Since} {
		if v != "" {
			body[k] = v
		}
	}
	if len(w.Events) > 0 {
		body["events"] = w.Events
	}
	err = c.post(ctx, "/cases/"+part(caseID)+"/wishes", body, &out)
	return out, err
}

// DueNotices drafts the notices that are due.
func (c *Client) DueNotices(ctx context.Context, caseID string) ([]outbox.Notice, error) {
	var out notices
	err := c.post(ctx, "/cases/"+part(caseID)+"/notices/due", nil, &out)
	return out.Notices, err
}

// SendNotices has the server send what was approved.
func (c *Client) SendNotices(ctx context.Context, caseID string) ([]outbox.Notice, error) {
	var out notices
	err := c.post(ctx, "/cases/"+part(caseID)+"/notices/send", nil, &out)
	return out.Notices, err
}

// EditNotice gives a draft other words, where its version is that which was read.
func (c *Client) EditNotice(ctx context.Context, id string, version int64, t notice.Text) (n outbox.Notice, err error) {
	data, err := json.Marshal(map[string]any{"version": version, "subject": t.Subject, "body": t.Body})
	if err != nil {
		return n, err
	}
	err = c.json(ctx, call{method: http.MethodPut, path: "/notices/" + part(id) + "/text", kind: "application/json", body: bytesOf(data), again: true}, &n)
	return n, err
}

// MoveNotice takes a notice a step further: approve, told, read, retry,
// was_sent, was_not_sent, cancel.
func (c *Client) MoveNotice(ctx context.Context, id, step, note string) (n outbox.Notice, err error) {
	err = c.post(ctx, "/notices/"+part(id), map[string]any{"step": step, "note": note}, &n)
	return n, err
}
