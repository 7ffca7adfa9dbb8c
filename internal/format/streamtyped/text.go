package streamtyped

import (
	"bytes"
	"strings"
)

// Text returns the first text in a stream, which is that of an attributed
// string, and nothing else. It reads no further than that text where the
// stream begins as those of iMessage do, so it does not see damage behind it.
// Otherwise it does, and returns, what Decode does.
func Text(data []byte) (string, error) {
	if t, ok := quickText(data); ok {
		return strings.ToValidUTF8(string(t), "\ufffd"), nil
	}
	a, err := Decode(data)
	return a.Text, err
}

// Says reports whether Text would return the text, which costs no memory for
// streams that begin as those of iMessage do.
func Says(data []byte, text string) bool {
	if t, ok := quickText(data); ok && string(t) == text {
		return true
	}
	other, err := Text(data)
	return err == nil && other == text
}

// quickText reads an object whose first value is an object whose first value
// is a text, without the tables that a stream as a whole needs.
func quickText(data []byte) ([]byte, bool) {
	const start = littleHeader + "\x81\xe8\x03\x84\x01@"
	if !bytes.HasPrefix(data, []byte(start)) {
		return nil, false
	}
	r := reader{data: data, pos: len(start)}
	if !r.skipClasses() {
		return nil, false
	}
	// The type "@" was the first of the shared strings.
	if b, err := r.peek(); err != nil || b != firstReference {
		return nil, false
	}
	r.pos++
	if !r.skipClasses() || !bytes.HasPrefix(data[r.pos:], []byte("\x84\x01+")) {
		return nil, false
	}
	r.pos += 3
	if b, err := r.peek(); err != nil || b == nilMarker {
		return nil, false
	}
	s, err := r.counted()
	return r.bytesOf(s), err == nil
}

// skipClasses passes over the marker of a new object and its classes.
func (r *reader) skipClasses() bool {
	if b, err := r.peek(); err != nil || b != newMarker {
		return false
	}
	r.pos++
	for range maxDepth {
		b, err := r.peek()
		if err != nil {
			return false
		}
		r.pos++
		if b != newMarker {
			return b == nilMarker || b >= firstReference
		}
		if b, err = r.peek(); err != nil || b != newMarker {
			return false
		}
		r.pos++
		if _, err := r.counted(); err != nil {
			return false
		}
		if _, err := r.integer(true); err != nil {
			return false
		}
	}
	return false
}
