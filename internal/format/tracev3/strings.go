package tracev3

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/amparo-project/amparo/internal/limit"
)

// Files opens the files that hold the words of a log. Their errors wrap
// fs.ErrNotExist where there is no such file.
type Files interface {
	// UUIDText opens the strings of one image, "uuidtext/AB/CDEF…".
	UUIDText(id UUID) (io.ReaderAt, int64, error)
	// SharedCache opens those of all images of a shared cache, "dsc/ABCD…".
	SharedCache(id UUID) (io.ReaderAt, int64, error)
}

// UUIDTextPath returns where the strings of an image lie in a log archive.
func UUIDTextPath(id UUID) string { h := id.hex(); return h[:2] + "/" + h[2:] }

// SharedCachePath returns where the strings of a shared cache lie there.
func SharedCachePath(id UUID) string { return "dsc/" + id.hex() }

// An Image is an executable or a library.
type Image struct {
	ID   UUID
	Path string // on the phone, "" where it is not known
}

// Strings finds format strings and the paths of images. It remembers what it
// found, and serves one goroutine at a time.
type Strings struct {
	files  Files
	images map[UUID]*uuidText
	caches map[UUID]*sharedCache
	held   int // bytes of format strings, about

	problems []error
	missing  int
}

// NewStrings returns the strings in files.
func NewStrings(files Files) *Strings {
	return &Strings{files: files, images: map[UUID]*uuidText{}, caches: map[UUID]*sharedCache{}}
}

// Missing returns how many files were asked for and do not exist.
func (s *Strings) Missing() int {
	if s == nil {
		return 0
	}
	return s.missing
}

// Bounds of what is remembered.
const (
	maxFormat = 64 * limit.KiB // bytes of a format string or a path
	maxHeld   = 64 * limit.MiB // bytes of all
	maxTable  = 32 * limit.MiB // bytes of the tables of one file
	maxImages = 20_000
)

// image returns the strings of an image, never nil.
func (s *Strings) image(id UUID) *uuidText {
	if u, ok := s.images[id]; ok {
		return u
	}
	u := &uuidText{image: Image{ID: id}, formats: map[uint32]*format{}}
	if len(s.images) >= maxImages {
		clear(s.images)
	}
	s.images[id] = u
	if id == (UUID{}) {
		return u
	}
	r, size, err := s.files.UUIDText(id)
	if err == nil {
		u.r, u.size = r, size
		err = u.open()
	}
	s.note(id, err)
	return u
}

// cache returns the strings of a shared cache, never nil.
func (s *Strings) cache(id UUID) *sharedCache {
	if c, ok := s.caches[id]; ok {
		return c
	}
	c := &sharedCache{formats: map[uint64]*format{}}
	s.caches[id] = c
	if id == (UUID{}) {
		return c
	}
	r, size, err := s.files.SharedCache(id)
	if err == nil {
		c.r, c.size = r, size
		err = c.open()
	}
	s.note(id, err)
	return c
}

func (s *Strings) note(id UUID, err error) {
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist):
		s.missing++
	default:
		s.problems = append(s.problems, fmt.Errorf("strings of %v: %w", id, err))
	}
}

// keep makes room for one more format.
func (s *Strings) keep(f *format) *format {
	if s.held += len(f.text) + 64; s.held > maxHeld {
		for _, u := range s.images {
			clear(u.formats)
		}
		for _, c := range s.caches {
			clear(c.formats)
		}
		s.held = 0
	}
	return f
}

// A uuidText is the file of strings of one image.
type uuidText struct {
	image   Image
	r       io.ReaderAt
	size    int64
	ranges  []textRange
	formats map[uint32]*format
}

// A textRange says where strings of the image lie in the file.
type textRange struct {
	start, size uint32 // in the image
	at          int64  // in the file
}

// open reads the tables and the path of the image, which lies behind all
// strings.
func (u *uuidText) open() error {
	const fixed = 16
	var h [fixed]byte
	if err := readAt(u.r, h[:], 0, u.size); err != nil {
		return err
	}
	if string(h[:4]) != "\x99\x88\x77\x66" {
		return fmt.Errorf("%w: no uuidtext file", limit.ErrCorrupt)
	}
	count := int64(binary.LittleEndian.Uint32(h[12:]))
	if count*8 > min(u.size-fixed, maxTable) {
		return fmt.Errorf("%w: %d ranges in %d bytes", limit.ErrCorrupt, count, u.size)
	}
	table := make([]byte, count*8)
	if err := readAt(u.r, table, fixed, u.size); err != nil {
		return err
	}
	at := fixed + count*8
	u.ranges = make([]textRange, count)
	for i := range u.ranges {
		e := table[i*8:]
		u.ranges[i] = textRange{binary.LittleEndian.Uint32(e), binary.LittleEndian.Uint32(e[4:]), at}
		at += int64(u.ranges[i].size)
	}
	if at >= u.size {
		return fmt.Errorf("%w: uuidtext ends before the path", limit.ErrCorrupt)
	}
	var err error
	u.image.Path, err = cString(u.r, at, u.size)
	return err
}

// format returns the format string at an offset of the image, nil where there
// is none.
func (u *uuidText) format(s *Strings, ref uint32) *format {
	if f, ok := u.formats[ref]; ok {
		return f
	}
	for i := range u.ranges {
		g := &u.ranges[i]
		if ref < g.start || ref-g.start >= g.size {
			continue
		}
		at := g.at + int64(ref-g.start)
		text, err := cString(u.r, at, min(u.size, g.at+int64(g.size)))
		if err != nil {
			s.note(u.image.ID, err)
			break
		}
		f := s.keep(compile(text, &u.image))
		u.formats[ref] = f
		return f
	}
	u.formats[ref] = nil
	return nil
}

// readAt fills p from off, which must lie in the file.
func readAt(r io.ReaderAt, p []byte, off, size int64) error {
	if off < 0 || int64(len(p)) > size-off {
		return fmt.Errorf("%w: %d bytes at %d of %d", limit.ErrCorrupt, len(p), off, size)
	}
	n, err := r.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// cString reads the text at off, up to a zero byte, end or the limit.
func cString(r io.ReaderAt, off, end int64) (string, error) {
	var few [256]byte
	buf := few[:]
	for {
		n := int(min(int64(len(buf)), end-off))
		if n <= 0 {
			return "", nil
		}
		if err := readAt(r, buf[:n], off, end); err != nil {
			return "", err
		}
		if i := bytes.IndexByte(buf[:n], 0); i >= 0 {
			return string(buf[:i]), nil
		}
		if n < len(buf) || n >= maxFormat {
			return string(buf[:n]), nil
		}
		buf = make([]byte, 4*len(buf))
	}
}
