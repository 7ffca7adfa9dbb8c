package links

import "strings"

// A guess is a host without a scheme that could be a link.
type guess struct {
	written  string // as in the text
	name     string // in normal form
	defanged bool   // somebody took care that it is no link
	address  bool   // an IPv4 address
	port     bool
	path     bool // more than punctuation follows it
	alone    bool // it is all that its line holds
}

// standsAlone reports whether a host without a path is a link.
//
// The rules favour finding: what is found wrongly is looked up among
// published domains and found there no more than it is on the web, and a
// published domain that a message names must not be lost. Still, a missing
// space after a full stop ("fin.De", "hola.me dijo"), the name of a file
// ("clip.mov") or of a program ("com.apple.news") must not fill the lists of
// links that people read. So a host without a path is a link if
//   - it is written harmlessly, or begins with "www.", or
//   - its last label is none of the words below, or a label before it has a
//     digit or a hyphen, or there are three labels, or its line holds nothing
//     else; and
//   - its last label does not begin with a capital where the first does not,
//     and is no extension of files; and
//   - it is not the name of a program in reverse order.
func (g *guess) standsAlone() bool {
	if g.defanged {
		return true
	}
	if g.address {
		return false
	}
	if strings.HasPrefix(g.name, "www.") {
		return true
	}
	dot := strings.LastIndexByte(g.name, '.')
	top, rest := g.name[dot+1:], g.name[:dot]
	if g.capital() || reversed(g.name) || extension[top] {
		return false
	}
	return !words[top] || g.alone || strings.ContainsAny(rest, "-.0123456789")
}

// capital reports whether the last label begins a sentence: "fin.De acuerdo".
func (g *guess) capital() bool {
	dot := strings.LastIndexByte(g.written, '.')
	if dot < 0 || dot+2 >= len(g.written) {
		return false
	}
	first, second := g.written[dot+1], g.written[dot+2]
	return isUpper(first) && !isUpper(second) && !isUpper(g.written[0])
}

func isUpper(c byte) bool { return c-'A' < 26 }

// reversed reports whether name looks like the identifier of a program, such
// as com.apple.news.
func reversed(name string) bool {
	first, rest, _ := strings.Cut(name, ".")
	switch first {
	case "com", "org", "net", "edu", "gov", "io":
		return strings.Contains(rest, ".")
	}
	return false
}

// words are top-level domains that are words of Spanish, English, Portuguese,
// French or German.
var words = set(`
	ad ai al am as at be by ca cam da de do dz el em en es et eu fm go hm hr ht id il im in ir is it je la le li
	lo ma me mi ml mo mu my na ne ni no nu om or os pa ph pm pr pt re sa se si sm st su ta te th to tu tv un us va
	ve ya ye yo za
	amor bar best bio blue boo call cam chat cool day deal dog eat fail fan fit fun game gay gift hot how land like live
	love men moe mom ninja now one ooo party pet pink red rest run sale save sexy show site ski star team then
	tips today top uno vet vida vote voting win work world wow zone casa hoy gratis juegos tienda viajes futbol
	abogado academy`)

// extension holds the top-level domains that are endings of files.
var extension = set("zip mov md py sh pl rs ps so mm bz gz ms page pub vi")

func set(list string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		m[w] = true
	}
	return m
}
