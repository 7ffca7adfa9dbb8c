package vault

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"

	"filippo.io/age"
	"golang.org/x/sync/errgroup"

	"github.com/amparo-project/amparo/internal/seal"
)

// made is a segment that is written, and that the bundle may not need.
type made struct {
	seg Segment
	w   Writer // nil: there is none
}

// segment encrypts n bytes of r, unless the batch has them already.
func (a *adder) segment(r io.Reader, n int64) (Segment, error) {
	m, err := a.make(r, n)
	if err != nil {
		return Segment{}, err
	}
	return a.keep(m), nil
}

// make encrypts n bytes of r. It may be called by several goroutines. The caller
// gives its result to keep, or drops it.
func (a *adder) make(r io.Reader, n int64) (m made, err error) {
	id := NewID()
	if m.w, err = a.s.Create(a.ctx, id); err != nil {
		return made{}, err
	}
	if m.seg, err = a.encrypt(m.w, id, r, n); err != nil {
		m.drop()
		return made{}, err
	}
	return m, nil
}

func (m *made) drop() {
	if m.w != nil {
		m.w.Abort()
	}
}

// keep adds a segment to the batch, unless that has the same bytes: then it is
// that one.
func (a *adder) keep(m made) Segment {
	if had, ok := a.pending[m.seg.SHA256]; ok {
		m.drop()
		return had
	}
	a.segments, a.writers = append(a.segments, m.seg), append(a.writers, m.w)
	if a.pending == nil {
		a.pending = map[string]Segment{}
	}
	a.pending[m.seg.SHA256] = m.seg
	a.bytes += m.seg.Size
	return m.seg
}

func (a *adder) encrypt(w io.Writer, id string, r io.Reader, n int64) (Segment, error) {
	recipient, err := age.ParseX25519Recipient(a.o.Key.Recipient())
	if err != nil {
		return Segment{}, err
	}
	buffered := bufio.NewWriterSize(w, int(min(n+4<<10, 256<<10))) // most files are small
	stored := newHashing(buffered)
	enc, err := age.Encrypt(stored, recipient)
	if err != nil {
		return Segment{}, err
	}
	clear := newHashing(enc)
	for clear.n < n {
		got, err := io.CopyN(clear, r, min(n-clear.n, 4<<20))
		a.told(got)
		if errors.Is(err, io.EOF) {
			return Segment{}, ErrChanged
		}
		if err != nil {
			return Segment{}, err
		}
		if a.ctx.Err() != nil {
			return Segment{}, context.Cause(a.ctx)
		}
	}
	if err := errors.Join(enc.Close(), buffered.Flush()); err != nil {
		return Segment{}, err
	}
	return Segment{ID: id, SHA256: clear.sum(), Size: n, StoredSHA256: stored.sum(), StoredSize: stored.n, New: true}, nil
}

// reuse puts segments that the case has in the place of those of the batch that
// have the same bytes.
func (a *adder) reuse() error {
	sums := make([]string, len(a.segments))
	for i := range a.segments {
		sums[i] = a.segments[i].SHA256
	}
	found, err := a.x.Same(a.ctx, a.o.Case, sums)
	if err != nil || len(found) == 0 {
		return err
	}
	var g errgroup.Group
	g.SetLimit(storeAtOnce)
	instead := make([]Segment, len(a.segments))
	for i := range a.segments {
		old, ok := found[sums[i]]
		if !ok {
			continue
		}
		g.Go(func() error {
			var err error
			if old.Wrapped, err = a.rewrap(old.Segment, old.Key); err == nil {
				old.New, instead[i] = false, old.Segment
			} // Damaged or gone: these bytes are stored again, and whole. vault verify tells of it
			return nil
		})
	}
	_ = g.Wait() // nothing fails
	names := map[string]string{}
	for i, old := range instead {
		if old.ID != "" {
			names[a.segments[i].ID] = old.ID
			a.writers[i].Abort()
			a.segments[i], a.writers[i] = old, nil
		}
	}
	// In place: who waits for the batch has the same lists.
	for i := range a.batch {
		for n, id := range a.batch[i].Segments {
			if old, ok := names[id]; ok {
				a.batch[i].Segments[n] = old
			}
		}
	}
	return nil
}

// rewrap seals the file key of a segment for this bundle.
func (a *adder) rewrap(seg Segment, key seal.Identity) ([]byte, error) {
	b, err := a.s.Open(a.ctx, seg.ID)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	if b.Size() != seg.StoredSize {
		return nil, ErrDamaged
	}
	fileKey, err := fileKeyOf(b, seg, key)
	if err != nil {
		return nil, err
	}
	return seal.Seal(a.o.Key.Recipient(), fileKey)
}

// flush makes the batch durable, then known.
func (a *adder) flush() error {
	if len(a.batch) == 0 {
		return nil
	}
	if len(a.segments) > 0 {
		if err := a.reuse(); err != nil {
			return err
		}
	}
	if err := a.eachNew(Writer.Sync); err != nil {
		return err
	}
	if err := a.eachNew(Writer.Commit); err != nil {
		return err
	}
	for len(a.batch) > 0 {
		if err := a.commitPart(); err != nil {
			return err
		}
	}
	a.writers, a.pending, a.bytes = nil, nil, 0
	return nil
}

// eachNew does something with the new segments of the batch, several at once.
func (a *adder) eachNew(do func(Writer) error) error {
	var g errgroup.Group
	g.SetLimit(storeAtOnce)
	for _, w := range a.writers {
		if w != nil {
			g.Go(func() error { return do(w) })
		}
	}
	return g.Wait()
}

// commitPart stores as much of the batch as one part of the list takes. The
// segments go with the first.
func (a *adder) commitPart() error {
	n, size := 0, int64(0)
	for n < len(a.batch) && (n == 0 || size < maxPart) {
		size += int64(len(a.batch[n].Path)+len(a.batch[n].Segments)*40) + 300
		n++
	}
	data, err := json.Marshal(a.batch[:n])
	if err != nil {
		return err
	}
	sealed, err := seal.Seal(a.o.Key.Recipient(), data)
	if err != nil {
		return err
	}
	if err := a.x.Commit(a.ctx, a.o.Bundle, a.o.Case, a.part, sealed, a.segments); err != nil {
		return err
	}
	a.part, a.batch, a.segments = a.part+1, a.batch[n:], nil
	return nil
}
