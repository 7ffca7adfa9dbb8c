package ios

import (
	"maps"
	"slices"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/links"
	"github.com/amparo-project/amparo/internal/format/plist"
)

// addLinks appends the links in text to list, each once: with their scheme,
// and made whole where somebody had made them harmless. Past maxList links
// the record is marked as truncated.
func (r *reading) addLinks(list []string, text string) []string {
	if text == "" {
		return list
	}
	r.found = links.Scan(text, r.found[:0])
	for i := range r.found {
		if len(list) >= maxList {
			r.Rec.Truncated = true
			break
		}
		list = appendNew(list, r.Cut(r.found[i].URL))
	}
	return list
}

// setLinks sets the field links to a copy of list, and notes each as a URL.
func setLinks(rec *artifact.Record, list []string) {
	if len(list) == 0 {
		return
	}
	rec.Set("links", artifact.StringsValue(append([]string(nil), list...)))
	for _, link := range list {
		rec.Observe(artifact.URL, link, "links")
	}
}

// listLinks returns the links in all texts of a property list in a column. One
// that cannot be read has none: it is no more than an addition to its message.
func (r *reading) listLinks(data []byte) []string {
	root, err := plist.Parse(data)
	if err != nil {
		return nil
	}
	tree, err := plist.Any(root, treeLimits)
	if err != nil {
		return nil
	}
	return r.treeLinks(tree, nil)
}

// treeLinks appends the links in all texts of a tree, which plist.Any bounded.
func (r *reading) treeLinks(tree any, list []string) []string {
	switch v := tree.(type) {
	case string:
		return r.addLinks(list, v)
	case []any:
		for _, e := range v {
			list = r.treeLinks(e, list)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			list = r.treeLinks(v[k], list)
		}
	}
	return list
}
