package tracev3

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sort"

	"github.com/amparo-project/amparo/internal/limit"
)

// A header is the chunk that begins a file: who wrote it and when.
type header struct {
	boot    Boot // with the one anchor that the header itself gives
	build   string
	model   string
	known   bool
	started uint64
}

const headerSize = 208

// parseHeader reads the body of a header chunk.
func parseHeader(b []byte) (header, error) {
	if len(b) < headerSize {
		return header{}, fmt.Errorf("%w: header of %d bytes", limit.ErrCorrupt, len(b))
	}
	h := header{known: true, build: text(b[72:88]), model: text(b[88:120]), started: binary.LittleEndian.Uint64(b[48:])}
	h.boot = Boot{
		ID:  UUID(b[128:144]),
		num: uint64(binary.LittleEndian.Uint32(b[0:])), den: uint64(binary.LittleEndian.Uint32(b[4:])),
	}
	sec, usec := int64(binary.LittleEndian.Uint64(b[16:])), int64(binary.LittleEndian.Uint32(b[24:]))
	if sec > 0 && sec < 1<<32 && usec < 1_000_000 {
		h.boot.anchor = []anchor{{h.started, sec*1_000_000_000 + usec*1000}}
		if d, ok := scale(h.started, h.boot.num, max(1, h.boot.den)); ok {
			h.boot.Start = h.boot.anchor[0].wall - d
		}
	}
	return h, nil
}

// text returns what stands before the first zero byte.
func text(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// A procID is the number that logd gives a process.
type procID struct {
	first  uint64
	second uint32
}

// A Process is what the catalog says of the process that wrote an entry.
type Process struct {
	PID   uint32
	EUID  uint32
	Image UUID // of its executable
	Cache UUID // of its shared cache, zero without one

	images []loaded
	subs   []subsystem
}

// A loaded image is one that a process has mapped outside the shared cache.
type loaded struct {
	id   UUID
	base uint64
	size uint32
}

type subsystem struct {
	id             uint16
	name, category string
}

// subsystem returns the names of a subsystem of the process.
func (p *Process) subsystem(id uint16) (name, category string) {
	i := sort.Search(len(p.subs), func(i int) bool { return p.subs[i].id >= id })
	if i < len(p.subs) && p.subs[i].id == id {
		return p.subs[i].name, p.subs[i].category
	}
	return "", ""
}

// loadedAt returns the image that a process has mapped at an address.
func (p *Process) loadedAt(addr uint64) (UUID, bool) {
	for i := range p.images {
		if l := &p.images[i]; addr >= l.base && addr-l.base < uint64(l.size) {
			return l.id, true
		}
	}
	return UUID{}, false
}

// A catalog describes the processes whose entries follow it.
type catalog struct {
	uuids []byte // 16 each
	names string // of subsystems and categories, each with a zero byte
	procs map[procID]*Process
}

const catalogHeader = 24

// parseCatalog reads the body of a catalog chunk. What stands before a damaged
// part is kept, and the error is that of the rest.
func parseCatalog(b []byte) (*catalog, error) {
	c := &catalog{procs: map[procID]*Process{}}
	if len(b) < catalogHeader {
		return c, fmt.Errorf("%w: catalog of %d bytes", limit.ErrCorrupt, len(b))
	}
	names, procs := int(binary.LittleEndian.Uint16(b[0:])), int(binary.LittleEndian.Uint16(b[2:]))
	count, subs := int(binary.LittleEndian.Uint16(b[4:])), int(binary.LittleEndian.Uint16(b[6:]))
	body := b[catalogHeader:]
	if names > procs || procs > subs || subs > len(body) {
		return c, fmt.Errorf("%w: parts of the catalog overlap", limit.ErrCorrupt)
	}
	c.uuids, c.names = body[:names], string(body[names:procs])
	rest := body[procs:subs]
	for i := range count {
		n, err := c.process(rest)
		if err != nil {
			return c, fmt.Errorf("process %d of the catalog: %w", i, err)
		}
		rest = rest[n:]
	}
	return c, nil
}

const (
	procHeader = 40
	procImage  = 16
	procSub    = 6
)

// process reads the entry of one process at the start of b, and returns its
// length.
func (c *catalog) process(b []byte) (int, error) {
	if len(b) < procHeader {
		return 0, fmt.Errorf("%w: cut short", limit.ErrCorrupt)
	}
	p := &Process{PID: binary.LittleEndian.Uint32(b[20:]), EUID: binary.LittleEndian.Uint32(b[24:])}
	p.Image, _ = c.uuid(binary.LittleEndian.Uint16(b[4:]))
	p.Cache, _ = c.uuid(binary.LittleEndian.Uint16(b[6:]))
	id := procID{binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint32(b[16:])}
	images := uint64(binary.LittleEndian.Uint32(b[32:]))
	end := procHeader + images*procImage
	if end+8 > uint64(len(b)) {
		return 0, fmt.Errorf("%w: %d images", limit.ErrCorrupt, images)
	}
	c.images(p, b[procHeader:end])
	subs := uint64(binary.LittleEndian.Uint32(b[end:]))
	start := end + 8
	end = start + subs*procSub
	if end > uint64(len(b)) {
		return 0, fmt.Errorf("%w: %d subsystems", limit.ErrCorrupt, subs)
	}
	c.subsystems(p, b[start:end])
	c.procs[id] = p
	return min(len(b), int(end+7)&^7), nil
}

func (c *catalog) images(p *Process, b []byte) {
	p.images = make([]loaded, 0, len(b)/procImage)
	for ; len(b) >= procImage; b = b[procImage:] {
		l := loaded{
			size: binary.LittleEndian.Uint32(b),
			base: uint64(binary.LittleEndian.Uint32(b[10:])) | uint64(binary.LittleEndian.Uint16(b[14:]))<<32,
		}
		var ok bool
		if l.id, ok = c.uuid(binary.LittleEndian.Uint16(b[8:])); ok {
			p.images = append(p.images, l)
		}
	}
}

func (c *catalog) subsystems(p *Process, b []byte) {
	p.subs = make([]subsystem, 0, len(b)/procSub)
	sorted := true
	for ; len(b) >= procSub; b = b[procSub:] {
		s := subsystem{
			id:       binary.LittleEndian.Uint16(b),
			name:     c.name(binary.LittleEndian.Uint16(b[2:])),
			category: c.name(binary.LittleEndian.Uint16(b[4:])),
		}
		sorted = sorted && (len(p.subs) == 0 || p.subs[len(p.subs)-1].id < s.id)
		p.subs = append(p.subs, s)
	}
	if !sorted {
		sort.SliceStable(p.subs, func(i, j int) bool { return p.subs[i].id < p.subs[j].id })
	}
}

// uuid returns the UUID with that index, false where there is none.
func (c *catalog) uuid(i uint16) (UUID, bool) {
	if (int(i)+1)*16 > len(c.uuids) {
		return UUID{}, false
	}
	return UUID(c.uuids[int(i)*16:]), true
}

// name returns the text at an offset of the names.
func (c *catalog) name(off uint16) string {
	if int(off) >= len(c.names) {
		return ""
	}
	s := c.names[off:]
	for i := range len(s) {
		if s[i] == 0 {
			return s[:i]
		}
	}
	return s
}
