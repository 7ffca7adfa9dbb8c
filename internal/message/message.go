// Package message is the catalogue of all words that a person sees, in
// English and Spanish. A text that is not here is not shown.
//
// The catalogue lies in catalogue/<area>.<language>.yaml. A test holds both
// languages to the same messages with the same placeholders.
package message

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"go.yaml.in/yaml/v3"
	"golang.org/x/sync/errgroup"
	"golang.org/x/text/language"
)

//go:embed catalogue/*.yaml
var catalogue embed.FS

// Languages lists the languages of the catalogue, as BCP 47 tags.
var Languages = []string{"en", "es"}

// bundles are read when a language is first asked for: most commands speak one.
var bundles = map[string]func() (*i18n.Bundle, error){
	"en": sync.OnceValues(func() (*i18n.Bundle, error) { return load("en") }),
	"es": sync.OnceValues(func() (*i18n.Bundle, error) { return load("es") }),
}

// load reads the files of one language, side by side: every command waits for
// them.
func load(lang string) (*i18n.Bundle, error) {
	files, err := fs.Glob(catalogue, "catalogue/*."+lang+".yaml")
	if err != nil {
		return nil, err
	}
	forms := map[string]i18n.UnmarshalFunc{"yaml": yaml.Unmarshal}
	parsed := make([]*i18n.MessageFile, len(files))
	var g errgroup.Group
	for i, name := range files {
		g.Go(func() error {
			raw, err := catalogue.ReadFile(name)
			if err != nil {
				return err
			}
			if parsed[i], err = i18n.ParseMessageFileBytes(raw, name, forms); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	b := i18n.NewBundle(language.Make(lang))
	for _, f := range parsed {
		if err := b.AddMessages(f.Tag, f.Messages...); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return b, nil
}

// A Printer gives texts in one language. It may be used by several goroutines.
type Printer struct {
	lang      string
	localizer *i18n.Localizer
}

// New returns the printer for a language of Languages; any other language
// gives English. It panics on a broken catalogue, which a test excludes.
func New(lang string) *Printer {
	if lang != "es" {
		lang = "en"
	}
	b, err := bundles[lang]()
	if err != nil {
		panic(err)
	}
	return &Printer{lang, i18n.NewLocalizer(b, lang)}
}

// Lang returns the BCP 47 tag of p's language.
func (p *Printer) Lang() string { return p.lang }

// Text returns the message with the given id. Pairs are placeholder names and
// their values in turn: Text("cli.checked", "Path", path). A message that is
// missing is a mistake in the program and panics, so that tests find it.
func (p *Printer) Text(id string, pairs ...any) string {
	return p.localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data(pairs)})
}

// Count is Text for a message with plural forms; the message has the number
// as {{.Count}}, grouped by thousands.
func (p *Printer) Count(id string, n int64, pairs ...any) string {
	d := data(pairs)
	d["Count"] = p.Number(n)
	// The catalogue has two forms. CLDR has a third for Spanish, from a million
	// on, which differs only where "de" would follow a number that is spelt out.
	form := int64(2)
	if n == 1 {
		form = 1
	}
	return p.localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: d, PluralCount: form})
}

// Or is Text for an id that ends in a value from elsewhere; a value that the
// catalogue does not know stands for itself.
func (p *Printer) Or(prefix, value string) string {
	if id := prefix + value; p.Has(id) {
		return p.Text(id)
	}
	return value
}

// Has reports whether the catalogue holds the message.
func (p *Printer) Has(id string) bool {
	_, err := p.localizer.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: map[string]any{}})
	return err == nil
}

func (p *Printer) localize(c *i18n.LocalizeConfig) string {
	s, err := p.localizer.Localize(c)
	if err != nil {
		panic(fmt.Sprintf("message %s in %s: %v", c.MessageID, p.lang, err))
	}
	return s
}

func data(pairs []any) map[string]any {
	m := make(map[string]any, len(pairs)/2+1)
	for i := 0; i+1 < len(pairs); i += 2 {
		m[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return m
}

// Number writes n with its thousands grouped as the language does: by a comma
// in English, by a thin space in Spanish.
func (p *Printer) Number(n int64) string {
	sep := ","
	if p.lang == "es" {
		sep = "\u202f"
	}
	s := fmt.Sprint(n)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + sep + s[i:]
	}
	if neg {
		s = "-" + s
	}
	return s
}

// FromEnvironment returns the language that the user's locale asks for: of
// LC_ALL, LC_MESSAGES and LANG the first that is set.
func FromEnvironment() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if strings.HasPrefix(strings.ToLower(v), "es") {
				return "es"
			}
			return "en"
		}
	}
	return "en"
}
