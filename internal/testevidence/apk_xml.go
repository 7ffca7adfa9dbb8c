package testevidence

import (
	"encoding/binary"
	"maps"
	"slices"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// attributeIDs are the attributes of the platform that a manifest uses, in the
// order of their numbers (public-final.xml of frameworks/base): their names
// come first among the texts of binary XML.
var attributeIDs = []struct {
	name string
	id   uint32
}{
	{"label", 0x01010001},
	{"name", 0x01010003},
	{"permission", 0x01010006},
	{"sharedUserId", 0x0101000b},
	{"debuggable", 0x0101000f},
	{"exported", 0x01010010},
	{"minSdkVersion", 0x0101020c},
	{"versionCode", 0x0101021b},
	{"versionName", 0x0101021c},
	{"targetSdkVersion", 0x01010270},
}

const androidNamespace = "http://schemas.android.com/apk/res/android"

// A binaryXML is a file of binary XML that is being written (ResourceTypes.h).
type binaryXML struct {
	texts []string
	index map[string]uint32
	body  []byte
}

func newBinaryXML() *binaryXML {
	x := &binaryXML{index: map[string]uint32{}}
	for _, a := range attributeIDs {
		x.text(a.name)
	}
	return x
}

func (x *binaryXML) text(s string) uint32 {
	i, ok := x.index[s]
	if !ok {
		i = uint32(len(x.texts))
		x.texts = append(x.texts, s)
		x.index[s] = i
	}
	return i
}

// An xmlAttr is an attribute: a text, a number, a flag or a reference.
type xmlAttr struct {
	name  string
	typ   byte
	value any // string or uint32
}

const none32 = 0xffffffff

func textAttr(name, value string) xmlAttr { return xmlAttr{name, 3, value} }
func intAttr(name string, v uint32) xmlAttr {
	return xmlAttr{name, 0x10, v}
}

func boolAttr(name string, v bool) xmlAttr {
	if v {
		return xmlAttr{name, 0x12, uint32(none32)}
	}
	return xmlAttr{name, 0x12, uint32(0)}
}

func le32(b []byte, vs ...uint32) []byte {
	for _, v := range vs {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func le16(b []byte, vs ...uint16) []byte {
	for _, v := range vs {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return b
}

// resChunk frames head and body as a chunk of that type.
func resChunk(typ uint16, head, body []byte) []byte {
	b := le16(nil, typ, uint16(8+len(head)))
	b = le32(b, uint32(8+len(head)+len(body)))
	return append(append(b, head...), body...)
}

// node frames a node of the tree: its head is a line number and a comment.
func (x *binaryXML) node(typ uint16, body []byte) {
	x.body = append(x.body, resChunk(typ, le32(nil, 1, none32), body)...)
}

// open starts an element.
func (x *binaryXML) open(name string, attrs ...xmlAttr) {
	b := le32(nil, none32, x.text(name))
	b = le16(b, 20, 20, uint16(len(attrs)), 0, 0, 0)
	for _, a := range attrs {
		ns := x.text(androidNamespace)
		if a.name == "package" {
			ns = none32
		}
		raw, data := uint32(none32), uint32(0)
		switch v := a.value.(type) {
		case string:
			raw = x.text(v)
			data = raw
		case uint32:
			data = v
		}
		b = le32(b, ns, x.text(a.name), raw)
		b = append(le16(b, 8), 0, a.typ)
		b = le32(b, data)
	}
	x.node(0x0102, b)
}

func (x *binaryXML) close(name string) { x.node(0x0103, le32(nil, none32, x.text(name))) }

// leaf writes an element that holds nothing.
func (x *binaryXML) leaf(name string, attrs ...xmlAttr) {
	x.open(name, attrs...)
	x.close(name)
}

// bytes returns the file: texts in UTF-16, numbers of attributes, the tree.
func (x *binaryXML) bytes() []byte {
	var ids []byte
	for _, a := range attributeIDs {
		ids = le32(ids, a.id)
	}
	body := append(textPool(x.texts, false), resChunk(0x0180, nil, ids)...)
	ns := le32(nil, x.text("android"), x.text(androidNamespace))
	body = append(body, resChunk(0x0100, le32(nil, 1, none32), ns)...)
	body = append(body, x.body...)
	return resChunk(0x0003, nil, append(body, resChunk(0x0101, le32(nil, 1, none32), ns)...))
}

// textPool writes a table of texts.
func textPool(texts []string, utf8 bool) []byte {
	var offsets, data []byte
	for _, s := range texts {
		offsets = le32(offsets, uint32(len(data)))
		if utf8 {
			data = append(append(data, byte(len([]rune(s))), byte(len(s))), s...)
			data = append(data, 0)
			continue
		}
		runes := []rune(s)
		data = le16(data, uint16(len(runes)))
		for _, r := range runes {
			data = le16(data, uint16(r))
		}
		data = le16(data, 0)
	}
	for len(data)%4 != 0 {
		data = append(data, 0)
	}
	flags := uint32(0)
	if utf8 {
		flags = 1 << 8
	}
	const headSize = 28
	head := le32(nil, uint32(len(texts)), 0, flags, headSize+uint32(len(offsets)), 0)
	return resChunk(0x0001, head, append(offsets, data...))
}

// labelID is the number of the resource that is an app's name.
const labelID = 0x7f010000

func apkManifest(s APKSpec) []byte {
	x := newBinaryXML()
	x.text("android")
	x.text(androidNamespace)
	attrs := []xmlAttr{intAttr("versionCode", s.VersionCode), textAttr("versionName", s.VersionName), textAttr("package", s.Package)}
	if s.SharedUserID != "" {
		attrs = append(attrs, textAttr("sharedUserId", s.SharedUserID))
	}
	x.open("manifest", attrs...)
	x.leaf("uses-sdk", intAttr("minSdkVersion", s.MinSDK), intAttr("targetSdkVersion", s.TargetSDK))
	for _, p := range s.Permissions {
		x.leaf("uses-permission", textAttr("name", p))
	}
	x.open("application", xmlAttr{"label", 1, uint32(labelID)}, boolAttr("debuggable", s.Debuggable))
	for _, c := range s.Components {
		attrs := []xmlAttr{textAttr("name", c.Name), boolAttr("exported", c.Exported)}
		if c.Permission != "" {
			attrs = append(attrs, textAttr("permission", c.Permission))
		}
		x.open(c.Kind, attrs...)
		if len(c.Actions)+len(c.Categories) > 0 {
			x.open("intent-filter")
			for _, a := range c.Actions {
				x.leaf("action", textAttr("name", a))
			}
			for _, a := range c.Categories {
				x.leaf("category", textAttr("name", a))
			}
			x.close("intent-filter")
		}
		x.close(c.Kind)
	}
	x.close("application")
	x.close("manifest")
	return x.bytes()
}

// resourceTable writes a table with one text: the name of the app.
func resourceTable(s APKSpec) []byte {
	entry := le16(nil, 8, 0)
	entry = le32(entry, 0)
	entry = append(le16(entry, 8), 0, 3)
	entry = le32(entry, 0)
	config := le32(nil, 28)
	config = append(config, make([]byte, 24)...)
	const typeHead = 8 + 12
	head := append([]byte{1, 0, 0, 0}, le32(nil, 1, uint32(typeHead+len(config)+4))...)
	typ := resChunk(0x0201, append(head, config...), append(le32(nil, 0), entry...))
	spec := resChunk(0x0202, append([]byte{1, 0, 0, 0}, le32(nil, 1)...), le32(nil, 0))
	types, keys := textPool([]string{"string"}, true), textPool([]string{"app_name"}, true)
	pkgHead := le32(nil, 0x7f)
	var name [256]byte
	for i, c := range []byte(s.Package[:min(len(s.Package), 127)]) {
		name[2*i] = c
	}
	pkgHead = append(pkgHead, name[:]...)
	const pkgHeadSize = 8 + 4 + 256 + 20
	pkgHead = le32(pkgHead, pkgHeadSize, 1, pkgHeadSize+uint32(len(types)), 1, 0)
	body := append(append(append(types, keys...), spec...), typ...)
	pkg := resChunk(0x0200, pkgHead, body)
	return resChunk(0x0002, le32(nil, 1), append(textPool([]string{s.Label}, true), pkg...))
}

// dexFile writes code of version 035 that has texts and nothing else.
func dexFile(s APKSpec) []byte {
	texts := append([]string{"Lcom/example/Main;", "<init>"}, s.Texts...)
	slices.Sort(texts)
	b := make([]byte, 0x70)
	copy(b, "dex\n035\x00")
	at := 0x70 + 4*len(texts)
	var data []byte
	for _, t := range texts {
		b = le32(b, uint32(at+len(data)))
		data = binary.AppendUvarint(data, uint64(len([]rune(t))))
		data = append(append(data, t...), 0)
	}
	b = append(b, data...)
	le := binary.LittleEndian
	le.PutUint32(b[0x20:], uint32(len(b)))
	le.PutUint32(b[0x24:], 0x70)
	le.PutUint32(b[0x28:], 0x12345678)
	le.PutUint32(b[0x38:], uint32(len(texts)))
	le.PutUint32(b[0x3c:], 0x70)
	return b
}
