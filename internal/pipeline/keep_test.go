package pipeline

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/rule"
)

var keptFiles = map[string]string{
	"D/a":     "1500000100 second\nbroken\n1500000000 first\n",
	"D/b":     "1500000050 =between\n",
	"E/b":     "1500000050 same-time\n",
	"D/c":     "1500000060 panic\n",
	"D/names": "x",
}

// heard is an observer of the test: it counts.
type heard struct{ n byte }

func (h *heard) Add(*artifact.Record)   { h.n++ }
func (h *heard) Save(w io.Writer) error { _, err := w.Write([]byte{h.n}); return err }
func (h *heard) Load(r io.Reader) error {
	b := make([]byte, 1)
	_, err := io.ReadFull(r, b)
	h.n = b[0]
	return err
}
func observes(string) Observer { return &heard{} }
func packed(mark string, rest []byte) []byte {
	var b bytes.Buffer
	z := s2.NewWriter(&b)
	p := &packer{w: bufio.NewWriter(z)}
	p.text(mark)
	p.raw(rest)
	_ = p.w.Flush()
	_ = z.Close()
	return b.Bytes()
}

// keptParts are the parts that a check of some files keeps, without their marks.
func keptParts(tb testing.TB, src *memSource, change func(*Options)) (parts [][]byte) {
	tb.Helper()
	var mu sync.Mutex
	checkInto(tb, src, func(o *Options) {
		o.Keep = &Keep{
			Every: -1, Load: func(context.Context, string, func(io.Reader) error) error { return nil },
			Save: func(_ context.Context, mark string, write func(io.Writer) error) error {
				var b bytes.Buffer
				if err := write(&b); err != nil {
					return err
				}
				clear, err := io.ReadAll(s2.NewReader(&b))
				mu.Lock()
				defer mu.Unlock()
				parts = append(parts, clear[len(mark)+2:])
				return err
			},
		}
		if change != nil {
			change(o)
		}
	})
	return parts
}

// checkInto runs a check of some files, and returns its folder.
func checkInto(tb testing.TB, src *memSource, change func(*Options)) string {
	tb.Helper()
	rules, err := rule.Builtin()
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	out, err := NewFolder(dir)
	if err != nil {
		tb.Fatal(err)
	}
	o := Options{
		Source: src, Path: "mem", Parsers: []artifact.Parser{lines{"t.a", "D/a"}, lines{"t.b", "*/b"}, lines{"t.c", "D/c"}},
		Rules: rules, Out: out, Workers: 1, Now: func() time.Time { return time.Unix(1, 0) }, Version: "test", Observe: observes,
	}
	change(&o)
	if _, err := Check(tb.Context(), o); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// TestNotKept: of a file at which the machine failed nothing is kept, for
// another time it may be read.
func TestNotKept(t *testing.T) {
	t.Parallel()
	if n := len(keptParts(t, memory(keptFiles), nil)); n != 4 {
		t.Errorf("%d of 4 tasks are kept", n)
	}
	src := memory(keptFiles)
	src.fail = map[string]error{"D/a": errors.New("the network is away")}
	if n := len(keptParts(t, src, nil)); n != 3 {
		t.Errorf("%d tasks are kept where one file could not be opened", n)
	}
	src = memory(keptFiles)
	src.fail = map[string]error{"D/names": errors.New("the network is away")}
	if n := len(keptParts(t, src, nil)); n != 0 {
		t.Errorf("%d tasks are kept whose companion could not be opened", n)
	}
	left := func(_, path string) Trust {
		if path == "D/b" {
			return LeftOut
		}
		return Trusted
	}
	if n := len(keptParts(t, memory(keptFiles), func(o *Options) { o.Watch.Trust = left })); n != 3 {
		t.Errorf("%d tasks are kept where one was left out", n)
	}
}

// TestKeepingMayFail: a check whose parts are not stored goes on.
func TestKeepingMayFail(t *testing.T) {
	t.Parallel()
	want := checkInto(t, memory(keptFiles), func(*Options) {})
	got := checkInto(t, memory(keptFiles), func(o *Options) {
		o.Keep = &Keep{
			Every: 1, Load: func(context.Context, string, func(io.Reader) error) error { return nil },
			Save: func(context.Context, string, func(io.Writer) error) error { return os.ErrPermission },
		}
	})
	for _, name := range []string{FindingsFile, "timeline.csv", "records/t.a.jsonl"} {
		if read(t, want, name) != read(t, got, name) {
			t.Errorf("%s differs", name)
		}
	}
}

// FuzzKept reads what may be parts of the check of some files: whatever they
// hold, the check comes to its end, and what it does not take it reads again.
func FuzzKept(f *testing.F) {
	for _, p := range keptParts(f, memory(keptFiles), nil) {
		f.Add(p)
	}
	f.Add([]byte{0, 2, 0})
	f.Add([]byte(strings.Repeat("\xff", 30)))
	f.Fuzz(func(t *testing.T, rest []byte) {
		checkInto(t, memory(keptFiles), func(o *Options) {
			o.Keep = &Keep{Every: time.Hour, Load: func(_ context.Context, mark string, part func(io.Reader) error) error {
				if err := part(bytes.NewReader(packed(mark, rest))); err != nil && fmt.Sprint(err) == "" {
					t.Error("an error without words")
				}
				return nil
			}, Save: func(context.Context, string, func(io.Writer) error) error { return nil }}
		})
	})
}
