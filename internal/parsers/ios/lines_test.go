package ios

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
)

// lineParser gives every line as it is.
type lineParser struct{}

func (lineParser) read(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readLines(ctx, in, func(r *lineReading) error {
		r.Start("line").Set("text", artifact.TextValue(string(r.Line)))
		return r.Give()
	}, func(r *lineReading) error {
		r.Rec.Reset("end")
		r.Rec.Set("lines", artifact.IntValue(r.Number))
		return r.Give()
	})
}

func TestReadLines(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		max      int
		want     []string
	}{
		{"empty", "", 9, []string{"end 0"}},
		{"ends", "a\nbc\r\n\nd", 9, []string{"0+1 a", "2+2 bc", "6+0 ", "7+1 d", "end 4"}},
		{"newline", "\n", 9, []string{"0+0 ", "end 1"}},
		{"long", "abcdef\ng\n", 3, []string{"0+7 abc cut", "7+1 g", "end 2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := artifact.NewInput("log", bytes.NewReader([]byte(tt.in)), int64(len(tt.in)), nil)
			in.Limits.FieldLen = tt.max
			var got []string
			for rec, err := range (lineParser{}).read(t.Context(), in) {
				if err != nil {
					t.Fatal(err)
				}
				if rec.Kind == "end" {
					n, _ := rec.Get("lines").Int()
					got = append(got, fmt.Sprintf("end %d", n))
					continue
				}
				cut := ""
				if rec.Truncated {
					cut = " cut"
				}
				got = append(got, fmt.Sprintf("%d+%d %s%s", rec.Loc.Offset, rec.Loc.Length, rec.Text("text"), cut))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
