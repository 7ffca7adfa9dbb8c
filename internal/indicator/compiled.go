package indicator

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sort"
	"unsafe"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/limit"
)

// compiledMagic begins a compiled file. Its number changes with the layout, and
// with what values mean: an older file is then not valid, and made anew.
const compiledMagic = "AMPARO-COMPILED-1\n"

// A Key names what a compiled file was made of: it is valid for the same alone.
type Key [sha256.Size]byte

// KeyOf returns the key of sources, named by their SHA-256 and whatever else
// changes how they are read. The order does not matter.
func KeyOf(sources []string) Key {
	sorted := slices.Sorted(slices.Values(sources))
	h := sha256.New()
	io.WriteString(h, compiledMagic) //nolint:errcheck // hashes take everything
	for _, s := range sorted {
		fmt.Fprintf(h, "%d:%s;", len(s), s)
	}
	return Key(h.Sum(nil))
}

// The parts of a set and the index in a compiled file, beside their arrays.
type (
	compiledSet struct {
		Name, File, SHA256, Publisher string
		Format                        Format
		References                    []Reference
		TLP                           TLP
		Total                         int
		IDs                           []string
		Problems                      []finding.Unread
		Lost                          int
		Notes                         []string
		Counts, Unused, Quiet         map[string]int
		Broad, Shared                 []int
		Abouts                        []compiledAbout
		Forms                         []compiledForm
		Text                          int // bytes of all keys
	}
	compiledAbout struct {
		Threats     []string    `json:",omitempty"`
		References  []Reference `json:",omitempty"`
		Description string      `json:",omitempty"`
		Confidence  int         `json:",omitempty"`
		TLP         TLP         `json:",omitempty"`
	}
	compiledForm struct {
		Head, Tail, Pre, Post, Whole, Value string         `json:",omitempty"`
		Upper                               bool           `json:",omitempty"`
		Terms                               []compiledTerm `json:",omitempty"`
	}
	compiledTerm struct {
		Kind, Flags uint8
		Value, Key  string
	}
	compiledIndex struct {
		Entries  int
		Slots    [spaces]int
		Filters  [spaces]int
		Relative []string
	}
)

// indicatorBytes is the size of what the arrays hold of one indicator: length of the
// key, numbers of about and form, id, from, until, kind, flags.
const (
	indicatorBytes = 4 + 4 + 4 + 16 + 4 + 4 + 1 + 1
	entryBytes     = 4 + 4 + 2 + 1 + 1
)

// Compile writes sets and their matcher to w, so that they need not be read
// and indexed again. The matcher must be of these sets.
func Compile(w io.Writer, key Key, sets []*Set, m *Matcher) error {
	h := sha256.New()
	out := &compiler{w: bufio.NewWriterSize(io.MultiWriter(w, h), 1<<20)}
	out.text([]byte(compiledMagic))
	out.text(key[:])
	out.number(len(sets))
	for _, s := range sets {
		out.set(s)
	}
	out.index(m.index, sets, m.relative)
	if out.err == nil {
		out.err = out.w.Flush()
	}
	if out.err == nil {
		_, out.err = w.Write(h.Sum(nil))
	}
	return out.err
}

type compiler struct {
	w   *bufio.Writer
	err error
	buf [64]byte
}

func (c *compiler) text(b []byte) {
	if c.err == nil {
		_, c.err = c.w.Write(b)
	}
}

func (c *compiler) number(n int) {
	binary.LittleEndian.PutUint32(c.buf[:], uint32(n))
	c.text(c.buf[:4])
}

func (c *compiler) json(v any) {
	b, err := json.Marshal(v)
	c.err = cmp.Or(c.err, err)
	c.number(len(b))
	c.text(b)
}

func (c *compiler) set(s *Set) {
	meta := compiledSet{
		Name: s.Name, File: s.File, SHA256: s.SHA256, Publisher: s.Publisher, Format: s.Format, References: s.References, TLP: s.TLP,
		Total: s.total, IDs: s.ids, Problems: s.problems, Lost: s.lost, Notes: s.notes, Counts: s.counts, Unused: s.unused, Quiet: s.quiet,
		Broad: s.broad, Shared: s.shared,
	}
	abouts, forms := map[*about]int{}, map[*form]int{}
	for i := range s.total {
		d := s.at(i)
		meta.Text += len(d.key)
		if _, ok := abouts[d.about]; !ok {
			abouts[d.about] = len(meta.Abouts)
			a := d.about
			meta.Abouts = append(meta.Abouts, compiledAbout{a.threats, a.references, a.description, a.confidence, a.tlp})
		}
		if _, ok := forms[d.form]; !ok {
			forms[d.form] = len(meta.Forms)
			meta.Forms = append(meta.Forms, compileForm(d.form))
		}
	}
	c.json(&meta)
	for i := range s.total {
		c.text([]byte(s.at(i).key))
	}
	for i := range s.total {
		d := s.at(i)
		b := c.buf[:0]
		b = binary.LittleEndian.AppendUint32(b, uint32(len(d.key)))
		b = binary.LittleEndian.AppendUint32(b, uint32(abouts[d.about]))
		b = binary.LittleEndian.AppendUint32(b, uint32(forms[d.form]))
		b = append(b, d.id[:]...)
		b = binary.LittleEndian.AppendUint32(b, d.from)
		b = binary.LittleEndian.AppendUint32(b, d.until)
		c.text(append(b, byte(d.kind), byte(d.flags)))
	}
}

func compileForm(f *form) compiledForm {
	out := compiledForm{Head: f.head, Tail: f.tail, Pre: f.pre, Post: f.post, Whole: f.whole, Value: f.value, Upper: f.upper}
	for _, t := range f.terms {
		out.Terms = append(out.Terms, compiledTerm{uint8(t.kind), uint8(t.flags), t.value, t.key})
	}
	return out
}

func (c *compiler) index(x *index, sets []*Set, relative map[string]bool) {
	meta := compiledIndex{Entries: len(x.entries)}
	for s := range x.tables {
		meta.Slots[s], meta.Filters[s] = len(x.tables[s].slots), len(x.tables[s].filter)
	}
	for part := range relative {
		meta.Relative = append(meta.Relative, part)
	}
	slices.Sort(meta.Relative)
	c.json(&meta)
	numbers := numberIndicators(sets)
	for i := range x.entries {
		e := &x.entries[i]
		n := uint32(0)
		if e.ind != nil {
			n = numbers.of(e.ind)
		}
		b := binary.LittleEndian.AppendUint32(c.buf[:0], n)
		b = binary.LittleEndian.AppendUint32(b, e.next)
		b = binary.LittleEndian.AppendUint16(b, uint16(e.term))
		c.text(append(b, byte(e.space), e.cut))
	}
	for s := range x.tables {
		for _, n := range x.tables[s].slots {
			c.number(int(n))
		}
		for _, bits := range x.tables[s].filter {
			binary.LittleEndian.PutUint64(c.buf[:], bits)
			c.text(c.buf[:8])
		}
	}
}

// numbering finds the number of an indicator among those of all sets by where
// it lies in memory.
type numbering []numbered16

type numbered16 struct {
	at    uintptr // of the first of a chunk
	first uint32
}

func numberIndicators(sets []*Set) numbering {
	var all numbering
	base := 0
	for _, s := range sets {
		for i, c := range s.chunks {
			all = append(all, numbered16{uintptr(unsafe.Pointer(c)), uint32(base + i*chunk)})
		}
		base += s.total
	}
	slices.SortFunc(all, func(a, b numbered16) int { return cmp.Compare(a.at, b.at) })
	return all
}

func (n numbering) of(d *Indicator) uint32 {
	at := uintptr(unsafe.Pointer(d))
	i := sort.Search(len(n), func(i int) bool { return n[i].at > at }) - 1
	return n[i].first + uint32((at-n[i].at)/unsafe.Sizeof(*d))
}

// errNotValid says that a compiled file must be made anew.
func errNotValid(why string) error {
	return fmt.Errorf("%w: compiled indicators: %s", limit.ErrCorrupt, why)
}

// LoadCompiled reads what Compile wrote, of size bytes, where it was made of
// what key says. Nothing of it is used unless its own SHA-256 is right, and
// every number in it is checked against what it counts: a file that somebody
// changed can be wrong, never harmful. Any error means: compile again.
func LoadCompiled(r io.Reader, size int64, key Key) ([]*Set, *Matcher, error) {
	const least = int64(len(compiledMagic) + len(Key{}) + sha256.Size)
	if size < least || size > maxFile {
		return nil, nil, errNotValid("size")
	}
	h := newAsyncHash()
	defer h.stop()
	in := &decompiler{r: bufio.NewReaderSize(io.TeeReader(io.LimitReader(r, size-sha256.Size), h), 1<<20), left: size - sha256.Size}
	if string(in.bytes(len(compiledMagic))) != compiledMagic || !bytes.Equal(in.bytes(len(key)), key[:]) {
		return nil, nil, errNotValid("made of something else")
	}
	n := in.count(1_000_000, 8)
	sets := make([]*Set, 0, n)
	total := 0
	for range n {
		s := in.set()
		if in.err != nil {
			return nil, nil, in.err
		}
		sets, total = append(sets, s), total+s.total
	}
	m := in.index(sets, total)
	if in.err != nil {
		return nil, nil, in.err
	}
	if in.left != 0 {
		return nil, nil, errNotValid("more than it says")
	}
	want := make([]byte, sha256.Size)
	if _, err := io.ReadFull(r, want); err != nil || !bytes.Equal(want, h.sum()) {
		return nil, nil, errNotValid("its SHA-256 differs")
	}
	return sets, m, nil
}
