package report

import (
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/rule"
)

// Options says how a report is made.
type Options struct {
	Lang string // the language that shows first; the other is in the page too
}

//go:embed html/page.html
var pageHTML string

//go:embed html/style.css
var styleCSS string

//go:embed html/zoom.js
var zoomJS string

var page = template.Must(template.New("page").Parse(pageHTML))

// HTML writes the report as one self-contained page in all languages of the
// catalogue. It loads nothing, and its policy lets a browser run and apply
// nothing but its own script and style.
func HTML(w io.Writer, res *Result, o Options) error {
	rules, err := rule.Builtin()
	if err != nil {
		return err
	}
	first := message.New(o.Lang)
	p := struct {
		Lang, Title, Policy string
		Style               template.CSS
		Script              template.JS
		Views               []*view
	}{
		Lang: first.Lang(), Title: first.Text("html.title"), Policy: policy(),
		Style: template.CSS(styleCSS), Script: template.JS(zoomJS), //nolint:gosec // constants of this program
	}
	for _, lang := range message.Languages {
		p.Views = append(p.Views, newView(res, message.New(lang), rules))
	}
	return page.Execute(w, p)
}

// policy allows the two inline parts by their hashes, and nothing else.
func policy() string {
	return fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; base-uri 'none'; form-action 'none'",
		hashOf(styleCSS), hashOf(zoomJS))
}

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}
