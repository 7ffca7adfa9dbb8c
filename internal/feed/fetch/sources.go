package fetch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/limit"
)

// errUnchanged says that a server has nothing newer.
var errUnchanged = errors.New("unchanged")

// fetched is content on its way: body gives it, and etag and modified name its
// version for the next time. They are good once body was read.
type fetched struct {
	body           io.Reader
	etag, modified string
	close          func()
}

// open asks the server of a source. errUnchanged: the entry holds it already.
func (c *Client) open(ctx context.Context, s *feed.Source, e *feed.Entry) (*fetched, error) {
	header, err := c.header(s)
	if err != nil {
		return nil, err
	}
	switch s.Kind {
	case feed.TAXII:
		return c.pages(ctx, func(ctx context.Context, p *page) error { return c.taxii(ctx, s, header, p) }), nil
	case feed.MISP:
		return c.pages(ctx, func(ctx context.Context, p *page) error { return c.misp(ctx, s, header, p) }), nil
	case feed.MISPFeed:
		return c.mispFeed(ctx, s, e, header)
	}
	a, err := c.conditional(ctx, s.Address, e, header)
	if err != nil {
		return nil, err
	}
	return &fetched{body: a.body, etag: a.header.Get("ETag"), modified: a.header.Get("Last-Modified"), close: a.close}, nil
}

// conditional asks for a file, unless it is the version that e has.
func (c *Client) conditional(ctx context.Context, address string, e *feed.Entry, header map[string]string) (*answer, error) {
	if e.Current() != nil {
		if e.ETag != "" {
			header["If-None-Match"] = e.ETag
		}
		if e.Modified != "" {
			header["If-Modified-Since"] = e.Modified
		}
	}
	a, err := c.do(ctx, http.MethodGet, address, "", header)
	if err != nil {
		return nil, err
	}
	if a.status == http.StatusNotModified {
		a.close()
		return nil, errUnchanged
	}
	if err := a.good(); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

// A page is one of several answers of a server that are one feed together.
type page struct {
	n    int    // from 1
	next string // what the server calls the next one
	done bool
	text []byte
}

// maxPage bounds one page in bytes: it must be at hand as a whole.
const maxPage = 48 * limit.MiB

// pages gives the pages of a server as one JSON list. An error of one ends the
// feed there, and with it the whole: a part is no version.
func (c *Client) pages(ctx context.Context, next func(context.Context, *page) error) *fetched {
	r, w := io.Pipe()
	ctx, cancel := context.WithCancel(ctx)
	go func() { w.CloseWithError(c.writePages(ctx, w, next)) }()
	return &fetched{body: r, close: func() { cancel(); _ = r.Close() }}
}

func (c *Client) writePages(ctx context.Context, w io.Writer, next func(context.Context, *page) error) error {
	p := &page{}
	sep := "["
	for total := int64(0); !p.done; {
		if p.n++; p.n > maxPages {
			return fmt.Errorf("%w: more than %d pages", ErrTooLarge, maxPages)
		}
		if err := next(ctx, p); err != nil {
			return fmt.Errorf("page %d: %w", p.n, err)
		}
		if total += int64(len(p.text)); total > c.o.Max {
			return ErrTooLarge
		}
		if len(p.text) == 0 {
			continue
		}
		if _, err := io.WriteString(w, sep); err != nil {
			return err
		}
		if _, err := w.Write(p.text); err != nil {
			return err
		}
		sep = ",\n"
	}
	if sep == "[" {
		_, err := io.WriteString(w, "[]")
		return err
	}
	_, err := io.WriteString(w, "]\n")
	return err
}

// read reads one answer as a whole.
func (c *Client) read(a *answer) ([]byte, error) {
	defer a.close()
	if err := a.good(); err != nil {
		return nil, err
	}
	return limit.ReadAll(a.body, maxPage)
}

// taxii reads a page of a collection
// (https://docs.oasis-open.org/cti/taxii/v2.1/os/taxii-v2.1-os.html, 5.4).
func (c *Client) taxii(ctx context.Context, s *feed.Source, header map[string]string, p *page) error {
	u, err := url.Parse(s.Address)
	if err != nil {
		return err
	}
	if !strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/objects") {
		u.Path = strings.TrimRight(u.Path, "/") + "/objects/"
	}
	q := u.Query()
	q.Set("limit", "1000")
	if p.next != "" {
		q.Set("next", p.next)
	}
	u.RawQuery = q.Encode()
	header["Accept"] = "application/taxii+json;version=2.1"
	a, err := c.do(ctx, http.MethodGet, u.String(), "", header)
	if err != nil {
		return err
	}
	text, err := c.read(a)
	if err != nil {
		return err
	}
	var envelope struct {
		More    bool            `json:"more"`
		Next    string          `json:"next"`
		Objects json.RawMessage `json:"objects"`
	}
	if err := json.Unmarshal(text, &envelope); err != nil {
		return fmt.Errorf("%w: no envelope of TAXII 2.1: %w", limit.ErrCorrupt, err)
	}
	if envelope.More && (envelope.Next == "" || envelope.Next == p.next) {
		return fmt.Errorf("%w: more objects are promised, and nothing says where", limit.ErrCorrupt)
	}
	p.next, p.done, p.text = envelope.Next, !envelope.More, nil
	if len(envelope.Objects) > 0 {
		p.text = slices.Concat([]byte(`{"type":"bundle","objects":`), envelope.Objects, []byte("}"))
	}
	return nil
}

// mispPage is how many attributes are asked for at once.
const mispPage = 5000

// misp reads a page of a search for attributes
// (https://www.misp-project.org/openapi/#tag/Attributes/operation/restSearchAttributes).
func (c *Client) misp(ctx context.Context, s *feed.Source, header map[string]string, p *page) error {
	address := strings.TrimRight(s.Address, "/")
	if !strings.HasSuffix(address, "/attributes/restSearch") {
		address += "/attributes/restSearch"
	}
	ask := map[string]any{
		"returnFormat": "json", "page": p.n, "limit": mispPage, "to_ids": 1, "deleted": 0, "includeEventTags": 1, "includeContext": 1,
	}
	if len(s.Tags) > 0 {
		ask["tags"] = s.Tags
	}
	body, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	header["Accept"], header["Content-Type"] = "application/json", "application/json"
	a, err := c.do(ctx, http.MethodPost, address, string(body), header)
	if err != nil {
		return err
	}
	text, err := c.read(a)
	if err != nil {
		return err
	}
	var found struct {
		Response struct {
			Attribute []json.RawMessage `json:"Attribute"`
		} `json:"response"`
	}
	if err := json.Unmarshal(text, &found); err != nil {
		return fmt.Errorf("%w: no answer of MISP: %w", limit.ErrCorrupt, err)
	}
	n := len(found.Response.Attribute)
	p.done, p.text = n < mispPage, nil
	if n > 0 {
		p.text = text
	}
	return nil
}

var eventID = regexp.MustCompile(`^[0-9a-fA-F-]{36}$`)

// mispFeed reads a feed as MISP publishes it: manifest.json names its events
// (https://www.misp-project.org/feeds/).
func (c *Client) mispFeed(ctx context.Context, s *feed.Source, e *feed.Entry, header map[string]string) (*fetched, error) {
	base := strings.TrimSuffix(strings.TrimRight(s.Address, "/"), "/manifest.json")
	a, err := c.conditional(ctx, base+"/manifest.json", e, header)
	if err != nil {
		return nil, err
	}
	delete(header, "If-None-Match")
	delete(header, "If-Modified-Since")
	etag, modified := a.header.Get("ETag"), a.header.Get("Last-Modified")
	text, err := c.read(a)
	if err != nil {
		return nil, err
	}
	var manifest map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimSpace(text), &manifest); err != nil {
		return nil, fmt.Errorf("%w: manifest.json: %w", limit.ErrCorrupt, err)
	}
	var events []string
	for id := range manifest {
		if eventID.MatchString(id) { // it becomes part of an address
			events = append(events, id)
		}
	}
	if len(events) == 0 || len(events) > maxEvents {
		return nil, fmt.Errorf("%w: manifest.json names %d events", limit.ErrCorrupt, len(events))
	}
	slices.Sort(events)
	f := c.pages(ctx, func(ctx context.Context, p *page) error {
		a, err := c.do(ctx, http.MethodGet, base+"/"+events[p.n-1]+".json", "", header)
		if err != nil {
			return err
		}
		if p.text, err = c.read(a); err == nil && !json.Valid(p.text) {
			err = fmt.Errorf("%w: event %s", limit.ErrCorrupt, events[p.n-1])
		}
		p.done = p.n == len(events)
		return err
	})
	f.etag, f.modified = etag, modified
	return f, nil
}
