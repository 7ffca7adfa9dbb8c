package input

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/sqlite"
)

func TestCutAt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   string
		n    int
		want string
	}{
		{"abcd", 3, "abc"},
		{"aé€x", 3, "aé"},
		{"aé€x", 5, "aé"},
		{"aé€x", 6, "aé€"},
		{"\x80\x80\x80\x80\x80\x80", 4, "\x80\x80\x80\x80"}, // no beginning near
	} {
		if got := CutAt(tt.in, tt.n); got != tt.want {
			t.Errorf("%q cut at %d: %q", tt.in, tt.n, got)
		}
		if got := CutAt([]byte(tt.in), tt.n); string(got) != tt.want {
			t.Errorf("the bytes of %q cut at %d: %q", tt.in, tt.n, got)
		}
	}
}

// eachLine gives each line, and tells of a bad one.
func eachLine(in *artifact.Input) func(*Reading) error {
	return func(r *Reading) error {
		l := Lines{Reading: r}
		return l.Scan(func() error {
			if string(l.Line) == "bad" {
				return l.Problem(errors.New("as it says"))
			}
			l.Start("line").Set("text", artifact.TextValue(string(l.Line)))
			return l.Give()
		})
	}
}

func TestParseOfLines(t *testing.T) {
	t.Parallel()
	text := "one\r\nbad\nlonger than ten\n"
	in := artifact.NewInput("a.log", strings.NewReader(text), int64(len(text)), nil)
	in.Limits.FieldLen = 10
	var got []string
	for rec, err := range Parse(t.Context(), in, eachLine(in)) {
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		s, _ := rec.Get("text").Str()
		if rec.Truncated {
			s += "…"
		}
		got = append(got, s)
	}
	if len(got) != 3 || got[0] != "one" || !strings.Contains(got[1], "as it says") || got[2] != "longer tha…" {
		t.Error(cmp.Diff([]string{"one", "as it says", "longer tha…"}, got))
	}
}

func TestParseEnds(t *testing.T) {
	t.Parallel()
	in := artifact.NewInput("a.log", strings.NewReader("one\ntwo\n"), 8, nil)
	n := 0
	for range Parse(t.Context(), in, eachLine(in)) {
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d records", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range Parse(ctx, in, eachLine(in)) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("of a run that ended: %v", err)
		}
	}
}

func TestTold(t *testing.T) {
	t.Parallel()
	told := Told{}
	if d := (sqlite.Damage{Table: "a", Page: 2}); !told.New(d) || told.New(d) || !told.New(sqlite.Damage{Table: "b", Page: 2}) {
		t.Error("damage is told once")
	}
	for i := range uint32(2 * maxTold) {
		told.New(sqlite.Damage{Page: i})
	}
	if len(told) > maxTold {
		t.Errorf("%d are remembered", len(told))
	}
}
