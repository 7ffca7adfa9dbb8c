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
	"github.com/amparo-project/amparo/internal/bagit"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/exhibit"
	"github.com/amparo-project/amparo/internal/message"
)

type (
	exhibitBody struct {
		InCase
		Body struct {
			Subject   string   `json:"subject" minLength:"1" maxLength:"20" doc:"the case, or an evidence or finding of it"`
			Run       string   `json:"run,omitempty" maxLength:"20" doc:"without it the latest of each evidence"`
			For       string   `json:"for" minLength:"1" maxLength:"200" doc:"as consents name them, or the id of the person"`
			Evidence  string   `json:"evidence,omitempty" enum:"all,needed,none" default:"needed"`
			Formats   []string `json:"formats,omitempty" maxItems:"7" doc:"of reports"`
			Languages []string `json:"languages,omitempty" maxItems:"2" enum:"en,es" doc:"of reports and instructions; without it all"`
			Password  string   `json:"password,omitempty" maxLength:"65536" doc:"of an encrypted backup: files of it go along in clear too"`
			Pack      string   `json:"pack,omitempty" enum:"zip,tar" default:"zip"`
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
	packed(a, http.MethodPost, "/cases/{case}/publication", "publish", "Publish the page of a case: it is recorded, and the site is the answer, as a zip",
		func(ctx context.Context, c *caller, in *publicBody, begin func(kind string) io.Writer) (err error) {
			p, err := c.publication(in.Case, in.fields(), nil)
			if err != nil {
				return err
			}
			dir, err := c.space.TempDir()
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
			return p.Send(ctx, dir, func(casework.Published, int64) io.Writer { return begin(packType[bagit.Zip]) })
		})
	packed(a, http.MethodPost, "/cases/{case}/exhibits", "make-exhibit",
		"Take an exhibit out of a case, as far as consents let the recipient have it: a bag; what is left out, and why, is in its data/left-out.json",
		func(ctx context.Context, c *caller, in *exhibitBody, begin func(kind string) io.Writer) error {
			b := &in.Body
			if err := c.ofCase(in.Case, b.Subject); err != nil {
				return err
			}
			r := exhibit.Request{Subject: b.Subject, Run: b.Run, Recipient: b.For, Evidence: b.Evidence, Formats: b.Formats, Languages: b.Languages}
			if len(r.Languages) == 0 {
				r.Languages = message.Languages
			}
			from := casework.ExhibitSpace(c.space, a.s.o.Version, func(string) evidence.OpenOptions { return openWith(b.Password) })
			return casework.PackExhibit(ctx, from, c.space, r, b.Pack, func(exhibit.Done) io.Writer { return begin(packType[b.Pack]) })
		})
}

func (in *publicBody) fields() fields {
	return fields{"title": {in.Body.Title}, "publisher": {in.Body.Publisher}, "label": {in.Body.Label}}
}

// packType is the type of an archive.
var packType = map[string]string{bagit.Zip: "application/zip", bagit.Tar: tarType}

// openWith opens evidence by a password, or by none.
func openWith(password string) (o evidence.OpenOptions) {
	if password != "" {
		o.Password = func(context.Context) (string, error) { return password, nil }
	}
	return o
}

// packed puts an operation into the API that answers with an archive. What goes
// wrong before begin was called is a problem; afterwards the archive has no end.
func packed[I any](a *api, method, path, id, summary string, fn func(ctx context.Context, c *caller, in *I, begin func(kind string) io.Writer) error) {
	o := operation(ScopeExport, method, path, id, summary)
	o.Responses = map[string]*huma.Response{"200": {Description: "an archive", Content: map[string]*huma.MediaType{"application/zip": {}, tarType: {}}}}
	huma.Register(a, o, func(ctx context.Context, in *I) (*file, error) {
		c := callerOf(ctx)
		r, w := io.Pipe()
		started, done := make(chan string, 1), make(chan error, 1)
		go func() {
			err := fn(ctx, c, in, func(kind string) io.Writer { started <- kind; return w })
			_ = w.CloseWithError(err) // nil: the end
			done <- err
		}()
		kind := ""
		select {
		case err := <-done: // it ended before its first byte
			return nil, c.problem(err)
		case kind = <-started:
		}
		return &file{kind, func(hc huma.Context) {
			_, err := io.Copy(hc.BodyWriter(), r)
			_ = r.CloseWithError(err) // who makes it stops
			if err = errors.Join(err, <-done); err != nil {
				a.s.o.Log.WarnContext(ctx, "archive broke off", "operation", id, "type", fmt.Sprintf("%T", err))
				panic(http.ErrAbortHandler) // who reads must not take it for whole
			}
		}}, nil
	})
}
