// Package jsonlist reads files that are a long list of JSON values: one array,
// or one value behind the other, such as one a line. Memory is that of the
// longest value, however long the file is; damage costs the value that it is
// in.
//
// Start with Scan.
package jsonlist

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/amparo-project/amparo/internal/limit"
)

// An Element is one value, as its bytes.
type Element struct {
	Raw    []byte // valid until the next
	Offset int64  // of its first byte in the file
}

// A DamageError tells of a place that is no JSON value. Reading goes on at the
// next line that could begin one.
type DamageError struct {
	Offset int64
	Err    error
}

func (e *DamageError) Error() string { return fmt.Sprintf("byte %d: %v", e.Offset, e.Err) }

// Unwrap returns the cause.
func (e *DamageError) Unwrap() error { return e.Err }

// Scan yields the values of a file, each of at most max bytes, in their order.
// A file that is one array gives its elements; where it is one object, that.
// A *DamageError is followed by what can be read behind it; any other error,
// which is one of r, is the last.
func Scan(r io.ReaderAt, size int64, max int) iter.Seq2[Element, error] {
	return func(yield func(Element, error) bool) {
		s := &scanner{r: r, size: size, max: max, yield: yield}
		s.run()
	}
}

// block is how much is read at once.
const block = 256 * limit.KiB

type scanner struct {
	r      io.ReaderAt
	size   int64
	max    int
	yield  func(Element, error) bool
	buf    []byte // what was read and not given
	base   int64  // offset of buf[0]
	array  bool   // the file is one array
	closed bool   // and its end was seen
}

var (
	errStop   = errors.New("stop")
	byteOrder = []byte("\xef\xbb\xbf")
)

func (s *scanner) run() {
	for first := true; ; {
		if err := s.space(); err != nil {
			s.fail(err)
			return
		}
		if len(s.buf) == 0 {
			s.end()
			return
		}
		switch c := s.buf[0]; {
		case first && bytes.HasPrefix(s.buf, byteOrder):
			s.drop(len(byteOrder))
			continue
		case first && c == '[':
			s.array = true
			s.drop(1)
		case s.array && !s.closed && c == ',':
			s.drop(1)
		case s.array && !s.closed && c == ']':
			s.closed = true
			s.drop(1)
		default:
			if err := s.value(); err != nil {
				s.fail(err)
				return
			}
		}
		first = false
	}
}

// end tells of an array that breaks off.
func (s *scanner) end() {
	if s.array && !s.closed {
		s.yield(Element{}, &DamageError{s.base, fmt.Errorf("%w: the list breaks off", limit.ErrCorrupt)})
	}
}

func (s *scanner) fail(err error) {
	if !errors.Is(err, errStop) {
		s.yield(Element{}, err)
	}
}

// value gives the value at the start of the buffer.
func (s *scanner) value() error {
	if !starts(s.buf[0]) {
		return s.damage(fmt.Errorf("%w: no JSON value", limit.ErrCorrupt))
	}
	n, err := s.length()
	if err != nil {
		return err
	}
	switch {
	case n > s.max, n < 0 && len(s.buf) >= s.max:
		return s.damage(fmt.Errorf("%w: a value of more than %d bytes", limit.ErrLimit, s.max))
	case n < 0:
		return s.damage(fmt.Errorf("%w: a value does not end", limit.ErrCorrupt))
	}
	if !s.yield(Element{s.buf[:n], s.base}, nil) {
		return errStop
	}
	s.drop(n)
	return nil
}

// damage tells of the place, and goes on at the next line.
func (s *scanner) damage(err error) error {
	if !s.yield(Element{}, &DamageError{s.base, err}) {
		return errStop
	}
	for {
		if i := bytes.IndexByte(s.buf, '\n'); i >= 0 {
			s.drop(i + 1)
			return nil
		}
		s.drop(len(s.buf))
		if more, err := s.fill(); err != nil || !more {
			return err
		}
	}
}

// length returns the length of the value at the start of the buffer, -1 where
// it is longer than allowed or does not end.
func (s *scanner) length() (int, error) {
	v := span{}
	for at := 0; ; {
		for ; at < len(s.buf); at++ {
			if end, done := v.step(s.buf[at], at); done {
				return end, nil
			}
		}
		if len(s.buf) >= s.max {
			return -1, nil
		}
		more, err := s.fill()
		if err != nil {
			return 0, err
		}
		if !more {
			if v.depth == 0 && !v.text && at > 0 {
				return at, nil // a number or a word ends with the file
			}
			return -1, nil
		}
	}
}

// A span follows one value.
type span struct {
	depth   int
	text    bool // within a text
	escaped bool
}

// step takes the byte at a place and reports whether the value has ended, and
// its length.
func (v *span) step(c byte, at int) (end int, done bool) {
	switch {
	case v.escaped:
		v.escaped = false
	case v.text:
		if c == '\\' {
			v.escaped = true
		}
		if c == '"' {
			v.text = false
			return at + 1, v.depth == 0
		}
	case c == '"':
		v.text = true
	case c == '{', c == '[':
		v.depth++
	case c == '}', c == ']':
		if v.depth == 0 {
			return at, true
		}
		v.depth--
		return at + 1, v.depth == 0
	case v.depth == 0 && (c == ',' || isSpace(c)):
		return at, true
	}
	return 0, false
}

func starts(c byte) bool {
	return c == '{' || c == '[' || c == '"' || c == '-' || c >= '0' && c <= '9' || c == 't' || c == 'f' || c == 'n'
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// space drops white space.
func (s *scanner) space() error {
	for {
		i := 0
		for i < len(s.buf) && isSpace(s.buf[i]) {
			i++
		}
		s.drop(i)
		if len(s.buf) > 0 {
			return nil
		}
		if more, err := s.fill(); err != nil || !more {
			return err
		}
	}
}

func (s *scanner) drop(n int) {
	s.buf = s.buf[n:]
	s.base += int64(n)
}

// fill reads on, and reports whether there was more.
func (s *scanner) fill() (more bool, err error) {
	at := s.base + int64(len(s.buf))
	n := int(min(int64(block), s.size-at))
	if n <= 0 {
		return false, nil
	}
	grown := make([]byte, len(s.buf)+n, max(2*len(s.buf), len(s.buf)+n))
	copy(grown, s.buf)
	m, err := s.r.ReadAt(grown[len(s.buf):], at)
	if m < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return false, fmt.Errorf("read at byte %d: %w", at, err)
	}
	s.buf = grown
	return true, nil
}
