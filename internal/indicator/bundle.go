package indicator

import (
	"errors"
	"fmt"
	"io"
	"unsafe"

	"github.com/amparo-project/amparo/internal/limit"
)

// readJSON reads a bundle of STIX, a list of bundles, or a list of objects; or
// what MISP writes. What is broken is noted in the set; an error says that
// reading failed, or that nothing was either.
func (l *loader) readJSON(r io.Reader) error {
	s := newStream(r)
	s.bom()
	var err error
	switch s.peek() {
	case '{':
		err = l.container(s)
	case '[':
		err = l.list(s, true)
	default:
		err = s.cut()
	}
	if s.err != nil {
		return s.err
	}
	switch {
	case l.stix:
		l.set.Format = STIX2
	case l.misp:
		l.set.Format = MISP
	case l.events > 0:
		return &otherError{MISPManifest}
	default:
		return &otherError{OtherJSON}
	}
	if err != nil {
		l.set.note("damage", "read up to byte %d: %v", l.offset(s), err)
	}
	return nil
}

func (l *loader) offset(s *stream) int64 { return l.count.n - int64(len(s.buf)-s.at) }

// container reads a bundle: an object whose member "objects" is a list; or
// what MISP writes.
func (l *loader) container(s *stream) error {
	return l.members(s, func(key string) error { return l.member(s, key) })
}

// member reads the value of one member of a bundle.
func (l *loader) member(s *stream, key string) error {
	switch next := s.peek(); {
	case key == "objects" && next == '[':
		return l.list(s, false)
	case key == "response":
		return l.response(s)
	case (key == "Event" && next == '{' || key == "Attribute" && next == '[') && !l.stix:
		return l.mispMember(s, key)
	case next == '{' && !l.stix && uuidValue.MatchString(key):
		l.events++
	}
	raw, err := s.value()
	if key == "type" && string(raw) == `"bundle"` {
		l.stix = true
	}
	if errors.Is(err, limit.ErrLimit) {
		return nil
	}
	return err
}

// list reads the objects of a list. At the top level they may be bundles.
func (l *loader) list(s *stream, top bool) error {
	s.take('[')
	if s.take(']') {
		return nil
	}
	for n := 1; ; n++ {
		if l.quick(s) {
			if s.take(']') {
				return nil
			}
			if !s.take(',') {
				return s.unexpected()
			}
			continue
		}
		raw, err := s.value()
		switch {
		case errors.Is(err, limit.ErrLimit):
			l.set.problem("", "", fmt.Sprintf("object %d: %v", n, err))
		case err != nil:
			return err
		default:
			l.item(raw, n, top)
		}
		if s.take(']') {
			return nil
		}
		if !s.take(',') {
			return s.unexpected()
		}
	}
}

func (s *stream) unexpected() error {
	if s.peek() == 0 {
		return s.cut()
	}
	return fmt.Errorf("%w: unexpected character", limit.ErrCorrupt)
}

// lookahead is how much of a text is at hand before an object is read where it
// lies, in bytes. Larger objects are rare and go the longer way.
const lookahead = 64 * limit.KiB

// quick reads an object where it lies in the buffer, which halves the work for
// a million of them. It reports false, and takes nothing, where the object is
// broken, is not at hand as a whole, or needs more than taking.
func (l *loader) quick(s *stream) bool {
	if s.peek() != '{' {
		return false
	}
	if len(s.buf)-s.at < lookahead && !s.end {
		s.fill(s.at)
		for len(s.buf) < cap(s.buf) && !s.end {
			s.fill(0)
		}
	}
	if len(s.buf) == s.at {
		return false
	}
	o := &l.object
	o.clear()
	// The texts of o are good until the buffer moves: what is kept is copied.
	v := value{b: unsafe.String(&s.buf[s.at], len(s.buf)-s.at)}
	if err := v.object(func(key string) error { return o.field(&v, key) }); err != nil || o.bundle || o.misp || o.kind == "" || o.id == "" {
		o.clear()
		return false
	}
	l.take(o)
	o.clear()
	s.at += v.i
	return true
}

// item reads the n-th item of a list.
func (l *loader) item(raw []byte, n int, top bool) {
	err := readObject(string(raw), &l.object)
	switch o := &l.object; {
	case err != nil:
		if top && !l.stix {
			return // some other list
		}
		l.set.problem(o.id, o.pattern, fmt.Sprintf("object %d: %v", n, err))
	case top && (o.bundle || o.misp && !l.stix):
		l.nested(raw)
	case o.kind == "" || o.id == "":
		if !top {
			l.set.problem(o.id, o.pattern, fmt.Sprintf("object %d: no type or no id", n))
		}
	default:
		l.take(o)
	}
}

// nested reads a bundle of which all bytes are at hand.
func (l *loader) nested(raw []byte) {
	s := &stream{r: nothing{}, buf: raw, end: true, room: maxObject}
	if err := l.container(s); err != nil {
		l.set.note("damage", "item of the list: %v", err)
	}
}

type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, io.EOF }
