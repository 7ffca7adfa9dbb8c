// Package links finds the links in text that people wrote: messages, notes,
// titles, logs.
//
// Start with Scan. It finds URLs of any scheme, links without a scheme
// ("bit.ly/abc", "www.x.mx") and defanged ones ("hxxps://evil[.]com"), skips
// e-mail addresses and file names, and leaves the punctuation of the sentence
// behind. Text that holds no link costs one pass over its bytes.
//
// A link without a scheme is a guess. What is taken for one, and why, stands
// at guess.standsAlone.
package links

import (
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Kind says how a link was written.
type Kind uint8

// The kinds of link.
const (
	Full     Kind = iota + 1 // with a scheme: https://example.org/x
	NoScheme                 // a host and perhaps a path: example.org/x
	Defanged                 // made harmless: hxxps://example[.]org/x
)

// A Link is one link in a text.
type Link struct {
	Text       string // as written
	URL        string // with a scheme (http where none was written), refanged, without invisible characters
	Start, End int    // Text is text[Start:End]
	Kind       Kind
}

// MaxLen is how many bytes of one link are kept; a longer one is cut.
const MaxLen = 64 << 10

// Scan appends the links of text to dst, in their order; they do not overlap.
// The fields of a link may share the memory of text. Invalid UTF-8 ends a
// link.
func Scan(text string, dst []Link) []Link {
	s := scanner{text: text}
	for i := 0; ; {
		for i < len(text) && !triggers[text[i]] {
			i++
		}
		if i+1 >= len(text) {
			return dst
		}
		if !followers[text[i+1]] {
			i++
			continue
		}
		link, next := s.at(i)
		if link.Kind != 0 {
			dst = append(dst, link)
			s.floor = next
		}
		i = max(next, i+1)
	}
}

// ScanBytes is Scan for bytes. The links hold copies.
func ScanBytes(text []byte, dst []Link) []Link {
	if len(text) == 0 {
		return dst
	}
	n := len(dst)
	// The string lives only during Scan, and no one writes to text meanwhile.
	dst = Scan(unsafe.String(&text[0], len(text)), dst)
	for i := n; i < len(dst); i++ {
		l := &dst[i]
		l.Text = strings.Clone(l.Text)
		l.URL = strings.Clone(l.URL)
	}
	return dst
}

// triggers are the bytes without which there is no link, and followers those
// of which one comes next: most dots end a sentence.
var (
	triggers  = [256]bool{':': true, '.': true, '[': true, '(': true, '{': true}
	followers = makeFollowers()
)

func makeFollowers() (t [256]bool) {
	for c := range t {
		t[c] = c >= utf8.RuneSelf || isAlnum(byte(c)) || strings.IndexByte("_-/[(.:{", byte(c)) >= 0
	}
	return t
}

type scanner struct {
	text  string
	floor int // nothing before it is looked at again
}

// at looks for a link around the trigger at i. It returns where to go on; the
// link's Kind is 0 if there is none.
func (s *scanner) at(i int) (Link, int) {
	switch s.text[i] {
	case ':':
		return s.withScheme(i)
	case '.':
		if c := s.text[i+1]; c < utf8.RuneSelf && asciiClass[c] != hosty {
			return Link{}, i + 1
		}
		return s.bare(i, i+1)
	}
	if n := dotLen(s.text[i:]); n > 0 {
		return s.bare(i, i+n)
	}
	return s.withScheme(i)
}

// before returns the byte before i, 0 at the start.
func (s *scanner) before(i int) byte {
	if i == 0 {
		return 0
	}
	return s.text[i-1]
}

// link makes the link of text[start:end].
func (s *scanner) link(start, end int, k Kind) Link {
	text := s.text[start:end]
	return Link{Text: text, URL: normal(text, k), Start: start, End: end, Kind: k}
}
