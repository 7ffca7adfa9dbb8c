package indicator

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"io"
	"math/bits"
	"sort"
	"unsafe"

	"github.com/amparo-project/amparo/internal/limit"
)

// A decompiler reads a compiled file. After an error it reads nothing more.
type decompiler struct {
	r    *bufio.Reader
	left int64 // bytes that may still come
	err  error
	buf  []byte
}

func (c *decompiler) fail(why string) {
	if c.err == nil {
		c.err = errNotValid(why)
	}
}

// bytes returns the next n bytes, which are good until the next call.
func (c *decompiler) bytes(n int) []byte {
	if c.err != nil {
		return nil
	}
	if n < 0 || int64(n) > c.left {
		c.fail("a length")
		return nil
	}
	if cap(c.buf) < n {
		c.buf = make([]byte, n)
	}
	b := c.buf[:n]
	if _, err := io.ReadFull(c.r, b); err != nil {
		c.err = err
		return nil
	}
	c.left -= int64(n)
	return b
}

// count reads a number of things of which each takes at least size bytes.
func (c *decompiler) count(most, size int) int {
	b := c.bytes(4)
	if c.err != nil {
		return 0
	}
	n := int(binary.LittleEndian.Uint32(b))
	if n > most || int64(n)*int64(size) > c.left {
		c.fail("a number")
		return 0
	}
	return n
}

func (c *decompiler) json(v any) {
	b := c.bytes(c.count(1<<30, 1))
	if c.err != nil {
		return
	}
	if err := json.Unmarshal(b, v); err != nil {
		c.fail("a part that is no JSON")
	}
}

// each calls fn with n pieces of size bytes, read some thousand at a time.
func (c *decompiler) each(n, size int, fn func(i int, b []byte)) {
	const some = 4096
	for i := 0; i < n && c.err == nil; i += some {
		k := min(some, n-i)
		b := c.bytes(k * size)
		for j := 0; j < k && c.err == nil; j++ {
			fn(i+j, b[j*size:(j+1)*size])
		}
	}
}

func (c *decompiler) set() *Set {
	var meta compiledSet
	c.json(&meta)
	if c.err != nil {
		return nil
	}
	if meta.Total < 0 || meta.Text < 0 || int64(meta.Total)*indicatorBytes > c.left || int64(meta.Text) > c.left || meta.TLP > Red {
		c.fail("a number")
		return nil
	}
	s := &Set{
		Name: meta.Name, File: meta.File, SHA256: meta.SHA256, Publisher: meta.Publisher, Format: meta.Format, References: meta.References, TLP: meta.TLP,
		ids: meta.IDs, problems: meta.Problems, lost: meta.Lost, notes: meta.Notes, counts: meta.Counts, unused: meta.Unused, quiet: meta.Quiet,
		broad: meta.Broad, shared: meta.Shared,
	}
	for _, list := range [...][]int{meta.Broad, meta.Shared} {
		for _, i := range list {
			if i < 0 || i >= meta.Total {
				c.fail("a number")
			}
		}
	}
	abouts, forms := make([]*about, len(meta.Abouts)), make([]*form, len(meta.Forms))
	for i, a := range meta.Abouts {
		if a.TLP > Red {
			c.fail("a level")
		}
		abouts[i] = &about{set: s, threats: a.Threats, references: a.References, description: a.Description, confidence: a.Confidence, tlp: a.TLP}
	}
	for i := range meta.Forms {
		forms[i] = c.form(&meta.Forms[i])
	}
	text := c.keys(meta.Text)
	c.each(meta.Total, indicatorBytes, func(_ int, b []byte) { text = c.indicator(s, b, text, abouts, forms) })
	if text != "" {
		c.fail("keys")
	}
	return s
}

// keys reads the text of all keys of a set.
func (c *decompiler) keys(n int) string {
	if c.err != nil || n == 0 {
		return ""
	}
	b := make([]byte, n) // checked against what is left
	if _, err := io.ReadFull(c.r, b); err != nil {
		c.err = err
		return ""
	}
	c.left -= int64(n)
	return unsafe.String(&b[0], n) // nothing writes to b any more
}

func (c *decompiler) form(f *compiledForm) *form {
	out := &form{head: f.Head, tail: f.Tail, pre: f.Pre, post: f.Post, whole: f.Whole, value: f.Value, upper: f.Upper}
	for _, t := range f.Terms {
		if kind(t.Kind) >= kindAllOf || t.Key == "" {
			c.fail("a term")
			return out
		}
		out.terms = append(out.terms, term{kind: kind(t.Kind), flags: flags(t.Flags), value: t.Value, key: t.Key})
	}
	return out
}

// indicator adds one indicator, whose key is the beginning of text, and
// returns the rest of text.
func (c *decompiler) indicator(s *Set, b []byte, text string, abouts []*about, forms []*form) string {
	n, a, f := int(binary.LittleEndian.Uint32(b)), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
	k, fl := kind(b[36]), flags(b[37])
	if n > len(text) || int64(a) >= int64(len(abouts)) || int64(f) >= int64(len(forms)) || k > kindAllOf || (n == 0) != (k == kindAllOf) || (len(forms[f].terms) > 0) != (k == kindAllOf) {
		c.fail("an indicator")
		return ""
	}
	d := s.add()
	d.key, d.about, d.form, d.kind, d.flags = text[:n], abouts[a], forms[f], k, fl
	copy(d.id[:], b[12:28])
	d.from, d.until = binary.LittleEndian.Uint32(b[28:]), binary.LittleEndian.Uint32(b[32:])
	if fl&oddID != 0 && lineNumber(d.id) >= len(s.ids) {
		c.fail("an identifier")
	}
	return text[n:]
}

func (c *decompiler) index(sets []*Set, total int) *Matcher {
	var meta compiledIndex
	c.json(&meta)
	if c.err != nil {
		return nil
	}
	if meta.Entries < 1 || int64(meta.Entries)*entryBytes > c.left {
		c.fail("a number")
		return nil
	}
	x := &index{entries: make([]entry, meta.Entries)}
	find := finder(sets, total)
	used := make([]bool, meta.Entries)
	c.each(meta.Entries, entryBytes, func(i int, b []byte) {
		if i > 0 {
			c.entry(&x.entries[i], b, find, used)
		}
	})
	for s := range x.tables {
		x.tables[s] = c.table(meta.Slots[s], meta.Filters[s], used)
	}
	m := &Matcher{index: x, relative: map[string]bool{}}
	for _, part := range meta.Relative {
		m.relative[part] = true
	}
	return m
}

// finder returns the n-th of all indicators of sets.
func finder(sets []*Set, total int) func(n int) *Indicator {
	first := make([]int, len(sets))
	base := 0
	for i, s := range sets {
		first[i], base = base, base+s.total
	}
	at := 0
	return func(n int) *Indicator {
		if n < 0 || n >= total {
			return nil
		}
		if len(sets) > 0 && (n < first[at] || n >= first[at]+sets[at].total) { // most follow each other
			at = sort.Search(len(first), func(i int) bool { return first[i] > n }) - 1
		}
		return sets[at].at(n - first[at])
	}
}

// entry reads one entry. Each may follow one other at most, so that no chain
// of them is a circle.
func (c *decompiler) entry(e *entry, b []byte, find func(int) *Indicator, used []bool) {
	e.ind = find(int(binary.LittleEndian.Uint32(b)))
	e.next = binary.LittleEndian.Uint32(b[4:])
	e.term, e.space, e.cut = int16(binary.LittleEndian.Uint16(b[8:])), space(b[10]), b[11]
	switch {
	case e.ind == nil, int64(e.next) >= int64(len(used)), e.next != 0 && used[e.next], e.space >= spaces, e.term < -1:
		c.fail("an entry")
		return
	case (e.term >= 0) != (e.ind.kind == kindAllOf), int(e.term) >= max(1, len(e.ind.form.terms)):
		c.fail("an entry")
		return
	}
	used[e.next] = true
	key := e.ind.key
	if e.term >= 0 {
		key = e.ind.form.terms[e.term].key
	}
	if int(e.cut) > len(key) {
		c.fail("an entry")
	}
}

// table reads the slots and the filter of one space. No entry is the first of
// two keys, or follows another.
func (c *decompiler) table(slots, filter int, used []bool) table {
	var t table
	if slots == 0 && filter == 0 || c.err != nil {
		return t
	}
	if bits.OnesCount(uint(slots)) != 1 || bits.OnesCount(uint(filter)) != 1 || int64(slots)*4+int64(filter)*8 > c.left || slots > limit.GiB {
		c.fail("a table")
		return t
	}
	t = table{slots: make([]uint32, slots), filter: make([]uint64, filter)}
	empty := 0
	c.each(slots, 4, func(i int, b []byte) {
		n := binary.LittleEndian.Uint32(b)
		if t.slots[i] = n; n == 0 {
			empty++
			return
		}
		if int64(n) >= int64(len(used)) || used[n] {
			c.fail("a table")
			return
		}
		used[n] = true
	})
	if empty == 0 {
		c.fail("a table that is full")
	}
	c.each(filter, 8, func(i int, b []byte) { t.filter[i] = binary.LittleEndian.Uint64(b) })
	return t
}
