package indicator

import (
	"encoding/xml"
	"io"
	"strings"
)

// openIOC reads OpenIOC 1.0 and 1.1
// (https://github.com/fireeye/OpenIOC_1.1/tree/master/schemas).
type openIOC struct {
	*loader
	frames      []iocFrame
	text        []byte
	id          string // of the document
	itemID      string
	search, op  string
	not         bool
	short, long string
	about       *about
}

// An iocFrame is an open Indicator element: its items are joined by AND or OR.
type iocFrame struct{ node node }

// iocTerms are the terms of OpenIOC that a phone can show, in lower case, and
// the property of STIX that says the same. All others are of Windows.
// (https://github.com/fireeye/OpenIOC_1.1/tree/master/IOC_Terms)
var iocTerms = map[string][2]string{
	"network/dns": {"domain-name", "value"}, "dnsentryitem/host": {"domain-name", "value"}, "dnsentryitem/recordname": {"domain-name", "value"},
	"urlhistoryitem/hostname": {"domain-name", "value"}, "urlhistoryitem/url": {"url", "value"}, "urlhistoryitem/lastvisitedurl": {"url", "value"},
	"filedownloadhistoryitem/sourceurl": {"url", "value"},
	"portitem/remoteip":                 {"ipv4-addr", "value"}, "routeentryitem/destination": {"ipv4-addr", "value"}, "systeminfoitem/ipaddress": {"ipv4-addr", "value"},
	"fileitem/md5sum": {"file", "hashes.MD5"}, "fileitem/sha1sum": {"file", "hashes.SHA-1"}, "fileitem/sha256sum": {"file", "hashes.SHA-256"},
	"fileitem/filename": {"file", "name"}, "fileitem/fullpath": {"file", "path"}, "fileitem/filepath": {"file", "path"},
	"processitem/name": {"process", "name"}, "processitem/path": {"file", "path"},
	"email/from": {"email-addr", "value"}, "email/to": {"email-addr", "value"}, "email/replyto": {"email-addr", "value"},
	"processitem/portlist/portitem/remoteip": {"ipv4-addr", "value"},
}

func (l *loader) readOpenIOC(r io.Reader) error {
	x := newXML(r)
	o := &openIOC{loader: l, about: &about{set: l.set}}
	var err error
	for err == nil {
		var t xml.Token
		if t, err = x.next(); err != nil {
			break
		}
		switch t := t.(type) {
		case xml.StartElement:
			o.text = o.text[:0]
			o.start(t)
		case xml.CharData:
			o.text = appendText(o.text, t)
		case xml.EndElement:
			o.end(t.Name.Local)
			o.text = o.text[:0]
		}
	}
	o.close()
	return l.endXML(x, err)
}

func (o *openIOC) start(e xml.StartElement) {
	switch e.Name.Local {
	case "ioc", "OpenIOC":
		if id := attr(e, "id"); id != "" {
			o.id = id
		}
	case "Indicator":
		j := anyOf
		if strings.EqualFold(attr(e, "operator"), "AND") {
			j = allOf
		}
		o.frames = append(o.frames, iocFrame{node{joint: j}})
	case "IndicatorItem":
		o.itemID, o.search = attr(e, "id"), ""
		o.op, o.not = attr(e, "condition"), strings.EqualFold(attr(e, "negate"), "true")
	case "Context":
		o.search = attr(e, "search")
	case "link":
		if href := attr(e, "href"); href != "" {
			o.set.refer(referenceOf(href))
		}
	}
}

func (o *openIOC) end(name string) {
	text := strings.TrimSpace(string(o.text))
	switch name {
	case "Content":
		o.item(text)
	case "Indicator":
		o.endIndicator()
	case "short_description":
		o.short = clip(text, maxName)
	case "description":
		o.long = clip(text, maxDescription)
	case "authored_by":
		o.set.Publisher = clip(text, maxName)
	case "link":
		if strings.Contains(text, "://") {
			o.set.refer(referenceOf(text))
		}
	}
}

// item adds what an IndicatorItem asks for to the Indicator that it is in.
// MISP's export puts the value where the identifier belongs and leaves the
// content empty.
func (o *openIOC) item(value string) {
	if value == "" && !uuidValue.MatchString(o.itemID) {
		value = o.itemID
	}
	if len(o.frames) == 0 || value == "" {
		return
	}
	frame := &o.frames[len(o.frames)-1].node
	term, ok := iocTerms[strings.ToLower(o.search)]
	if !ok {
		if frame.joint == anyOf {
			o.set.count(&o.set.unused, o.search)
			return
		}
		term = [2]string{"openioc", o.search}
	}
	op := strings.ToUpper(o.op)
	if op == "IS" || op == "" || op == "CONTAINS" && term[0] == "domain-name" {
		op = "=" // a host that contains a name is below it
	}
	if n := compared(term[0], term[1], op, value); n != nil {
		n.compare.not = o.not
		frame.kids = append(frame.kids, *n)
	}
}

// endIndicator closes the innermost Indicator. What stands alone in the
// outermost OR is an indicator each.
func (o *openIOC) endIndicator() {
	if len(o.frames) == 0 {
		return
	}
	n := o.frames[len(o.frames)-1].node
	o.frames = o.frames[:len(o.frames)-1]
	switch {
	case len(n.kids) == 0:
	case len(o.frames) > 0:
		up := &o.frames[len(o.frames)-1].node
		up.kids = append(up.kids, n)
	case n.joint == anyOf:
		for i := range n.kids {
			o.emit(&n.kids[i])
		}
	default:
		o.emit(&n)
	}
}

func (o *openIOC) emit(n *node) {
	obj := &o.object
	obj.clear()
	obj.id = o.id
	o.addNode(obj, o.bareKey(o.id, obj), n, o.about)
}

// close gives the document's words to its indicators.
func (o *openIOC) close() {
	name := o.short
	if name == "" || strings.HasPrefix(name, "Event #") && o.long != "" {
		name = clip(o.long, maxName)
	}
	if name != "" {
		o.set.Name = name
		o.about.threats = []string{name}
	}
	o.about.tlp = max(parseTLP(o.short), parseTLP(o.long))
}
