// Package glyph tells which characters the fonts of our PDFs have, so that
// nothing is left out of a page unseen.
package glyph

import (
	"fmt"
	"strings"
	"sync"

	"github.com/go-fonts/dejavu/dejavusans"
	"golang.org/x/image/font/sfnt"
)

var sans = sync.OnceValues(func() (*sfnt.Font, error) { return sfnt.Parse(dejavusans.TTF) })

// Printable names the characters that the font lacks by their number, and
// those beyond the first plane, which the library of PDFs cannot write.
func Printable(s string) string {
	font, err := sans()
	if err != nil || strings.IndexFunc(s, func(r rune) bool { return r > 0x7e }) < 0 {
		return s
	}
	var b strings.Builder
	var buf sfnt.Buffer
	for _, r := range s {
		if i, err := font.GlyphIndex(&buf, r); r != '\n' && (r > 0xffff || err != nil || i == 0) {
			fmt.Fprintf(&b, "⟦U+%04X⟧", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
