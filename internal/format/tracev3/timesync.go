package tracev3

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/limit"
)

// A UUID names a boot, an image or a shared cache.
type UUID [16]byte

// String returns the UUID as Apple writes it, in capital letters.
func (u UUID) String() string {
	h := u.hex()
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func (u UUID) hex() string { return strings.ToUpper(hex.EncodeToString(u[:])) }

// A Boot is what timesync files say of the time between two starts.
type Boot struct {
	ID UUID
	// Start is the time of the wall clock, in nanoseconds since 1970, when the
	// continuous time was 0. Zero where it is not known.
	Start  int64
	num    uint64 // nanoseconds are ticks * num / den
	den    uint64
	anchor []anchor // by continuous time
}

// An anchor says what the wall clock showed at a continuous time.
type anchor struct {
	ticks uint64
	wall  int64
}

// A Clock turns the continuous time of the kernel into that of the wall.
type Clock struct {
	boots map[UUID]*Boot
	count int
}

// Bounds of what is taken from timesync files: logd keeps some weeks.
const (
	maxBoots   = 10_000
	maxAnchors = 1_000_000
	// maxTimesync is the largest timesync file that is read; logd starts a new
	// one long before.
	maxTimesync = 16 * limit.MiB
)

const (
	bootRecord = 48
	syncRecord = 32
)

// AddFile adds what a timesync file says. What stood before a damaged record
// is kept, and the error tells of the rest.
func (c *Clock) AddFile(r io.ReaderAt, size int64) error {
	data, err := limit.ReadFull(r, size, maxTimesync)
	if err != nil {
		return err
	}
	return c.Add(data)
}

// Add is AddFile of the bytes of a file.
func (c *Clock) Add(data []byte) error {
	var boot *Boot
	for off := 0; off < len(data); {
		rec := data[off:]
		switch {
		case len(rec) >= bootRecord && rec[0] == 0xb0 && rec[1] == 0xbb && recordSize(rec) == bootRecord:
			boot = c.boot(rec)
			off += bootRecord
		case len(rec) >= syncRecord && rec[0] == 'T' && rec[1] == 's' && recordSize(rec) == syncRecord:
			if boot != nil && c.count < maxAnchors {
				c.count++
				boot.add(anchor{binary.LittleEndian.Uint64(rec[8:]), int64(binary.LittleEndian.Uint64(rec[16:]))})
			}
			off += syncRecord
		default:
			return fmt.Errorf("%w: no timesync record at offset %d", limit.ErrCorrupt, off)
		}
	}
	return nil
}

func recordSize(rec []byte) int { return int(binary.LittleEndian.Uint16(rec[2:])) }

// boot returns the boot that rec begins or goes on with: a boot may span
// several files. It is nil where there are too many.
func (c *Clock) boot(rec []byte) *Boot {
	id := UUID(rec[8:24])
	if b, ok := c.boots[id]; ok {
		return b
	}
	if len(c.boots) >= maxBoots {
		return nil
	}
	b := &Boot{
		ID: id, Start: int64(binary.LittleEndian.Uint64(rec[32:])),
		num: uint64(binary.LittleEndian.Uint32(rec[24:])), den: uint64(binary.LittleEndian.Uint32(rec[28:])),
	}
	if c.boots == nil {
		c.boots = map[UUID]*Boot{}
	}
	c.boots[id] = b
	return b
}

func (b *Boot) add(a anchor) {
	i := len(b.anchor)
	if i > 0 && b.anchor[i-1].ticks > a.ticks {
		i = sort.Search(len(b.anchor), func(i int) bool { return b.anchor[i].ticks > a.ticks })
	}
	b.anchor = slices.Insert(b.anchor, i, a)
}

// Boots returns how many boots are known.
func (c *Clock) Boots() int { return len(c.boots) }

// Boot returns what is known of a boot, nil where nothing is.
func (c *Clock) Boot(id UUID) *Boot {
	if c == nil {
		return nil
	}
	return c.boots[id]
}

// At returns the time of the wall clock at a continuous time of the boot. It
// reports false where no anchor tells.
func (b *Boot) At(ticks uint64) (time.Time, bool) {
	ns, ok := b.nanoseconds(ticks)
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(0, ns).UTC(), true
}

// nanoseconds counts from the last anchor at or before ticks, else from the
// start of the boot.
func (b *Boot) nanoseconds(ticks uint64) (int64, bool) {
	if b == nil || b.num == 0 || b.den == 0 {
		return 0, false
	}
	from := anchor{0, b.Start}
	i := sort.Search(len(b.anchor), func(i int) bool { return b.anchor[i].ticks > ticks })
	if i > 0 {
		from = b.anchor[i-1]
	}
	if from.wall == 0 {
		return 0, false
	}
	d, ok := scale(ticks-from.ticks, b.num, b.den)
	if !ok {
		return 0, false
	}
	ns := from.wall + d
	return ns, ns > from.wall || d == 0
}

// scale returns ticks * num / den, and false where that is no time span.
func scale(ticks, num, den uint64) (int64, bool) {
	hi, lo := bits.Mul64(ticks, num)
	if hi >= den {
		return 0, false
	}
	q, _ := bits.Div64(hi, lo, den)
	return int64(q), q < 1<<62
}
