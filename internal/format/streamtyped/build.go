package streamtyped

import (
	"math"
	"slices"
	"strings"
)

// Bounds of what is made of the attributes. References let a short stream
// describe a large tree, or one that holds itself.
const (
	maxBuilt      = 50_000
	maxBuiltDepth = 16
)

// builder makes Go values of the objects that were read.
type builder struct {
	r    *reader
	left int // values it may still make; below zero: it was stopped

	links, files, mentions, names unique
}

// attributed makes the result of whatever was read.
func (b *builder) attributed() Attributed {
	var runs []Run
	for i := range b.r.entries {
		switch b.class(i) {
		case "NSAttributedString", "NSMutableAttributedString":
			if runs == nil {
				runs = b.runs(b.r.valuesOf(i))
			}
		case "NSURL":
			if link, ok := b.url(i, 0); ok {
				b.links.add(link)
			}
		}
	}
	return Attributed{
		Text: b.text(b.r.text), Runs: runs,
		Links: b.links.list, Files: b.files.list, Mentions: b.mentions.list, Attributes: b.names.list,
	}
}

// unique is a list of texts, each once.
type unique struct {
	list []string
	seen map[string]bool // made for long lists only
}

func (u *unique) add(s string) {
	const long = 16
	if s == "" || u.seen[s] || u.seen == nil && slices.Contains(u.list, s) {
		return
	}
	u.list = append(u.list, s)
	switch {
	case len(u.list) == long:
		u.seen = make(map[string]bool, 2*long)
		for _, have := range u.list {
			u.seen[have] = true
		}
	case len(u.list) > long:
		u.seen[s] = true
	}
}

// runs reads what follows the text: for each run the number of its attributes
// and its length, and the attributes themselves where that number is new.
func (b *builder) runs(vals []value) (runs []Run) {
	var known [][]Attribute
	at := 0
	for i := 1; i+1 < len(vals) && b.left >= 0; {
		no, n := vals[i].num, vals[i+1].num
		if vals[i].kind != isInt || vals[i+1].kind != isInt || n < 0 {
			return runs
		}
		i += 2
		if i < len(vals) && vals[i].kind != isInt {
			known = append(known, b.attributes(vals[i]))
			i++
		}
		run := Run{Start: at, Len: int(n)}
		if no >= 1 && no <= int64(len(known)) {
			run.Attributes = known[no-1]
		}
		runs = append(runs, run)
		at += run.Len
	}
	return runs
}

// attributes reads the dictionary of a run, and gathers what all runs say.
func (b *builder) attributes(dict value) []Attribute {
	if dict.kind != isObject {
		return nil
	}
	var list []Attribute
	for key, v := range pairs(b.r.valuesOf(int(dict.num))) {
		if b.left < 0 {
			break
		}
		name, _ := b.value(key, 0).(string)
		attr := Attribute{Name: name, Value: b.value(v, 0)}
		if v.kind == isObject {
			attr.Class = b.class(int(v.num))
		}
		list = append(list, attr)
		b.names.add(name)
		s, _ := attr.Value.(string)
		switch name {
		case linkAttribute:
			b.links.add(s)
		case fileAttribute:
			b.files.add(s)
		case mentionAttribute:
			b.mentions.add(s)
		}
	}
	return list
}

// pairs yields the pairs of a dictionary: a count, then key and value in turn.
func pairs(vals []value) func(func(key, v value) bool) {
	return func(yield func(key, v value) bool) {
		for i := 1; i+1 < len(vals); i += 2 {
			if !yield(vals[i], vals[i+1]) {
				return
			}
		}
	}
}

// class returns the name of an object's class, "" for what is no object.
func (b *builder) class(no int) string {
	e := b.r.entries[no]
	if e.kind != isObject || e.class < 0 {
		return ""
	}
	return string(b.r.bytesOf(b.r.entries[e.class].name))
}

func (r *reader) valuesOf(no int) []value {
	s := r.entries[no].vals
	return r.values[s.at : s.at+s.n]
}

func (b *builder) text(s span) string {
	return strings.ToValidUTF8(string(b.r.bytesOf(s)), "\ufffd")
}

// value makes a Go value.
func (b *builder) value(v value, depth int) any {
	if b.left--; b.left < 0 {
		return nil
	}
	switch v.kind {
	case isInt:
		return v.num
	case isFloat:
		return math.Float64frombits(uint64(v.num))
	case isBytes:
		return b.text(v.span)
	case isClass:
		return string(b.r.bytesOf(b.r.entries[v.num].name))
	case isObject:
		return b.object(int(v.num), depth+1)
	}
	return nil
}

// object makes a Go value of an object, as its class has it.
func (b *builder) object(no, depth int) any {
	if depth > maxBuiltDepth {
		b.left = -1
		return nil
	}
	vals := b.r.valuesOf(no)
	switch b.class(no) {
	case "NSString", "NSMutableString":
		if len(vals) > 0 && vals[0].kind == isBytes {
			return b.text(vals[0].span)
		}
	case "NSURL":
		if link, ok := b.url(no, depth); ok {
			return link
		}
	case "NSNumber":
		if len(vals) == 2 { // its type, then its value
			return b.value(vals[1], depth)
		}
	case "NSData", "NSMutableData":
		if len(vals) == 2 && vals[1].kind == isBytes { // its length, then its bytes
			return slices.Clone(b.r.bytesOf(vals[1].span))
		}
	case "NSArray", "NSMutableArray":
		return b.list(vals[min(1, len(vals)):], depth)
	case "NSDictionary", "NSMutableDictionary":
		return b.dictionary(vals, depth)
	}
	return b.list(vals, depth)
}

func (b *builder) list(vals []value, depth int) any {
	list := []any{}
	for _, v := range vals {
		if b.left < 0 {
			break
		}
		list = append(list, b.value(v, depth))
	}
	return list
}

func (b *builder) dictionary(vals []value, depth int) any {
	m := map[string]any{}
	for key, v := range pairs(vals) {
		if b.left < 0 {
			break
		}
		k, _ := b.value(key, depth).(string)
		m[k] = b.value(v, depth)
	}
	return m
}

// url returns the text of an NSURL: whether it is relative, then the URL it is
// relative to where it is, then its text.
func (b *builder) url(no, depth int) (string, bool) {
	vals := b.r.valuesOf(no)
	if len(vals) < 2 || depth > maxBuiltDepth {
		return "", false
	}
	own, ok := b.value(vals[len(vals)-1], depth).(string)
	if !ok || len(vals) == 2 {
		return own, ok
	}
	base, _ := b.value(vals[1], depth).(string)
	return base + own, true
}
