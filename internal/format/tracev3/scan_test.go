package tracev3_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/format/tracev3"
	"github.com/amparo-project/amparo/internal/format/tracev3/tracev3test"
	"github.com/amparo-project/amparo/internal/limit"
)

var (
	bootID  = tracev3.UUID{0xb0, 1}
	imageID = tracev3.UUID{0xab, 0xcd, 1}
	cacheID = tracev3.UUID{0xdc, 1}
	dylibID = tracev3.UUID{0xd1, 1}
	otherID = tracev3.UUID{0x07, 1}
	wall    = time.Date(2023, 5, 4, 3, 2, 1, 500_000_000, time.UTC)
)

// files are the Files of a map.
type files map[string][]byte

func (m files) UUIDText(id tracev3.UUID) (io.ReaderAt, int64, error) {
	return m.open(tracev3.UUIDTextPath(id))
}

func (m files) SharedCache(id tracev3.UUID) (io.ReaderAt, int64, error) {
	return m.open(tracev3.SharedCachePath(id))
}

func (m files) open(name string) (io.ReaderAt, int64, error) {
	data, ok := m[name]
	if !ok {
		return nil, 0, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	return bytes.NewReader(data), int64(len(data)), nil
}

// formats are format strings of the sample with what they become.
var formats = []struct {
	format string
	args   []tracev3test.Arg
	want   string
}{
	{"plain 100%%", nil, "plain 100%"},
	{"%d %u %x %#X %o", ints(-1, -1, 255, 255, 8), "-1 4294967295 ff 0XFF 10"},
	{"%5d|%-5d|%05d|%+d|%.3d", ints(42, 42, -42, 42, 7), "   42|42   |-0042|+42|007"},
	{"%hhd %hu %lld", []tracev3test.Arg{tracev3test.Int(0x1ff), tracev3test.Int(0x1ffff), tracev3test.Long(-1 << 40)}, "-1 65535 -1099511627776"},
	{"%p %c", []tracev3test.Arg{tracev3test.Long(0x1000), tracev3test.Int('A')}, "0x1000 A"},
	{"%.2f %g %e", []tracev3test.Arg{float(3.14159), float(0.0001), float(12345)}, "3.14 0.0001 1.234500e+04"},
	{"%{public}s <%@>", []tracev3test.Arg{tracev3test.Text("text"), tracev3test.Object("object")}, "text <object>"},
	{"%{public}.*s|%.4s", []tracev3test.Arg{tracev3test.Count(3), tracev3test.Text("abcdef"), tracev3test.Count(4), tracev3test.Text("abcdef")}, "abc|abcd"},
	{"%{private}s %@", []tracev3test.Arg{tracev3test.Gone(), {Kind: 0x42, Inline: []byte{0, 0, 0, 0}}}, "<private> (null)"},
	{"[%{mask.hash}s]", []tracev3test.Arg{tracev3test.Masked([]byte{1, 2, 3, 4})}, "[<mask.hash: 'AQIDBA=='>]"},
	{"%{bool}d %{BOOL}d", ints(1, 0), "true NO"},
	{"%m; %{darwin.errno}d; %{darwin.signal}d; %{darwin.mode}o", ints(2, 13, 9, 0o40755), "No such file or directory; [13: Permission denied]; [sigkill: Killed]; drwxr-xr-x"},
	{"%{public,uuid_t}.16P", []tracev3test.Arg{tracev3test.Count(16), tracev3test.Data(imageID[:])}, "ABCD0100-0000-0000-0000-000000000000"},
	{"%{network:in_addr}d", ints(0x0100007f), "127.0.0.1"},
	{"%{network:sockaddr}.*P", []tracev3test.Arg{tracev3test.Count(16), tracev3test.Data([]byte{16, 2, 1, 187, 192, 0, 2, 7, 0, 0, 0, 0, 0, 0, 0, 0})}, "192.0.2.7:443"},
	{"%{mdnsresponder:domain_name}.*P", []tracev3test.Arg{tracev3test.Count(13), tracev3test.Data([]byte("\x07example\x03org\x00"))}, "example.org."},
	{"%{time_t}d %{iec-bytes}d", ints(1684642680, 2048), "2023-05-21 04:18:00 2.00 kiB"},
	{"%d and %s", ints(1), "1 and <decode: missing data>"},
	{"%y %", nil, "%y %"},
}

func ints(vs ...int32) []tracev3test.Arg {
	var out []tracev3test.Arg
	for _, v := range vs {
		out = append(out, tracev3test.Int(v))
	}
	return out
}

func float(f float64) tracev3test.Arg { return tracev3test.Long(int64(math.Float64bits(f))) }

// sample is a log with an entry for each format, and one of each other kind.
func sample() (data []byte, strs files) {
	texts := make([]string, 0, len(formats))
	off, offs := uint32(0x2000), []uint32(nil)
	for _, f := range formats {
		texts, offs = append(texts, f.format), append(offs, off)
		off += uint32(len(f.format)) + 1
	}
	main := tracev3test.Buffer{Base: 1000}
	for i, f := range formats {
		main.Entries = append(main.Entries, tracev3test.Log(0x10, offs[i], 0x100, 1, f.args...).After(uint64(i)))
	}
	f := tracev3test.File{
		Boot: bootID, Num: 125, Den: 3, Ticks: 1000, Wall: wall,
		Processes: []tracev3test.Process{{
			PID: 77, EUID: 501, Image: imageID, Cache: cacheID,
			Subsystems: [][2]string{{"org.example", "network"}},
			Loaded:     []tracev3test.Loaded{{Image: otherID, Base: 0x1_0000_0000, Size: 0x1000}},
		}},
		Buffers: []tracev3test.Buffer{main, rest()},
		Chunks: [][]byte{
			tracev3test.Oversize(0, 9, tracev3test.Text(strings.Repeat("long ", 3))),
			tracev3test.State(0, 2000, 1, "State of it", []byte("bplist00")),
			tracev3test.Simple(0, 3000, "", "Skipping boot-task: restore-datapartition"),
		},
	}
	shared := tracev3test.CacheImage{
		ID: dylibID, Path: "/usr/lib/libexample.dylib", Text: 0x40000, Size: 0x1000,
		Strings: 0x50000, Formats: []string{"from the cache: %s"},
	}
	return f.Bytes(), files{
		tracev3.UUIDTextPath(imageID):    tracev3test.UUIDText(0x2000, "/usr/libexec/exampled", texts...),
		tracev3.UUIDTextPath(otherID):    tracev3test.UUIDText(0, "/Library/other", "absolute", "relative"),
		tracev3.SharedCachePath(cacheID): tracev3test.SharedCache2(shared),
	}
}

// rest are entries whose strings lie elsewhere, or that are no logs.
func rest() tracev3test.Buffer {
	le := binary.LittleEndian
	u64 := func(vs ...uint64) (b []byte) {
		for _, v := range vs {
			b = le.AppendUint64(b, v)
		}
		return b
	}
	u32 := func(v uint32) []byte { return le.AppendUint32(nil, v) }
	cat := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	text := tracev3test.Args(tracev3test.Text("words"))
	return tracev3test.Buffer{Base: 5000, Private: []byte("secret\x00"), Entries: []tracev3test.Entry{
		{Type: tracev3.Log, Flags: tracev3test.SharedCache, Format: 0x50000, Body: cat(u32(0x40010), text)},
		{Type: tracev3.Log, Flags: tracev3test.SharedCache, Format: 0x80040010, Body: cat(u32(0x40010), text)},
		{Type: tracev3.Log, Flags: 0x8, Format: 0, Body: cat(u32(0x10), []byte{1, 0}, tracev3test.Args())},
		{Type: tracev3.Log, Flags: 0xa, Format: 9, Body: cat(u32(0x10), otherID[:], tracev3test.Args())},
		{
			Type: tracev3.Log, Flags: tracev3test.SharedCache | tracev3test.HasPrivate, Format: 0x50000,
			Body: cat([]byte{0xf9, 0x0f, 7, 0}, u32(0x40010), tracev3test.Args(tracev3test.Kept(0, 7))),
		},
		{
			Type: tracev3.Log, Flags: tracev3test.SharedCache | tracev3test.HasDataRef, Format: 0x50000,
			Body: cat(u32(0x40010), []byte{9, 0}),
		},
		{Type: tracev3.Activity, Code: 1, Flags: 0x0203, Format: 0x2000, Body: cat(u64(7, 8, 9), u32(0x100))},
		{
			Type: tracev3.Signpost, Code: 0x81, Flags: tracev3test.SharedCache | tracev3test.HasName, Format: 0x50000,
			Body: cat(u32(0x40010), u64(0xeeee), u32(0x50000), text),
		},
		{Type: tracev3.Trace, Flags: 2, Format: 0x200c, Body: cat(u32(0x100), u64(200), []byte{8, 1})},
		{Type: tracev3.Loss, Body: u64(120691406, 1458547349, 63)},
	}}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	data, strs := sample()
	i := 0
	opts := tracev3.Options{Strings: tracev3.NewStrings(strs)}
	for e, err := range tracev3.Scan(bytes.NewReader(data), int64(len(data)), opts) {
		if err != nil {
			t.Fatal(err)
		}
		name, category := e.Subsystem()
		if name == "" || i >= len(formats) {
			continue
		}
		if got := string(e.AppendMessage(nil)); got != formats[i].want {
			t.Errorf("%s: %q, want %q", formats[i].format, got, formats[i].want)
		}
		at, ok := e.Time()
		if want := wall.Add(time.Duration(i*125/3) * time.Nanosecond); !ok || !at.Equal(want) {
			t.Errorf("time %v, want %v", at, want)
		}
		if name != "org.example" || category != "network" || e.Level() != "error" || e.Process.PID != 77 ||
			e.Process.EUID != 501 || e.ProcessImage().Path != "/usr/libexec/exampled" || e.Sender().ID != imageID {
			t.Errorf("%+v", e)
		}
		i++
	}
	if i != len(formats) {
		t.Errorf("%d entries, want %d", i, len(formats))
	}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	data, strs := sample()
	var got []string
	opts := tracev3.Options{Strings: tracev3.NewStrings(strs)}
	for e, err := range tracev3.Scan(bytes.NewReader(data), int64(len(data)), opts) {
		if err != nil {
			t.Fatal(err)
		}
		if name, _ := e.Subsystem(); name != "" {
			continue
		}
		scope, part := e.Scope()
		got = append(got, fmt.Sprint(e.Type, " ", e.Sender().Path, " ", scope, part, e.SignpostName(), e.Activity, e.Parent,
			e.New, e.Signpost, e.Lost, " ", string(e.AppendMessage(nil))))
	}
	want := []string{
		"state  0 0 0 0 0 State of it",
		"simple  0 0 0 0 0 Skipping boot-task: restore-datapartition",
		"log /usr/lib/libexample.dylib 0 0 0 0 0 from the cache: words",
		"log /usr/lib/libexample.dylib 0 0 0 0 0 words",
		"log /Library/other 0 0 0 0 0 absolute",
		"log /Library/other 0 0 0 0 0 relative",
		"log /usr/lib/libexample.dylib 0 0 0 0 0 from the cache: secret",
		"log /usr/lib/libexample.dylib 0 0 0 0 0 from the cache: long long long ",
		"activity /usr/libexec/exampled 7 8 9 0 0 plain 100%",
		"signpost /usr/lib/libexample.dylib processbeginfrom the cache: %s0 0 0 61166 0 from the cache: words",
		"trace /usr/libexec/exampled 0 0 0 0 0 200 <decode: missing data> <decode: missing data> <decode: missing data> <decode: missing data>",
		"loss  0 0 0 0 63 lost 63 messages",
	}
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("got:\n%s\nwant:\n%s", a, b)
	}
}

// TestDamage holds a scan to going on behind a chunk that cannot be read.
func TestDamage(t *testing.T) {
	t.Parallel()
	one, strs := sample()
	junk := append(bytes.Repeat([]byte{0xee}, 24), 0xee, 0xee)
	for len(junk)%8 != 0 {
		junk = append(junk, 0)
	}
	data := append(append(append([]byte(nil), one...), junk...), one...)
	count := func(data []byte) (n int, errs []error) {
		opts := tracev3.Options{Strings: tracev3.NewStrings(strs)}
		for e, err := range tracev3.Scan(bytes.NewReader(data), int64(len(data)), opts) {
			if err != nil {
				errs = append(errs, err)
				continue
			}
			e.AppendMessage(nil)
			n++
		}
		return n, errs
	}
	whole, _ := count(one)
	n, errs := count(data)
	var ce *tracev3.ChunkError
	if n != 2*whole || len(errs) != 1 || !errors.As(errs[0], &ce) || ce.Offset != int64(len(one)) || !errors.Is(ce, limit.ErrCorrupt) {
		t.Errorf("%d entries, want %d; errors %v", n, 2*whole, errs)
	}
	if n, errs := count(append(append([]byte(nil), one...), make([]byte, 4096)...)); n != whole || errs != nil {
		t.Errorf("a file with room at its end: %d entries, errors %v", n, errs)
	}
	for i := 0; i < len(one); i += 7 {
		count(one[:i])
	}
}

func FuzzScan(f *testing.F) {
	data, strs := sample()
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		opts := tracev3.Options{Strings: tracev3.NewStrings(strs)}
		n := 0
		for e, err := range tracev3.Scan(bytes.NewReader(data), int64(len(data)), opts) {
			if n++; n > 1_000_000 {
				t.Fatal("a file has more entries than bytes")
			}
			if err != nil {
				continue
			}
			e.AppendMessage(nil)
			e.Texts(func([]byte) {})
			e.SignpostName()
			e.Time()
		}
	})
}

func FuzzStrings(f *testing.F) {
	log, strs := sample()
	f.Add(strs[tracev3.UUIDTextPath(imageID)], strs[tracev3.SharedCachePath(cacheID)])
	f.Add([]byte{}, tracev3test.SharedCache1(tracev3test.CacheImage{Path: "/a", Formats: []string{"%s"}}))
	f.Fuzz(func(_ *testing.T, text, cache []byte) {
		m := files{tracev3.UUIDTextPath(imageID): text, tracev3.SharedCachePath(cacheID): cache}
		opts := tracev3.Options{Strings: tracev3.NewStrings(m)}
		for e, err := range tracev3.Scan(bytes.NewReader(log), int64(len(log)), opts) {
			if err == nil {
				e.AppendMessage(nil)
				e.Sender()
			}
		}
	})
}

func FuzzTimesync(f *testing.F) {
	f.Add(tracev3test.Timesync(bootID, 125, 3, wall.UnixNano(), tracev3test.Sync{Ticks: 5, Wall: wall.UnixNano()}))
	f.Fuzz(func(_ *testing.T, data []byte) {
		var c tracev3.Clock
		_ = c.Add(data)
		c.Boot(bootID).At(1 << 63)
	})
}
