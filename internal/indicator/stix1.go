package indicator

import (
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"time"
)

// stix1 reads STIX 1.0 to 1.2 with the objects of CybOX 2
// (https://stixproject.github.io/data-model/1.2/). Only what an Indicator
// observes is one: observables outside were seen, and accuse nobody.
type stix1 struct {
	*loader
	text    []byte
	path    []string // local names of the open elements
	ttp     *ttp1
	ttpDeep int
	inds    []*ind1 // open indicators, the innermost last
	scopes  []scope1
	outside int // observables outside indicators
	objects []object1State
	related int // open Related_Objects: context, not what is looked for
}

// A ttp1 is a TTP while it is read.
type ttp1 struct {
	id, title, malware string
	exploits           bool
}

// A scope1 is a package: what it says counts for all of its indicators.
type scope1 struct {
	title, incident string
	tlp             TLP
	references      []Reference
	abouts          map[string]*about
}

// An ind1 is an Indicator while it is read.
type ind1 struct {
	id, title, description, confidence, version string
	from, until                                 time.Time
	tlp                                         TLP
	ttps                                        []string
	frames                                      []node
	tests                                       int // rules of other languages
	unused                                      []string
}

// An object1State is an open Properties element.
type object1State struct {
	typ, category, hash string
	depth               int
}

func (l *loader) readSTIX1(r io.Reader) error {
	x := newXML(r)
	s := &stix1{loader: l, scopes: []scope1{{abouts: map[string]*about{}}}}
	var err error
	for err == nil {
		var t xml.Token
		if t, err = x.next(); err != nil {
			break
		}
		switch t := t.(type) {
		case xml.StartElement:
			s.text = s.text[:0]
			s.path = append(s.path, t.Name.Local)
			s.start(t)
		case xml.CharData:
			s.text = appendText(s.text, t)
		case xml.EndElement:
			s.end(t.Name.Local, strings.TrimSpace(string(s.text)))
			s.text = s.text[:0]
			s.path = s.path[:len(s.path)-1]
		}
	}
	for len(s.scopes) > 0 {
		s.endScope()
	}
	if s.outside > 0 {
		l.set.note("observables", "%d observables outside of indicators: seen, not accused, not matched", s.outside)
	}
	return l.endXML(x, err)
}

// ind returns the innermost open indicator, nil outside of any.
func (s *stix1) ind() *ind1 {
	if len(s.inds) == 0 {
		return nil
	}
	return s.inds[len(s.inds)-1]
}

func (s *stix1) start(e xml.StartElement) {
	switch name := e.Name.Local; name {
	case "STIX_Package", "Package":
		s.scopes = append(s.scopes, scope1{abouts: map[string]*about{}})
	case "TTP":
		s.startTTP(e)
	case "Exploit_Target":
		if s.ttp != nil {
			s.ttp.exploits = true
		}
	case "Indicator":
		if attr(e, "idref") == "" || attr(e, "id") != "" {
			s.inds = append(s.inds, &ind1{id: attr(e, "id"), version: attr(e, "timestamp"), frames: []node{{joint: anyOf}}})
		}
	case "Test_Mechanism":
		if i := s.ind(); i != nil {
			i.tests++
		}
	case "Marking_Structure":
		s.mark(attr(e, "color"))
	case "Related_Objects":
		s.related++
	case "Observable":
		if s.ind() == nil && attr(e, "idref") == "" {
			s.outside++
		}
	case "Observable_Composition", "Composite_Indicator_Expression":
		s.push(attr(e, "operator"))
	case "Object":
		s.push("AND")
	default:
		s.startValue(e)
	}
}

func (s *stix1) startTTP(e xml.StartElement) {
	if ref := attr(e, "idref"); ref != "" {
		if i := s.ind(); i != nil && len(i.ttps) < maxThreats {
			i.ttps = append(i.ttps, ref)
		}
		return
	}
	if s.ttp == nil && attr(e, "id") != "" {
		s.ttp, s.ttpDeep = &ttp1{id: attr(e, "id")}, len(s.path)
	}
}

// mark keeps the level of a marking: of the open indicator, else of the
// package.
func (s *stix1) mark(color string) {
	if color == "" {
		return
	}
	level := parseTLP("TLP:" + color)
	if i := s.ind(); i != nil {
		i.tlp = max(i.tlp, level)
		return
	}
	scope := &s.scopes[len(s.scopes)-1]
	scope.tlp = max(scope.tlp, level)
}

// push opens a group of conditions.
func (s *stix1) push(operator string) {
	if i := s.ind(); i != nil {
		j := anyOf
		if strings.EqualFold(operator, "AND") {
			j = allOf
		}
		i.frames = append(i.frames, node{joint: j})
	}
}

// pop closes a group, and gives it to the one around it.
func (s *stix1) pop(object bool) {
	i := s.ind()
	if i == nil || len(i.frames) < 2 {
		return
	}
	n := i.frames[len(i.frames)-1]
	i.frames = i.frames[:len(i.frames)-1]
	if object {
		n = oneObject(n)
	}
	if len(n.kids) > 0 {
		up := &i.frames[len(i.frames)-1]
		up.kids = append(up.kids, n)
	}
}

// oneObject is what one object of CybOX asks for: any of a file's hashes,
// which say more than its name; else all of its properties.
func oneObject(n node) node {
	var hashes []node
	for i := range n.kids {
		if c := n.kids[i].compare; c != nil && strings.HasPrefix(c.path, "hashes.") {
			hashes = append(hashes, n.kids[i])
		}
	}
	if len(hashes) > 0 {
		return node{joint: anyOf, kids: hashes}
	}
	return n
}

// startValue notes the type of the properties that values belong to.
func (s *stix1) startValue(e xml.StartElement) {
	typ := attr(e, "type")
	if i := strings.IndexByte(typ, ':'); i >= 0 {
		typ = typ[i+1:]
	}
	if !strings.HasSuffix(typ, "ObjectType") {
		return
	}
	if len(s.objects) < maxXMLDepth {
		s.objects = append(s.objects, object1State{typ: typ, category: attr(e, "category"), depth: len(s.path)})
	}
	if typ == "URIObjectType" || typ == "LinkObjectType" {
		for _, a := range e.Attr {
			if a.Name.Local == "type" && a.Name.Space == "" {
				s.objects[len(s.objects)-1].category = a.Value
			}
		}
	}
	if i := s.ind(); i != nil && e.Name.Local == "Properties" && !shown1[typ] && s.related == 0 {
		i.unused = append(i.unused, strings.TrimSuffix(typ, "ObjectType"))
	}
}

// shown1 are the objects of CybOX that a phone can show.
var shown1 = map[string]bool{
	"DomainNameObjectType": true, "URIObjectType": true, "AddressObjectType": true, "HostnameObjectType": true, "FileObjectType": true,
	"ProcessObjectType": true, "EmailMessageObjectType": true, "LinkObjectType": true, "SocketAddressObjectType": true, "DNSQueryObjectType": true,
	"DNSRecordObjectType": true, "NetworkConnectionObjectType": true,
}

func (s *stix1) end(name, text string) {
	switch name {
	case "STIX_Package", "Package":
		s.endScope()
	case "TTP":
		if s.ttp != nil && len(s.path) == s.ttpDeep {
			s.endTTP()
		}
	case "Indicator":
		s.endIndicator()
	case "Related_Objects":
		s.related--
	case "Observable_Composition":
		s.pop(false)
	case "Composite_Indicator_Expression":
		s.pop(false)
	case "Object":
		s.pop(true)
	default:
		if text != "" {
			s.words(name, text)
			s.leaf(name, text)
		}
	}
	if n := len(s.objects); n > 0 && s.objects[n-1].depth == len(s.path) {
		s.objects = s.objects[:n-1]
	}
}

// parent returns the name of the element around the one at hand.
func (s *stix1) parent() string {
	if len(s.path) < 2 {
		return ""
	}
	return s.path[len(s.path)-2]
}

// words keeps what indicators, threats and packages say of themselves.
func (s *stix1) words(name, text string) {
	i, scope := s.ind(), &s.scopes[len(s.scopes)-1]
	switch parent := s.parent(); {
	case s.ttp != nil && i == nil:
		s.ttpWords(name, parent, text)
	case i != nil && parent == "Indicator":
		switch name {
		case "Title":
			i.title = clip(text, maxName)
		case "Description":
			i.description = clip(text, maxDescription)
		}
	case i != nil && name == "Value" && parent == "Confidence":
		i.confidence = text
	case i != nil && name == "Start_Time":
		i.from = publishedTime(text)
	case i != nil && name == "End_Time":
		i.until = publishedTime(text)
	case i != nil && name == "Statement":
		i.tlp = max(i.tlp, parseTLP(text))
	case name == "Title" && parent == "Incident":
		scope.incident = clip(text, maxName)
	case name == "Title" && parent == "STIX_Header":
		scope.title = clip(text, maxName)
	case name == "Reference" && i == nil && len(scope.references) < maxReferences:
		scope.references = append(scope.references, referenceOf(text))
	case name == "Name" && parent == "Identity" && s.set.Publisher == "" && slices.Contains(s.path, "Information_Source"):
		s.set.Publisher = clip(text, maxName)
	}
}

func (s *stix1) ttpWords(name, parent, text string) {
	switch {
	case name == "Title" && parent == "TTP":
		s.ttp.title = clip(text, maxName)
	case name == "Name" && parent == "Malware_Instance":
		s.ttp.malware = clip(text, maxName)
	}
}

// endTTP makes a threat of a TTP: its malware, or else its title, unless it is
// only a weakness that was exploited.
func (s *stix1) endTTP() {
	t := s.ttp
	s.ttp = nil
	name := t.malware
	if name == "" && !t.exploits {
		name = t.title
	}
	if n, ok := s.thing(t.id); ok && name != "" {
		s.names[n] = thing{name: name, known: true}
	}
}

// leaf makes a condition of a value.
func (s *stix1) leaf(name, text string) {
	i := s.ind()
	if i == nil || len(s.objects) == 0 || s.related > 0 {
		return
	}
	o := &s.objects[len(s.objects)-1]
	if name == "Type" && s.parent() == "Hash" {
		o.hash = text
		return
	}
	object, path := property1(o, name)
	if object == "" {
		return
	}
	kids := &i.frames[len(i.frames)-1].kids
	var any []node
	for _, v := range strings.Split(text, "##comma##") {
		if n := compared(object, path, "=", v); n != nil && len(any) < maxTerms {
			any = append(any, *n)
		}
	}
	switch len(any) {
	case 0:
	case 1:
		*kids = append(*kids, any[0])
	default:
		*kids = append(*kids, node{joint: anyOf, kids: any})
	}
}

// property1 returns the property of STIX 2 that says the same as an element of
// an object of CybOX.
func property1(o *object1State, name string) (object, path string) {
	switch name {
	case "Value":
		switch {
		case o.typ == "DomainNameObjectType", strings.EqualFold(o.category, "Domain Name"):
			return "domain-name", "value"
		case o.typ == "URIObjectType" || o.typ == "LinkObjectType":
			return "url", "value"
		}
	case "Hostname_Value":
		return "domain-name", "value"
	case "Address_Value":
		switch strings.ToLower(o.category) {
		case "e-mail":
			return "email-addr", "value"
		case "", "ipv4-addr", "ipv6-addr", "ipv4-net", "ipv6-net", "cidr":
			return "ipv4-addr", "value"
		}
	case "Simple_Hash_Value":
		return "file", "hashes." + strings.TrimSpace(o.hash)
	case "File_Name":
		return "file", "name"
	case "File_Path", "Full_Path":
		return "file", "path"
	case "Name":
		if o.typ == "ProcessObjectType" {
			return "process", "name"
		}
	}
	return "", ""
}

func (s *stix1) endIndicator() {
	i := s.ind()
	if i == nil {
		return
	}
	s.inds = s.inds[:len(s.inds)-1]
	n := i.frames[0]
	for _, typ := range i.unused {
		s.set.count(&s.set.unused, typ)
	}
	if up := s.ind(); up != nil && len(up.frames) > 1 && up.frames[len(up.frames)-1].joint == allOf {
		k := &up.frames[len(up.frames)-1].kids // a part of a composite
		*k = append(*k, n)
		return
	}
	if len(n.kids) == 0 {
		if i.tests > 0 {
			s.set.count(&s.set.unused, "test mechanism")
		}
		return
	}
	o := &s.object
	o.clear()
	o.id, o.validFrom, o.validUntil = i.id, i.from, i.until
	if o.validFrom.IsZero() {
		o.validFrom = publishedTime(i.version)
	}
	if strings.EqualFold(i.confidence, "None") {
		s.set.count(&s.set.quiet, "Indicator")
		return
	}
	s.emit(i, o, &n)
}

func (s *stix1) emit(i *ind1, o *object, n *node) {
	k := s.bareKey(i.id, o)
	first := s.set.total
	s.addNode(o, k, n, s.aboutOf1(i))
	if s.set.total == first {
		return
	}
	s.byID.put(first)
	for _, ref := range i.ttps {
		if t, ok := s.thing(ref); ok && len(s.links) < maxLinks {
			s.links = append(s.links, link{k, t})
		}
	}
}

// aboutOf1 returns what indicators with the same words have in common. The
// titles that MISP's export gives repeat the value and say nothing.
func (s *stix1) aboutOf1(i *ind1) *about {
	words := i.description
	if words == "" || words == i.title {
		words = i.title
	}
	if strings.Contains(words, "(MISP Attribute #") {
		words = ""
	}
	key := words + "\x00" + i.confidence + "\x00" + i.tlp.String()
	scope := &s.scopes[len(s.scopes)-1]
	if a, ok := scope.abouts[key]; ok {
		return a
	}
	a := &about{set: s.set, description: strings.Clone(words), confidence: confidence(i.confidence), tlp: i.tlp}
	if len(scope.abouts) < maxThings {
		scope.abouts[key] = a
	}
	return a
}

// endScope gives a package's words to its indicators.
func (s *stix1) endScope() {
	scope := s.scopes[len(s.scopes)-1]
	s.scopes = s.scopes[:len(s.scopes)-1]
	title := scope.incident
	if title == "" {
		title, _, _ = strings.Cut(scope.title, " (MISP Event #")
	}
	for _, a := range scope.abouts {
		a.tlp = max(a.tlp, scope.tlp)
		a.references = scope.references
		if title != "" {
			a.threats = []string{title}
		}
	}
	if len(scope.abouts) > 0 && title != "" {
		s.names = append(s.names, thing{name: title, report: true, known: true})
	}
}
