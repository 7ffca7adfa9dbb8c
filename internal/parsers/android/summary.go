package android

import (
	"unicode"
	"unicode/utf8"
)

// summaryRunes is the longest summary of a record, in characters.
const summaryRunes = 200

// appendSummary appends parts as one line of at most summaryRunes characters:
// runs of white space and control characters become one blank, a text that is
// cut ends in an ellipsis.
func appendSummary(b []byte, parts ...string) []byte {
	left, blank := summaryRunes, false
	for _, s := range parts {
		for _, c := range s {
			if unicode.IsSpace(c) || unicode.IsControl(c) {
				blank = left < summaryRunes
				continue
			}
			need := 1
			if blank {
				need = 2
			}
			if left < need+1 {
				return append(b, "…"...)
			}
			if blank {
				b = append(b, ' ')
			}
			b = utf8.AppendRune(b, c)
			left, blank = left-need, false
		}
	}
	return b
}
