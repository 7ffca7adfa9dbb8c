package ios

import (
	"context"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
)

// huge is a file of 5 GB: a beginning, and then the same byte for ever.
type huge struct {
	head string
	fill byte
}

const hugeSize = 5 << 30

func (h huge) ReadAt(p []byte, off int64) (int, error) {
	if off >= hugeSize {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), hugeSize-off))
	for i := range p[:n] {
		p[i] = h.fill
	}
	if off < int64(len(h.head)) {
		copy(p[:n], h.head[off:])
	}
	return n, nil
}

// TestHugeInputs gives each parser files of 5 GB that begin as what it reads,
// or as something else: it must refuse them or stop when it is told to, and
// take no memory for what a length claims. One after the other, for memory is
// measured.
func TestHugeInputs(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds")
	}
	const mostBytes = 400 << 20
	sqlite := "SQLite format 3\x00\x10\x00\x01\x01\x00\x40\x20\x20" + strings.Repeat("\x00", 12) + "\x00\x14\x00\x00" + strings.Repeat("\x00", 68) + "\x0d\x00\x00\x00\x01\x0f\x00"
	for _, p := range All() {
		info := p.Info()
		if info.Files[0] == artifact.ListingPath {
			continue
		}
		for _, in := range []huge{{sqlite, 0}, {"bplist00\xd1", 0}, {"<plist><dict><key>", 'a'}, {`{"bug_type":"309"}` + "\n{", '['}, {"SEGB", 1}, {"", '\n'}, {"", 'x'}} {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			started := time.Now()
			input := artifact.NewInput(strings.NewReplacer("**/", "", "*", "x").Replace(info.Files[0]), in, hugeSize, nil)
			for range artifact.Run(ctx, p, input) {
			}
			took := time.Since(started)
			runtime.ReadMemStats(&after)
			cancel()
			name := reflect.TypeOf(p).Name()
			if grown := after.HeapSys - min(before.HeapSys, after.HeapSys); grown > mostBytes {
				t.Errorf("%s, %.10q: %d MiB of memory more", name, in.head, grown>>20)
			}
			if took > 20*time.Second {
				t.Errorf("%s, %.10q: went on for %v after it was told to stop", name, in.head, took)
			}
		}
	}
}
