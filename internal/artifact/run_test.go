package artifact

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"testing"

	"github.com/amparo-project/amparo/internal/limit"
)

// scripted is a parser that does what its function says.
type scripted struct {
	info  Info
	parse func(ctx context.Context, in *Input, yield func(*Record, error) bool)
}

func (s scripted) Info() Info { return s.info }
func (s scripted) Parse(ctx context.Context, in *Input) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) { s.parse(ctx, in, yield) }
}

func drain(ctx context.Context, p Parser, in *Input) (records int, errs []error) {
	for _, err := range Run(ctx, p, in) {
		if err != nil {
			errs = append(errs, err)
		} else {
			records++
		}
	}
	return records, errs
}

func input(data string) *Input {
	return NewInput("Domain/file", bytes.NewReader([]byte(data)), int64(len(data)), nil)
}

func TestRunTurnsAPanicIntoAnError(t *testing.T) {
	t.Parallel()
	p := scripted{parse: func(_ context.Context, _ *Input, yield func(*Record, error) bool) {
		yield(&Record{Kind: "one"}, nil)
		panic("broken")
	}}
	n, errs := drain(t.Context(), p, input(""))
	var pe *PanicError
	if n != 1 || len(errs) != 1 || !errors.As(errs[0], &pe) {
		t.Fatalf("got %d records and %v", n, errs)
	}
}

func TestRunLetsTheConsumersPanicThrough(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("the consumer's panic was swallowed")
		}
	}()
	p := scripted{parse: func(_ context.Context, _ *Input, yield func(*Record, error) bool) {
		yield(&Record{}, nil)
	}}
	for range Run(t.Context(), p, input("")) {
		panic("mine")
	}
}

func TestRunFillsInPathsAndGoesOnAfterARecordError(t *testing.T) {
	t.Parallel()
	p := scripted{parse: func(_ context.Context, _ *Input, yield func(*Record, error) bool) {
		_ = yield(nil, &RecordError{Loc: Location{Table: "t", Row: true, RowID: 3}, Err: limit.ErrCorrupt}) &&
			yield(&Record{Kind: "k"}, nil)
	}}
	var paths []string
	for r, err := range Run(t.Context(), p, input("")) {
		var re *RecordError
		if errors.As(err, &re) {
			paths = append(paths, re.Loc.Path, re.Error())
			continue
		}
		paths = append(paths, r.Loc.Path)
	}
	want := "[Domain/file t row 3: corrupt data Domain/file]"
	if got := fmt.Sprint(paths); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRunHoldsTheLimits(t *testing.T) {
	t.Parallel()
	endless := scripted{parse: func(_ context.Context, in *Input, yield func(*Record, error) bool) {
		var b [1]byte
		for {
			if _, err := in.ReadAt(b[:], 0); err != nil {
				yield(nil, err)
				return
			}
			if !yield(&Record{}, nil) {
				return
			}
		}
	}}
	in := input("x")
	in.Limits.Records = 10
	if n, errs := drain(t.Context(), endless, in); n != 10 || !errors.Is(errs[0], limit.ErrLimit) {
		t.Errorf("records: got %d and %v", n, errs)
	}
	in = input("x")
	in.Limits.ReadBytes = 5
	if n, errs := drain(t.Context(), endless, in); n != 5 || !errors.Is(errs[0], limit.ErrLimit) {
		t.Errorf("bytes: got %d and %v", n, errs)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if n, errs := drain(ctx, endless, input("x")); n != 0 || !errors.Is(errs[0], context.Canceled) {
		t.Errorf("cancelled: got %d and %v", n, errs)
	}
}

func TestCompanions(t *testing.T) {
	t.Parallel()
	open := func(path string) (io.ReaderAt, int64, error) {
		if path == "Domain/file-wal" || path == "Domain/other" || path == "Domain/secret" {
			return bytes.NewReader([]byte(path)), int64(len(path)), nil
		}
		return nil, 0, fs.ErrNotExist
	}
	p := scripted{
		info: Info{Name: "test", Companions: []string{"*/other"}},
		parse: func(_ context.Context, in *Input, yield func(*Record, error) bool) {
			wal, err := in.Beside("-wal")
			if err != nil || wal.Size != 15 {
				t.Errorf("beside: %v", err)
			}
			if _, err := in.Beside("-journal"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("missing: %v", err)
			}
			if data, err := mustOpen(in.Companion("Domain/other")).All(100); err != nil || string(data) != "Domain/other" {
				t.Errorf("companion: %q, %v", data, err)
			}
			if _, err := in.Companion("Domain/secret"); err == nil {
				t.Error("an undeclared companion was opened")
			}
			yield(&Record{}, nil)
		},
	}
	in := NewInput("Domain/file", bytes.NewReader(nil), 0, open)
	if n, errs := drain(t.Context(), p, in); n != 1 || len(errs) != 0 {
		t.Errorf("got %d and %v", n, errs)
	}
}

func mustOpen(in *Input, err error) *Input {
	if err != nil {
		panic(err)
	}
	return in
}

func TestInputAllIsBounded(t *testing.T) {
	t.Parallel()
	if _, err := input("12345").All(4); !errors.Is(err, limit.ErrLimit) {
		t.Errorf("got %v", err)
	}
	lying := NewInput("f", bytes.NewReader([]byte("12")), 5, nil)
	if _, err := lying.All(10); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"HomeDomain/Library/SMS/sms.db", "HomeDomain/Library/SMS/sms.db", true},
		{"*/Library/Safari/History.db", "AppDomain-com.apple.mobilesafari/Library/Safari/History.db", true},
		{"*/Library/Safari/History.db", "A/B/Library/Safari/History.db", false},
		{"*/Library/Safari/Profiles/*/History.db", "D/Library/Safari/Profiles/1/History.db", true},
		{"[", "[", false},
	} {
		if got := Match(tt.pattern, tt.name); got != tt.want {
			t.Errorf("%s on %s: got %v", tt.pattern, tt.name, got)
		}
	}
}

func TestCloneKeepsTheSummaryOfItsMoment(t *testing.T) {
	t.Parallel()
	text := "first"
	r := &Record{Summary: func(b []byte) []byte { return append(b, text...) }}
	c := r.Clone()
	text = "second"
	if got := string(c.Summary(nil)); got != "first" {
		t.Errorf("got %q", got)
	}
}
