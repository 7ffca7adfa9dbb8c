package indicator

import (
	"errors"
	"fmt"
	"strings"
)

// Limits of one pattern.
const (
	maxPattern = 64 << 10 // bytes
	maxDepth   = 64       // nested parentheses
)

// joint says how the parts of a node belong together.
type joint uint8

const (
	leaf    joint = iota
	anyOf         // OR
	allOf         // AND
	inOrder       // FOLLOWEDBY
)

// A node is an expression over observations, or within one.
type node struct {
	joint joint
	kids  []node

	// Of a leaf:
	observation *observation
	compare     *comparison
}

// An observation is what stands in brackets, with its qualifiers.
type observation struct {
	expr       node
	qualifiers []string // "START", "WITHIN", "REPEATS 5"
}

// A comparison is one test of a value.
type comparison struct {
	object string   // "domain-name"
	path   string   // "value", "hashes.SHA-256": without quotes
	op     string   // "=", "IN", "LIKE", …
	not    bool     // NOT, or "!="
	values []string // one, but for IN
}

// parsePattern reads a pattern of the language of STIX 2.0 and 2.1, with
// strings in single or double quotes. Brackets around a whole pattern of one
// observation may be missing, as in some feeds.
//
// https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html#_e8slinrhxcc9
func parsePattern(s string) (node, error) {
	if len(s) > maxPattern {
		return node{}, fmt.Errorf("pattern of %d bytes, at most %d are read", len(s), maxPattern)
	}
	p := parser{s: s}
	p.space()
	n, err := p.whole()
	if err != nil {
		return node{}, err
	}
	if p.i < len(s) {
		return node{}, p.fail("end of pattern")
	}
	return n, nil
}

type parser struct {
	s     string
	i     int
	depth int
}

func (p *parser) fail(want string) error {
	return fmt.Errorf("at byte %d: expected %s", p.i+1, want)
}

// whole reads observations, or a bare comparison expression.
func (p *parser) whole() (node, error) {
	if p.i < len(p.s) && p.s[p.i] != '[' && p.s[p.i] != '(' {
		expr, err := p.alternatives(p.comparison)
		return node{observation: &observation{expr: expr}}, err
	}
	return p.sequence()
}

// sequence reads observations joined by FOLLOWEDBY, OR and AND, which binds
// tightest.
func (p *parser) sequence() (node, error) {
	return p.list(inOrder, "FOLLOWEDBY", func() (node, error) { return p.alternatives(p.observation) })
}

// alternatives reads parts joined by OR, of parts joined by AND.
func (p *parser) alternatives(part func() (node, error)) (node, error) {
	return p.list(anyOf, "OR", func() (node, error) { return p.list(allOf, "AND", part) })
}

// list reads parts joined by word. A single part is itself.
func (p *parser) list(j joint, word string, part func() (node, error)) (node, error) {
	n, err := part()
	if err != nil || !p.word(word) {
		return n, err
	}
	joined := node{joint: j, kids: []node{n}}
	for {
		if n, err = part(); err != nil {
			return node{}, err
		}
		joined.kids = append(joined.kids, n)
		if !p.word(word) {
			return joined, nil
		}
	}
}

// observation reads "[ … ]" or a group in parentheses, and qualifiers.
func (p *parser) observation() (node, error) {
	var n node
	switch {
	case p.byte('('):
		group, err := p.nested(p.sequence)
		if err != nil {
			return node{}, err
		}
		n = group
	case p.byte('['):
		expr, err := p.alternatives(p.comparison)
		if err != nil {
			return node{}, err
		}
		if !p.byte(']') {
			return node{}, p.fail("]")
		}
		n.observation = &observation{expr: expr}
	default:
		return node{}, p.fail("[")
	}
	return p.qualified(n)
}

// nested reads the inside of parentheses, up to the closing one.
func (p *parser) nested(inside func() (node, error)) (node, error) {
	if p.depth++; p.depth > maxDepth {
		return node{}, fmt.Errorf("at byte %d: parentheses nested more than %d deep", p.i+1, maxDepth)
	}
	n, err := inside()
	if err != nil {
		return node{}, err
	}
	if p.depth--; !p.byte(')') {
		return node{}, p.fail(")")
	}
	return n, nil
}

// qualified reads the qualifiers behind an observation. Those of a group
// count for the group as a whole.
func (p *parser) qualified(n node) (node, error) {
	var all []string
	for {
		q, err := p.qualifier()
		if err != nil {
			return node{}, err
		}
		if q == "" {
			break
		}
		all = append(all, q)
	}
	if all == nil {
		return n, nil
	}
	if n.observation == nil {
		n = node{observation: &observation{expr: n}}
	}
	n.observation.qualifiers = append(n.observation.qualifiers, all...)
	return n, nil
}

// qualifier reads one qualifier, "" if there is none.
func (p *parser) qualifier() (string, error) {
	switch {
	case p.word("WITHIN"):
		if _, err := p.literal(); err != nil || !p.word("SECONDS") {
			return "", errors.Join(err, p.fail("SECONDS"))
		}
		return "WITHIN", nil
	case p.word("REPEATS"):
		n, err := p.literal()
		if err != nil || !p.word("TIMES") {
			return "", errors.Join(err, p.fail("TIMES"))
		}
		return "REPEATS " + n, nil
	case p.word("START"):
		if _, err := p.literal(); err != nil || !p.word("STOP") {
			return "", errors.Join(err, p.fail("STOP"))
		}
		_, err := p.literal()
		return "START", err
	}
	return "", nil
}

// comparison reads "object:path OP value", or a group in parentheses.
func (p *parser) comparison() (node, error) {
	not := p.word("NOT")
	if p.byte('(') {
		n, err := p.nested(func() (node, error) { return p.alternatives(p.comparison) })
		if not && err == nil {
			n = node{compare: &comparison{op: "NOT ( )", not: true}}
		}
		return n, err
	}
	if p.word("EXISTS") {
		object, path, err := p.objectPath()
		return node{compare: &comparison{object: object, path: path, op: "EXISTS", not: not}}, err
	}
	c := &comparison{not: not}
	var err error
	if c.object, c.path, err = p.objectPath(); err != nil {
		return node{}, err
	}
	if p.word("NOT") {
		c.not = !c.not
	}
	if c.op = p.operator(); c.op == "" {
		return node{}, p.fail("an operator")
	}
	if c.op == "!=" || c.op == "<>" {
		c.op, c.not = "=", !c.not
	}
	c.values, err = p.values(c.op)
	return node{compare: c}, err
}

// values reads what stands to the right of the operator.
func (p *parser) values(op string) ([]string, error) {
	if op != "IN" {
		v, err := p.literal()
		return []string{v}, err
	}
	if !p.byte('(') {
		return nil, p.fail("(")
	}
	var all []string
	for {
		v, err := p.literal()
		if err != nil {
			return nil, err
		}
		all = append(all, v)
		if p.byte(')') {
			return all, nil
		}
		if !p.byte(',') {
			return nil, p.fail(", or )")
		}
	}
}

var operators = [...]string{"==", "=", "!=", "<>", "<=", ">=", "<", ">"}

var wordOperators = [...]string{"IN", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"}

func (p *parser) operator() string {
	for _, op := range operators {
		if strings.HasPrefix(p.s[p.i:], op) {
			p.i += len(op)
			p.space()
			if op == "==" {
				return "="
			}
			return op
		}
	}
	for _, op := range wordOperators {
		if p.word(op) {
			return op
		}
	}
	return ""
}
