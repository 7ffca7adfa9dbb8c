package segb_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/amparo-project/amparo/internal/format/segb"
	"github.com/amparo-project/amparo/internal/format/segb/segbtest"
	"github.com/amparo-project/amparo/internal/limit"
)

type read struct {
	data    string
	state   segb.State
	at      float64
	intact  bool
	problem error
}

func readAll(t *testing.T, data []byte) []read {
	t.Helper()
	f, err := segb.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var all []read
	for e, err := range f.Entries() {
		if err != nil {
			all = append(all, read{problem: err})
			continue
		}
		if !bytes.Equal(data[e.Offset:e.Offset+int64(len(e.Data))], e.Data) {
			t.Errorf("entry %q is not at %d", e.Data, e.Offset)
		}
		all = append(all, read{data: string(e.Data), state: e.State, at: e.Times[0], intact: e.Intact})
	}
	return all
}

var entries = []segbtest.Entry{
	{Data: []byte("one"), State: segb.Written, At: 700000000.5},
	{Data: nil, State: segb.Written, At: 700000001},
	{Data: []byte{0, 0, 0, 0, 0}, State: segb.Deleted, At: 700000002, Sum: 77},
	{Data: []byte("a longer entry"), State: segb.Written, At: 700000003},
	{Data: []byte("x"), State: segb.Unused, At: 0},
}

func TestBothVersions(t *testing.T) {
	t.Parallel()
	for version, data := range map[int][]byte{1: segbtest.Version1(entries...), 2: segbtest.Version2(entries...)} {
		got := readAll(t, data)
		if len(got) != len(entries) {
			t.Fatalf("version %d: %d entries: %v", version, len(got), got)
		}
		for i, want := range entries {
			if g := got[i]; g.problem != nil || g.data != string(want.Data) || g.state != want.State || g.at != want.At || g.intact != (want.Sum == 0) {
				t.Errorf("version %d, entry %d: %+v", version, i, g)
			}
		}
	}
}

func TestBlank(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]bool{"": true, "\x00\x00": true, "\x00x": false} {
		if got := (&segb.Entry{Data: []byte(data)}).Blank(); got != want {
			t.Errorf("%q: %v", data, got)
		}
	}
}

func TestNoContainer(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", "SEGB", "SQLite format 3", string(make([]byte, 100))} {
		if _, err := segb.Open(bytes.NewReader([]byte(data)), int64(len(data))); !errors.Is(err, limit.ErrUnsupported) {
			t.Errorf("%q: %v", data, err)
		}
	}
}

// TestForgedNumbers: no number of the file costs more than the file is long,
// and a bad entry does not hide those before it.
func TestForgedNumbers(t *testing.T) {
	t.Parallel()
	two := segbtest.Version2(entries...)
	binary.LittleEndian.PutUint32(two[4:], math.MaxInt32)
	if _, err := segb.Open(bytes.NewReader(two), int64(len(two))); !errors.Is(err, limit.ErrCorrupt) {
		t.Errorf("index: %v", err)
	}
	two = segbtest.Version2(entries...)
	binary.LittleEndian.PutUint32(two[len(two)-16:], math.MaxInt32)
	got := readAll(t, two)
	if n := len(got); n != len(entries) || got[n-2].data != "a longer entry" || !errors.Is(got[n-1].problem, limit.ErrCorrupt) {
		t.Errorf("entry of version 2: %v", got)
	}
	one := segbtest.Version1(entries...)
	binary.LittleEndian.PutUint32(one[56+32+8:], math.MaxInt32)
	got = readAll(t, one)
	if len(got) != 2 || got[0].data != "one" || !errors.Is(got[1].problem, limit.ErrCorrupt) {
		t.Errorf("entry of version 1: %v", got)
	}
	binary.LittleEndian.PutUint32(one, math.MaxUint32)
	if got = readAll(t, one); len(got) != 2 {
		t.Errorf("end of version 1: %v", got)
	}
}

type failing struct{ from int64 }

func (f failing) ReadAt(b []byte, at int64) (int, error) {
	data := segbtest.Version2(entries...)
	if at+int64(len(b)) > f.from && f.from >= 0 && at >= f.from {
		return 0, io.ErrClosedPipe
	}
	return bytes.NewReader(data).ReadAt(b, at)
}

func TestFailedReadIsNoEnd(t *testing.T) {
	t.Parallel()
	size := int64(len(segbtest.Version2(entries...)))
	if _, err := segb.Open(failing{0}, size); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("header: %v", err)
	}
	if _, err := segb.Open(failing{60}, size); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("index: %v", err)
	}
}

func FuzzSegb(f *testing.F) {
	f.Add(segbtest.Version1(entries...))
	f.Add(segbtest.Version2(entries...))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := segb.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		end := int64(0)
		for e, err := range file.Entries() {
			if err != nil {
				continue
			}
			if e.Offset < end || e.Offset+int64(len(e.Data)) > int64(len(data)) {
				t.Fatalf("an entry of %d bytes at %d, after %d", len(e.Data), e.Offset, end)
			}
			end = e.Offset + int64(len(e.Data))
		}
	})
}
