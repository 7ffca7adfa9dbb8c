package artifacttest

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
)

// lawCompanions: a parser opens no file but those that its Info declares, and
// the journals that lie beside its files.
func lawCompanions(tb reporter, p artifact.Parser, s Sample) {
	tb.Helper()
	info := p.Info()
	if !artifact.MatchAny(info.Files, s.Path) {
		tb.Errorf("%s does not fit the declared files %q", s.Path, info.Files)
	}
	w := newWatch()
	each(tb, p, s.input(w), func(*artifact.Record) {})
	for _, path := range w.opened {
		base := strings.TrimSuffix(strings.TrimSuffix(path, "-wal"), "-journal")
		if base != s.Path && !artifact.MatchAny(info.Companions, base) {
			tb.Errorf("%s is opened, and not declared", path)
		}
	}
}

// lawEarlyStop: a parser stops with its consumer, and leaves no goroutine.
func lawEarlyStop(tb reporter, p artifact.Parser, s Sample) {
	tb.Helper()
	for stop := 1; stop < 12; stop++ {
		n, after := 0, 0
		p.Parse(tb.Context(), s.input(nil))(func(*artifact.Record, error) bool {
			if n++; n > stop {
				after++
			}
			return n < stop
		})
		if after > 0 {
			tb.Fatalf("told to stop after %d records, the parser yielded %d more", stop, after)
		}
	}
	if stack := lingering(); stack != "" {
		tb.Errorf("a goroutine lives on:\n%s", stack)
	}
}

// lingering returns the stack of a goroutine that a parser left behind, ""
// when there is none. Goroutines that end by themselves get a moment for it.
func lingering() string {
	const mark = "/internal/parsers/"
	var stack string
	for range 50 {
		if stack = parked(mark); stack == "" {
			return ""
		}
		time.Sleep(time.Millisecond)
	}
	return stack
}

// parked finds a goroutine other than a test's that runs code of a parser.
func parked(mark string) string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	for g := range bytes.SplitSeq(buf, []byte("\n\n")) {
		if bytes.Contains(g, []byte(mark)) && !bytes.Contains(g, []byte("testing.tRunner")) &&
			!bytes.Contains(g, []byte("testing.(*F)")) {
			return string(g)
		}
	}
	return ""
}

// lawCancelled: a cancelled context ends the run, and says so.
func lawCancelled(tb reporter, p artifact.Parser, s Sample) {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	cancel()
	for _, err := range artifact.Run(ctx, p, s.input(nil)) {
		if !errors.Is(err, context.Canceled) {
			tb.Fatalf("got error %v, want %v", err, context.Canceled)
		}
		return
	}
	tb.Errorf("the parser ended with no error")
}

// maxFaults bounds how many reads and opens are failed in turn.
const maxFaults = 100

// lawReadErrors: each read that fails, comes out as an error, for a short list
// of records with no error reads as a complete one.
func lawReadErrors(tb reporter, p artifact.Parser, s Sample) {
	tb.Helper()
	for n := range maxFaults {
		w := newWatch()
		w.failRead = n
		if !surfaces(tb, p, s, w) {
			tb.Fatalf("read %d failed, and no error says so", n)
		}
		if !w.fired {
			return
		}
	}
}

// lawOpenErrors: so does a file that is there and cannot be opened.
func lawOpenErrors(tb reporter, p artifact.Parser, s Sample) {
	tb.Helper()
	for n := range maxFaults {
		w := newWatch()
		w.failOpen = n
		if !surfaces(tb, p, s, w) {
			tb.Fatalf("opening %s failed, and no error says so", w.opened[n])
		}
		if !w.fired {
			return
		}
	}
}

// surfaces reports whether an injected failure comes out of p.
func surfaces(tb reporter, p artifact.Parser, s Sample, w *watch) bool {
	tb.Helper()
	for _, err := range each(tb, p, s.input(w), func(*artifact.Record) {}) {
		if errors.Is(err, errInjected) {
			return true
		}
	}
	return !w.fired
}

// places is how many prefixes, and how many changed bytes, of a file are
// tried: fuzzing tries the others.
const places = 60

// lawTruncated: a prefix of a file may fail, and may not panic.
func lawTruncated(tb reporter, p artifact.Parser, s Sample) {
	tb.Helper()
	for path, data := range s.Files {
		for n := 0; n < len(data); n += max(1, len(data)/places) {
			broken := s.with(path, data[:n])
			broken.BadValues = true
			lawRecords(tb, p, broken)
		}
	}
}

// lawFlipped: so may a file with a byte inverted.
func lawFlipped(tb reporter, p artifact.Parser, s Sample) {
	tb.Helper()
	for path, data := range s.Files {
		for i := 0; i < len(data); i += max(1, len(data)/places) {
			c := bytes.Clone(data)
			c[i] = ^c[i]
			broken := s.with(path, c)
			broken.BadValues = true
			lawRecords(tb, p, broken)
		}
	}
}
