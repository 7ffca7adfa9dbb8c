package apk

import (
	"fmt"
	"strconv"

	"github.com/amparo-project/amparo/internal/limit"
)

// An element is the start of an element of binary XML.
type element struct {
	name  string
	attrs []attr
}

// An attr is one attribute. Its name is looked up by its number in the
// platform's resources first: the text may be anything.
type attr struct {
	name  string
	typ   byte
	data  uint32
	text  string // of a text, or what the file has as such
	known bool   // its name is one of the platform's
}

// names are the attributes of the platform that are read, by their number in
// https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/core/res/res/values/public-final.xml
var names = map[uint32]string{
	0x01010001: "label", 0x01010003: "name", 0x01010006: "permission", 0x0101000b: "sharedUserId",
	0x0101000e: "enabled", 0x0101000f: "debuggable", 0x01010010: "exported", 0x01010011: "process",
	0x01010018: "authorities", 0x01010024: "value", 0x01010025: "resource", 0x01010027: "scheme", 0x01010028: "host",
	0x01010202: "targetActivity", 0x0101020c: "minSdkVersion", 0x0101021b: "versionCode", 0x0101021c: "versionName",
	0x01010270: "targetSdkVersion", 0x01010272: "testOnly", 0x01010280: "allowBackup",
	0x010104ec: "usesCleartextTraffic",
}

// Bounds of a manifest.
const (
	maxElements = 1 << 20
	maxAttrs    = 512
	maxDepth    = 64
)

// walkXML calls each at every start of an element with its depth, from 0. It
// returns an error where the file cannot be read on.
func walkXML(data []byte, each func(e *element, depth int)) error {
	c, err := nextChunk(data)
	if err != nil {
		return err
	}
	// Some packages have another type here, which a phone does not look at.
	rest := c.data[len(c.head):]
	var texts pool
	var ids []byte
	depth, elements := 0, 0
	for len(rest) >= chunkHeadSize {
		if c, err = nextChunk(rest); err != nil {
			return err
		}
		rest = rest[len(c.data):]
		switch c.typ {
		case chunkPool:
			if texts.count == 0 {
				texts = readPool(c)
			}
		case chunkMap:
			ids = c.data[len(c.head):]
		case chunkStart:
			if elements++; elements > maxElements {
				return fmt.Errorf("%w: more than %d elements", limit.ErrLimit, maxElements)
			}
			if depth < maxDepth {
				e := readElement(c, &texts, ids)
				each(&e, depth)
			}
			depth++
		case chunkEnd:
			depth = max(depth-1, 0)
		}
	}
	return nil
}

// attrSize is the size of an attribute; files may say a larger one.
const attrSize = 20

func readElement(c chunk, texts *pool, ids []byte) (e element) {
	b := c.data[len(c.head):]
	e.name = texts.at(u32(b, 4))
	start, size, count := int(u16(b, 8)), int(u16(b, 10)), int(u16(b, 12))
	if size < attrSize {
		size = attrSize
	}
	for i := range min(count, maxAttrs) {
		at := start + i*size
		if at+attrSize > len(b) {
			break
		}
		a := attr{typ: b[at+15], data: u32(b, at+16)}
		index := u32(b, at+4)
		if int64(index)*4+4 <= int64(len(ids)) {
			a.name, a.known = names[u32(ids, int(index)*4)]
		}
		if !a.known {
			a.name = texts.at(index)
		}
		switch raw := u32(b, at+8); {
		case a.typ == typeText:
			a.text = texts.at(a.data)
		case raw != 0xffffffff:
			a.text = texts.at(raw)
		}
		e.attrs = append(e.attrs, a)
	}
	return e
}

// get returns the first attribute of that name, nil where there is none.
func (e *element) get(name string) *attr {
	for i := range e.attrs {
		if e.attrs[i].name == name {
			return &e.attrs[i]
		}
	}
	return nil
}

// string returns the text of an attribute, "" where there is none. Numbers are
// written out, a reference as @0x7f010001.
func (e *element) string(name string) string {
	a := e.get(name)
	switch {
	case a == nil:
		return ""
	case a.typ == typeText, a.text != "":
		return a.text
	case a.typ == typeReference:
		return "@0x" + strconv.FormatUint(uint64(a.data), 16)
	case a.typ == typeBool:
		return strconv.FormatBool(a.data != 0)
	case a.typ == typeInt, a.typ == typeHex:
		return strconv.FormatInt(int64(int32(a.data)), 10)
	default:
		return ""
	}
}

// int returns a number, and whether there is one.
func (e *element) int(name string) (int64, bool) {
	a := e.get(name)
	if a == nil {
		return 0, false
	}
	if a.typ == typeInt || a.typ == typeHex {
		return int64(int32(a.data)), true
	}
	n, err := strconv.ParseInt(a.text, 10, 64)
	return n, err == nil
}

// truth returns what a flag says.
func (e *element) truth(name string) Truth {
	a := e.get(name)
	switch {
	case a == nil:
		return Unsaid
	case a.typ == typeBool, a.typ == typeInt, a.typ == typeHex:
		if a.data != 0 {
			return Yes
		}
		return No
	case a.text == "true":
		return Yes
	case a.text == "false":
		return No
	default:
		return Unsaid // a reference to a resource, which may differ by phone
	}
}
