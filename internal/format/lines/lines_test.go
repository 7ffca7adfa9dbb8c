package lines

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func read(t testing.TB, text string, most int) []string {
	t.Helper()
	var l Line
	var got []string
	if err := l.Each("a.log", strings.NewReader(text), int64(len(text)), most, func() error {
		got = append(got, fmt.Sprintf("%d %d+%d %q", l.Number, l.Offset, l.Length, l.Text))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestEach(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                nil,
		"a\nbc\n":         {`1 0+1 "a"`, `2 2+2 "bc"`},
		"a\r\n\r\nb":      {`1 0+1 "a"`, `2 3+0 ""`, `3 5+1 "b"`},
		"123456789\nab\n": {`1 0+10 "12345678"`, `2 10+2 "ab"`},
		"\xff\x00\n":      {`1 0+2 "\xff\x00"`},
	} {
		if diff := cmp.Diff(want, read(t, text, 8)); diff != "" {
			t.Errorf("%q: -want +got:\n%s", text, diff)
		}
	}
}

type broken struct{ text string }

var errDisk = errors.New("disk")

func (b broken) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(len(b.text)) {
		return 0, errDisk
	}
	return copy(p, b.text[off:]), errDisk
}

func TestErrors(t *testing.T) {
	t.Parallel()
	var l Line
	err := l.Each("a.log", broken{"one\ntwo\n"}, 100, 8, func() error { return nil })
	if !errors.Is(err, errDisk) || !strings.Contains(err.Error(), "read a.log: line 3") {
		t.Errorf("a failed read: %v", err)
	}
	stop := errors.New("stop")
	n := 0
	if err := l.Each("a.log", strings.NewReader("a\nb\n"), 4, 8, func() error { n++; return stop }); err != stop || n != 1 { //nolint:errorlint // as it is
		t.Errorf("stopped: %v after %d lines", err, n)
	}
}

func FuzzEach(f *testing.F) {
	f.Add("a\r\nb\n\nlong line without an end")
	f.Fuzz(func(t *testing.T, text string) {
		joined := 0
		for _, s := range read(t, text, 16) {
			joined += len(s)
		}
		if text != "" && joined == 0 {
			t.Error("no line of a text")
		}
	})
}
