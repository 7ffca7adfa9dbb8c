package links

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/publicsuffix"
	"mvdan.cc/xurls/v2"
)

// writer makes texts such as people write, with links in them.
type writer struct{ r *rand.Rand }

func pick[T any](w writer, from ...T) T { return from[w.r.IntN(len(from))] }

func (w writer) word() string {
	return pick(w, "hola", "mira", "esto:", "ver", "¿qué?", "(sí)", "10:30", "fin.", "ok...", "informe.pdf", "a@b.com", "y/o", "—", "“cita”",
		"50%", "#tema", "@ana", "1.2", "e.g.", "查看", "don't", "[nota]", "S.A.", "👍")
}

func (w writer) host() string {
	return pick(w, "evil.com", "www.banco.mx", "bit.ly", "a.b-c.org", "smsmensaje.mx", "ñandú.es", "xn--and-6ma2c.mx", "10.0.0.1", "[2001:db8::1]",
		"unonoticias.net", "EXAMPLE.ORG", "ideas-telcel.com.mx", "t.co", "1.example.info")
}

func (w writer) path() string {
	return pick(w, "", "/", "/abc", "/a/b.html", "/x?y=1&z=%20", "/#top", "/(a)", "/a_(b)/c", "/ó", "/a,b;c", "/~u/!x", "?q=a.b", "/a=b+c", "/9573305s/", "/x@y:z", "/[a]")
}

func (w writer) link() string {
	scheme := pick(w, "http://", "https://", "HTTPS://", "ftp://", "http://u:p@", "https://", "")
	return scheme + w.host() + pick(w, "", "", "", ":8080") + w.path()
}

func (w writer) text() string {
	var b strings.Builder
	for range 1 + w.r.IntN(8) {
		if w.r.IntN(3) == 0 {
			around := pick(w, "%s", "(%s)", "\"%s\"", "<%s>", "%s.", "%s,", "[x](%s)", "«%s»", "%s!", "%s…", "*%s*", "'%s'")
			fmt.Fprintf(&b, around, w.link())
		} else {
			b.WriteString(w.word())
		}
		b.WriteString(pick(w, " ", " ", "\n", "  "))
	}
	return b.String()
}

// TestAgainstXurls compares with the known library: where it finds a link, we
// must find one too, and it must begin at the same place and agree on the
// host, or the difference must be one of those below, which are meant.
func TestAgainstXurls(t *testing.T) {
	t.Parallel()
	rounds := 1000
	if testing.Short() {
		rounds = 300
	}
	w := writer{rand.New(rand.NewPCG(1, 2))}
	strict, relaxed := xurls.Strict(), xurls.Relaxed()
	for range rounds {
		text := w.text()
		ours := Scan(text, nil)
		for _, at := range strict.FindAllStringIndex(text, -1) {
			compareStrict(t, text, at[0], at[1], ours)
		}
		for _, at := range relaxed.FindAllStringIndex(text, -1) {
			if found := text[at[0]:at[1]]; !covered(at[0], ours) && relaxedReason(text, at[0], at[1]) == "" {
				t.Errorf("%q: %q not found", text, found)
			}
		}
	}
}

func compareStrict(t *testing.T, text string, start, end int, ours []Link) {
	t.Helper()
	found := text[start:end]
	for _, l := range ours {
		if l.Start != start {
			continue
		}
		if l.Text != found && strictReason(found, l.Text) == "" {
			t.Errorf("%q: found %q, xurls %q", text, l.Text, found)
		}
		return
	}
	if !strings.Contains(found, "://") {
		return // mailto:, tel: and such hold no host
	}
	t.Errorf("%q: %q not found", text, found)
}

// strictReason says why a link may end elsewhere than the library has it; ""
// if it may not.
func strictReason(theirs, ours string) string {
	longer, shorter := theirs, ours
	if len(ours) > len(theirs) {
		longer, shorter = ours, theirs
	}
	if !strings.HasPrefix(longer, shorter) {
		return ""
	}
	rest := longer[len(shorter):]
	first := []rune(rest)[0]
	switch {
	case strings.Trim(rest, "*_~!'’…") == "":
		return "emphasis and punctuation around a link are none of it"
	case unicode.In(first, unicode.So, unicode.Sk, unicode.Han):
		return "a picture, or writing without spaces, touches the link"
	case strings.ContainsRune("«»“”…—", first):
		return "quotation marks end a link"
	case strings.ContainsRune("'’", first):
		return "an apostrophe before a link ends at its fellow"
	case strings.ContainsRune(",;'*&=!$+(", first) && !strings.ContainsAny(shorter[strings.Index(shorter, "://")+3:], "/?#"):
		return "a host name has no such characters"
	}
	return ""
}

// relaxedReason says why what the library takes for a link without a scheme
// is none for us; "" if it should be one.
func relaxedReason(text string, start, end int) string {
	found := text[start:end]
	host := strings.ToLower(strings.TrimRight(found, "/"))
	host, _, _ = strings.Cut(host, "/")
	host, _, _ = strings.Cut(host, ":")
	g := guess{written: found, name: host}
	suffix, icann := publicsuffix.PublicSuffix(host)
	switch {
	case strings.Contains(found, "://"), strings.HasPrefix(found, "tel:"), strings.HasPrefix(found, "mailto:"):
		return "compared as strict"
	case strings.Contains(found, "@"), start > 0 && text[start-1] == '@', end < len(text) && text[end] == '@':
		return "an e-mail address"
	case strings.Trim(host, "0123456789.") == "", strings.HasPrefix(found, "["), strings.Contains(found, "::"):
		return "an address alone is no link"
	case !icann && !strings.Contains(suffix, "."):
		return "not on the public suffix list"
	case suffix == host:
		return "a public suffix"
	case start > 0 && strings.ContainsRune(`/\$`, rune(text[start-1])):
		return "part of a path"
	case !g.standsAlone():
		return "a word, a file or a program"
	}
	return ""
}

func covered(at int, ours []Link) bool {
	for _, l := range ours {
		if l.Start <= at && at < l.End {
			return true
		}
	}
	return false
}
