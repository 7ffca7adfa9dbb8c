package artifacttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/amparo-project/amparo/internal/artifact"
)

// toy reads a text file, a record each line. Its mutations break one law each.
type toy struct{ mutation string }

func (m toy) Info() artifact.Info {
	info := artifact.Info{
		Name: "ios.toy", Version: 1, Summary: "Lines of text.", Refs: []string{"none"},
		Files: []string{"*/toy.txt"}, Companions: []string{"*/names.txt"},
		Kinds: []artifact.KindInfo{{
			Kind: "line", Doc: "A line.", Times: []string{"written"},
			Fields: []artifact.FieldInfo{{Name: "text", Type: artifact.Text, Doc: "The line."}},
		}},
	}
	if m.mutation == "info" {
		info.Version = 0
	}
	return info
}

func (m toy) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return func(yield func(*artifact.Record, error) bool) {
		if err := m.companions(in); err != nil {
			yield(nil, err)
			return
		}
		data, err := in.All(1 << 20)
		if err != nil && m.mutation != "read error" {
			yield(nil, err)
			return
		}
		m.lines(ctx, in, data, yield)
	}
}

func (m toy) companions(in *artifact.Input) error {
	if m.mutation == "companion" {
		_, _ = in.Beside(".secret")
	}
	_, err := in.Companion("x/names.txt")
	if err != nil && !errors.Is(err, fs.ErrNotExist) && m.mutation != "open error" {
		return err
	}
	return nil
}

func (m toy) lines(ctx context.Context, in *artifact.Input, data []byte, yield func(*artifact.Record, error) bool) {
	var rec artifact.Record
	buf := make([]byte, 0, 256)
	off := 0
	for line := range bytes.Lines(data) {
		if ctx.Err() != nil && m.mutation != "context" {
			yield(nil, context.Cause(ctx))
			return
		}
		buf = append(buf[:0], line...)
		rec.Reset("line")
		m.fill(&rec, in, buf)
		rec.Loc = artifact.Location{Offset: int64(off), Length: int64(len(line))}
		if m.mutation == "place" {
			rec.Loc.Offset = in.Size
		}
		off += len(line)
		if !yield(&rec, nil) && m.mutation != "stop" {
			return
		}
	}
}

func (m toy) fill(rec *artifact.Record, in *artifact.Input, line []byte) {
	text := string(line)
	if m.mutation == "memory" {
		text = unsafe.String(&line[0], len(line))
	}
	if len(text) > in.Limits.FieldLen && m.mutation != "field length" {
		text, rec.Truncated = text[:in.Limits.FieldLen], true
	}
	rec.Set("text", artifact.TextValue(text))
	rec.Summary = func(b []byte) []byte { return append(b, "a line"...) }
	switch m.mutation {
	case "panic":
		_ = line[20]
	case "kind":
		rec.Kind = "row"
	case "field":
		rec.Set("author", artifact.TextValue("a"))
	case "type":
		rec.Fields[0].Value = artifact.IntValue(1)
	case "twice":
		rec.Set("text", artifact.TextValue("a"))
	case "time":
		rec.When("read", artifact.UnixSeconds, artifact.IntValue(1))
	case "observed":
		rec.Observe(artifact.URL, "https://example.org", "url")
	case "summary":
		rec.Summary = func(b []byte) []byte { return append(b, "a\nline"...) }
	case "random":
		rec.Fields[0].Value = artifact.TextValue(fmt.Sprintf("%p", new(int64)))
	}
}

func toySample() Sample {
	text := strings.Repeat("the first line of this text is not short\n", 3) + strings.Repeat("long ", 30) + "\nend\n"
	return Sample{Name: "text", Path: "x/toy.txt", Files: map[string][]byte{"x/toy.txt": []byte(text)}}
}

// recorder notes that a law was found broken.
type recorder struct {
	ctx    context.Context
	broken []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Errorf(f string, args ...any) {
	r.broken = append(r.broken, fmt.Sprintf(f, args...))
}

func (r *recorder) Fatalf(f string, args ...any) {
	r.Errorf(f, args...)
	runtime.Goexit()
}

// judge runs every law on p, each in a goroutine of its own for Fatalf to end.
func judge(t *testing.T, p artifact.Parser) []string {
	t.Helper()
	r := &recorder{ctx: t.Context()}
	run := func(law func()) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer func() {
				if v := recover(); v != nil {
					r.Errorf("%v", v)
				}
			}()
			law()
		}()
		<-done
	}
	run(func() { lawInfo(r, p) })
	for _, l := range laws {
		run(func() { l.check(r, p, toySample()) })
	}
	return r.broken
}

func TestLawsHoldForAGoodParser(t *testing.T) {
	t.Parallel()
	if broken := judge(t, toy{}); broken != nil {
		t.Error(broken)
	}
}

func TestLawsFindEachMutation(t *testing.T) {
	t.Parallel()
	for _, m := range []string{
		"info", "read error", "companion", "open error", "place", "stop", "memory", "field length", "panic",
		"kind", "field", "type", "twice", "time", "observed", "summary", "random",
	} {
		t.Run(strings.ReplaceAll(m, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if judge(t, toy{m}) == nil {
				t.Error("no law is broken")
			}
		})
	}
}

func TestSuiteRunsOnToy(t *testing.T) {
	t.Parallel()
	Run(t, toy{}, "testdata/toy", toySample())
}

func TestSQLiteWAL(t *testing.T) {
	t.Parallel()
	db, wal := SQLiteWAL(t, "CREATE TABLE a (b)", "INSERT INTO a VALUES (1)")
	if len(db) == 0 || len(wal) == 0 {
		t.Errorf("database of %d bytes, log of %d", len(db), len(wal))
	}
	if again := SQLite(t, "CREATE TABLE a (b)"); len(again) == 0 {
		t.Error("empty database")
	}
}

func TestVarint(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   []byte
		want int64
		n    int
	}{
		{[]byte{5}, 5, 1},
		{[]byte{0x81, 0}, 128, 2},
		{bytes.Repeat([]byte{0xff}, 9), -1, 9},
		{[]byte{0x81}, 0, 0},
		{nil, 0, 0},
	} {
		if got, n := varint(c.in); got != c.want || n != c.n {
			t.Errorf("varint(% x) = %d, %d; want %d, %d", c.in, got, n, c.want, c.n)
		}
	}
}
