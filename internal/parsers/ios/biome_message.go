package ios

import (
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// Bounds of what is read of a message of an unknown stream.
const (
	maxDepth = 8
	maxTexts = 64
	minText  = 3 // shorter ones are mostly numbers that look like text
)

// wellFormed reports whether b is a message: fields from its start to its end.
func wellFormed(b []byte) bool {
	for len(b) > 0 {
		_, typ, n := protowire.ConsumeField(b)
		if n < 0 || typ == protowire.StartGroupType {
			return false // groups are not used by Apple, and nest without bound
		}
		b = b[n:]
	}
	return true
}

// find returns the first field at the end of a path of numbers, as the bytes
// that encode its value; those of a text come without their length.
func find(b []byte, path []int32) (protowire.Type, []byte, bool) {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return 0, nil, false
		}
		b = b[n:]
		n = protowire.ConsumeFieldValue(num, typ, b)
		if n < 0 || typ == protowire.StartGroupType {
			return 0, nil, false
		}
		value := b[:n]
		b = b[n:]
		if int32(num) != path[0] {
			continue
		}
		if typ == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(value)
		}
		if len(path) == 1 {
			return typ, value, true
		}
		if typ == protowire.BytesType {
			return find(value, path[1:])
		}
	}
	return 0, nil, false
}

// appendTexts appends the texts of a message whose fields are not known, and
// of the messages in it. What could be either counts as text where all of it
// is printable, for a message begins with the number of a field.
func appendTexts(texts []string, b []byte, depth int) []string {
	if depth == 0 || !wellFormed(b) {
		return texts
	}
	for len(b) > 0 && len(texts) < maxTexts {
		_, typ, n := protowire.ConsumeTag(b)
		b = b[n:]
		if typ != protowire.BytesType {
			b = b[protowire.ConsumeFieldValue(1, typ, b):]
			continue
		}
		value, n := protowire.ConsumeBytes(b)
		b = b[n:]
		if isText(value) {
			texts = append(texts, string(value))
		} else {
			texts = appendTexts(texts, value, depth-1)
		}
	}
	return texts
}

// isText reports whether b is a text that people or programs would read.
func isText(b []byte) bool {
	if len(b) < minText || !utf8.Valid(b) || b[0] < ' ' {
		return false
	}
	for _, r := range string(b) {
		if unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' {
			return false
		}
	}
	return true
}
