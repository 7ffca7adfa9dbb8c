package evidence

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/amparo-project/amparo/internal/limit"
)

// tarFormat reads a tar that is not compressed: its files lie in it as they
// are.
type tarFormat struct{ a *archive }

func (t *tarFormat) index(ctx context.Context) error {
	in := &seeker{r: t.a.file, size: t.a.size}
	w := tarWalk{a: t.a, r: tar.NewReader(in), ended: in.ended}
	return w.run(ctx, func(h *tar.Header) (item, error) {
		it := item{off: in.off, size: h.Size, time: h.ModTime.Unix()}
		if there := max(t.a.size-in.off, 0); it.size > there && !isSparse(h) {
			it.state = itemCut
			t.a.note(h.Name, errCut(there, it.size))
			it.size = there
		}
		return it, nil
	})
}

func (t *tarFormat) open(ctx context.Context, it *item) (Blob, error) {
	if it.state != itemSparse {
		return t.a.section(it.off, it.size), nil
	}
	return nil, fmt.Errorf("%s: %w: a tar entry with holes; unpack the archive and give the folder", it.name, limit.ErrUnsupported)
}

// seeker reads an io.ReaderAt in order through a buffer, and skips without
// reading. Its off is the place of the next byte.
type seeker struct {
	r    io.ReaderAt
	size int64
	off  int64

	buf   [64 << 10]byte
	start int64 // of what the buffer holds
	n     int
}

func (s *seeker) Read(p []byte) (int, error) {
	if s.off >= s.size {
		return 0, io.EOF
	}
	if s.off < s.start || s.off >= s.start+int64(s.n) {
		n, err := s.r.ReadAt(s.buf[:min(int64(len(s.buf)), s.size-s.off)], s.off)
		s.start, s.n = s.off, n
		if n == 0 {
			return 0, err
		}
	}
	n := copy(p, s.buf[s.off-s.start:s.n])
	s.off += int64(n)
	return n, nil
}

// ended reports whether the block before this place is empty.
func (s *seeker) ended() bool {
	var block [sniffBytes]byte
	_, err := s.r.ReadAt(block[:], max(s.off-sniffBytes, 0))
	return err == nil && block == [sniffBytes]byte{}
}

// Seek implements io.Seeker as tar.Reader uses it: forward from here.
func (s *seeker) Seek(off int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
		s.off = 0
	case io.SeekEnd:
		s.off = s.size
	}
	if s.off+off < 0 {
		return 0, errors.New("seek out of the file")
	}
	s.off += off
	return s.off, nil
}

// tarWalk lists a tar.
type tarWalk struct {
	a     *archive
	r     *tar.Reader
	n     int64 // entries so far
	last  string
	links []tarLink
	ended func() bool // whether the last block that was read is empty, as at the end of a tar
}

// tarLink is an entry that stands for another one.
type tarLink struct{ name, target string }

// run calls fn for each file, with the header, to learn where it lies, and
// lists it. An archive that is cut or damaged is used up to there.
func (w *tarWalk) run(ctx context.Context, fn func(*tar.Header) (item, error)) error {
	for ctx.Err() == nil {
		h, err := w.r.Next()
		if errors.Is(err, tar.ErrInsecurePath) {
			err = nil // names are cleaned, whatever they are
		}
		if errors.Is(err, io.EOF) && w.ended() {
			w.resolve()
			return nil
		}
		if err != nil {
			if ctx.Err() != nil {
				break
			}
			w.a.note(w.last, fmt.Errorf("the archive cannot be read beyond its entry %d, which is this: %w", w.n, err))
			w.resolve()
			return nil
		}
		w.last = h.Name
		if err := w.entry(h, fn); err != nil {
			return err
		}
		w.n++
	}
	return context.Cause(ctx)
}

func (w *tarWalk) entry(h *tar.Header, fn func(*tar.Header) (item, error)) error {
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse:
	case tar.TypeLink:
		if len(w.links) < maxLinks {
			w.links = append(w.links, tarLink{h.Name, h.Linkname})
		}
		return nil
	case tar.TypeDir, tar.TypeXGlobalHeader:
		return nil
	default:
		return w.a.add(h.Name, item{off: -1 - w.n, state: itemIrregular})
	}
	it, err := fn(h)
	if err != nil {
		return err
	}
	if isSparse(h) {
		it.state = itemSparse
	}
	return w.a.add(h.Name, it)
}

// isSparse reports whether the bytes of an entry have holes: an old GNU header
// or one of the PAX records of GNU tar.
func isSparse(h *tar.Header) bool {
	_, major := h.PAXRecords["GNU.sparse.major"]
	_, sizes := h.PAXRecords["GNU.sparse.size"]
	return h.Typeflag == tar.TypeGNUSparse || major || sizes
}

// maxLinks bounds the hard links of an archive.
const maxLinks = 1_000_000

// resolve lists hard links, by which tar stores a file once that has two names.
func (w *tarWalk) resolve() {
	if len(w.links) == 0 {
		return
	}
	byName := make(map[string]item, len(w.a.items))
	for _, it := range w.a.items {
		byName[it.name] = it
	}
	for _, l := range w.links {
		target, err := archiveName(l.target)
		it, ok := byName[target]
		if err != nil || !ok {
			w.a.note(l.name, fmt.Errorf("%w: a link to an entry that is not there", limit.ErrCorrupt))
			continue
		}
		if err := w.a.add(l.name, it); err != nil {
			w.a.note(l.name, err)
			return
		}
	}
}
