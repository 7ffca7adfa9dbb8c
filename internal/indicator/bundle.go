package indicator

import (
	"errors"
	"fmt"
	"io"

	"github.com/amparo-project/amparo/internal/limit"
)

// errNotSTIX says that a JSON text holds no STIX objects.
var errNotSTIX = fmt.Errorf("%w: no STIX 2 bundle", limit.ErrUnsupported)

// readBundle reads a bundle, a list of bundles, or a list of objects. What is
// broken is noted in the set; an error says that reading stopped there, or
// that nothing was STIX.
func (l *loader) readBundle(r io.Reader) error {
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
		if s.err == nil {
			err = errNotSTIX
		}
	}
	if s.err != nil {
		return s.err
	}
	if !l.stix {
		return errNotSTIX
	}
	if err != nil {
		l.set.note("damage", "read up to byte %d: %v", l.offset(s), err)
	}
	_, err = io.Copy(io.Discard, s.r) // the hash is of all bytes
	return err
}

func (l *loader) offset(s *stream) int64 { return l.count.n - int64(len(s.buf)-s.at) }

// container reads a bundle: an object whose member "objects" is a list.
func (l *loader) container(s *stream) error {
	s.take('{')
	if s.take('}') {
		return nil
	}
	for {
		raw, err := s.value()
		if err != nil {
			return err
		}
		key := string(raw)
		if !s.take(':') {
			return fmt.Errorf("%w: expected a colon", limit.ErrCorrupt)
		}
		if err := l.member(s, key); err != nil {
			return err
		}
		if s.take('}') {
			return nil
		}
		if !s.take(',') {
			return s.unexpected()
		}
	}
}

// member reads the value of one member of a bundle.
func (l *loader) member(s *stream, key string) error {
	if key == `"objects"` && s.peek() == '[' {
		return l.list(s, false)
	}
	raw, err := s.value()
	if key == `"type"` && string(raw) == `"bundle"` {
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

// item reads the n-th item of a list.
func (l *loader) item(raw []byte, n int, top bool) {
	err := readObject(string(raw), &l.object)
	switch o := &l.object; {
	case err != nil:
		if top && !l.stix {
			return // some other list
		}
		l.set.problem(o.id, o.pattern, fmt.Sprintf("object %d: %v", n, err))
	case top && o.bundle:
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
		l.set.note("damage", "a bundle in the list: %v", err)
	}
}

type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, io.EOF }
