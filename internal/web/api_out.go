package web

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/amparo-project/amparo/internal/fault"

	"github.com/danielgtaylor/huma/v2"

	"github.com/amparo-project/amparo/internal/account/concern"
	"github.com/amparo-project/amparo/internal/account/publish"
	"github.com/amparo-project/amparo/internal/bagit"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/exhibit"
	"github.com/amparo-project/amparo/internal/limit"
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
	// PublicPage says how a public page is to be made.
	PublicPage struct {
		Title     string `json:"title" minLength:"1" maxLength:"400"`
		Publisher string `json:"publisher" minLength:"1" maxLength:"400"`
		Label     string `json:"label,omitempty" maxLength:"400"`
		On        string `json:"on,omitempty" format:"date" doc:"the day as of which it tells; without it: today"`
	}
	previewBody struct {
		InCase
		Body struct {
			PublicPage
			Documents []publicDocument `json:"documents,omitempty" maxItems:"10000" doc:"files that will come with publish-documents"`
		}
	}
	publicDocument struct {
		SHA256 string `json:"sha256" pattern:"^[0-9a-f]{64}$"`
		Bytes  int64  `json:"bytes" minimum:"0" maximum:"268435456"`
	}
	publicBody struct {
		InCase
		Body struct {
			PublicPage
			Pack string `json:"pack,omitempty" enum:"zip,tar" default:"zip" doc:"a tar archive begins with published.json: what was recorded"`
		}
	}
	publicAnswer struct {
		Facts    []publish.Fact      `json:"facts" doc:"every one that becomes public"`
		Withheld []casework.Withheld `json:"withheld"`
		Faults   []concern.Fault     `json:"faults" doc:"rules that could not be used"`
	}
)

// out hands out what leaves a case: an exhibit, the public page.
func (a *api) out() {
	add(a, ScopeExport, http.MethodPost, "/cases/{case}/publication/preview", "preview-publication", "What would be public of a case, and what not; nothing is written",
		func(ctx context.Context, _ *examine.Space, in *previewBody) (publicAnswer, error) {
			c := callerOf(ctx)
			p, err := c.publication(in.Case, in.Body.fields(), func(want map[string]bool) (map[string][]byte, error) {
				will, left := map[string][]byte{}, int64(maxPublicFiles)
				for _, d := range in.Body.Documents {
					if left -= d.Bytes; left < 0 {
						return nil, &http.MaxBytesError{Limit: maxPublicFiles}
					}
					if want[d.SHA256] {
						will[d.SHA256] = make([]byte, d.Bytes) // their size is told, and nothing else of them
					}
				}
				return will, nil
			})
			if err != nil {
				return publicAnswer{}, err
			}
			return publicAnswer{
				append([]publish.Fact{}, p.Site.Facts...), append([]casework.Withheld{}, p.Withheld(c.words())...), append([]concern.Fault{}, p.Faults...),
			}, nil
		})
	packed(a, http.MethodPost, "/cases/{case}/publication", "publish", "Publish the page of a case: it is recorded, and the site is the answer", "",
		func(ctx context.Context, c *caller, in *publicBody, begin func(kind string) io.Writer) error {
			return c.publishAs(ctx, in.Case, in.Body.fields(), in.Body.Pack, nil, begin)
		})
	packed(a, http.MethodPost, "/cases/{case}/publication/documents", "publish-documents",
		"Publish with documents: an archive whose first file, publication.json, is what publish takes; the others are published where they are marked public, known by their hash", tarType,
		func(ctx context.Context, c *caller, in *InCase, begin func(kind string) io.Writer) error {
			page, given, err := c.publicFiles()
			if err != nil {
				return err
			}
			return c.publishAs(ctx, in.Case, page.fields(), bagit.Tar, given, begin)
		})
	packed(a, http.MethodPost, "/cases/{case}/exhibits", "make-exhibit",
		"Take an exhibit out of a case, as far as consents let the recipient have it: a bag; what is left out, and why, is in its data/left-out.json", "",
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

func (p *PublicPage) fields() fields {
	return fields{"title": {p.Title}, "publisher": {p.Publisher}, "label": {p.Label}, "on": {p.On}}
}

// publishAs publishes and writes the site in a format.
func (c *caller) publishAs(ctx context.Context, caseID string, f fields, pack string, given map[string][]byte, begin func(kind string) io.Writer) (err error) {
	p, err := c.publication(caseID, f, func(want map[string]bool) (map[string][]byte, error) {
		out := map[string][]byte{}
		for sum, data := range given {
			if want[sum] {
				out[sum] = data
			}
		}
		return out, nil
	})
	if err != nil {
		return err
	}
	dir, err := c.space.TempDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if pack == bagit.Tar {
		return p.SendTar(ctx, dir, func() io.Writer { return begin(tarType) })
	}
	return p.Send(ctx, dir, func(casework.Published, int64) io.Writer { return begin(packType[bagit.Zip]) })
}

// publicFiles reads what publish-documents takes.
func (c *caller) publicFiles() (page PublicPage, given map[string][]byte, err error) {
	t, left := tar.NewReader(http.MaxBytesReader(c.w, c.stream, maxPublicFiles)), int64(maxPublicFiles)
	for given = map[string][]byte{}; ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return page, given, nil
		}
		if err != nil {
			return page, nil, badRequest{err}
		}
		data, err := limit.ReadAll(t, left)
		if err != nil {
			return page, nil, err
		}
		left -= int64(len(data))
		switch {
		case page.Title != "":
			given[fmt.Sprintf("%x", sha256.Sum256(data))] = data
		case h.Name != "publication.json" || json.Unmarshal(data, &page) != nil || page.Title == "":
			return page, nil, badRequest{errors.New("the archive does not begin with publication.json")}
		}
	}
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
// takes is the type of a body that is no JSON, or "".
func packed[I any](a *api, method, path, id, summary, takes string, fn func(ctx context.Context, c *caller, in *I, begin func(kind string) io.Writer) error) {
	o := operation(ScopeExport, method, path, id, summary)
	o.Responses = map[string]*huma.Response{"200": {Description: "an archive, or the file that was asked for", Content: map[string]*huma.MediaType{"application/zip": {}, tarType: {}, bytesType: {}}}}
	if takes != "" {
		o.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{takes: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}
	}
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
				a.s.o.Log.WarnContext(ctx, "archive broke off", "operation", id, fault.Kind(err))
				panic(http.ErrAbortHandler) // who reads must not take it for whole
			}
		}}, nil
	})
}
