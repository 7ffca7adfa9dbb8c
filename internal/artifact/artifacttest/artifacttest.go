// Package artifacttest holds a parser to the laws that every parser keeps.
//
// A parser's test is a few samples and one call of Run; its fuzz target is one
// call of Fuzz. What the laws are, the functions called law... say, each in its
// own comment.
package artifacttest

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
)

var update = flag.Bool("update", false, "rewrite golden files")

// A Sample is a piece of evidence for one parser.
type Sample struct {
	// Name names the subtest and, as DIR/NAME.jsonl, the golden file.
	Name string
	// Path is the logical path of the parser's input.
	Path string
	// Files are all files of the evidence by logical path, Path among them.
	Files map[string][]byte
	// BadValues says that some values are of other types than the parser
	// declares: fields keep what they find, so types are not compared.
	BadValues bool
	// Recover asks for rows that are no longer in their tables, too.
	Recover bool
}

// Run holds p to all laws on each sample. Golden files lie in dir; -update
// rewrites them.
func Run(t *testing.T, p artifact.Parser, dir string, samples ...Sample) {
	t.Helper()
	t.Run("info", func(t *testing.T) { lawInfo(t, p) })
	for _, s := range samples {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			t.Run("golden", func(t *testing.T) { golden(t, p, dir, s) })
			for _, l := range laws {
				t.Run(l.name, func(t *testing.T) {
					t.Parallel()
					l.check(t, p, s)
				})
			}
		})
	}
}

// Laws holds p to all laws but the golden file: for real evidence, whose
// content is not to be copied into the project.
func Laws(t *testing.T, p artifact.Parser, s Sample) {
	t.Helper()
	for _, l := range laws {
		t.Run(l.name, func(t *testing.T) { l.check(t, p, s) })
	}
}

// laws are what each sample must keep, beside its golden file.
var laws = []struct {
	name  string
	check func(tb reporter, p artifact.Parser, s Sample)
}{
	{"records", lawRecords},
	{"same_again", lawSameAgain},
	{"own_memory", lawOwnMemory},
	{"field_length", lawFieldLength},
	{"companions", lawCompanions},
	{"early_stop", lawEarlyStop},
	{"cancelled", lawCancelled},
	{"read_errors", lawReadErrors},
	{"open_errors", lawOpenErrors},
	{"truncated", lawTruncated},
	{"flipped", lawFlipped},
}

// Fuzz feeds p changed copies of the inputs of the samples, with the other
// files of the first sample beside them.
func Fuzz(f *testing.F, p artifact.Parser, samples ...Sample) {
	f.Helper()
	for _, s := range samples {
		f.Add(s.Files[s.Path])
	}
	first := samples[0]
	f.Fuzz(func(t *testing.T, data []byte) {
		s := first.with(first.Path, data)
		s.BadValues = true
		lawRecords(t, p, s)
	})
}

// Input returns s as the input of a parser, for benchmarks.
func (s Sample) Input() *artifact.Input { return s.input(nil) }

// Parse returns copies of all records of s, and all errors. It fails the test
// where p panics.
func Parse(tb testing.TB, p artifact.Parser, s Sample) ([]*artifact.Record, []error) {
	tb.Helper()
	var recs []*artifact.Record
	errs := each(tb, p, s.input(nil), func(r *artifact.Record) { recs = append(recs, r.Clone()) })
	return recs, errs
}

// reporter is the part of testing.TB that laws need, so that a test can hold
// the laws to their word with a parser that breaks them.
type reporter interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// with returns s with one file exchanged.
func (s Sample) with(path string, data []byte) Sample {
	files := make(map[string][]byte, len(s.Files))
	for p, d := range s.Files {
		files[p] = d
	}
	files[path] = data
	s.Files = files
	return s
}

// watch sees and fails what a parser does with its files.
type watch struct {
	opened   []string
	failRead int // the number of reads that succeed; none fails where negative
	failOpen int // the number of opens that succeed
	fired    bool
}

// errInjected is what a read or an open fails with.
var errInjected = errors.New("injected failure")

func newWatch() *watch { return &watch{failRead: -1, failOpen: -1} }

// open is the artifact.Opener of a sample.
func (s Sample) open(w *watch) artifact.Opener {
	opens := 0
	return func(path string) (io.ReaderAt, int64, error) {
		if w != nil {
			w.opened = append(w.opened, path)
			if opens == w.failOpen {
				w.fired = true
				return nil, 0, fmt.Errorf("open %s: %w", path, errInjected)
			}
			opens++
		}
		data, ok := s.Files[path]
		if !ok {
			return nil, 0, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
		}
		return w.reader(data), int64(len(data)), nil
	}
}

// find is the artifact.Finder of a sample.
func (s Sample) find(pattern string) []string {
	var found []string
	for path := range s.Files {
		if artifact.Match(pattern, path) {
			found = append(found, path)
		}
	}
	slices.Sort(found)
	return found
}

func (w *watch) reader(data []byte) io.ReaderAt {
	if w == nil || w.failRead < 0 {
		return bytes.NewReader(data)
	}
	return &failingReader{bytes.NewReader(data), w}
}

// A failingReader fails once its watch has seen enough reads, and ever after.
type failingReader struct {
	r *bytes.Reader
	w *watch
}

func (r *failingReader) ReadAt(p []byte, off int64) (int, error) {
	if r.w.failRead == 0 {
		r.w.fired = true
		return 0, errInjected
	}
	r.w.failRead--
	return r.r.ReadAt(p, off)
}

// input returns s as the input of a parser, with limits that end what would
// not end by itself.
func (s Sample) input(w *watch) *artifact.Input {
	data := s.Files[s.Path]
	in := artifact.NewInput(s.Path, w.reader(data), int64(len(data)), s.open(w)).Finding(s.find)
	in.Recover = s.Recover
	var total int64
	for _, d := range s.Files {
		total += int64(len(d))
	}
	in.Limits.ReadBytes = 16<<20 + 256*total
	in.Limits.Records = 1000 + total // a record takes up at least a byte
	in.Limits.Time = 30 * time.Second
	return in
}

// each runs p over in, hands f each record and returns the errors.
func each(tb reporter, p artifact.Parser, in *artifact.Input, f func(*artifact.Record)) []error {
	tb.Helper()
	var errs []error
	for rec, err := range artifact.Run(tb.Context(), p, in) {
		if pe := (*artifact.PanicError)(nil); errors.As(err, &pe) {
			tb.Fatalf("%v\n%s", pe, pe.Stack)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		f(rec)
	}
	return errs
}

// lines runs p over in and returns its records as JSON, a line each, and its
// errors as lines that begin with "# ".
func lines(tb reporter, p artifact.Parser, in *artifact.Input) []byte {
	tb.Helper()
	var out []byte
	for rec, err := range artifact.Run(tb.Context(), p, in) {
		if err != nil {
			out = fmt.Appendf(out, "# %s\n", strings.ReplaceAll(err.Error(), "\n", " "))
			continue
		}
		out = append(rec.AppendJSON(out), '\n')
		if rec.Summary != nil {
			out = append(rec.AppendSummary(append(out, "#> "...)), '\n')
		}
	}
	return out
}

func golden(t *testing.T, p artifact.Parser, dir string, s Sample) {
	t.Helper()
	got := lines(t, p, s.input(nil))
	name := filepath.Join(dir, s.Name+".jsonl")
	if *update {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("records differ from %s (-update rewrites it):\n%s", name, firstDifference(want, got))
	}
}

// firstDifference shows the first line in which want and got differ.
func firstDifference(want, got []byte) string {
	w, g := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
	for i := 0; i < len(w) || i < len(g); i++ {
		a, b := "(no line)", "(no line)"
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("line %d\nwant: %s\ngot:  %s", i+1, a, b)
		}
	}
	return ""
}
