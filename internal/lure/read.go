package lure

import (
	"slices"
	"strings"
	"unicode"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/format/links"
)

// A Reader reads messages one after the other and keeps the memory that this
// takes. It is for one goroutine.
type Reader struct {
	k       *Knowledge
	scratch scratch
	hosts   map[string]Link // by host: most links lead to few hosts
	found   []links.Link
	list    []string
}

// maxHosts bounds what a Reader remembers.
const maxHosts = 4096

// maxLinks bounds the links of one message that are looked at.
const maxLinks = 64

// Reader returns a reader.
func (k *Knowledge) Reader() *Reader { return &Reader{k: k, hosts: map[string]Link{}} }

// Read says what a message pretends to be.
func (r *Reader) Read(m *Message) Reading {
	s := &r.scratch
	s.reset(len(r.k.groups))
	s.words = appendWords(s.words, m.Text)
	s.hits = r.k.lexicon.find(s.words, s.hits)
	s.index()
	out := Reading{Severity: finding.Info, Language: language(s.words), Pressure: []string{}, Links: r.links(m), Reasons: []finding.Reason{}}
	if !m.Time.IsZero() {
		at := m.Time.UTC()
		out.Time = &at
	}
	out.Pretends = r.pretence(m)
	gravity := r.pressure(&out)
	j := judge{k: r.k, m: m, out: &out, gravity: gravity}
	j.run()
	return out
}

// links classifies the links of a message, those that matter first.
func (r *Reader) links(m *Message) []Link {
	list := m.Links
	if len(list) == 0 {
		r.found = links.Scan(clipBytes(m.Text, maxScan), r.found[:0])
		r.list = r.list[:0]
		for i := range r.found {
			r.list = append(r.list, r.found[i].URL)
		}
		list = r.list
	}
	out := make([]Link, 0, min(len(list), maxLinks))
	for _, url := range list[:min(len(list), maxLinks)] {
		if l, ok := r.link(url); ok {
			out = append(out, l)
		}
	}
	slices.SortStableFunc(out, func(a, b Link) int { return rank(a.Kind) - rank(b.Kind) })
	return out
}

// maxScan bounds the text that links are looked for in, where nobody has done
// that before.
const maxScan = 2 << 20

func clipBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n]
}

// order is that of Links, by how much each kind says.
var order = []string{Lookalike, Hidden, ExploitPath, ServiceName, Address, OddName, ShortLink, "", Official}

func rank(kind string) int { return slices.Index(order, kind) }

// link is Knowledge.link, remembered.
func (r *Reader) link(url string) (Link, bool) {
	h, ok := parseHost(url)
	if !ok {
		return Link{}, false
	}
	l, known := r.hosts[h.name]
	if !known {
		path := h.path
		h.path = ""
		l = Link{Host: h.name, Registered: h.registered}
		r.k.classify(&l, &h)
		h.path = path
		if len(r.hosts) < maxHosts {
			r.hosts[h.name] = l
		}
	}
	switch l.Kind {
	case "", ServiceName, OddName:
		if exploitPath.MatchString(h.path) {
			l.Kind = ExploitPath
		}
	}
	if hidesHost(url, &h) {
		l.Kind = Hidden
	}
	l.URL = clip(url, maxShown)
	return l, true
}

// pressure notes the themes that fit and returns the gravity of the gravest.
func (r *Reader) pressure(out *Reading) int {
	gravity := 0
	for i := range r.k.themes {
		t := &r.k.themes[i]
		if !slices.ContainsFunc(t.Rules, func(rule themeRule) bool { return rule.fits(&r.scratch) }) {
			continue
		}
		out.Pressure = append(out.Pressure, t.ID)
		gravity = max(gravity, t.Gravity)
		if out.Pretends == nil && t.Pretends != "" && (!t.Pretends.institution() || len(r.scratch.places[r.k.voice]) > 0) {
			out.Pretends = &Pretence{Kind: t.Pretends, How: "text"}
		}
	}
	return gravity
}

// How sure it is that a message speaks for whom it names.
const (
	mentioned = iota
	voiced    // it speaks to its reader as an institution does
	signed    // it ends with the name
	headed    // it begins with the name
	calledSo  // its sender is called so
)

// pretence says for whom a message speaks: naming somebody is not speaking
// for them.
func (r *Reader) pretence(m *Message) *Pretence {
	var best *named
	how, sure := "text", mentioned
	for _, h := range r.senderNames(m.SenderName) {
		n := &r.k.names[h.name]
		if h.n == len(r.sender(m.SenderName)) || h.pos == 0 && !n.careful {
			best, how, sure = n, "sender", calledSo
			break
		}
	}
	if best == nil {
		for i := range r.scratch.hits {
			h := &r.scratch.hits[i]
			if h.name < 0 {
				continue
			}
			n := &r.k.names[h.name]
			if s := r.sureness(h, n); s > sure || s == sure && s > mentioned && best.institution < 0 && n.institution >= 0 {
				best, sure = n, s
			}
		}
	}
	if best == nil {
		return nil
	}
	p := &Pretence{Kind: best.kind, How: how}
	if best.institution >= 0 {
		in := r.k.institutions[best.institution]
		p.Institution, p.Name = in.ID, in.name("any")
	}
	return p
}

// sender returns the words of a sender's name.
func (r *Reader) sender(name string) []word { return appendWords(nil, clipBytes(name, maxShown)) }

// senderNames returns the names of institutions in a sender's name.
func (r *Reader) senderNames(name string) []hit {
	if name == "" {
		return nil
	}
	hits := r.k.lexicon.find(r.sender(name), nil)
	return slices.DeleteFunc(hits, func(h hit) bool { return h.name < 0 || r.k.names[h.name].institution < 0 })
}

func (r *Reader) sureness(h *hit, n *named) int {
	words := r.scratch.words
	last := &words[h.pos+h.n-1]
	first := h.pos == 0 || h.pos <= 2 && last.colon
	heading := first && last.colon
	if n.acronym && !words[h.pos].upper && !heading {
		return mentioned
	}
	switch {
	case h.pos == 0 && last.colon:
		return headed
	case n.careful:
		return mentioned
	case first:
		return headed
	case h.pos+h.n == len(words) && len(words) > 3:
		return signed
	case len(r.scratch.places[r.k.voice]) > 0:
		return voiced
	}
	return mentioned
}

// invisibleInWord reports marks inside a Latin word that nobody sees and that
// no writing system needs there, and marks that turn the direction of reading.
func invisibleInWord(text string) bool {
	text = clipBytes(text, maxText)
	if strings.IndexFunc(text, func(r rune) bool { return r == '\u202d' || r == '\u202e' }) >= 0 {
		return true
	}
	var before rune
	pending := false
	for _, r := range text {
		switch {
		case r == '\u200b' || r == '\u2060' || r == '\ufeff' || r == '\u180e':
			pending = unicode.Is(unicode.Latin, before)
			continue
		case pending && unicode.Is(unicode.Latin, r):
			return true
		}
		before, pending = r, false
	}
	return false
}
