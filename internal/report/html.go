package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/message"
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
	rules, err := rulesOf(&res.Run)
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
	var b bytes.Buffer
	if err := page.Execute(&b, p); err != nil {
		return fmt.Errorf("make the page: %w", err)
	}
	return WriteVisible(w, b.Bytes())
}

// WriteVisible writes the page with every hidden character named, whichever
// field it came by. Values are made visible where the view is built; this is
// for the one that was forgotten, or that only a forged result folder has.
func WriteVisible(w io.Writer, page []byte) error {
	for len(page) > 0 {
		i := bytes.IndexFunc(page, func(r rune) bool { return hidden(r) && r != '\n' && r != '\t' })
		if i < 0 {
			i = len(page)
		}
		if _, err := w.Write(page[:i]); err != nil {
			return err
		}
		if page = page[i:]; len(page) == 0 {
			break
		}
		_, n := utf8.DecodeRune(page)
		if _, err := io.WriteString(w, visible(string(page[:n]))); err != nil {
			return err
		}
		page = page[n:]
	}
	return nil
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
