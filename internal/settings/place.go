package settings

import "go.yaml.in/yaml/v3"

// lineOf is the line of the place to which a way leads, or of the nearest before
// it that is there.
func lineOf(n *yaml.Node, way []any) int {
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	line := n.Line
	for _, step := range way {
		key, next := child(n, step)
		if next == nil {
			return line
		}
		if line = key.Line; next.Kind == yaml.AliasNode {
			next = next.Alias
		}
		n = next
	}
	return line
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
				f = append(f, Fault{Line: c.Line, Kind: Twice, Name: c.Value})
			}
			seen[c.Value] = true
		}
		f = twiceIn(c, f, depth+1)
	}
	return f
}
