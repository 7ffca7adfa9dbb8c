package ios

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/format/keyedarchive"
	"github.com/amparo-project/amparo/internal/format/plist"
	"github.com/amparo-project/amparo/internal/format/streamtyped"
	"github.com/amparo-project/amparo/internal/limit"
)

// readAttributed returns the text of an attributed string, and the links in
// its attributes. A stream that is cut gives what came before, and an error.
func readAttributed(data []byte) (text string, links []string, err error) {
	if len(data) == 0 {
		return "", nil, nil
	}
	if !mayLink(data) {
		text, err = streamtyped.Text(data)
		return text, nil, err
	}
	a, err := streamtyped.Decode(data)
	return a.Text, a.Links, err
}

// mayLink reports whether an attributed string may have links in its
// attributes: the class of a link is named in it.
func mayLink(data []byte) bool { return bytes.Contains(data, []byte("NSURL")) }

// previewLimits bound what is made of a link preview: larger ones carry their
// picture, which is not looked at.
var previewLimits = plist.Limits{Depth: 32, Nodes: 20_000, Bytes: 16 << 20}

// A preview is what the card below a message says.
type preview struct {
	url, original  string // the link after redirects, and as it was sent
	title, summary string
	links          []string // all other links, such as that of the picture
}

// isList reports whether data is a property list. Payloads of drawings and of
// some apps are none.
func isList(data []byte) bool {
	return bytes.HasPrefix(data, []byte("bplist")) || bytes.HasPrefix(data, []byte("<?xml"))
}

// readPreview reads payload_data: a keyed archive of the metadata of a link,
// or of the card of an app in Messages.
func readPreview(payload []byte) (preview, error) {
	var p preview
	if !isList(payload) {
		return p, nil
	}
	list, err := plist.Parse(payload)
	if err != nil {
		return p, err
	}
	archive, err := keyedarchive.Open(list)
	if err != nil {
		if errors.Is(err, limit.ErrUnsupported) {
			return p, nil
		}
		return p, err
	}
	root := archive.Root()
	card := root
	if m := entry(root, "richLinkMetadata"); m.Valid() {
		card = m
	}
	p.url, _ = entry(card, "URL").Str()
	p.original, _ = entry(card, "originalURL").Str()
	p.title = firstText(textOf(card, "title"), textOf(card, "ldtext"), textOf(card, "an"))
	p.summary = textOf(card, "summary")
	all, err := root.Any(previewLimits)
	p.links = urlsIn(all, nil)
	return p, err
}

// entry returns what a key of an object, or of a dictionary, refers to.
func entry(o keyedarchive.Object, key string) keyedarchive.Object {
	if m := o.Get(key); m.Valid() {
		return m
	}
	for k, m := range o.Pairs() {
		if k == key {
			return m
		}
	}
	return keyedarchive.Object{}
}

func textOf(o keyedarchive.Object, key string) string {
	s, _ := entry(o, key).Str()
	return s
}

// urlsIn appends the texts in a tree that are links, in a fixed order.
func urlsIn(v any, list []string) []string {
	if len(list) >= maxList {
		return list
	}
	switch v := v.(type) {
	case string:
		if strings.HasPrefix(v, "http://") || strings.HasPrefix(v, "https://") {
			list = appendNew(list, v)
		}
	case []any:
		for _, e := range v {
			list = urlsIn(e, list)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			list = urlsIn(v[k], list)
		}
	}
	return list
}

// A history is what message_summary_info tells of an edited message.
type history struct {
	texts     []string // earlier versions, oldest first
	retracted []int64  // numbers of the parts that were unsent
}

// mayBeEdited reports whether a summary may hold a history. Nearly every
// message has a summary, and nearly none was edited: the keys are looked for
// as they lie in a binary list, an ASCII string of two characters.
func mayBeEdited(info []byte) bool {
	return !bytes.HasPrefix(info, []byte("bplist")) ||
		bytes.Contains(info, []byte("\x52ec")) || bytes.Contains(info, []byte("\x52rp"))
}

// readHistory reads message_summary_info: "ec" has the versions of each edited
// part, the last of which is the one that text shows; "rp" the unsent parts.
func readHistory(info []byte, current string) (history, error) {
	var h history
	list, err := plist.Parse(info)
	if err != nil {
		return h, err
	}
	for _, versions := range list.Get("ec").All() {
		for i := range min(versions.Len(), maxList) {
			blob, ok := versions.At(i).Get("t").Bytes()
			if !ok {
				continue
			}
			text, _, badVersion := readAttributed(blob)
			err = firstError(err, badVersion)
			last := i == versions.Len()-1 && strings.Contains(current, text)
			if text != "" && text != current && !last && len(h.texts) < maxList {
				h.texts = appendNew(h.texts, text)
			}
		}
	}
	for part := range list.Get("rp").Items() {
		if n, ok := part.Int(); ok && len(h.retracted) < maxList {
			h.retracted = append(h.retracted, n)
		}
	}
	return h, err
}
