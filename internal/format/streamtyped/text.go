package streamtyped

import (
	"bytes"
	"encoding/binary"
)

// stringType is the type of a text, written out, as every attributed string of
// iMessage that was seen so far has it once, before its text.
var stringType = []byte("\x84\x01+")

// headRoom is how far from the start the text of a message begins.
const headRoom = 160

// Text returns the text of an attributed string and nothing else. It takes a
// short way for the form in which messages are written, and reads the stream
// whole for any other.
func Text(data []byte) (string, error) {
	if t, ok := quickText(data); ok {
		return t, nil
	}
	a, err := Decode(data)
	return a.Text, err
}

func quickText(data []byte) (string, bool) {
	head := data[:min(len(data), headRoom)]
	if !bytes.HasPrefix(head, []byte("\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@\x84\x84\x84")) {
		return "", false
	}
	// The first "+" is the type of the first string, which is the text: all
	// before it are class names.
	at := bytes.Index(head, stringType)
	if at < 0 || bytes.IndexByte(head[:at], endMarker) >= 0 || !bytes.Contains(head[:at], []byte("String\x01")) {
		return "", false
	}
	r := reader{data: data, pos: at + len(stringType), order: binary.LittleEndian}
	text, err := r.bytes()
	if err != nil || r.pos >= len(data) || data[r.pos] != endMarker {
		return "", false
	}
	return string(text), true
}
