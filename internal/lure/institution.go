package lure

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/amparo-project/amparo/internal/limit"
)

// Kind says what sort of institution or person a message pretends to be.
type Kind string

// Kinds lists the kinds; the catalogue names them under "lure.kind.<kind>".
var Kinds = []Kind{
	"embassy", "ministry", "court", "police", "tax", "bank", "phone", "courier", "news", "social", "messenger",
	"alert", "ngo", "international", "technology", "shop", "utility", "health", "transport", "colleague", "family",
}

// grave are the kinds whose name alone makes people afraid or obey.
func (k Kind) grave() bool {
	switch k {
	case "embassy", "ministry", "court", "police", "tax", "bank", "alert":
		return true
	}
	return false
}

// institution reports whether a kind is one of institutions, not of persons.
func (k Kind) institution() bool { return k != "colleague" && k != "family" }

// An Institution is somebody whom messages pretend to be.
type Institution struct {
	ID      string `yaml:"id"`
	Kind    Kind   `yaml:"kind"`
	Country string `yaml:"country"` // ISO 3166 alpha-2 in lower case; "" for international ones
	// Names are what it is called, by language; "any" for all of them.
	Names map[string][]string `yaml:"names"`
	// Domains are its own: they and what is below them are never look-alikes.
	Domains []string `yaml:"domains"`
	// Brands are the words by which a look-alike is told. Without them they are
	// the registered labels of Domains of five letters and more.
	Brands []string `yaml:"brands"`
	// Weak are brands that are also ordinary words, names or abbreviations:
	// they need a word of a service beside them ("verify", "account").
	Weak []string `yaml:"weak"`
	// Careful says that its names are ordinary words: they count only where a
	// message begins with them, or where its sender is called so.
	Careful bool `yaml:"careful"`
	// AnySuffix says that it owns its name below most suffixes, so that a
	// changed suffix is no sign.
	AnySuffix bool `yaml:"any_suffix"`
	// Source says where its domains are stated, "" for the file's source.
	Source string `yaml:"source"`
}

// name returns what the institution is called in a language.
func (in *Institution) name(lang string) string {
	for _, key := range []string{lang, "any", "en", "es"} {
		if list := in.Names[key]; len(list) > 0 {
			return list[0]
		}
	}
	return in.ID
}

// Name returns what the institution is called in a language.
func (in *Institution) Name(lang string) string { return in.name(lang) }

var idPattern = regexp.MustCompile(`^[a-z0-9_]{2,60}$`)

// check says what is wrong with an entry.
func (in *Institution) check() error {
	switch {
	case !idPattern.MatchString(in.ID):
		return because(fmt.Errorf("id %q: small letters, digits and low lines", in.ID), "id", in.ID, "id")
	case !slices.Contains(Kinds, in.Kind):
		return because(fmt.Errorf("%s: unknown kind %q", in.ID, in.Kind), "kind", string(in.Kind), "kind")
	case len(in.Names) == 0:
		return because(fmt.Errorf("%s: it has no name", in.ID), "names", in.ID, "names")
	}
	for _, lang := range slices.Sorted(maps.Keys(in.Names)) {
		for i, name := range in.Names[lang] {
			if len(appendWords(nil, name)) == 0 {
				return because(fmt.Errorf("%s: name %q (%s) has no letters", in.ID, name, lang), "name_letters", name, "names", lang, i)
			}
		}
	}
	for i, d := range in.Domains {
		if err := checkDomain(d); err != nil {
			return limit.At(fmt.Errorf("%s: %w", in.ID, err), "domains", i)
		}
	}
	if err := in.checkBrands("brands", in.Brands); err != nil {
		return err
	}
	return in.checkBrands("weak", in.Weak)
}

func (in *Institution) checkBrands(key string, brands []string) error {
	for i, b := range brands {
		if b == "" || foldLabel(b) != b {
			return because(fmt.Errorf("%s: brand %q: small letters and digits", in.ID, b), "brand", b, key, i)
		}
	}
	return nil
}

// because gives an error of a file of institutions the id of its words, the value
// that it quotes, and the way to it.
func because(err error, id, value string, way ...any) error {
	return limit.At(limit.Because(err, "institution_"+id, "Value", value), way...)
}

// checkDomain refuses what is no domain, and public suffixes: whoever listed
// one would call everything below it official.
func checkDomain(d string) error {
	h, ok := parseHost(d)
	switch {
	case !ok || h.name != d:
		return because(fmt.Errorf("domain %q: a host name in small letters", d), "domain", d)
	case governmentSuffix(d):
		return nil
	case h.registered != "":
		return nil
	}
	// The list also has the domains of services that give names away; they are somebody's own.
	if _, icann := publicsuffix.PublicSuffix(d); icann {
		return because(fmt.Errorf("domain %q is a public suffix", d), "suffix", d)
	}
	return nil
}

// brands returns the labels that look-alikes are held against, strong and weak.
func (in *Institution) brands() (strong, weak []string) {
	strong = slices.Clone(in.Brands)
	if in.Brands == nil {
		for _, d := range in.Domains {
			label := registeredLabel(d)
			if len(label) >= 5 && !slices.Contains(in.Weak, label) {
				strong = append(strong, foldLabel(label))
			}
		}
	}
	slices.Sort(strong)
	return slices.Compact(strong), in.Weak
}

// registeredLabel returns the label of a domain before its public suffix, "telcel" of "www.telcel.com".
func registeredLabel(domain string) string {
	r, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		return ""
	}
	label, _, _ := strings.Cut(r, ".")
	return label
}

// errEmpty says that a file of institutions has none.
var errEmpty = limit.Because(errors.New("it holds no institutions"), "institutions_none")
