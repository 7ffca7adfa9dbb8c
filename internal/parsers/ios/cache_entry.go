package ios

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/plist"
)

// A cacheEntry is what the tables beside cfurl_cache_response say of one
// entry of a cache.
type cacheEntry struct {
	loc  artifact.Location
	used bool // its answer was given

	url, mainURL, method string // of the request
	request              headers

	responseURL, mimeType string
	received, status      artifact.Value
	response              headers

	dataLength   artifact.Value
	sha256, file string
}

// headers are those of a request or an answer, in the order of their names.
type headers []header

type header struct{ name, value string }

// get returns the value of a header. Names have no case.
func (h headers) get(name string) string {
	for _, one := range h {
		if strings.EqualFold(one.name, name) {
			return one.value
		}
	}
	return ""
}

func (h headers) tree() artifact.Value {
	if len(h) == 0 {
		return artifact.Value{}
	}
	tree := make(map[string]any, len(h))
	for _, one := range h {
		tree[one.name] = one.value
	}
	return artifact.TreeValue(tree)
}

// secretHeaders let whoever has them act as the user, and say nothing of where
// something came from; the last is the order of the headers, once more.
var secretHeaders = []string{"cookie", "set-cookie", "authorization", "proxy-authorization", "__hhaa__"}

// maxHeaders is more than a server sends.
const maxHeaders = 200

// entry returns what is known of an entry, which the row of t is a part of.
func (c *cacheReader) entry(t *table) (*cacheEntry, error) {
	id := t.rowID()
	if e := c.entries[id]; e != nil {
		return e, nil
	}
	e := &cacheEntry{loc: t.location()}
	c.entries[id] = e
	c.order = append(c.order, id)
	return e, t.hold()
}

// objects reads the requests and the answers, which are property lists.
func (c *cacheReader) objects() error {
	t := c.r.optional("cfurl_cache_blob_data", "response_object", "request_object")
	if t == nil {
		return nil
	}
	response, request := t.find("response_object"), t.find("request_object")
	err := t.each(func() error {
		e, err := c.entry(t)
		if err != nil {
			return err
		}
		if err := c.object(t, request, e.readRequest); err != nil {
			return err
		}
		if err := c.object(t, response, e.readResponse); err != nil {
			return err
		}
		return t.hold(e.texts()...)
	})
	return c.r.unjoined(err)
}

// texts are those that an entry keeps in memory.
func (e *cacheEntry) texts() []string {
	list := []string{e.url, e.mainURL, e.responseURL, e.mimeType, e.method}
	for _, h := range [][]header{e.request, e.response} {
		for _, one := range h {
			list = append(list, one.name, one.value)
		}
	}
	return list
}

// object reads one property list, {Version, Array}. One that cannot be read is
// told of, and costs no more than itself.
func (c *cacheReader) object(t *table, column int, read func(r *reading, list []plist.Value)) error {
	data := t.bytes(column)
	if len(data) == 0 {
		return nil
	}
	root, err := plist.Parse(data)
	if err != nil {
		return c.r.ProblemAt(t.location(), fmt.Errorf("%s: %w", t.columns[column].name, err))
	}
	var list []plist.Value
	for v := range root.Get("Array").Items() {
		if len(list) >= maxHeaders {
			break
		}
		list = append(list, v)
	}
	read(c.r, list)
	return nil
}

// readRequest finds the parts of a request by what they are: their places
// differ between versions.
func (e *cacheEntry) readRequest(r *reading, list []plist.Value) {
	for _, v := range list {
		switch v.Kind() {
		case plist.String:
			if s, _ := v.Str(); e.method == "" && isMethod(s) {
				e.method = s
			}
		case plist.Dict:
			switch url := cacheURL(r, v); {
			case url == "":
				e.request = readHeaders(r, v)
			case e.url == "":
				e.url = url
			default:
				e.mainURL = url
			}
		}
	}
}

// readResponse does the same for an answer. The status stands before the
// headers, the type of the content after them.
func (e *cacheEntry) readResponse(r *reading, list []plist.Value) {
	headersAt := -1
	for i, v := range list {
		if v.Kind() != plist.Dict {
			continue
		}
		if url := cacheURL(r, v); url != "" {
			e.responseURL = url
		} else if headersAt < 0 {
			headersAt = i
			e.response = readHeaders(r, v)
		}
	}
	for i, v := range list {
		switch v.Kind() {
		case plist.Real:
			if f, ok := v.Real(); ok && e.received.Kind() == artifact.Null {
				e.received = artifact.FloatValue(f)
			}
		case plist.Int:
			if n, ok := v.Int(); ok && i == headersAt-1 {
				e.status = artifact.IntValue(n)
			}
		case plist.String:
			if s, _ := v.Str(); i > headersAt && headersAt >= 0 && strings.Contains(s, "/") {
				e.mimeType = r.Cut(s)
			}
		}
	}
}

// isMethod reports whether s is a method of HTTP: capital letters.
func isMethod(s string) bool {
	if len(s) < 3 || len(s) > 16 {
		return false
	}
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return true
}

// cacheURL returns the address in a dictionary that stands for one.
func cacheURL(r *reading, v plist.Value) string {
	s, _ := v.Get("_CFURLString").Str()
	return r.Cut(s)
}

func readHeaders(r *reading, v plist.Value) headers {
	var h headers
	for name, value := range v.All() {
		s, ok := value.Str()
		if !ok || slices.Contains(secretHeaders, strings.ToLower(name)) {
			continue
		}
		if len(h) >= maxHeaders {
			break
		}
		h = append(h, header{r.Cut(name), r.Cut(s)})
	}
	return h
}

// data reads the content of answers, or the name of the file that holds it.
func (c *cacheReader) data() error {
	t := c.r.optional("cfurl_cache_receiver_data", "isDataOnFS", "receiver_data")
	if t == nil {
		return nil
	}
	apart, data := t.find("isDataOnFS"), t.find("receiver_data")
	err := t.each(func() error {
		e, err := c.entry(t)
		if err != nil {
			return err
		}
		b := t.bytes(data)
		if n, ok := t.integer(apart); ok && n == 1 {
			e.file = c.r.Cut(string(b))
			return t.hold(e.file)
		}
		if len(b) == 0 {
			return nil
		}
		sum := sha256.Sum256(b)
		e.dataLength, e.sha256 = artifact.IntValue(int64(len(b))), hex.EncodeToString(sum[:])
		return t.hold(e.sha256)
	})
	return c.r.unjoined(err)
}
