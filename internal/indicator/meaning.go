package indicator

import (
	"fmt"
	"strings"
)

// Bounds of what one pattern may be multiplied out to.
const (
	maxAlternatives = 4096
	maxTerms        = 64 // of one alternative
)

// A reading is what a pattern means to the matcher: alternatives, of which
// each asks for all its terms in one record; and why other parts mean nothing
// to it.
type reading struct {
	alternatives [][]term
	reasons      []string
}

func (r *reading) refuse(format string, args ...any) {
	if len(r.reasons) < 16 {
		r.reasons = append(r.reasons, fmt.Sprintf(format, args...))
	}
}

// read returns the meaning of a pattern. An alternative that is not wholly
// understood is refused wholly: less than all would match too much.
func read(n *node) reading {
	var r reading
	r.alternatives = r.observations(n)
	return r
}

// observations reads an expression over observations.
func (r *reading) observations(n *node) [][]term {
	switch {
	case n.observation != nil:
		return r.observation(n.observation)
	case n.compare != nil:
		return r.expression(n)
	case n.joint == anyOf:
		var all [][]term
		for i := range n.kids {
			all = append(all, r.observations(&n.kids[i])...)
		}
		return all
	}
	r.refuse("asks for several observations (%s), which may be several records", jointNames[n.joint])
	return nil
}

var jointNames = [...]string{allOf: "AND", inOrder: "FOLLOWEDBY"}

func (r *reading) observation(o *observation) [][]term {
	for _, q := range o.qualifiers {
		// One observation is always within any time, and once.
		if q != "WITHIN" && q != "REPEATS 1" {
			r.refuse("qualifier %s is not evaluated", clip(q, 40))
			return nil
		}
	}
	if o.expr.observation != nil || o.expr.compare == nil && len(o.expr.kids) > 0 && o.expr.kids[0].observation != nil {
		return r.observations(&o.expr) // a group in parentheses
	}
	return r.expression(&o.expr)
}

// expression reads a comparison expression into its alternatives.
func (r *reading) expression(n *node) [][]term {
	switch {
	case n.compare != nil:
		return r.comparison(n.compare)
	case n.observation != nil || n.joint == inOrder:
		return r.observations(n)
	case n.joint == anyOf:
		var all [][]term
		for i := range n.kids {
			all = append(all, r.expression(&n.kids[i])...)
		}
		return all
	}
	return r.conjunction(n.kids)
}

// conjunction multiplies the alternatives of all parts out.
func (r *reading) conjunction(kids []node) [][]term {
	if len(kids) > maxTerms {
		r.refuse("more than %d terms joined by AND", maxTerms)
		return nil
	}
	all := [][]term{nil}
	for i := range kids {
		before := len(r.reasons)
		part := r.expression(&kids[i])
		if len(part) == 0 || len(r.reasons) > before {
			return nil
		}
		if len(all)*len(part) > maxAlternatives {
			r.refuse("more than %d alternatives", maxAlternatives)
			return nil
		}
		product := make([][]term, 0, len(all)*len(part))
		for _, a := range all {
			for _, b := range part {
				product = append(product, append(a[:len(a):len(a)], b...))
			}
		}
		all = product
	}
	return all
}

// comparison reads one test. A test that always holds gives one alternative
// without terms.
func (r *reading) comparison(c *comparison) [][]term {
	name := c.object + ":" + c.path
	if c.not {
		r.refuse("%s: a negation is in most records true", clip(name, 80))
		return nil
	}
	k, ok := meaningOf(c.object, c.path)
	if !ok {
		r.refuse("%s: no artifact tells this", clip(name, 80))
		return nil
	}
	if k == always {
		return [][]term{nil}
	}
	switch c.op {
	case "=", "IN":
	case "LIKE":
		if strings.ContainsAny(c.values[0], "%_") {
			r.refuse("%s: LIKE with wildcards is not evaluated", clip(name, 80))
			return nil
		}
	default:
		r.refuse("%s: operator %s is not evaluated", clip(name, 80), c.op)
		return nil
	}
	var all [][]term
	for _, v := range c.values {
		t, err := typed(k, v)
		if err != nil {
			r.refuse("%s: %v", clip(name, 80), err)
			continue
		}
		all = append(all, []term{t})
	}
	return all
}

// simple reads the one form that nearly all published patterns have,
// [property='value'], at a tenth of the cost. What it does not read is not wrong.
func simple(pattern string) (term, bool) {
	property, rest, ok := strings.Cut(pattern, "='")
	if !ok || len(property) < 2 || property[0] != '[' || !strings.HasSuffix(rest, "']") {
		return term{}, false
	}
	value := rest[:len(rest)-2]
	k, known := meanings[property[1:]]
	if !known || k == always || strings.ContainsAny(value, `'\`) {
		return term{}, false
	}
	t, err := typed(k, value)
	return t, err == nil
}

// always is the kind of a test that only says what another test says too.
const always = kindAllOf + 1

// meanings says what the properties of STIX objects, and of the objects that
// mobile feeds made up, are to us.
var meanings = map[string]kind{
	"domain-name:value":              kindDomain,
	"hostname:value":                 kindDomain,
	"url:value":                      kindURL,
	"ipv4-addr:value":                kindIP,
	"ipv6-addr:value":                kindIP,
	"network-traffic:dst_ref.value":  kindIP,
	"network-traffic:src_ref.value":  kindIP,
	"network-traffic:dst_ref.type":   always,
	"network-traffic:src_ref.type":   always,
	"process:name":                   kindProcess,
	"process:image_ref.name":         kindProcess,
	"process:binary_ref.name":        kindProcess,
	"email-addr:value":               kindEmail,
	"email-message:from_ref.value":   kindEmail,
	"email-message:sender_ref.value": kindEmail,
	"file:name":                      kindFileName,
	"file:path":                      kindFilePath,
	"file:parent_directory_ref.path": kindFilePath,
	"directory:path":                 kindFilePath,
	"app:id":                         kindAppID,
	"configuration-profile:id":       kindProfileID,
	"android-property:name":          kindProperty,
	"phone-number:value":             kindPhone,
}

// meaningOf returns the kind of a property.
func meaningOf(object, path string) (kind, bool) {
	object = strings.ToLower(object)
	if k, ok := meanings[object+":"+path]; ok {
		return k, true
	}
	path = strings.ToLower(path)
	if k, ok := meanings[object+":"+path]; ok {
		return k, true
	}
	first, algorithm, _ := strings.Cut(path, ".")
	switch strings.NewReplacer("-", "", "_", "", ".", "").Replace(algorithm) {
	case "md5", "sha1", "sha256":
	default:
		return 0, false
	}
	switch object + ":" + first {
	case "file:hashes":
		return kindFileHash, true
	case "app:cert", "x509-certificate:hashes":
		return kindCertHash, true
	}
	return 0, false
}

// clip cuts s to n bytes for a message.
func clip(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}
