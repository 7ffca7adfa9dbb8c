package compare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// A differ compares the records of one artifact. It holds the hashes and
// places of A's records in memory, some 100 bytes each, and of neither side a
// record. Its time grows with the number of records, however many share a place.
type differ struct {
	name  string
	whole bool // paths are the same on both sides
	out   *Artifact
	each  func(*Difference) error

	before []entry
	same   map[hash]int32 // identity and content → the first entry with it
	at     map[hash]int32 // identity of rows and keys → the first entry with it
	gone   records        // A's records
	lost   map[hash]line  // B's deleted rows, by identity and by content
	after  records        // B's records
	rest   []line         // B's records that are not the same as one of A, in order
}

// entry is a record of A.
type entry struct {
	at       line
	nextSame int32 // the next of the same identity and content, none: -1
	next     int32 // the next of the same identity
	matched  bool
}

const none = int32(-1)

// records is a file of records.
type records interface {
	fs.File
	io.ReaderAt
}

func (d *differ) run(ctx context.Context, a, b fs.FS, name string) error {
	d.same, d.at, d.lost = map[hash]int32{}, map[hash]int32{}, map[hash]line{}
	if err := lines(ctx, a, name, d.remember); err != nil {
		return fmt.Errorf("the earlier: %w", err)
	}
	closeA, err := openIf(a, name, &d.gone)
	if err != nil {
		return err
	}
	defer closeA()
	closeB, err := openIf(b, name, &d.after)
	if err != nil {
		return err
	}
	defer closeB()
	// What is the same must be taken out before rows are paired as changed: a
	// list may hold the same key twice.
	if err := lines(ctx, b, name, d.takeSame); err != nil {
		return fmt.Errorf("the later: %w", err)
	}
	for _, at := range d.rest {
		if err := d.pair(at); err != nil {
			return err
		}
	}
	return d.tellGone()
}

// openIf opens a records file that may not be there.
func openIf(files fs.FS, name string, f *records) (closing func(), err error) {
	file, err := files.Open(name)
	switch {
	case absent(err):
		return func() {}, nil
	case err != nil:
		return nil, fmt.Errorf("records: %w", err)
	}
	opened, ok := file.(records)
	if !ok {
		file.Close()
		return nil, fmt.Errorf("records: %s: %w", name, errors.ErrUnsupported)
	}
	*f = opened
	return func() { opened.Close() }, nil
}

// remember takes a record of A. Rows that A itself recovered are no part of
// what was there.
func (d *differ) remember(at line, _ []byte, r *record) error {
	if !r.live() {
		return nil
	}
	i := int32(len(d.before))
	e := entry{at: at, nextSame: none, next: none}
	id := r.identity(d.name, d.whole)
	exact := sum(append(id[:], r.contentBytes()...))
	if next, ok := d.same[exact]; ok {
		e.nextSame = next
	}
	d.same[exact] = i
	if r.named() {
		if next, ok := d.at[id]; ok {
			e.next = next
		}
		d.at[id] = i
	}
	d.before = append(d.before, e)
	return nil
}

func (d *differ) takeSame(at line, _ []byte, r *record) error {
	id := r.identity(d.name, d.whole)
	if !r.live() {
		d.lost[id], d.lost[r.content()] = at, at
		if key := r.telling(); r.Where.RowID == nil && key != (hash{}) {
			d.lost[key] = at
		}
		return nil
	}
	exact := sum(append(id[:], r.contentBytes()...))
	i, ok := d.same[exact]
	if !ok || i == none {
		d.rest = append(d.rest, at)
		return nil
	}
	d.same[exact] = d.before[i].nextSame
	d.before[i].matched = true
	d.out.Same++
	return nil
}

// changed takes the entry of A that the record of B was, none where it is new.
func (d *differ) changed(r *record) int32 {
	if !r.named() {
		return none
	}
	id := r.identity(d.name, d.whole)
	i, ok := d.at[id]
	for ok && i != none && d.before[i].matched {
		i = d.before[i].next
	}
	if !ok || i == none {
		return none
	}
	d.at[id] = d.before[i].next
	d.before[i].matched = true
	return i
}

// pair tells a record of B that is new, or changed.
func (d *differ) pair(at line) error {
	raw, r, err := again(d.after, at)
	if err != nil {
		return err
	}
	if i := d.changed(r); i != none {
		d.out.Changed++
		old, was, err := again(d.gone, d.before[i].at)
		if err != nil {
			return err
		}
		return d.each(&Difference{Artifact: d.name, Change: Changed, A: old, B: raw, Fields: fields(was, r)})
	}
	d.out.New++
	return d.each(&Difference{Artifact: d.name, Change: New, B: raw})
}

// tellGone tells the records of A that B has not, with what B has of them.
func (d *differ) tellGone() error {
	for i := range d.before {
		e := &d.before[i]
		if e.matched {
			continue
		}
		raw, r, err := again(d.gone, e.at)
		if err != nil {
			return err
		}
		d.out.Gone++
		diff := &Difference{Artifact: d.name, Change: Gone, A: raw}
		if diff.Recovered, err = d.remains(r); err != nil {
			return err
		}
		if diff.Recovered != nil {
			d.out.Recovered++
		}
		if err := d.each(diff); err != nil {
			return err
		}
	}
	return nil
}

// remains returns B's deleted row of a record, nil where there is none.
func (d *differ) remains(r *record) (json.RawMessage, error) {
	for _, key := range []hash{r.identity(d.name, d.whole), r.content(), r.telling()} {
		if at, ok := d.lost[key]; ok && (key == r.telling() || key != r.identity(d.name, d.whole) || r.Where.RowID != nil) {
			raw, _, err := again(d.after, at)
			return raw, err
		}
	}
	return nil, nil
}
