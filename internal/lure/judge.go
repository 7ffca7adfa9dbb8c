package lure

import (
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
)

// A judge weighs what a message has. Reasons are of four kinds that do not
// depend on each other: the link itself, the link against whom the message
// speaks for, the sender against the same, and the pressure. High needs two.
type judge struct {
	k       *Knowledge
	m       *Message
	out     *Reading
	gravity int // of the gravest pressure

	strong   bool // the link, or the sender's address, deceives by itself
	weak     bool // the link has an odd name, or is an address of numbers
	oneSided bool // the deception is one that also happens by chance
	mismatch bool
	hidden   bool // whom it speaks for cannot be held against a short link
	sender   bool
}

func (j *judge) add(id string, pairs ...string) {
	r := finding.Reason{ID: id}
	for i := 0; i+1 < len(pairs); i += 2 {
		if r.Values == nil {
			r.Values = map[string]string{}
		}
		r.Values[pairs[i]] = pairs[i+1]
	}
	j.out.Reasons = append(j.out.Reasons, r)
}

func (j *judge) run() {
	if len(j.out.Links) == 0 {
		j.pressure() // said, and no reason to worry: nothing is to be opened
		return
	}
	if j.m.Listed {
		j.strong = true
		j.add("listed")
	}
	j.namesake()
	j.link(&j.out.Links[0])
	j.marks()
	j.pretend()
	j.against()
	j.from()
	j.pressure()
	j.out.Severity = j.severity()
}

// namesake makes a look-alike of a host that has the name of whom the text
// speaks for, where that name is too common to tell by alone.
func (j *judge) namesake() {
	p := j.out.Pretends
	if p == nil || p.Institution == "" {
		return
	}
	for i := range j.out.Links {
		l := &j.out.Links[i]
		switch l.Kind {
		case "", OddName, ServiceName:
		default:
			continue
		}
		if j.k.bears(l.Host, p.Institution) {
			in := j.k.byID[p.Institution]
			l.Kind, l.Trick, l.Of, l.Name = Lookalike, byAddedWord, in.ID, in.name("any")
			if len(in.Domains) > 0 {
				l.Official = in.Domains[0]
			}
			j.out.Links[0], j.out.Links[i] = j.out.Links[i], j.out.Links[0]
			return
		}
	}
}

// link weighs the link that matters most.
func (j *judge) link(l *Link) {
	switch l.Kind {
	case Lookalike:
		j.strong = true
		j.oneSided = l.Trick == bySuffix
		if l.Of == "" {
			j.add("lookalike_government", "Host", l.Host)
		} else {
			j.add("lookalike_"+l.Trick, "Host", l.Host, "Name", l.Name, "Official", l.Official)
		}
	case Hidden:
		j.strong = true
		j.add("hidden_host", "Host", l.Host)
	case ExploitPath:
		j.strong = true
		j.add("exploit_path", "Host", l.Host)
	case ServiceName:
		j.weak = true
		j.add("service_name", "Host", l.Host)
	case Address:
		j.weak = true
		j.add("address", "Host", l.Host)
	case OddName:
		j.weak = true
		j.add("odd_name", "Host", l.Host)
	}
}

func (j *judge) marks() {
	if invisibleInWord(j.m.Text) {
		j.strong = true
		j.add("hidden_marks")
	}
}

// pretend takes whom a look-alike stands for as whom the message speaks for,
// where its text names nobody.
func (j *judge) pretend() {
	l := &j.out.Links[0]
	p := j.out.Pretends
	if l.Kind != Lookalike || p != nil && p.Institution != "" {
		return
	}
	switch {
	case l.Of != "":
		j.out.Pretends = &Pretence{Kind: j.k.byID[l.Of].Kind, Institution: l.Of, Name: l.Name, How: "link"}
	case p == nil || p.Kind == "colleague":
		j.out.Pretends = &Pretence{Kind: "ministry", How: "link"}
	}
}

// against holds the links against whom the text speaks for.
func (j *judge) against() {
	p := j.out.Pretends
	if p == nil || p.How == "link" || !p.Kind.institution() {
		return
	}
	var worst *Link
	for i := range j.out.Links {
		if l := &j.out.Links[i]; l.Kind != Official {
			worst = l
			break
		}
	}
	if worst == nil {
		return
	}
	official := ""
	if in := j.k.byID[p.Institution]; in != nil && len(in.Domains) > 0 {
		official = in.Domains[0]
	}
	switch {
	case worst.Kind == ShortLink:
		j.hidden = true
		j.name("mismatch_short", p, worst, official)
	case official != "" || p.Kind.grave():
		j.mismatch = true
		j.name("mismatch", p, worst, official)
	}
}

// name adds a reason that names an institution, or the kind of one.
func (j *judge) name(id string, p *Pretence, l *Link, official string) {
	if official == "" {
		j.add(id+"_kind", "Kind", string(p.Kind), "Host", l.Host)
		return
	}
	j.add(id, "Name", p.Name, "Host", l.Host, "Official", official)
}

// from holds the sender against whom the text speaks for.
func (j *judge) from() {
	if at := strings.LastIndexByte(j.m.Sender, '@'); at >= 0 && !strings.Contains(j.m.Sender, "@s.whatsapp.net") {
		j.fromAddress(j.m.Sender[at+1:])
		return
	}
	p := j.out.Pretends
	if p == nil || p.How == "link" && !j.strong || !p.Kind.institution() {
		return
	}
	number, ok := ordinaryNumber(j.m.Sender)
	against := j.mismatch || j.hidden || j.strong
	if !ok || !against {
		return
	}
	j.sender = true
	who := p.Name
	in := j.k.byID[p.Institution]
	if country := countryOf(number); in != nil && in.Country != "" && country != "" && country != in.Country {
		j.add("sender_country", "Name", who, "Number", number)
		return
	}
	if who == "" {
		j.add("sender_number_kind", "Kind", string(p.Kind), "Number", number)
		return
	}
	j.add("sender_number", "Name", who, "Number", number)
}

// fromAddress weighs the domain of an e-mail address.
func (j *judge) fromAddress(domain string) {
	h, ok := parseHost(domain)
	if !ok {
		return
	}
	p := j.out.Pretends
	if owner, owned := j.k.ownerOf(h.name); owned || governmentSuffix(h.name) {
		if p != nil && p.Institution != "" && j.mismatch && owned && j.k.institutions[owner].ID == p.Institution {
			// It came from there: its links may lead to those who work for it.
			j.mismatch, j.hidden = false, true
		}
		if p != nil && p.Institution != "" && owned && j.k.institutions[owner].ID != p.Institution && freeMail[h.registered] {
			j.sender = true
			j.add("sender_address", "Name", p.Name, "Address", domain)
		}
		return
	}
	if like, ok := j.k.like(&h); ok {
		j.strong = true
		name, official := "", ""
		if like.institution >= 0 {
			in := j.k.institutions[like.institution]
			name, official = in.name("any"), in.Domains[0]
		}
		if name == "" {
			j.add("lookalike_government", "Host", h.name)
		} else {
			j.add("sender_lookalike", "Host", h.name, "Name", name, "Official", official)
		}
		return
	}
	if p != nil && p.Institution != "" && p.How != "link" {
		j.sender = true
		j.add("sender_address", "Name", p.Name, "Address", h.name)
	}
}

// freeMail are domains where anybody gets an address.
var freeMail = map[string]bool{
	"gmail.com": true, "outlook.com": true, "hotmail.com": true, "yahoo.com": true, "live.com": true, "icloud.com": true,
	"yahoo.com.mx": true, "proton.me": true, "protonmail.com": true, "googlemail.com": true, "aol.com": true, "gmx.com": true,
}

func (j *judge) pressure() {
	for i, id := range j.out.Pressure {
		if i == maxThemes {
			break
		}
		j.add("pressure_" + id)
	}
}

// maxThemes is how many themes are said: the gravest come first.
const maxThemes = 3

// allOfficial reports whether every link leads to an institution's own address.
func (j *judge) allOfficial() bool {
	for i := range j.out.Links {
		if j.out.Links[i].Kind != Official {
			return false
		}
	}
	return true
}

// severity grades: high only where two reasons that do not depend on each
// other agree.
func (j *judge) severity() finding.Severity {
	switch {
	case j.allOfficial() && !j.strong:
		return finding.Info
	case j.strong:
		return j.ofStrong()
	}
	return max(j.ofMismatch(), j.ofWeak())
}

func (j *judge) ofStrong() finding.Severity {
	switch {
	case j.gravity > 0 || j.sender || j.mismatch || j.reasonsOfLink() > 1:
		return finding.High
	case j.oneSided:
		return finding.Low
	}
	return finding.Medium
}

// reasonsOfLink counts the ways in which link and text deceive.
func (j *judge) reasonsOfLink() int {
	n := 0
	for i := range j.out.Reasons {
		switch id := j.out.Reasons[i].ID; {
		case id == "listed", id == "hidden_host", id == "hidden_marks", id == "exploit_path", strings.HasPrefix(id, "lookalike_"), id == "sender_lookalike":
			n++
		}
	}
	return n
}

func (j *judge) ofMismatch() finding.Severity {
	if !j.mismatch && !j.hidden {
		return finding.Info
	}
	kind := j.out.Pretends.Kind
	authority := kind.grave() && kind != "bank"
	switch {
	case j.gravity >= 2 && kind.grave() && (j.mismatch || authority || j.sender):
		return finding.High
	case j.gravity >= 2 && j.mismatch && j.sender:
		return finding.High
	case j.gravity >= 2, j.gravity > 0 && j.mismatch && kind.grave(), j.mismatch && j.sender && kind.grave(), j.mismatch && j.weak:
		return finding.Medium
	}
	return finding.Low
}

// ofWeak weighs a link that nothing speaks for, and nothing certain against.
func (j *judge) ofWeak() finding.Severity {
	l := &j.out.Links[0]
	switch {
	case j.gravity >= 2 && (l.Kind == ServiceName || l.Kind == Address):
		return finding.High
	case j.gravity >= 3, j.gravity >= 2 && (l.Kind == OddName || l.Kind == ShortLink), j.gravity > 0 && j.weak:
		return finding.Medium
	case j.weak && l.Kind != OddName, j.gravity >= 2, j.gravity > 0 && l.Kind == ShortLink:
		return finding.Low // a word of everyday life beside an ordinary link says nothing
	}
	return finding.Info
}

// ordinaryNumber reports whether a sender is a subscriber's number, and not a
// short code or a name: eight to fifteen digits.
func ordinaryNumber(s string) (string, bool) {
	s, _, _ = strings.Cut(s, "@")
	digits := 0
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case strings.ContainsRune("+ -().\u00a0\u202a\u202c", c):
		default:
			return "", false
		}
	}
	return strings.Map(dropInvisible, s), digits >= 8 && digits <= 15
}

// callingCodes are the country codes that the institutions' countries have.
// The code 1 is that of several countries and says nothing.
var callingCodes = []struct{ code, country string }{
	{"52", "mx"},
	{"34", "es"},
	{"44", "gb"},
	{"33", "fr"},
	{"49", "de"},
	{"57", "co"},
	{"502", "gt"},
	{"503", "sv"},
	{"504", "hn"},
	{"505", "ni"},
	{"506", "cr"},
	{"507", "pa"},
	{"51", "pe"},
	{"54", "ar"},
	{"55", "br"},
	{"56", "cl"},
	{"58", "ve"},
}

// countryOf returns the country of a number that is written with its code.
func countryOf(number string) string {
	digits, ok := strings.CutPrefix(strings.TrimSpace(number), "+")
	if !ok {
		return ""
	}
	for _, c := range callingCodes {
		if strings.HasPrefix(digits, c.code) {
			return c.country
		}
	}
	return ""
}
