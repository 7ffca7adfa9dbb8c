package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/danielgtaylor/huma/v2"

	"github.com/amparo-project/amparo/internal/account/publish"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/exhibit"
	"github.com/amparo-project/amparo/internal/message"
)

type (
	exhibitBody struct {
		InCase
		Body struct {
			Subject  string   `json:"subject" minLength:"1" maxLength:"20" doc:"the case, or an evidence or finding of it"`
			For      string   `json:"for" minLength:"1" maxLength:"200" doc:"as consents name them, or the id of the person"`
			Evidence string   `json:"evidence,omitempty" enum:"all,needed,none" default:"needed"`
			Formats  []string `json:"formats,omitempty" maxItems:"7" doc:"of reports"`
		}
	}
	publicBody struct {
		InCase
		Body struct {
			Title     string `json:"title" minLength:"1" maxLength:"400"`
			Publisher string `json:"publisher" minLength:"1" maxLength:"400"`
			Label     string `json:"label,omitempty" maxLength:"400"`
		}
	}
	publicAnswer struct {
		Facts    []publish.Fact      `json:"facts" doc:"every one that becomes public"`
		Withheld []casework.Withheld `json:"withheld"`
	}
)

// out hands out what leaves a case: an exhibit, the public page.
func (a *api) out() {
	add(a, ScopeExport, http.MethodPost, "/cases/{case}/publication/preview", "preview-publication", "What would be public of a case, and what not; nothing is written",
		func(ctx context.Context, _ *examine.Space, in *publicBody) (publicAnswer, error) {
			c := callerOf(ctx)
			p, err := c.publication(in.Case, in.fields(), nil)
			if err != nil {
				return publicAnswer{}, err
			}
			return publicAnswer{append([]publish.Fact{}, p.Site.Facts...), append([]casework.Withheld{}, p.Withheld(c.words())...)}, nil
		})
	zipped(a, http.MethodPost, "/cases/{case}/publication", "publish", "Publish the page of a case: it is recorded, and the site is the answer, as a zip",
		func(ctx context.Context, c *caller, in *publicBody, begin func() io.Writer) (err error) {
			p, err := c.publication(in.Case, in.fields(), nil)
			if err != nil {
				return err
			}
			dir, err := c.space.TempDir()
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
			return p.Send(ctx, dir, func(casework.Published, int64) io.Writer { return begin() })
		})
	zipped(a, http.MethodPost, "/cases/{case}/exhibits", "make-exhibit", "Take an exhibit out of a case, as far as consents let the recipient have it: a bag, as a zip",
		func(ctx context.Context, c *caller, in *exhibitBody, begin func() io.Writer) error {
			if err := c.ofCase(in.Case, in.Body.Subject); err != nil {
				return err
			}
			r := exhibit.Request{Subject: in.Body.Subject, Recipient: in.Body.For, Evidence: in.Body.Evidence, Formats: in.Body.Formats, Languages: message.Languages}
			return casework.SendExhibit(ctx, c.space, r, a.s.o.Version, func(exhibit.Done) io.Writer { return begin() })
		})
}

func (in *publicBody) fields() fields {
	return fields{"title": {in.Body.Title}, "publisher": {in.Body.Publisher}, "label": {in.Body.Label}}
}

// zipped puts an operation into the API that answers with a zip. What goes wrong
// before begin was called is a problem; afterwards the zip has no end.
func zipped[I any](a *api, method, path, id, summary string, fn func(ctx context.Context, c *caller, in *I, begin func() io.Writer) error) {
	o := operation(ScopeExport, method, path, id, summary)
	o.Responses = map[string]*huma.Response{"200": {Description: "a zip", Content: map[string]*huma.MediaType{"application/zip": {}}}}
	huma.Register(a, o, func(ctx context.Context, in *I) (*file, error) {
		c := callerOf(ctx)
		r, w := io.Pipe()
		started, done := make(chan struct{}), make(chan error, 1)
		go func() {
			err := fn(ctx, c, in, func() io.Writer { close(started); return w })
			_ = w.CloseWithError(err) // nil: the end
			done <- err
		}()
		select {
		case err := <-done: // it ended before its first byte
			return nil, c.problem(err)
		case <-started:
		}
		return &file{"application/zip", func(hc huma.Context) {
			_, err := io.Copy(hc.BodyWriter(), r)
			_ = r.CloseWithError(err) // who makes it stops
			if err = errors.Join(err, <-done); err != nil {
				a.s.o.Log.WarnContext(ctx, "zip broke off", "operation", id, "type", fmt.Sprintf("%T", err))
			}
		}}, nil
	})
}
