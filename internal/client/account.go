package client

import (
	"archive/tar"
	"bytes"
	"context"
	"net/http"
	"strconv"

	"github.com/amparo-project/amparo/internal/account/outbox"
)

// Remind has the server draft the notices of a case that are due on a day, mail
// reminders of what is due within some days, each once, and send what is queued.
// on is "" for today.
func (c *Client) Remind(ctx context.Context, caseID, on string, within int) (drafted, sent []outbox.Notice, err error) {
	body := map[string]any{"within": within}
	if on != "" {
		body["on"] = on
	}
	var out struct {
		Drafted []outbox.Notice `json:"drafted"`
		Sent    []outbox.Notice `json:"sent"`
	}
	err = c.post(ctx, "/cases/"+part(caseID)+"/reminders", body, &out)
	return out.Drafted, out.Sent, err
}

// DecideConcern confirms or dismisses what a rule proposes of an event. What was
// decided is put into out.
func (c *Client) DecideConcern(ctx context.Context, caseID, rule, event, state, reason string, out any) error {
	return c.post(ctx, "/cases/"+part(caseID)+"/concerns", map[string]any{"rule": rule, "event": event, "state": state, "reason": reason}, out)
}

// PutList takes in a list of the trade: one file, or several that are one list.
// What came of it is put into out.
func (c *Client) PutList(ctx context.Context, caseID, form string, files [][]byte, out any) error {
	data, kind := []byte(nil), "application/octet-stream"
	if len(files) == 1 {
		data = files[0]
	} else {
		var err error
		if data, err = packed(files); err != nil {
			return err
		}
		kind = "application/x-tar"
	}
	return c.json(ctx, call{
		method: http.MethodPut, path: "/cases/" + part(caseID) + "/lists/" + part(form), kind: kind, body: bytesOf(data), again: true,
	}, out)
}

// packed puts files into an archive, in their order.
func packed(files [][]byte) ([]byte, error) {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	for i, data := range files {
		if err := t.WriteHeader(&tar.Header{Name: strconv.Itoa(i), Size: int64(len(data)), Mode: 0o600, Format: tar.FormatPAX}); err != nil {
			return nil, err
		}
		if _, err := t.Write(data); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), t.Close()
}
