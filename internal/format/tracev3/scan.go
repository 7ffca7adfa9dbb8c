package tracev3

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/amparo-project/amparo/internal/limit"
)

// Options are what Scan takes from other files. Without Strings entries have
// no words but those of their arguments, without a Clock their time is counted
// from the start of the file.
type Options struct {
	Strings *Strings
	Clock   *Clock
}

// Scan streams the entries of a tracev3 file in the order in which they lie
// there: by process and buffer, not by time. A *ChunkError tells of a part
// that could not be read, after which the sequence goes on, as it does after
// a *StringsError. Any other error is the last thing yielded. An entry is
// valid until the next.
func Scan(r io.ReaderAt, size int64, opts Options) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		s := &scanner{
			chunks: chunks{r: r, size: size}, strings: opts.Strings, clock: opts.Clock,
			yield: yield, oversize: map[oversizeID]oversize{},
		}
		s.run()
	}
}

// A StringsError tells of a file of format strings that could not be read.
type StringsError struct{ Err error }

func (e *StringsError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *StringsError) Unwrap() error { return e.Err }

// scanner is one Scan.
type scanner struct {
	chunks  chunks
	strings *Strings
	clock   *Clock
	yield   func(*Entry, error) bool

	header  header
	boot    *Boot
	catalog *catalog
	set     []byte // content of the chunk set
	entry1  Entry
	items   []item

	lastID   procID
	lastProc *Process

	oversize map[oversizeID]oversize
	kept     int // bytes of oversize
}

// An oversizeID names data that was too large for the buffer of its entry.
type oversizeID struct {
	proc *Process
	ref  uint16
}

// oversize is the data of an entry outside its buffer.
type oversize struct{ public, private []byte }

// maxOversize is how much oversize data is kept for entries still to come.
const maxOversize = 32 * limit.MiB

// errStop says that the consumer wants no more.
var errStop = errors.New("stopped")

func (s *scanner) run() {
	for {
		c, err := s.chunks.next()
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return
		}
		if ce := (*ChunkError)(nil); errors.As(err, &ce) {
			if !s.yield(nil, ce) {
				return
			}
			continue
		}
		if err == nil {
			err = s.chunk(c)
		}
		if errors.Is(err, errStop) {
			return
		}
		if err != nil {
			s.yield(nil, err)
			return
		}
	}
}

// chunk reads one chunk of the file. Its error ends the scan.
func (s *scanner) chunk(c chunk) error {
	s.entry1 = Entry{Offset: c.offset, Length: chunkHeader + int64(len(c.body))}
	var err error
	switch c.tag {
	case tagHeader:
		s.header, err = parseHeader(c.body)
		s.boot = s.clock.Boot(s.header.boot.ID)
		if s.boot == nil {
			s.boot = &s.header.boot
		}
	case tagCatalog:
		s.catalog, err = parseCatalog(c.body)
		s.lastProc, s.lastID = nil, procID{}
		clear(s.oversize)
		s.kept = 0
	case tagSet:
		s.set, err = unpack(s.set[:0], c.body)
		if err := s.content(c.offset); err != nil {
			return err
		}
	default: // as in a chunk set, but on its own
		return s.piece(c, 0)
	}
	if err != nil {
		return s.problem(c.offset, 0, err)
	}
	return nil
}

func (s *scanner) problem(off, inner int64, err error) error {
	if !s.yield(nil, &ChunkError{Offset: off, Inner: inner, Err: err}) {
		return errStop
	}
	return nil
}

// content reads the chunks of the unpacked chunk set, twice: oversize data
// may follow the entry that refers to it.
func (s *scanner) content(off int64) error {
	_ = s.each(func(c chunk, _ int64) error {
		if c.tag == tagOversize {
			s.keepOversize(c.body)
		}
		return nil
	})
	err := s.each(func(c chunk, at int64) error {
		c.offset = off
		return s.piece(c, at)
	})
	if bad := (*ChunkError)(nil); errors.As(err, &bad) {
		return s.problem(off, bad.Inner, bad.Err)
	}
	return err
}

// each calls f with the chunks of the set and where their bodies lie in it. A
// *ChunkError tells of what follows the last one that can be told apart.
func (s *scanner) each(f func(c chunk, at int64) error) error {
	for at := 0; len(s.set)-at >= chunkHeader; {
		tag, sub, length := chunkAt(s.set[at:])
		left := len(s.set) - at - chunkHeader
		if tag == 0 && length == 0 {
			at += 8 // padding
			continue
		}
		if tag&^0xff != 0x6000 || length > uint64(left) {
			return &ChunkError{Inner: int64(at), Err: fmt.Errorf(
				"%w: chunk with tag %#x of %d bytes, %d are left", limit.ErrCorrupt, tag, length, left)}
		}
		start := at + chunkHeader
		end := start + int(length)
		if err := f(chunk{tag: tag, sub: sub, body: s.set[start:end]}, int64(start)); err != nil {
			return err
		}
		at = (end + 7) &^ 7
	}
	return nil
}

// piece reads one chunk of a set.
func (s *scanner) piece(c chunk, at int64) error {
	var err error
	switch c.tag {
	case tagFirehose:
		return s.firehose(c, at)
	case tagOversize:
		if at == 0 {
			s.keepOversize(c.body)
		}
		return nil
	case tagState:
		err = s.stateDump(c.body, at)
	case tagSimple:
		err = s.simpleDump(c.body, at)
	default:
		err = fmt.Errorf("%w: chunk with tag %#x", limit.ErrUnsupported, c.tag)
	}
	if err != nil {
		return s.problem(c.offset, at, err)
	}
	return s.give()
}

// firehose gives the entries of a buffer. One that cannot be read costs
// itself, unless its length is damaged.
func (s *scanner) firehose(c chunk, at int64) error {
	f, err := s.parseFirehose(c.body, at)
	if err != nil {
		return s.problem(c.offset, at, err)
	}
	for {
		s.reset()
		more, err := s.entry(&f, &s.entry1)
		if err != nil {
			if err := s.problem(c.offset, s.entry1.Inner, err); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
		if err == nil {
			if err := s.give(); err != nil {
				return err
			}
		}
	}
}

// reset empties the entry, and keeps where its chunk lies.
func (s *scanner) reset() {
	s.entry1 = Entry{Offset: s.entry1.Offset, Length: s.entry1.Length, s: s, Boot: s.header.boot.ID}
}

// give hands the entry on.
func (s *scanner) give() error {
	if !s.yield(&s.entry1, nil) {
		return errStop
	}
	if s.strings == nil || len(s.strings.problems) == 0 {
		return nil
	}
	problems := s.strings.problems
	s.strings.problems = nil
	for _, p := range problems {
		if !s.yield(nil, &StringsError{p}) {
			return errStop
		}
	}
	return nil
}

// process returns a process of the catalog, nil where it is not there.
func (s *scanner) process(id procID) *Process {
	if s.catalog == nil {
		return nil
	}
	if s.lastProc == nil || s.lastID != id {
		s.lastID, s.lastProc = id, s.catalog.procs[id]
	}
	return s.lastProc
}

// keepOversize remembers the data of an oversize chunk. A damaged one is
// missed by the entry that refers to it.
func (s *scanner) keepOversize(b []byte) {
	const fixed = 32
	if len(b) < fixed {
		return
	}
	p := s.process(procID{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:])})
	id := oversizeID{p, binary.LittleEndian.Uint16(b[24:])}
	public := int(binary.LittleEndian.Uint16(b[28:]))
	data := append([]byte(nil), b[fixed:]...)
	public = min(public, len(data))
	private := min(int(binary.LittleEndian.Uint16(b[30:])), len(data)-public)
	if s.kept += len(data); s.kept > maxOversize {
		clear(s.oversize)
		s.kept = len(data)
	}
	s.oversize[id] = oversize{data[:public], data[public : public+private]}
}

// stateDump reads a dump of what a process keeps.
func (s *scanner) stateDump(b []byte, at int64) error {
	const fixed = 248
	s.reset()
	if len(b) < fixed {
		return fmt.Errorf("%w: state dump of %d bytes", limit.ErrCorrupt, len(b))
	}
	e := &s.entry1
	e.Type, e.Inner = State, at
	e.Process = s.process(procID{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:])})
	e.TTL, e.Ticks, e.Activity = b[12], binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:])
	e.image, e.Code = UUID(b[32:48]), b[48]
	e.Name = text(b[184:fixed])
	size := min(uint64(binary.LittleEndian.Uint32(b[52:])), uint64(len(b)-fixed))
	e.args = b[fixed : fixed+int(size)]
	return nil
}

// simpleDump reads an entry that holds its own text.
func (s *scanner) simpleDump(b []byte, at int64) error {
	const fixed = 84
	s.reset()
	if len(b) < fixed {
		return fmt.Errorf("%w: simple dump of %d bytes", limit.ErrCorrupt, len(b))
	}
	e := &s.entry1
	e.Type, e.Inner = Simple, at
	e.Process = s.process(procID{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:])})
	e.TTL, e.Code = b[12], b[13]
	e.Ticks, e.Thread = binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:])
	e.pc, e.image = binary.LittleEndian.Uint64(b[32:]), UUID(b[40:56])
	sub, msg := uint64(binary.LittleEndian.Uint32(b[76:])), uint64(binary.LittleEndian.Uint32(b[80:]))
	if sub+msg > uint64(len(b)-fixed) {
		return fmt.Errorf("%w: texts of %d and %d bytes in a simple dump of %d", limit.ErrCorrupt, sub, msg, len(b))
	}
	e.Name = text(b[fixed : fixed+sub])
	e.args = b[fixed+sub : fixed+sub+msg]
	return nil
}
