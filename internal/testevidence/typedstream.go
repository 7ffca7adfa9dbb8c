package testevidence

import (
	"encoding/binary"
	"unicode/utf16"
)

// The typedstream of an attributed string with one run over the whole text,
// whose attribute says that it is part 0 of a message: the bytes that
// Messages writes, seen in the samples of
// https://github.com/ReagentX/imessage-exporter (test_data/typedstream), with
// the text and two lengths between them.
const (
	typedHead = "\x04\x0bstreamtyped\x81\xe8\x03\x84\x01\x40\x84\x84\x84\x19NSMutableAttributedString\x00" +
		"\x84\x84\x12NSAttributedString\x00\x84\x84\x08NSObject\x00\x85\x92\x84\x84\x84\x0fNSMutableString\x01" +
		"\x84\x84\x08NSString\x01\x95\x84\x01+"
	typedRun  = "\x86\x84\x02iI\x01"
	typedTail = "\x92\x84\x84\x84\x0cNSDictionary\x00\x95\x84\x01i\x01\x92\x84\x98\x98\x1d__kIMMessagePartAttributeName" +
		"\x86\x92\x84\x84\x84\x08NSNumber\x00\x84\x84\x07NSValue\x00\x95\x84\x01*\x84\x9b\x9b\x00\x86\x86\x86"
)

// attributedBody returns text as Messages stores it in message.attributedBody.
func attributedBody(text string) []byte {
	units := 0
	for _, r := range text {
		units += utf16.RuneLen(r)
	}
	b := make([]byte, 0, len(typedHead)+len(typedRun)+len(typedTail)+len(text)+10)
	b = appendTypedInt(append(b, typedHead...), len(text))
	b = append(append(b, text...), typedRun...)
	return append(appendTypedInt(b, units), typedTail...)
}

// appendTypedInt writes a number as typedstream does: itself below 128, else
// a mark and two or four bytes.
func appendTypedInt(b []byte, n int) []byte {
	switch {
	case n < 0x80:
		return append(b, byte(n))
	case n < 0x8000:
		return binary.LittleEndian.AppendUint16(append(b, 0x81), uint16(n))
	}
	return binary.LittleEndian.AppendUint32(append(b, 0x82), uint32(n))
}
