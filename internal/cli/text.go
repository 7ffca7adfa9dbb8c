package cli

import (
	"strconv"
	"strings"
	"unicode"
)

// safe makes text that came from evidence, or from a path, fit for a terminal:
// control characters, escape sequences and marks that turn the reading
// direction are written as escapes.
func safe(s string) string {
	if strings.IndexFunc(s, unsafeRune) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unsafeRune(r) {
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func unsafeRune(r rune) bool {
	return r != ' ' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' || r == unicode.ReplacementChar)
}

// oneLine joins the lines of an error, each made safe.
func oneLine(s string) string {
	return safe(strings.Join(strings.Split(s, "\n"), "; "))
}
