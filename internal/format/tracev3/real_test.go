package tracev3_test

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/format/tracev3"
)

var update = flag.Bool("update", false, "rewrite golden files")

// evidence returns the path of real logs, which are not part of the project.
func evidence(tb testing.TB, elem ...string) string {
	tb.Helper()
	shared := os.Getenv("AMPARO_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "..", "shared")
	}
	name := filepath.Join(append([]string{shared, "evidence", "unified_logging"}, elem...)...)
	if _, err := os.Stat(name); err != nil {
		tb.Skipf("no real evidence here (set AMPARO_SHARED): %v", err)
	}
	return name
}

func readEvidence(tb testing.TB, elem ...string) []byte {
	tb.Helper()
	data, err := os.ReadFile(evidence(tb, elem...))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// folder is the Files of a folder on disk.
type folder string

func (d folder) UUIDText(id tracev3.UUID) (io.ReaderAt, int64, error) {
	return d.open(tracev3.UUIDTextPath(id))
}

func (d folder) SharedCache(id tracev3.UUID) (io.ReaderAt, int64, error) {
	return d.open(tracev3.SharedCachePath(id))
}

func (d folder) open(name string) (io.ReaderAt, int64, error) {
	data, err := fs.ReadFile(os.DirFS(string(d)), name)
	return bytes.NewReader(data), int64(len(data)), err
}

func realOptions(tb testing.TB) tracev3.Options {
	tb.Helper()
	var c tracev3.Clock
	if err := c.Add(readEvidence(tb, "timesync", "0000000000000002.timesync")); err != nil {
		tb.Fatal(err)
	}
	return tracev3.Options{Strings: tracev3.NewStrings(folder(evidence(tb, "uuidtext"))), Clock: &c}
}

// line writes an entry as the log tool's table does, nearly.
func line(b []byte, e *tracev3.Entry) []byte {
	at, _ := e.Time()
	name, category := e.Subsystem()
	var pid, euid uint32
	if e.Process != nil {
		pid, euid = e.Process.PID, e.Process.EUID
	}
	b = fmt.Appendf(b, "%s %v %s %d/%d thread=%#x activity=%#x [%s:%s] ", at.Format("2006-01-02T15:04:05.000000000"),
		e.Type, e.Level(), pid, euid, e.Thread, e.Activity, name, category)
	b = append(e.AppendMessage(b), '\n')
	return b
}

// TestRealFiles holds what is read of the real files to what was read before.
// The golden file has counts, a hash of all lines and the first 20 in part.
func TestRealFiles(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"0000000000000030", "0000000000000f85"} {
		data := readEvidence(t, name+".tracev3")
		counts, n, out := map[string]int{}, 0, []byte(nil)
		var first strings.Builder
		for e, err := range tracev3.Scan(bytes.NewReader(data), int64(len(data)), realOptions(t)) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			start := len(out)
			out = line(out, e)
			counts[e.Type.String()+" "+e.Level()]++
			if n++; n <= 20 {
				fmt.Fprintf(&first, "%.160s\n", bytes.TrimSuffix(out[start:], []byte{'\n'}))
			}
		}
		var got strings.Builder
		for _, k := range slices.Sorted(maps.Keys(counts)) {
			fmt.Fprintf(&got, "%s: %d\n", strings.TrimSpace(k), counts[k])
		}
		fmt.Fprintf(&got, "sha256: %x\n\n%s", sha256.Sum256(out), first.String())
		golden := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(golden, []byte(got.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got.String() != string(want) {
			t.Errorf("%s reads otherwise (-update rewrites it):\n%s", name, got.String())
		}
	}
}

// TestPublishedValues holds the real files to what the tests of libyal's
// dtformats say of them
// (https://github.com/libyal/dtformats/blob/main/tests/unified_logging.py).
func TestPublishedValues(t *testing.T) {
	t.Parallel()
	data := readEvidence(t, "0000000000000f85.tracev3")
	state := false
	for e, err := range tracev3.Scan(bytes.NewReader(data), int64(len(data)), tracev3.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Boot.String() != "A6EBC8E3-0A1C-40E8-93B9-DA3A7F671D19" {
			t.Fatalf("boot %v", e.Boot)
		}
		if f := e.Facts(); f.Build != "19D52" || f.Model != "J96AP" || f.Synced {
			t.Fatalf("facts %+v", f)
		}
		if e.Ticks == 100662123537283 && e.Name == "SpringBoard - Combined List" {
			kind, content := e.State()
			state = e.Activity == 0x8000000000ead229 && e.TTL == 14 && kind == 1 && len(content) == 42
		}
	}
	if !state {
		t.Error("the state dump of the SpringBoard is not there, or reads otherwise")
	}
	var c tracev3.Clock
	if err := c.Add(readEvidence(t, "timesync", "0000000000000002.timesync")); err != nil {
		t.Fatal(err)
	}
	boot := c.Boot(tracev3.UUID{0xfe, 0x7d, 0xa8, 0xc6, 0x4f, 0x59, 0x48, 0x93, 0x86, 0x07, 0xeb, 0xc4, 0x5b, 0x77, 0x5c, 0x80})
	if boot == nil || boot.Start != 1541730321839294000 {
		t.Fatalf("boot: %+v", boot)
	}
	if at, ok := boot.At(494027973); !ok || at.UnixNano() != 1541730337313716000 {
		t.Errorf("sync: %v %v", at, ok)
	}
}

func BenchmarkScan(b *testing.B) {
	data := readEvidence(b, "0000000000000f85.tracev3")
	opts := realOptions(b)
	for _, bb := range []struct {
		name string
		each func([]byte, *tracev3.Entry) []byte
	}{
		{"entries", func(buf []byte, _ *tracev3.Entry) []byte { return buf }},
		{"messages", func(buf []byte, e *tracev3.Entry) []byte { return e.AppendMessage(buf[:0]) }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			var buf []byte
			for b.Loop() {
				for e, err := range tracev3.Scan(bytes.NewReader(data), int64(len(data)), opts) {
					if err != nil {
						b.Fatal(err)
					}
					buf = bb.each(buf, e)
				}
			}
		})
	}
}
