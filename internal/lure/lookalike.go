package lure

import (
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// likeness is whom a host looks like, and by what.
type likeness struct {
	institution int
	trick       string
}

// The tricks by which a look-alike is made.
const (
	byTypo       = "typo"
	byDigits     = "digits"
	byHomoglyph  = "homoglyph"
	byHyphen     = "hyphen"
	byAddedWord  = "added_word"
	bySuffix     = "suffix"
	bySubdomain  = "subdomain"
	byGovernment = "government"
)

// ownerOf returns the institution that a host belongs to.
func (k *Knowledge) ownerOf(name string) (int, bool) {
	for {
		if i, ok := k.official[name]; ok {
			return i, true
		}
		dot := strings.IndexByte(name, '.')
		if dot < 0 {
			return 0, false
		}
		name = name[dot+1:]
	}
}

// like says whom a host looks like that belongs to nobody known.
func (k *Knowledge) like(h *host) (likeness, bool) {
	if h.registered == "" {
		return likeness{}, false
	}
	label, homoglyph := readable(h.label)
	for _, try := range []func(string, *host) (likeness, bool){k.sameLabel, k.altered, k.withWords} {
		if l, ok := try(label, h); ok {
			if homoglyph {
				l.trick = byHomoglyph
			}
			return l, true
		}
		if homoglyph {
			if l, ok := k.exactly(label); ok {
				return likeness{l, byHomoglyph}, true
			}
		}
	}
	if l, ok := k.inSubdomain(h); ok {
		return l, true
	}
	if asGovernment(label, h) {
		return likeness{-1, byGovernment}, true
	}
	return likeness{}, false
}

// readable decodes a label and makes Latin letters of those that look so. It
// reports whether the label had others.
func readable(label string) (string, bool) {
	if !strings.HasPrefix(label, "xn--") {
		return label, false
	}
	u, err := idna.Punycode.ToUnicode(label)
	if err != nil {
		return label, false
	}
	return foldLabel(u), true
}

// exactly returns the institution whose brand a label is.
func (k *Knowledge) exactly(label string) (int, bool) {
	if i, ok := k.brands.strong[label]; ok {
		return i, true
	}
	if list := k.brands.weak[label]; len(list) > 0 && len(label) >= 4 {
		return list[0], true
	}
	return 0, false
}

// sameLabel is the brand below another suffix, or with hyphens in it.
func (k *Knowledge) sameLabel(label string, h *host) (likeness, bool) {
	joined := strings.ReplaceAll(label, "-", "")
	i, ok := k.brands.strong[joined]
	if !ok {
		return likeness{}, false
	}
	own := k.brands.own[i][label]
	switch {
	case !own && joined != label:
		return likeness{i, byHyphen}, true
	case !own && len(joined) >= 5:
		return likeness{i, byAddedWord}, true // a name that people call it by, and no domain of its own
	}
	if k.brands.anySuffix[i] && !k.service.suffixes[h.suffix] {
		return likeness{}, false
	}
	// The same name in another country is often somebody else's, honestly.
	if k.service.suffixes[h.suffix] || k.ownSuffixChanged(i, h.suffix) {
		return likeness{i, bySuffix}, true
	}
	return likeness{}, false
}

// ownSuffixChanged reports whether a suffix differs from one of the
// institution's own by a country alone: "com.mx" for "com", for an institution
// whose name is worth money or obedience.
func (k *Knowledge) ownSuffixChanged(i int, suffix string) bool {
	switch k.brands.kinds[i] {
	case "bank", "phone", "courier", "social", "messenger", "tax", "embassy", "police", "court", "technology":
	default:
		return false
	}
	for _, d := range k.institutions[i].Domains {
		_, own, _ := strings.Cut(d, ".")
		if strings.HasPrefix(suffix, own+".") && !strings.Contains(own, ".") {
			return true
		}
	}
	return false
}

// altered is a brand with digits for letters, a letter changed, or letters
// that look like another together.
func (k *Knowledge) altered(label string, h *host) (likeness, bool) {
	joined := strings.ReplaceAll(label, "-", "")
	if i, ok := k.undigit(joined); ok {
		return likeness{i, byDigits}, true
	}
	if t := twins.Replace(joined); t != joined {
		if i, ok := k.brands.strong[t]; ok {
			return likeness{i, byHomoglyph}, true
		}
	}
	if brand, ok := k.brands.misspelt(joined); ok && !k.service.filler[joined] && !k.service.core[joined] {
		return likeness{k.brands.strong[brand], byTypo}, true
	}
	parts := strings.Split(label, "-")
	if len(parts) == 1 {
		return likeness{}, false
	}
	for n, part := range parts {
		others := strings.Join(append(append([]string(nil), parts[:n]...), parts[n+1:]...), "-")
		if _, _, service := k.service.only(others); !service {
			continue
		}
		if i, ok := k.undigit(part); ok {
			return likeness{i, byDigits}, true
		}
		if brand, ok := k.brands.misspelt(part); ok && !k.service.filler[part] && !k.service.core[part] {
			return likeness{k.brands.strong[brand], byTypo}, true
		}
	}
	return likeness{}, false
}

// undigit returns the institution whose brand a word with digits spells.
func (k *Knowledge) undigit(s string) (int, bool) {
	if !strings.ContainsAny(s, "0123456789") || len(s) < 4 {
		return 0, false
	}
	for _, r := range []*strings.Replacer{digitLetters, digitOther} {
		t := r.Replace(s)
		if i, ok := k.brands.strong[t]; ok {
			return i, true
		}
		if list := k.brands.weak[t]; len(list) > 0 && len(t) >= 5 {
			return list[0], true
		}
	}
	return 0, false
}

// withWords is a brand with other words around it.
func (k *Knowledge) withWords(label string, h *host) (likeness, bool) {
	parts := strings.Split(label, "-")
	if len(parts) > 1 {
		if i, ok := k.hyphenated(parts); ok {
			return likeness{i, byAddedWord}, true
		}
	}
	joined := strings.ReplaceAll(label, "-", "")
	for cut := len(joined) - 1; cut >= 3; cut-- {
		if i, ok := k.brandWith(joined[:cut], joined[cut:]); ok {
			return likeness{i, byAddedWord}, true
		}
		if i, ok := k.brandWith(joined[len(joined)-cut:], joined[:len(joined)-cut]); ok {
			return likeness{i, byAddedWord}, true
		}
	}
	return likeness{}, false
}

// hyphenated is a brand set apart by hyphens. A strong one needs nothing but
// the hyphen; a weak one a word of a service beside it.
func (k *Knowledge) hyphenated(parts []string) (int, bool) {
	for n, part := range parts {
		if i, ok := k.brands.strong[part]; ok && len(part) >= 5 {
			return i, true
		}
		list := k.brands.weak[part]
		strong, isStrong := k.brands.strong[part]
		if len(list) == 0 && !isStrong {
			continue
		}
		others := strings.Join(append(append([]string(nil), parts[:n]...), parts[n+1:]...), "-")
		core, _, ok := k.service.only(others)
		switch {
		case !ok:
		case isStrong && core > 0:
			return strong, true
		case len(list) > 0 && (core > 0 || len(part) >= 7 && newsWords[others] && k.brands.kinds[list[0]] == "news"):
			return list[0], true
		}
	}
	return 0, false
}

// newsWords beside the name of a newspaper say what it is.
var newsWords = map[string]bool{"news": true, "noticias": true, "noti": true, "online": true, "nota": true}

// brandWith reports whether one part is a strong brand and the rest is put
// together of words of services.
func (k *Knowledge) brandWith(brand, rest string) (int, bool) {
	i, ok := k.brands.strong[brand]
	if !ok || len(brand) < 5 {
		return 0, false
	}
	core, _, only := k.service.only(rest)
	return i, only && (core > 0 || len(brand) >= 7 && len(rest) > 3)
}

// inSubdomain is an official domain, or a brand, before a domain of somebody
// else: "telcel.com.pagos.info".
func (k *Knowledge) inSubdomain(h *host) (likeness, bool) {
	if h.below == "" {
		return likeness{}, false
	}
	labels := strings.Split(h.below, ".")
	for from := range labels {
		for to := from + 2; to <= len(labels); to++ {
			part := strings.Join(labels[from:to], ".")
			if i, ok := k.official[part]; ok {
				return likeness{i, bySubdomain}, true
			}
			if governmentSuffix(part) && strings.Contains(part, ".") && to == len(labels) {
				return likeness{-1, byGovernment}, true
			}
		}
	}
	// A brand alone is a customer's name at many services; with a word of a
	// service around it or beside it, it is not.
	for _, l := range labels {
		l, _ = readable(l)
		if i, ok := k.hyphenated(strings.Split(l, "-")); ok && strings.Contains(l, "-") {
			return likeness{i, bySubdomain}, true
		}
		if i, ok := k.brands.strong[l]; ok && len(l) >= 5 {
			if core, _, only := k.service.only(h.label); only && core > 0 {
				return likeness{i, bySubdomain}, true
			}
		}
	}
	return likeness{}, false
}

// asGovernment is "gob.mx" or "gov" spelt as words of a private name.
func asGovernment(label string, h *host) bool {
	parts := strings.Split(label, "-")
	if len(parts) < 2 {
		return strings.HasSuffix(label, "gobmx") && label != "gobmx"
	}
	for n, part := range parts {
		switch part {
		case "gob", "gobmx", "gouv":
			return true
		case "gov":
			return n == len(parts)-1
		}
	}
	return false
}

// bears reports whether a host has a brand of an institution among its words.
func (k *Knowledge) bears(name, id string) bool {
	h, ok := parseHost(name)
	in := k.byID[id]
	if !ok || in == nil || h.registered == "" || k.brands.own[slices.Index(k.institutions, in)][h.label] {
		return false
	}
	strong, weak := in.brands()
	label, _ := readable(h.label)
	for _, b := range strong {
		if len(b) >= 5 && strings.Contains(label, b) {
			return true
		}
	}
	words := strings.FieldsFunc(label+"."+h.below, func(r rune) bool { return r == '-' || r == '.' })
	for _, b := range slices.Concat(strong, weak) {
		if slices.Contains(words, b) {
			return true
		}
	}
	return false
}
