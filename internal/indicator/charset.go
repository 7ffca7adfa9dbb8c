package indicator

import (
	"bytes"
	"io"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

var windows1252 = charmap.Windows1252

// decoded returns r as UTF-8 where its head shows that it is UTF-16: by a byte
// order mark, or by the zero bytes that ASCII has in it.
func decoded(r io.Reader, head []byte) (io.Reader, []byte) {
	end, ok := utf16Order(head)
	if !ok {
		return r, head
	}
	decoder := unicode.UTF16(end, unicode.UseBOM).NewDecoder()
	text, _ := decoder.Bytes(head[:len(head)&^1]) // what is broken shows when it is read
	return transform.NewReader(r, unicode.UTF16(end, unicode.UseBOM).NewDecoder()), text
}

func utf16Order(head []byte) (unicode.Endianness, bool) {
	switch {
	case len(head) < 4:
		return unicode.LittleEndian, false
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return unicode.LittleEndian, true
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return unicode.BigEndian, true
	case head[0] != 0 && head[1] == 0 && head[2] != 0 && head[3] == 0:
		return unicode.LittleEndian, true
	case head[0] == 0 && head[1] != 0 && head[2] == 0 && head[3] != 0:
		return unicode.BigEndian, true
	}
	return unicode.LittleEndian, false
}
