package client

import (
	"context"
	"io"
	"net/http"
)

// Indicators lists the installed sets of the server into out.
func (c *Client) Indicators(ctx context.Context, out any) error {
	return c.get(ctx, "/indicators", nil, out)
}

// IndicatorSet puts one of them, and what it is, into out.
func (c *Client) IndicatorSet(ctx context.Context, id string, out any) error {
	return c.get(ctx, "/indicators/"+part(id), nil, out)
}

// IndicatorValues reads the values of a set: lines of JSON, each with a type and
// a value.
func (c *Client) IndicatorValues(ctx context.Context, id string, fn func(io.Reader) error) error {
	return c.do(ctx, call{method: http.MethodGet, path: "/indicators/" + part(id) + "/values"}, func(r io.Reader, kind string) error {
		if kind != "application/x-ndjson" {
			return ErrAnswer
		}
		return fn(io.LimitReader(r, maxUnpacked))
	})
}

// SearchIndicators puts into out which installed sets know a value.
func (c *Client) SearchIndicators(ctx context.Context, value string, out any) error {
	return c.get(ctx, "/indicators/search", values("value", value), out)
}

// AddIndicators installs a file, as it is published, and puts into out what came
// of it. kind is the type of the values of a list, or "".
func (c *Client) AddIndicators(ctx context.Context, name, kind string, private bool, open func() (io.ReadCloser, int64, error), out any) error {
	return c.json(ctx, call{
		method: http.MethodPost, path: "/indicators", query: values("name", name, "type", kind, "private", yes(private)), kind: "application/octet-stream",
		body: open, again: true, slow: true,
	}, out)
}

// RemoveIndicators takes an installed set out.
func (c *Client) RemoveIndicators(ctx context.Context, id string) error {
	return c.json(ctx, call{method: http.MethodDelete, path: "/indicators/" + part(id)}, nil)
}
