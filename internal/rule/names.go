package rule

import (
	"slices"
	"sync"

	"github.com/amparo-project/amparo/internal/artifact"
)

// names numbers the fields that the expressions of a set ask for, so that a
// subject can remember where each lies in a record.
type names struct {
	mu    sync.Mutex
	list  []string
	memos int // values that loops keep
}

func (n *names) id(name string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if i := slices.Index(n.list, name); i >= 0 {
		return i
	}
	n.list = append(n.list, name)
	return len(n.list) - 1
}

// memo numbers a value that a loop keeps.
func (n *names) memo() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.memos++
	return n.memos - 1
}

func (n *names) sizes() (fields, memos int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.list), n.memos
}

// A memo is a value that is the same for every element of a loop.
type memo struct {
	loop  uint64 // the number of the loop that it was made for
	value scalar
}

// A place is where a field lay in the last record that was asked for it.
type place struct {
	record uint64 // the number of that record
	index  int32  // -1: it had none
}

// field returns the field with the name and its number, nil where the record
// has none. Records of one table have their fields mostly at the same place.
func (s *Subject) field(id int, name string) *artifact.Value {
	fields := s.record.Fields
	if id >= len(s.places) { // of an expression that was compiled later
		s.places = append(s.places, make([]place, id+1-len(s.places))...)
	}
	p := &s.places[id]
	if p.record == s.number {
		if p.index < 0 {
			return nil
		}
		return &fields[p.index].Value
	}
	if i := int(p.index); i >= 0 && i < len(fields) && fields[i].Name == name {
		p.record = s.number
		return &fields[i].Value
	}
	p.record, p.index = s.number, -1
	for i := range fields {
		if fields[i].Name == name {
			p.index = int32(i)
			return &fields[i].Value
		}
	}
	return nil
}
