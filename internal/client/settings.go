package client

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/settings"
	"github.com/amparo-project/amparo/internal/workspace"
)

// SharedList lists the files of settings that the workspace keeps.
func (c *Client) SharedList(ctx context.Context) (out []workspace.SharedFile, err error) {
	err = c.get(ctx, "/settings", nil, &out)
	return out, err
}

// KeptFile returns one of them as it is.
func (c *Client) KeptFile(ctx context.Context, name string) (data []byte, err error) {
	err = c.do(ctx, call{method: http.MethodGet, path: "/settings/" + part(name), again: true}, func(r io.Reader, kind string) (err error) {
		if kind != settings.MediaType {
			return ErrAnswer
		}
		data, err = limit.ReadAll(r, settings.MaxSize)
		return err
	})
	return data, err
}

// KeepFile keeps a file in place of the one on each machine. The server takes
// none that names other files or variables of the machines than the kept one.
func (c *Client) KeepFile(ctx context.Context, name string, data []byte, wish settings.Wish) error {
	return c.changeFile(ctx, name, wish, call{method: http.MethodPut, kind: settings.MediaType, body: bytesOf(data)})
}

// RemoveFile removes a file.
func (c *Client) RemoveFile(ctx context.Context, name string, wish settings.Wish) error {
	return c.changeFile(ctx, name, wish, call{method: http.MethodDelete})
}

// changeFile says which file was read, as the server asks: without a word of the
// caller the one that is there now. The same call twice is refused the second
// time, so that it is not asked again.
func (c *Client) changeFile(ctx context.Context, name string, wish settings.Wish, q call) error {
	seen := wish.Seen
	if seen == "" {
		switch data, err := c.KeptFile(ctx, name); {
		case err == nil:
			seen = settings.SHA256(data)
		case errors.Is(err, workspace.ErrNotFound):
			seen = settings.None
		default:
			return err
		}
	}
	q.path, q.head = "/settings/"+part(name), http.Header{"If-Match": {`"` + seen + `"`}}
	if seen == settings.None {
		q.head = http.Header{"If-None-Match": {"*"}}
	}
	return c.json(ctx, q, nil)
}
