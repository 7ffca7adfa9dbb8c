package plist

import (
	"bytes"
	"fmt"

	"github.com/amparo-project/amparo/internal/limit"
)

// xmlScanner reads an XML list. It is not a reader of XML at large: property
// lists have no attributes that matter, no namespaces and no entities of their
// own, but do have control characters, which XML forbids and Apple writes.
// It has a stack of its own, so that depth costs a check.
type xmlScanner struct {
	data    []byte
	pos     int
	tree    *xmlTree
	frames  []frame
	pending []uint32 // elements of the containers in frames
	root    uint32
	hasRoot bool
	inPlist bool
}

// tag is what stands between angle brackets.
type tag struct {
	name  []byte
	at    int // of its "<"
	close bool
	empty bool // "<x/>"
}

// skipByteOrderMark passes over the mark, and does not count it as text.
func (s *xmlScanner) skipByteOrderMark() {
	if bytes.HasPrefix(s.data, []byte("\xef\xbb\xbf")) {
		s.pos = 3
	}
}

// document reads up to the end of the element plist, or of a lone object.
func (s *xmlScanner) document() error {
	if err := s.checkEncoding(); err != nil {
		return err
	}
	for {
		t, err := s.nextTag()
		if err != nil {
			return err
		}
		done, err := s.tag(t)
		if err != nil || done {
			return err
		}
	}
}

// checkEncoding refuses a list that says it is in another encoding than
// Unicode, where that matters.
func (s *xmlScanner) checkEncoding() error {
	head := s.data[s.pos:min(len(s.data), s.pos+256)]
	end := bytes.Index(head, []byte("?>"))
	if !bytes.HasPrefix(head, []byte("<?xml")) || end < 0 {
		return nil
	}
	_, name, ok := bytes.Cut(head[:end], []byte("encoding="))
	if !ok || len(name) < 2 {
		return nil
	}
	name, _, _ = bytes.Cut(name[1:], name[:1])
	name = bytes.ToLower(name)
	if bytes.HasPrefix(name, []byte("utf")) || bytes.Equal(name, []byte("us-ascii")) {
		return nil
	}
	for _, c := range s.data {
		if c >= 0x80 {
			return fmt.Errorf("%w: encoding %.40q", limit.ErrUnsupported, name)
		}
	}
	return nil
}

// nextTag passes over white space and what is no element.
func (s *xmlScanner) nextTag() (tag, error) {
	for {
		i := bytes.IndexByte(s.data[s.pos:], '<')
		if i < 0 {
			return tag{}, s.cut()
		}
		if text := bytes.TrimSpace(s.data[s.pos : s.pos+i]); len(text) > 0 {
			return tag{}, fmt.Errorf("%w: text between elements", limit.ErrCorrupt)
		}
		s.pos += i
		skipped, err := s.skipMarkup()
		if err != nil {
			return tag{}, err
		}
		if !skipped {
			return s.readTag()
		}
	}
}

func (s *xmlScanner) cut() error { return fmt.Errorf("%w: it ends early", limit.ErrCorrupt) }

// skipMarkup passes over a comment, declaration or instruction at pos.
func (s *xmlScanner) skipMarkup() (bool, error) {
	rest := s.data[s.pos:]
	end := 0
	switch {
	case bytes.HasPrefix(rest, []byte("<!--")):
		end = bytes.Index(rest[4:], []byte("-->")) + 4 + 3
		if end < 4+3 {
			return false, s.cut()
		}
	case bytes.HasPrefix(rest, []byte("<?")):
		end = bytes.Index(rest, []byte("?>")) + 2
		if end < 2 {
			return false, s.cut()
		}
	case bytes.HasPrefix(rest, []byte("<!")):
		if end = declarationEnd(rest); end < 0 {
			return false, s.cut()
		}
	default:
		return false, nil
	}
	s.pos += end
	return true, nil
}

// declarationEnd returns where a declaration such as DOCTYPE ends, which may
// hold others in brackets, or -1.
func declarationEnd(b []byte) int {
	depth := 0
	var quote byte
	for i, c := range b {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '<':
			depth++
		case c == '>':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// readTag reads the tag at pos.
func (s *xmlScanner) readTag() (tag, error) {
	t := tag{at: s.pos}
	end := tagEnd(s.data[s.pos:])
	if end < 0 {
		return t, s.cut()
	}
	inside := s.data[s.pos+1 : s.pos+end]
	s.pos += end + 1
	if bytes.HasPrefix(inside, []byte("/")) {
		t.close = true
		inside = inside[1:]
	} else if bytes.HasSuffix(inside, []byte("/")) {
		t.empty = true
		inside = inside[:len(inside)-1]
	}
	t.name = inside
	if i := bytes.IndexAny(inside, " \t\r\n"); i >= 0 {
		t.name = inside[:i]
	}
	return t, nil
}

// tagEnd returns where the ">" of a tag is, or -1. One within quotes is none.
func tagEnd(b []byte) int {
	end := bytes.IndexByte(b, '>')
	if end < 0 || bytes.IndexByte(b[:end], '"') < 0 {
		return end
	}
	quoted := false
	for i, c := range b {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '>' && !quoted:
			return i
		}
	}
	return -1
}

// tag takes one tag outside scalars, and says whether the list is complete.
func (s *xmlScanner) tag(t tag) (done bool, err error) {
	switch string(t.name) {
	case "plist":
		return s.plistTag(t)
	case "dict":
		err = s.containerTag(t, Dict)
	case "array":
		err = s.containerTag(t, Array)
	default:
		if t.close {
			return false, fmt.Errorf("%w: the end of %.40q, which did not begin", limit.ErrCorrupt, t.name)
		}
		err = s.scalarTag(t)
	}
	return err == nil && s.hasRoot && len(s.frames) == 0 && !s.inPlist, err
}

func (s *xmlScanner) plistTag(t tag) (done bool, err error) {
	switch {
	case !t.close && (s.inPlist || len(s.frames) > 0):
		return false, fmt.Errorf("%w: a list inside a list", limit.ErrCorrupt)
	case len(s.frames) > 0:
		return false, fmt.Errorf("%w: the list ends inside a container", limit.ErrCorrupt)
	case (t.close || t.empty) && !s.hasRoot:
		return false, fmt.Errorf("%w: no object", limit.ErrCorrupt)
	}
	s.inPlist = true
	return t.close, nil
}

func (s *xmlScanner) containerTag(t tag, kind Kind) error {
	if !t.close {
		if err := s.openContainer(kind, t.at); err != nil {
			return err
		}
	}
	if !t.close && !t.empty {
		return nil
	}
	if len(s.frames) == 0 || s.tree.nodes[s.frames[len(s.frames)-1].node].kind != kind {
		return fmt.Errorf("%w: the end of %s, which did not begin", limit.ErrCorrupt, kind)
	}
	if s.frames[len(s.frames)-1].hasKey {
		return fmt.Errorf("%w: a key without a value", limit.ErrCorrupt)
	}
	s.closeContainer()
	return nil
}

// scalarTag reads a scalar whole. One whose text is not what its element says
// is Invalid, and costs no other.
func (s *xmlScanner) scalarTag(t tag) error {
	read, ok := scalars[string(t.name)]
	if !ok {
		return fmt.Errorf("%w: element %.40q", limit.ErrCorrupt, t.name)
	}
	var c characters
	if !t.empty {
		var err error
		if c, err = s.characters(t.name); err != nil {
			return err
		}
	}
	n := read(s, c)
	isKey := string(t.name) == "key"
	if isKey && n.kind != String {
		return fmt.Errorf("%w: a key with %s", limit.ErrCorrupt, faultTexts[n.fault])
	}
	id, err := s.add(n, t.at)
	if err != nil {
		return err
	}
	return s.put(id, isKey)
}
