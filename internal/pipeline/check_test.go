package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/rule"
)

// memSource is evidence in memory.
type memSource struct {
	files map[string]string
	fail  map[string]error
	entry []error // told while listing
}

func (s *memSource) Evidence() finding.Evidence {
	return finding.Evidence{Kind: "memory", Device: finding.Device{UDID: "u1"}}
}

func (s *memSource) Files(context.Context) iter.Seq2[evidence.Entry, error] {
	return func(yield func(evidence.Entry, error) bool) {
		for _, err := range s.entry {
			if !yield(evidence.Entry{}, err) {
				return
			}
		}
		for _, path := range slices.Sorted(maps.Keys(s.files)) {
			if !yield(evidence.Entry{Path: path}, nil) {
				return
			}
		}
	}
}

func (s *memSource) Open(_ context.Context, e evidence.Entry) (evidence.File, error) {
	if err := s.fail[e.Path]; err != nil {
		return nil, err
	}
	return &memFile{strings.NewReader(s.files[e.Path]), e.Path}, nil
}

func (s *memSource) Close() error { return nil }

type memFile struct {
	*strings.Reader
	path string
}

func (f *memFile) Close() error { return nil }
func (f *memFile) Stored() (string, int64, func() (io.ReadCloser, error)) {
	return "stored/" + f.path, f.Size(), func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(f, 0, f.Size())), nil
	}
}

// lines is a parser of text files: a record a line, "unix-seconds word".
type lines struct{ name, file string }

func (p lines) Info() artifact.Info {
	return artifact.Info{Name: p.name, Files: []string{p.file}, Companions: []string{"D/names"}}
}

func (p lines) Parse(_ context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return func(yield func(*artifact.Record, error) bool) {
		data, err := in.All(1 << 20)
		if err != nil {
			yield(nil, err)
			return
		}
		_, _ = in.Companion("D/names")
		offset := int64(0)
		var r artifact.Record
		for line := range strings.Lines(string(data)) {
			r.Reset("line")
			r.Loc.Offset, r.Loc.Length = offset, int64(len(line))
			offset += int64(len(line))
			var sec int64
			var word string
			if _, err := fmt.Sscanf(line, "%d %s", &sec, &word); err != nil {
				if !yield(nil, &artifact.RecordError{Loc: r.Loc, Err: limit.ErrCorrupt}) {
					return
				}
				continue
			}
			if word == "panic" {
				panic("told to")
			}
			r.When("written", artifact.UnixSeconds, artifact.IntValue(sec))
			r.Set("word", artifact.TextValue(word))
			r.Summary = func(b []byte) []byte { return append(b, word...) }
			if !yield(&r, nil) {
				return
			}
		}
	}
}

func memory(files map[string]string) *memSource { return &memSource{files: files} }

// check runs a check into a new folder and returns the run and the folder.
func runCheck(t *testing.T, src evidence.Source, workers int, change func(*Options)) (*finding.Run, string, error) {
	t.Helper()
	rules, err := rule.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "out")
	out, err := NewFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Source: src, Path: "mem", Parsers: []artifact.Parser{lines{"t.a", "D/a"}, lines{"t.b", "*/b"}, lines{"t.c", "D/c"}},
		Rules: rules, Out: out, Workers: workers, Now: func() time.Time { return time.Unix(1, 0) }, Version: "test",
	}
	if change != nil {
		change(&o)
	}
	run, err := Check(t.Context(), o)
	return run, dir, err
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestResultFolder(t *testing.T) {
	t.Parallel()
	run, dir, err := runCheck(t, memory(map[string]string{
		"D/a":     "1500000100 second\nbroken\n1500000000 first\n",
		"D/b":     "1500000050 =between\n",
		"E/b":     "1500000050 same-time\n",
		"D/names": "x",
		"D/other": "nobody reads this",
	}), 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !run.Complete || run.Totals.Records != 4 || run.Totals.Events != 4 || run.Evidence.Files != 5 {
		t.Errorf("run: %+v", run)
	}
	states := map[string]finding.State{}
	for _, c := range run.Coverage {
		states[c.Artifact] = c.State
	}
	if diff := cmp.Diff(map[string]finding.State{"t.a": finding.Partial, "t.b": finding.Read, "t.c": finding.Absent}, states); diff != "" {
		t.Errorf("coverage (-want +got):\n%s", diff)
	}
	want := "time,artifact,event,summary,path,table,rowid,offset,state\n" +
		"2017-07-14T02:40:00Z,t.a,written,first,D/a,,,25,live\n" +
		"2017-07-14T02:40:50Z,t.b,written,'=between,D/b,,,0,live\n" +
		"2017-07-14T02:40:50Z,t.b,written,same-time,E/b,,,0,live\n" +
		"2017-07-14T02:41:40Z,t.a,written,second,D/a,,,0,live\n"
	if diff := cmp.Diff(want, read(t, dir, "timeline.csv")); diff != "" {
		t.Errorf("timeline.csv (-want +got):\n%s", diff)
	}
	if n := strings.Count(read(t, dir, "timeline.jsonl"), "\n"); n != 4 {
		t.Errorf("timeline.jsonl has %d lines", n)
	}
	if got, want := read(t, dir, ActivityFile), `{"days":[{"day":"2017-07-14","counts":{"t.a":2,"t.b":2}}]}`+"\n"; got != want {
		t.Errorf("activity: %s", got)
	}
	if n := strings.Count(read(t, dir, "records/t.b.jsonl"), "\n"); n != 2 {
		t.Errorf("records of t.b: %d lines", n)
	}
	manifest := read(t, dir, ManifestFile)
	if strings.Count(manifest, "\n") != 4 || strings.Contains(manifest, "other") || !strings.Contains(manifest, "  stored/D/names\n") {
		t.Errorf("manifest:\n%s", manifest)
	}
	var written finding.Run
	if err := json.Unmarshal([]byte(read(t, dir, RunFile)), &written); err != nil || !written.Complete {
		t.Errorf("run.json: %v", err)
	}
	if left, _ := os.ReadDir(filepath.Join(dir, ".partial")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSameBytesOnAnyNumberOfCores(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for i := range 20 {
		var b bytes.Buffer
		for j := range 200 {
			fmt.Fprintf(&b, "%d w%d-%d\n", 1_500_000_000+(i*7919+j*104729)%5000, i, j)
		}
		files[fmt.Sprintf("D%02d/b", i)] = b.String()
	}
	var first map[string]string
	for _, workers := range []int{1, 2, 8} {
		_, dir, err := runCheck(t, memory(files), workers, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, name := range []string{FindingsFile, "records/t.b.jsonl", "timeline.csv", "timeline.jsonl", ManifestFile, ActivityFile} {
			got[name] = read(t, dir, name)
		}
		if first == nil {
			first = got
		} else if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("%d workers differ", workers)
		}
	}
}

func TestWindowNarrowsTheTimelineAlone(t *testing.T) {
	t.Parallel()
	run, dir, err := runCheck(t, memory(map[string]string{"D/a": "1500000000 in\n1400000000 before\n1600000000 after\n"}), 1,
		func(o *Options) { o.Since, o.Until = time.Unix(1_450_000_000, 0), time.Unix(1_550_000_000, 0) })
	if err != nil {
		t.Fatal(err)
	}
	if csv := read(t, dir, "timeline.csv"); strings.Count(csv, "\n") != 2 || !strings.Contains(csv, ",in,") {
		t.Errorf("timeline:\n%s", csv)
	}
	if run.Totals.Events != 3 || run.Totals.Records != 3 {
		t.Errorf("totals %+v", run.Totals)
	}
}

func TestWhatFailsCostsOnlyItself(t *testing.T) {
	t.Parallel()
	src := memory(map[string]string{"D/a": "1500000000 ok\n1500000001 panic\n", "D/b": "1500000000 ok\n", "D/c": "", "E/b": "1500000000 ok\n"})
	src.fail = map[string]error{
		"D/b": fmt.Errorf("open: %w", limit.ErrEncrypted),
		"D/c": fmt.Errorf("named by the manifest: %w", fs.ErrNotExist),
	}
	src.entry = []error{&evidence.EntryError{Path: "../../etc/passwd", Err: limit.ErrCorrupt}}
	run, _, err := runCheck(t, src, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range run.Coverage {
		got[c.Artifact] = fmt.Sprintf("%s %d: %s", c.State, c.Records, c.Error)
	}
	want := map[string]string{
		"t.a": "partial 1: parser panicked: told to",
		"t.b": "partial 1: open: encrypted",
		"t.c": "absent 0: named by the manifest: file does not exist",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(run.Evidence.Problems) != 1 || run.Evidence.Problems[0].Path != "../../etc/passwd" {
		t.Errorf("problems %+v", run.Evidence.Problems)
	}
}

func TestInterruptedResultSaysSo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	rules, err := rule.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "out")
	out, err := NewFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Check(ctx, Options{
		Source:  memory(map[string]string{"D/a": strings.Repeat("1500000000 word\n", 20_000)}),
		Parsers: []artifact.Parser{lines{"t.a", "D/a"}}, Rules: rules, Out: out, Workers: 1, Now: time.Now,
		Progress: func(p Progress) {
			if p.Records > 0 {
				cancel()
			}
		},
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	var run finding.Run
	if err := json.Unmarshal([]byte(read(t, dir, RunFile)), &run); err != nil {
		t.Fatal(err)
	}
	if run.Complete || run.Coverage[0].State != finding.Partial || run.Coverage[0].Records == 0 {
		t.Errorf("run: complete %v, coverage %+v", run.Complete, run.Coverage)
	}
}

func TestFolderRefusesWhatItCannotUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewFolder(dir); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("got %v", err)
	}
	if _, err := NewFolder(filepath.Join(dir, "x", "y")); err == nil {
		t.Error("a folder below a file")
	}
}

func TestManifestLine(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"3d/3d0d": "00  3d/3d0d\n",
		"a\nb":    "\\00  a\\nb\n",
		`a\b`:     "\\00  a\\\\b\n",
	} {
		if got := manifestLine("00", name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
