package sqlite

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// utf8 returns the text b of the database in UTF-8: b itself, or a copy that
// is valid until the next row.
func (s *scan) utf8(b []byte) []byte {
	if s.db.hdr.encoding == UTF8 {
		return b
	}
	start := len(s.arena)
	s.arena = appendUTF16(s.arena, b, s.db.hdr.encoding)
	return s.arena[start:len(s.arena):len(s.arena)]
}

// appendUTF16 appends the UTF-16 text b to dst in UTF-8. A surrogate without
// its other half becomes U+FFFD, and an odd byte at the end is dropped.
func appendUTF16(dst, b []byte, enc Encoding) []byte {
	unit := binary.LittleEndian.Uint16
	if enc == UTF16BE {
		unit = binary.BigEndian.Uint16
	}
	for ; len(b) >= 2; b = b[2:] {
		r := rune(unit(b))
		if utf16.IsSurrogate(r) {
			low := rune(utf8.RuneError)
			if len(b) >= 4 {
				low = rune(unit(b[2:]))
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				b = b[2:]
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}
