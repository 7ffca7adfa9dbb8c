package plist

import (
	"bytes"
	"fmt"
	"math"

	"github.com/amparo-project/amparo/internal/limit"
)

// Bounds of an XML list, far above what a phone writes.
const (
	maxXMLBytes = 1 << 30
	maxXMLDepth = 512
	maxXMLNodes = 1_000_000
)

// xmlTree holds the objects of an XML list, in the order in which they begin.
type xmlTree struct {
	nodes []node
	kids  []uint32 // the elements of all containers, each in one piece
	extra []byte   // texts that are not as they lie there, and data
}

// node is an object of an XML list. It is small, because "<true/>" is: a list
// of many must not take many times its size in memory.
type node struct {
	num   uint64 // as in object, or where the content is: object.pos
	at    uint32 // byte offset of its element, for errors; in UTF-8
	n     uint32
	kind  Kind
	fault fault
	form  form
	neg   bool
}

func (t *xmlTree) object(ref int64) object {
	n := &t.nodes[ref]
	return object{kind: n.kind, fault: n.fault, form: n.form, neg: n.neg, pos: int(n.num), n: int(n.n), num: n.num}
}

// parseXML makes d a view of an XML list. Where it fails in the middle, the
// objects up to there are in d.
func (d *Doc) parseXML(data []byte) error {
	d.clear()
	if len(data) > maxXMLBytes {
		return fmt.Errorf("XML property list of %d bytes: %w: at most %d are read", len(data), limit.ErrLimit, maxXMLBytes)
	}
	tree := new(xmlTree)
	data = toUTF8(data)
	s := xmlScanner{data: data, tree: tree}
	s.skipByteOrderMark()
	err := s.document()
	for len(s.frames) > 0 {
		s.closeContainer()
	}
	if s.hasRoot {
		d.data, d.xml, d.count, d.root = data, tree, len(tree.nodes), int64(s.root)
	}
	if err != nil {
		return fmt.Errorf("XML property list at byte %d: %w", s.pos, err)
	}
	return nil
}

// frame is a container whose end was not yet seen.
type frame struct {
	node   uint32
	base   int // where its elements begin in xmlScanner.pending
	hasKey bool
}

// add makes a node of the element at byte at.
func (s *xmlScanner) add(n node, at int) (uint32, error) {
	if len(s.tree.nodes) >= maxXMLNodes {
		return 0, fmt.Errorf("%w: more than %d elements", limit.ErrLimit, maxXMLNodes)
	}
	n.at = uint32(at)
	s.tree.nodes = append(s.tree.nodes, n)
	return uint32(len(s.tree.nodes) - 1), nil
}

// put gives a new node to the container it is in.
func (s *xmlScanner) put(id uint32, isKey bool) error {
	if len(s.frames) == 0 {
		switch {
		case isKey:
			return fmt.Errorf("%w: a key outside a dict", limit.ErrCorrupt)
		case s.hasRoot:
			return fmt.Errorf("%w: a second object", limit.ErrCorrupt)
		}
		s.root, s.hasRoot = id, true
		return nil
	}
	f := &s.frames[len(s.frames)-1]
	isDict := s.tree.nodes[f.node].kind == Dict
	switch {
	case isKey && !isDict:
		return fmt.Errorf("%w: a key outside a dict", limit.ErrCorrupt)
	case isKey && f.hasKey:
		return fmt.Errorf("%w: a key without a value", limit.ErrCorrupt)
	case isDict && !isKey && !f.hasKey:
		return fmt.Errorf("%w: a value without a key", limit.ErrCorrupt)
	}
	f.hasKey = isKey
	s.pending = append(s.pending, id)
	return nil
}

// openContainer begins a dict or an array.
func (s *xmlScanner) openContainer(kind Kind, at int) error {
	if len(s.frames) >= maxXMLDepth {
		return fmt.Errorf("%w: nested deeper than %d", limit.ErrLimit, maxXMLDepth)
	}
	id, err := s.add(node{kind: kind}, at)
	if err != nil {
		return err
	}
	if err := s.put(id, false); err != nil {
		return err
	}
	s.frames = append(s.frames, frame{node: id, base: len(s.pending)})
	return nil
}

// closeContainer ends the innermost container. A key whose value is not there,
// because the list is cut, is left out.
func (s *xmlScanner) closeContainer() {
	f := s.frames[len(s.frames)-1]
	s.frames = s.frames[:len(s.frames)-1]
	t, elements := s.tree, s.pending[f.base:]
	s.pending = s.pending[:f.base]
	if f.hasKey {
		elements = elements[:len(elements)-1]
	}
	n := &t.nodes[f.node]
	n.num, n.n = uint64(len(t.kids)), uint32(len(elements))
	if n.kind == Dict {
		n.n /= 2
	}
	t.kids = append(t.kids, elements...)
	if n.kind == Dict && n.n == 1 {
		s.recognizeUID(n, elements[0], elements[1])
	}
}

// recognizeUID makes a UID of the dictionary that stands for one.
func (s *xmlScanner) recognizeUID(dict *node, key, value uint32) {
	k, v := s.tree.nodes[key], s.tree.nodes[value]
	if k.form != plain || v.kind != Int || v.neg || v.num > math.MaxUint32 {
		return
	}
	if bytes.Equal(s.data[k.num:k.num+uint64(k.n)], []byte("CF$UID")) {
		*dict = node{kind: UID, at: dict.at, num: v.num}
	}
}
