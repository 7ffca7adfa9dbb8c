package client

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
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

// PreviewPublication says what would become public of a case, and puts it into
// out. page is how the page is to be made, given the documents that would come
// along, by SHA-256.
func (c *Client) PreviewPublication(ctx context.Context, caseID string, page map[string]any, given map[string][]byte, out any) error {
	body := maps.Clone(page)
	var list []map[string]any
	for _, sum := range slices.Sorted(maps.Keys(given)) {
		list = append(list, map[string]any{"sha256": sum, "bytes": len(given[sum])})
	}
	if list != nil {
		body["documents"] = list
	}
	return c.post(ctx, "/cases/"+part(caseID)+"/publication/preview", body, out)
}

// Publish has the server record what becomes public of a case, and writes the
// site below a folder, with a file beside it that says what was recorded.
func (c *Client) Publish(ctx context.Context, caseID string, page map[string]any, given map[string][]byte, dir string) error {
	about, err := json.Marshal(page)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	put := func(name string, data []byte) error {
		if err := t.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o600, Format: tar.FormatPAX}); err != nil {
			return err
		}
		_, err := t.Write(data)
		return err
	}
	err = put("publication.json", about)
	for _, sum := range slices.Sorted(maps.Keys(given)) {
		err = errors.Join(err, put(sum, given[sum]))
	}
	if err = errors.Join(err, t.Close()); err != nil {
		return err
	}
	q := call{
		method: http.MethodPost, path: "/cases/" + part(caseID) + "/publication/documents", kind: "application/x-tar", body: bytesOf(b.Bytes()), slow: true,
	}
	return c.unpackOf(ctx, q, dir, func(name string) string { return name })
}
