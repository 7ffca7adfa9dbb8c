package extsort

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// Bounds of what Load takes: a run is at most one sorter's memory, unless it is
// one item.
const (
	maxRuns = 1 << 20
	maxItem = 1 << 30
)

// ErrSaved says that saved items are not what Save wrote.
var ErrSaved = errors.New("saved items are damaged")

// Save writes the items of a sorter that Add took, for Load. It may be called
// as long as the set is not closed, also while the set is read.
func (s *Sorter) Save(w io.Writer) error {
	head := binary.AppendUvarint(nil, uint64(len(s.runs)))
	if _, err := w.Write(head); err != nil {
		return err
	}
	at := int64(0) // runs of a sorter follow each other in its file
	for _, r := range s.runs {
		size := max(r.size, int64(len(r.mem)))
		if _, err := w.Write(binary.AppendUvarint(head[:0], uint64(size))); err != nil {
			return err
		}
		if r.file == nil {
			if _, err := w.Write(r.mem); err != nil {
				return err
			}
			continue
		}
		if n, err := io.Copy(w, io.NewSectionReader(r.file, at, r.size)); err != nil || n != r.size {
			return errors.Join(fmt.Errorf("sort: %d of %d bytes read back", n, r.size), err)
		}
		at += r.size
	}
	return nil
}

// Load reads what Save wrote into a sorter that is new; Set.Add then brings it
// into the set. check, if any, is called with each item. Where there is an error
// the sorter is to be discarded; the error wraps ErrSaved where the bytes are to
// blame.
func (s *Sorter) Load(r *bufio.Reader, check func(Item) error) error {
	n, err := number(r, 0, maxRuns)
	if err != nil {
		return err
	}
	for range n {
		size, err := number(r, 1, 1<<62)
		if err != nil {
			return err
		}
		if err := s.loadRun(r, size, n == 1 && size <= int64(s.max), check); err != nil {
			return err
		}
	}
	return nil
}

// number reads one of at least low and at most high.
func number(r io.ByteReader, low, high int64) (int64, error) {
	n, err := binary.ReadUvarint(r)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrSaved, errCut(err))
	}
	if n < uint64(low) || n > uint64(high) {
		return 0, fmt.Errorf("%w: %d where at most %d can be", ErrSaved, n, high)
	}
	return int64(n), nil
}

// loadRun reads one run: into memory, or into the sorter's file.
func (s *Sorter) loadRun(r *bufio.Reader, size int64, inMemory bool, check func(Item) error) error {
	var mem bytes.Buffer
	w := bufio.NewWriter(&mem)
	if !inMemory {
		if s.file == nil {
			if s.file, s.err = os.CreateTemp(s.dir, "sort-*"); s.err != nil { //nolint:forbidigo // as spill
				return s.err
			}
		}
		w = bufio.NewWriterSize(s.file, 256<<10)
	}
	var item bytes.Buffer
	var last []byte
	for left := size; left > 0; left -= int64(item.Len()) {
		it, err := readItem(r, &item, left)
		if err != nil {
			return err
		}
		if bytes.Compare(it.Key, last) < 0 {
			return fmt.Errorf("%w: not in order", ErrSaved)
		}
		last = append(last[:0], it.Key...)
		if check != nil {
			if err := check(it); err != nil {
				return fmt.Errorf("%w: %w", ErrSaved, err)
			}
		}
		_, _ = w.Write(item.Bytes()) // a bufio.Writer keeps its first error for Flush
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if inMemory {
		s.runs = append(s.runs, run{mem: mem.Bytes()})
	} else {
		s.runs = append(s.runs, run{file: s.file, size: size})
		s.end += size
	}
	return nil
}

// readItem reads an item of at most left bytes into buf.
func readItem(r io.Reader, buf *bytes.Buffer, left int64) (Item, error) {
	buf.Reset()
	if _, err := io.CopyN(buf, r, headSize); err != nil {
		return Item{}, fmt.Errorf("%w: %w", ErrSaved, errCut(err))
	}
	head := buf.Bytes()
	key := int64(binary.LittleEndian.Uint16(head))
	rest := key + int64(binary.LittleEndian.Uint32(head[2:]))
	if rest > min(left-headSize, maxItem) {
		return Item{}, fmt.Errorf("%w: an item of %d bytes", ErrSaved, rest)
	}
	// What is not there is not made room for.
	if _, err := io.CopyN(buf, r, rest); err != nil {
		return Item{}, fmt.Errorf("%w: %w", ErrSaved, errCut(err))
	}
	all := buf.Bytes()
	return Item{Key: all[headSize : headSize+key], Payload: all[headSize+key:]}, nil
}

// Discard removes what a sorter holds that no set was given.
func (s *Sorter) Discard() {
	if s.file != nil {
		_ = s.file.Close()
		_ = os.Remove(s.file.Name())
	}
	*s = Sorter{dir: s.dir, max: s.max}
}
