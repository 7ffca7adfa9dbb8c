// Package publish makes the public page of a case: a static site in both
// languages without scripts, that loads nothing from elsewhere. What it says
// is what was marked public, numbers that tell of nobody, and the ledger's
// checkpoint.
//
// Build is a pure function: the same input gives the same bytes. It lists
// every fact that it makes public, for a human to read before.
package publish

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"html/template"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/feeds"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/message"
)

//go:embed page
var files embed.FS

var pageTemplate = template.Must(template.ParseFS(files, "page/page.html"))

// Input is all that a page is made of.
type Input struct {
	Workspace, Case string // identifiers, for the feeds
	Title           string
	Publisher       string
	Label           string // said at the top; of a demonstration: that it is one
	On              time.Time
	Record          *clock.Record
	Terms           *term.Set
	Numbers         Numbers
	Named           []Person // with their names, as they consented
	Concerns        []Tally
	Safeguards      []Tally
	Documents       map[string][]byte // by SHA-256
	Checkpoint      []byte
	LedgerKey       string
	LedgerSize      int64
}

// A Tally is what a concern or a condition counts to.
type Tally struct {
	Text   term.Text
	People []string // to whom a concern applies, each once; nil for a condition
	N      int      // of a condition: how often
}

// Site is a page with its files, and every fact that they make public.
type Site struct {
	Files map[string][]byte // by path with slashes
	Facts []Fact
}

// A Fact is one thing that becomes public.
type Fact struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// Build makes the site. lang is the language of Facts.
func Build(in *Input, lang string) (*Site, error) {
	style, err := files.ReadFile("page/style.css")
	if err != nil {
		return nil, err
	}
	site := &Site{Files: map[string][]byte{
		"style.css": style, "ledger.vkey": []byte(in.LedgerKey + "\n"), "checkpoint": in.Checkpoint,
	}}
	standing := in.Record.Open().At(in.On, in.Terms)
	for _, l := range message.Languages {
		v := newView(in, standing, message.New(l), site)
		var page bytes.Buffer
		if err := pageTemplate.ExecuteTemplate(&page, "page.html", v); err != nil {
			return nil, fmt.Errorf("page: %w", err)
		}
		site.Files[pageName(l)] = page.Bytes()
		if l == lang {
			site.Facts = v.facts
		}
		o := feeds.Options{Workspace: in.Workspace, Case: in.Case, Printer: message.New(l)}
		var atom, ics bytes.Buffer
		if err := feeds.Atom(&atom, standing, o, true); err != nil {
			return nil, err
		}
		if err := feeds.ICS(&ics, standing, o); err != nil {
			return nil, err
		}
		site.Files["feed."+l+".xml"], site.Files["terms."+l+".ics"] = atom.Bytes(), ics.Bytes()
	}
	return site, nil
}

// pageName is the file of a language: English is what a folder opens with.
func pageName(lang string) string {
	if lang == "en" {
		return "index.html"
	}
	return lang + ".html"
}

// Manifest lists files with their SHA-256, as sha256sum -c reads it.
func Manifest(files map[string][]byte) []byte {
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(files[name]), name)
	}
	return b.Bytes()
}

// documentEndings are the kinds of files that are published under their own
// ending: none that a browser runs.
var documentEndings = []string{".pdf", ".txt", ".png", ".jpg", ".jpeg", ".csv", ".docx", ".xlsx", ".odt", ".eml", ".zip"}

// documentFile is the name under which a document is published.
func documentFile(name, sum string) string {
	ending := strings.ToLower(path.Ext(name))
	if !slices.Contains(documentEndings, ending) {
		ending = ".bin"
	}
	return "documents/" + sum + ending
}
