package ios

import (
	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/links"
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
			r.rec.Truncated = true
			break
		}
		list = appendNew(list, r.cut(r.found[i].URL))
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
