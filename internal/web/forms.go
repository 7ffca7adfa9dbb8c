package web

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"mime/multipart"
	"slices"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/clock"
)

// V is the value of a field, for templates.
func (f fields) V(name string) string { return f.get(name) }

// Is reports whether a field has a value, among others.
func (f fields) Is(name, value string) bool { return slices.Contains(f[name], value) }

// choiceLine is one thing that can be chosen.
type choiceLine struct{ Value, Text string }

// choices are values with their texts; before, where it is set, is what is
// chosen at first and means nothing.
func (q *request) choices(prefix string, values []string, before ...choiceLine) []choiceLine {
	out := slices.Clone(before)
	for _, v := range values {
		out = append(out, choiceLine{v, q.Or(prefix, v)})
	}
	return out
}

// control is a labelled part of a form.
type control struct {
	ID, Name, Label, Hint, Value, Type, Optional string
	Required                                     bool
	Max                                          int
	Options                                      []choiceLine
}

// prefixOfIDs is a field that nobody sends: what parts of a form are called on a
// page that has several.
const prefixOfIDs = "\x00id"

// textLimit bounds what is typed into one line, in characters.
const textLimit = 400

// field makes a control: its label is the message id, its hint that with
// "_hint". kind is "text", "date", "area", "file", or "" for text; how is
// "required" or "".
func field(v *view, f fields, name, id, kind, how string) control {
	c := control{ID: f.get(prefixOfIDs) + name, Name: name, Label: v.Text(id), Value: f.get(name), Type: kind, Required: how == "required", Max: textLimit}
	if kind == "" {
		c.Type = "text"
	}
	if v.Has(id + "_hint") {
		c.Hint = v.Text(id + "_hint")
	}
	if !c.Required {
		c.Optional = v.Text("web.optional")
	}
	return c
}

// choice makes a control with a list to choose from.
func choice(v *view, f fields, name, id string, options []choiceLine) control {
	c := field(v, f, name, id, "", "required")
	c.Required, c.Options = false, options
	return c
}

// read reads a form with files, of which hashes are kept and nothing else.
func (q *request) readForm() (fields, []hashed, error) {
	f := fields{}
	var files []hashed
	err := q.parts(maxSignedForm, f, func(p *multipart.Part) error {
		h := sha256.New()
		n, err := io.Copy(h, p)
		if err == nil && n > 0 {
			files = append(files, hashed{p.FormName(), fileName(p.FileName()), hex.EncodeToString(h.Sum(nil)), n})
		}
		return err
	})
	return f, files, err
}

// hashed is a file that was brought and not kept.
type hashed struct {
	field, name, sum string
	size             int64
}

// sourceOf is the source that a form names.
func sourceOf(f fields, files []hashed) (s account.Source, err error) {
	s = account.Source{Title: f.get("source"), URL: f.get("url"), Evidence: f.get("evidence"), Quote: f.get("quote")}
	if s.Date, err = account.ParseDate(f.get("source_date")); err != nil {
		return s, err
	}
	for _, u := range files {
		if u.field == "archived" {
			s.Archived = u.sum
		}
	}
	return s, nil
}

// documentsOf are the documents of a form.
func documentsOf(files []hashed) []clock.Document {
	var out []clock.Document
	for _, u := range files {
		if u.field == "document" || u.field == "public_document" {
			out = append(out, clock.Document{Name: u.name, SHA256: u.sum, Size: u.size, Public: u.field == "public_document"})
		}
	}
	return out
}
