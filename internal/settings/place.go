package settings

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// placeOf is the key or item to which a way leads, or the nearest before it that
// is there.
func placeOf(n *yaml.Node, way []any) *yaml.Node {
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	at := n
	for _, step := range way {
		key, next := child(n, step)
		if next == nil {
			return at
		}
		if at = key; next.Kind == yaml.AliasNode {
			next = next.Alias
		}
		n = next
	}
	return at
}

// columnOf is the column of a key or value in a line, 0 where it is not there or
// is there twice.
func columnOf(n *yaml.Node, line int, text string) int {
	column, seen := 0, 0
	each(n, 0, func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && n.Line == line && quotes(text, n.Value) {
			column = n.Column
			seen++
		}
	})
	if seen != 1 {
		return 0
	}
	return column
}

// quotes reports whether the library means a value by a text: it cuts long ones.
func quotes(text, value string) bool {
	cut, is := strings.CutSuffix(text, "...")
	return text == value || is && len(text) == 10 && len(value) > 10 && strings.HasPrefix(value, cut)
}

// each calls fn for all of a document, as deep as a file is looked into.
func each(n *yaml.Node, depth int, fn func(*yaml.Node)) {
	if depth > maxDepth {
		return
	}
	fn(n)
	for _, c := range n.Content {
		each(c, depth+1, fn)
	}
}

// child is one step: the key and the value, or an item twice.
func child(n *yaml.Node, step any) (key, value *yaml.Node) {
	switch at := step.(type) {
	case int:
		if n.Kind == yaml.SequenceNode && at >= 0 && at < len(n.Content) {
			return n.Content[at], n.Content[at]
		}
	case string:
		if n.Kind == yaml.SequenceNode {
			return byID(n, at)
		}
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == at {
				return n.Content[i], n.Content[i+1]
			}
		}
	}
	return nil, nil
}

// byID finds the last item of a list that has an id: a later one stands in the
// place of an earlier.
func byID(n *yaml.Node, id string) (key, value *yaml.Node) {
	for _, item := range n.Content {
		if _, v := child(item, "id"); item.Kind == yaml.MappingNode && v != nil && v.Value == id {
			key, value = item, item
		}
	}
	return key, value
}

// maxDepth bounds how deep a file is looked into; what reads it is not nested.
const maxDepth = 64

// twice finds keys that a mapping has twice: the second would count unseen.
func twice(n *yaml.Node, f Faults) Faults { return twiceIn(n, f, 0) }

func twiceIn(n *yaml.Node, f Faults, depth int) Faults {
	if depth > maxDepth {
		return f
	}
	seen := map[string]bool{}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && c.Kind == yaml.ScalarNode {
			if seen[c.Value] {
				f = append(f, Fault{Line: c.Line, Column: c.Column, Kind: Twice, Name: c.Value})
			}
			seen[c.Value] = true
		}
		f = twiceIn(c, f, depth+1)
	}
	return f
}
