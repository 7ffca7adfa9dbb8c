package vault_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/vaulttest"
)

// memory is an index in memory of which a commit can fail.
type memory struct {
	*vaulttest.Index
	commits int
	fail    int // the commit that fails, 0: none
}

func newMemory(t testing.TB) *memory {
	t.Helper()
	return &memory{Index: vaulttest.NewIndex(t)}
}

var errFault = errors.New("a fault of the test")

// Commit implements vault.Index.
func (m *memory) Commit(ctx context.Context, bundle, caseID string, n int, sealed []byte, segments []vault.Segment) error {
	if m.commits++; m.commits == m.fail {
		return errFault
	}
	return m.Index.Commit(ctx, bundle, caseID, n, sealed, segments)
}

func dirStore(t *testing.T) (*vault.Dir, string) {
	t.Helper()
	dir := t.TempDir()
	s, err := vault.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, dir
}

// folder makes a folder of n files of random bytes, some of them the same.
func folder(t *testing.T, n int) (dir string, content map[string][]byte) {
	t.Helper()
	dir, content = t.TempDir(), map[string][]byte{}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		data := make([]byte, r.IntN(20_000))
		for k := range data {
			data[k] = byte(r.Uint32())
		}
		if i%5 == 4 {
			data = content[fmt.Sprintf("d%d/f%d", (i-1)%3, i-1)]
		}
		name := fmt.Sprintf("d%d/f%d", i%3, i)
		content[name] = data
		write(t, filepath.Join(dir, name), data)
	}
	return dir, content
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func options(m *memory, path string) vault.AddOptions {
	return vault.AddOptions{Bundle: "E-1", Case: "C-1", Key: m.Key, Path: path}
}

func same(t *testing.T, s vault.Store, m *memory, content map[string][]byte) {
	t.Helper()
	b, err := vault.Open(t.Context(), s, m, "E-1", m.Key)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]byte{}
	for _, f := range b.Files() {
		got[f.Path] = readAll(t, b, f.Path)
	}
	if !maps.EqualFunc(content, got, bytes.Equal) {
		t.Error("the bytes are not those that were stored")
	}
	bad, err := b.Verify(t.Context(), nil)
	if err != nil || len(bad) > 0 {
		t.Error(bad, err)
	}
}

func readAll(t *testing.T, b *vault.Bundle, name string) []byte {
	t.Helper()
	f, err := b.OpenFile(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data := make([]byte, f.Size())
	if _, err := f.ReadAt(data, 0); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return data
}

func TestStoredAsItCame(t *testing.T) {
	t.Parallel()
	s, _ := dirStore(t)
	m := newMemory(t)
	dir, content := folder(t, 40)
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	files, err := vault.Add(t.Context(), s, m, options(m, dir))
	if err != nil {
		t.Fatal(err)
	}
	same(t, s, m, content)
	if segs, err := m.Segments(t.Context(), "E-1"); err != nil || len(segs) != 32 {
		t.Errorf("%d segments: the same bytes are not stored once: %v", len(segs), err)
	}
	for _, f := range files {
		if f.Path == "link" && f.Note == "" {
			t.Error("a link was followed")
		}
	}
}

// TestEveryOffset reads a file across segments at borders and at random.
func TestEveryOffset(t *testing.T) {
	t.Parallel()
	s, _ := dirStore(t)
	m := newMemory(t)
	data := make([]byte, 2*vault.SegmentSize+12345)
	r := rand.New(rand.NewPCG(3, 4))
	for i := 0; i < len(data); i += 997 {
		data[i] = byte(r.Uint32())
	}
	name := filepath.Join(t.TempDir(), "large.bin")
	write(t, name, data)
	if _, err := vault.Add(t.Context(), s, m, options(m, name)); err != nil {
		t.Fatal(err)
	}
	b, err := vault.Open(t.Context(), s, m, "E-1", m.Key)
	if err != nil {
		t.Fatal(err)
	}
	f, err := b.OpenFile(t.Context(), "large.bin")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	offsets := []int{0, vault.SegmentSize - 1, vault.SegmentSize, 2*vault.SegmentSize - 70000, len(data) - 1, len(data) - 100_000}
	for range 50 {
		offsets = append(offsets, r.IntN(len(data)))
	}
	for _, off := range offsets {
		buf := make([]byte, 1+r.IntN(150_000))
		n, err := f.ReadAt(buf, int64(off))
		want := data[off:min(off+len(buf), len(data))]
		if !bytes.Equal(buf[:n], want) || (n < len(buf)) != errors.Is(err, io.EOF) {
			t.Fatalf("offset %d: %d bytes, %v", off, n, err)
		}
	}
}

// TestInterruptedAnywhere fails at the n-th operation of store or index, for
// every n, and goes on.
func TestInterruptedAnywhere(t *testing.T) {
	t.Parallel()
	dir, content := folder(t, 10)
	for n := int64(1); ; n++ {
		s, _ := dirStore(t)
		m := newMemory(t)
		faulty := &faultyStore{Store: s, fail: n}
		_, err := vault.Add(t.Context(), faulty, m, options(m, dir))
		if err == nil {
			if n < 25 {
				t.Fatalf("only %d operations", n)
			}
			return
		}
		if !errors.Is(err, errFault) {
			t.Fatalf("operation %d: the fault does not come out: %v", n, err)
		}
		if b, err := vault.Open(t.Context(), s, m, "E-1", m.Key); err != nil || len(b.Files()) > 0 {
			// One batch: nothing half-written is visible.
			t.Fatalf("operation %d: %v", n, err)
		}
		if _, err := vault.Add(t.Context(), s, m, options(m, dir)); err != nil {
			t.Fatalf("operation %d: %v", n, err)
		}
		same(t, s, m, content)
	}
}

// TestLargeFileGoesOn is cut after the first segment, and must not read it
// again.
func TestLargeFileGoesOn(t *testing.T) {
	t.Parallel()
	s, _ := dirStore(t)
	m := newMemory(t)
	name := filepath.Join(t.TempDir(), "large.bin")
	data := bytes.Repeat([]byte("0123456789abcdef"), (vault.SegmentSize+1_000_000)/16)
	write(t, name, data)
	m.fail = 2
	if _, err := vault.Add(t.Context(), s, m, options(m, name)); !errors.Is(err, errFault) {
		t.Fatal(err)
	}
	counting := &faultyStore{Store: s}
	if _, err := vault.Add(t.Context(), counting, m, options(m, name)); err != nil {
		t.Fatal(err)
	}
	if n := counting.created.Load(); n != 1 {
		t.Errorf("%d segments were written again", n)
	}
	same(t, s, m, map[string][]byte{"large.bin": data})
}

type faultyStore struct {
	vault.Store
	fail       int64
	n, created atomic.Int64
}

func (s *faultyStore) step() error {
	if s.n.Add(1) == s.fail {
		return errFault
	}
	return nil
}

func (s *faultyStore) Create(ctx context.Context, id string) (vault.Writer, error) {
	if err := s.step(); err != nil {
		return nil, err
	}
	s.created.Add(1)
	w, err := s.Store.Create(ctx, id)
	return &faultyWriter{w, s}, err
}

type faultyWriter struct {
	vault.Writer
	s *faultyStore
}

func (w *faultyWriter) Write(b []byte) (int, error) {
	if err := w.s.step(); err != nil {
		return 0, err
	}
	return w.Writer.Write(b)
}

func (w *faultyWriter) Commit() error {
	if err := w.s.step(); err != nil {
		return err
	}
	return w.Writer.Commit()
}

// TestEveryFlippedBitIsNamed changes each byte of each stored file in turn.
func TestEveryFlippedBitIsNamed(t *testing.T) {
	t.Parallel()
	s, dir := dirStore(t)
	m := newMemory(t)
	from := t.TempDir()
	write(t, filepath.Join(from, "a.txt"), []byte("the first file"))
	write(t, filepath.Join(from, "b.txt"), []byte("the second file"))
	if _, err := vault.Add(t.Context(), s, m, options(m, from)); err != nil {
		t.Fatal(err)
	}
	b, err := vault.Open(t.Context(), s, m, "E-1", m.Key)
	if err != nil {
		t.Fatal(err)
	}
	owner := map[string]string{}
	for _, f := range b.Files() {
		owner[f.Segments[0]] = f.Path
	}
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for i := range data {
			bad := bytes.Clone(data)
			bad[i] ^= 1 << (i % 8)
			write(t, name, bad)
			got, err := b.Verify(t.Context(), nil)
			if err != nil || len(got) != 1 || got[0].Path != owner[d.Name()] || got[0].Segment != d.Name() {
				t.Fatalf("byte %d of %s: %v %v", i, d.Name(), got, err)
			}
		}
		write(t, name, data[:len(data)-1])
		if got, _ := b.Verify(t.Context(), nil); len(got) != 1 {
			t.Error("a file that was cut is not found")
		}
		write(t, name, data)
		return nil
	})
	if err != nil || len(owner) != 2 {
		t.Fatal(err, owner)
	}
}

func TestChangedWhileRead(t *testing.T) {
	t.Parallel()
	s, _ := dirStore(t)
	m := newMemory(t)
	name := filepath.Join(t.TempDir(), "growing.log")
	write(t, name, bytes.Repeat([]byte("x"), 10<<20))
	o := options(m, name)
	once := false
	o.Progress = func(_, bytes int64) {
		if bytes > 0 && !once {
			once = true
			write(t, name, []byte("shorter"))
		}
	}
	if _, err := vault.Add(t.Context(), s, m, o); !errors.Is(err, vault.ErrChanged) {
		t.Errorf("got %v", err)
	}
	o.Progress = nil
	if _, err := vault.Add(t.Context(), s, m, o); err != nil {
		t.Fatal(err)
	}
	same(t, s, m, map[string][]byte{"growing.log": []byte("shorter")})
}

func TestAnotherKey(t *testing.T) {
	t.Parallel()
	s, _ := dirStore(t)
	m := newMemory(t)
	dir, _ := folder(t, 3)
	if _, err := vault.Add(t.Context(), s, m, options(m, dir)); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Open(t.Context(), s, m, "E-1", newMemory(t).Key); !errors.Is(err, seal.ErrWrongKey) {
		t.Errorf("got %v", err)
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	s, dir := dirStore(t)
	for _, id := range []string{"", "../../x", "S-../../../x", "S-00/../../etc/passwd"} {
		if _, err := s.Open(t.Context(), id); err == nil {
			t.Errorf("%q opens", id)
		}
	}
	w, err := s.Create(t.Context(), vault.NewID())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := s.List(t.Context(), func(string, time.Time) error { n++; return nil }); err != nil || n != 0 {
		t.Errorf("half-written segments are listed: %d %v", n, err)
	}
	if err := s.CleanIncoming(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if list, err := filepath.Glob(filepath.Join(dir, "incoming", "*", "*")); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
}

// altered is an index that says something else of its segments.
type altered struct {
	vault.Index
	alter func(*vault.Segment)
}

func (a altered) Segments(ctx context.Context, bundle string) (map[string]vault.Segment, error) {
	all, err := a.Index.Segments(ctx, bundle)
	for id, s := range all {
		a.alter(&s)
		all[id] = s
	}
	return all, err
}

// TestMark: a file has another mark as soon as its list or its segments are
// others.
func TestMark(t *testing.T) {
	t.Parallel()
	dir, _ := folder(t, 7)
	s, _ := dirStore(t)
	m := newMemory(t)
	if _, err := vault.Add(t.Context(), s, m, options(m, dir)); err != nil {
		t.Fatal(err)
	}
	mark := func(name string, alter func(*vault.Segment)) string {
		t.Helper()
		b, err := vault.Open(t.Context(), s, altered{m, alter}, "E-1", m.Key)
		if err != nil {
			t.Fatal(err)
		}
		return b.Mark(name)
	}
	nothing := func(*vault.Segment) {}
	one := mark("d0/f3", nothing)
	if one == "" || one != mark("d0/f3", nothing) || one != mark("d0/f3/inside/an.archive", nothing) {
		t.Errorf("%q is not the mark of the file, or of what lies in it", one)
	}
	if got := mark("d0/f0", nothing); got == one || mark("d1/f4", nothing) == mark("d0/f3", nothing) {
		t.Errorf("two files have the mark %q", got)
	}
	for what, alter := range map[string]func(*vault.Segment){
		"stored hash": func(s *vault.Segment) { s.StoredSHA256 = "0" + s.StoredSHA256[1:] + "0" },
		"stored size": func(s *vault.Segment) { s.StoredSize++ },
		"hash":        func(s *vault.Segment) { s.SHA256 += "0" },
		"size":        func(s *vault.Segment) { s.Size++ },
	} {
		if mark("d0/f3", alter) == one {
			t.Errorf("another %s leaves the mark", what)
		}
	}
	for _, name := range []string{"", "d0", "d0/f9", "/", "../d0/f3", "d0/f33"} {
		if got := mark(name, nothing); got != "" {
			t.Errorf("%q has the mark %q", name, got)
		}
	}
}
