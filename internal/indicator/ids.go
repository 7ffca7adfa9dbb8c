package indicator

import "hash/maphash"

// An idTable finds the indicators of an object by its ID. It holds numbers of
// indicators alone, because a feed may have a million. Those of one object
// follow each other in the set.
type idTable struct {
	set   *Set
	seed  maphash.Seed
	slots []uint32 // number of the object's first indicator and one, 0 for none
	n     int
}

func newIDTable(s *Set) *idTable {
	return &idTable{set: s, seed: maphash.MakeSeed(), slots: make([]uint32, 1024)}
}

// slot returns where id is, or would go.
func (t *idTable) slot(id [16]byte) int {
	mask := len(t.slots) - 1
	i := int(maphash.Comparable(t.seed, id)) & mask
	for t.slots[i] != 0 && t.set.at(int(t.slots[i]-1)).id != id {
		i = (i + 1) & mask
	}
	return i
}

// find returns the numbers of the indicators with the given ID; none if first
// and end are equal.
func (t *idTable) find(id [16]byte) (first, end int) {
	n := t.slots[t.slot(id)]
	if n == 0 {
		return 0, 0
	}
	first = int(n - 1)
	end = first + 1
	for end < t.set.total && t.set.at(end).id == id {
		end++
	}
	return first, end
}

// put files the object whose first indicator is the one of the given number,
// in place of an earlier version.
func (t *idTable) put(first int) {
	i := t.slot(t.set.at(first).id)
	if t.slots[i] == 0 {
		t.n++
	}
	t.slots[i] = uint32(first + 1)
	if 4*t.n < 3*len(t.slots) {
		return
	}
	old := t.slots
	t.slots = make([]uint32, 2*len(old))
	for _, n := range old {
		if n != 0 {
			t.slots[t.slot(t.set.at(int(n-1)).id)] = n
		}
	}
}
