package indicator

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/amparo-project/amparo/internal/limit"
)

// maxObject bounds one object of a bundle in bytes. The largest real ones are
// reports that list all their indicators.
const maxObject = 64 * limit.MiB

// A stream hands out the values of a JSON text one after the other. It reads
// as it goes, and knows just enough of JSON to find where a value ends: what is
// broken inside an object costs that object alone.
type stream struct {
	r    io.Reader
	buf  []byte
	at   int // what comes next
	end  bool
	err  error // of r
	room int   // bytes of one value
}

func newStream(r io.Reader) *stream {
	return &stream{r: r, buf: make([]byte, 0, 512*limit.KiB), room: maxObject}
}

// fill reads more, keeping what is before s.at only from keep on. It returns
// by how much positions moved, and whether there is more.
func (s *stream) fill(keep int) (moved int, more bool) {
	if s.end {
		return 0, false
	}
	if keep > 0 {
		n := copy(s.buf, s.buf[keep:])
		s.buf = s.buf[:n]
		s.at -= keep
	}
	if len(s.buf) == cap(s.buf) {
		s.buf = append(make([]byte, 0, 2*cap(s.buf)), s.buf...)
	}
	for range 100 { // readers may return nothing a few times
		n, err := s.r.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf = s.buf[:len(s.buf)+n]
		if err != nil {
			s.end = true
			if !errors.Is(err, io.EOF) {
				s.err = err
			}
		}
		if n > 0 || err != nil {
			return keep, n > 0
		}
	}
	s.end, s.err = true, io.ErrNoProgress
	return keep, false
}

// peek returns the next byte that is no white space, 0 at the end.
func (s *stream) peek() byte {
	for {
		for s.at < len(s.buf) {
			switch c := s.buf[s.at]; c {
			case ' ', '\t', '\r', '\n':
				s.at++
			default:
				return c
			}
		}
		if _, more := s.fill(s.at); !more {
			return 0
		}
	}
}

// take takes c if it is next.
func (s *stream) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

// bom takes the byte order mark at the start, if there is one.
func (s *stream) bom() {
	s.peek()
	for len(s.buf)-s.at < 3 {
		if _, more := s.fill(0); !more {
			break
		}
	}
	if bytes.HasPrefix(s.buf[s.at:], []byte("\xEF\xBB\xBF")) {
		s.at += 3
	}
}

// value returns the bytes of the next value. They are good until the next
// call. A value larger than there is room for is skipped, and an error that
// wraps limit.ErrLimit returned.
func (s *stream) value() ([]byte, error) {
	var b boundary
	if s.peek() == 0 {
		return nil, s.cut()
	}
	start, i := s.at, s.at
	tooLong := false
	for {
		n, done := b.find(s.buf[i:])
		i += n
		if done {
			break
		}
		if i-start > s.room {
			tooLong = true
			start = i
		}
		s.at = i
		moved, more := s.fill(start)
		start, i = start-moved, i-moved
		if !more {
			if b.scalar() && i > start {
				break
			}
			return nil, s.cut()
		}
	}
	s.at = i
	if tooLong {
		return nil, fmt.Errorf("%w: an object of more than %d bytes", limit.ErrLimit, s.room)
	}
	return s.buf[start:i], nil
}

// cut is the error of a text that ends too early.
func (s *stream) cut() error {
	if s.err != nil {
		return s.err
	}
	return fmt.Errorf("%w: the text ends in the middle", limit.ErrCorrupt)
}

// A boundary finds where a value ends, in text that comes in pieces.
type boundary struct {
	depth  int
	inside position
}

type position uint8

const (
	before  position = iota // of the value
	number                  // or true, false, null
	between                 // in a list or object, in no string
	text
	escape // behind a backslash in a string
)

func (b *boundary) scalar() bool { return b.inside == number }

// find returns how many bytes of t belong to the value, and whether it ends
// there.
func (b *boundary) find(t []byte) (n int, done bool) {
	for n < len(t) {
		switch b.inside {
		case escape:
			b.inside = text
			n++
		case text:
			n += b.skipText(t[n:])
			if b.inside == before {
				return n, true
			}
		case number:
			if bytes.IndexByte([]byte(",]} \t\r\n"), t[n]) >= 0 {
				return n, true
			}
			n++
		default:
			if n += b.skipBetween(t[n:]); b.inside == before && n > 0 {
				return n, true
			}
		}
	}
	return n, false
}

// skipText goes through a string to its end, or to behind its next backslash.
func (b *boundary) skipText(t []byte) int {
	end := bytes.IndexByte(t, '"')
	if end < 0 {
		end = len(t)
	}
	if back := bytes.IndexByte(t[:end], '\\'); back >= 0 {
		b.inside = escape
		return back + 1
	}
	if end == len(t) {
		return end
	}
	if b.inside = between; b.depth == 0 {
		b.inside = before
	}
	return end + 1
}

// skipBetween goes to behind the next byte that changes the position.
func (b *boundary) skipBetween(t []byte) int {
	for i, c := range t {
		switch c {
		case '"':
			b.inside = text
			return i + 1
		case '{', '[':
			b.inside = between
			b.depth++
		case '}', ']':
			if b.depth--; b.depth <= 0 {
				b.inside = before
				return i + 1
			}
		default:
			if b.inside == before {
				b.inside = number
				return i + 1
			}
		}
	}
	return len(t)
}
