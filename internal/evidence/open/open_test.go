package open

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/evidence"
)

// shared finds the real evidence, which is not part of the project.
func shared(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("AMPARO_SHARED")
	if dir == "" {
		dir = "../../../../shared"
	}
	path := filepath.Join(dir, "evidence", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no real evidence: set AMPARO_SHARED (%v)", err)
	}
	return path
}

// contents lists every entry of the first evidence at a path with the hash of
// what it holds.
func contents(t testing.TB, path string, o evidence.OpenOptions) map[string]string {
	t.Helper()
	list, err := find(t, path)
	if err != nil {
		t.Fatal(err)
	}
	src, err := list[0].Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	return hashes(t, src)
}

func hashes(t testing.TB, src evidence.Source) map[string]string {
	t.Helper()
	got := map[string]string{}
	for e, err := range src.Files(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		f, err := src.Open(context.Background(), e)
		if err != nil {
			if errors.Is(err, os.ErrNotExist) {
				got[e.Path] = "missing"
				continue
			}
			t.Fatal(err)
		}
		h := sha256.New()
		if _, err := io.Copy(h, io.NewSectionReader(f, 0, f.Size())); err != nil {
			t.Fatal(err)
		}
		got[e.Path] = hex.EncodeToString(h.Sum(nil))
		f.Close()
	}
	return got
}

func TestRealBackupPacked(t *testing.T) {
	t.Parallel()
	dir := shared(t, "ios_backup_small")
	want := contents(t, dir, evidence.OpenOptions{})
	tmp := t.TempDir()
	for name, args := range map[string][]string{
		"b.zip":     {"zip", "-q", "-r", filepath.Join(tmp, "b.zip"), "."},
		"s.zip":     {"zip", "-q", "-0", "-r", filepath.Join(tmp, "s.zip"), "."},
		"b.tar":     {"tar", "cf", filepath.Join(tmp, "b.tar"), "."},
		"b.tar.gz":  {"tar", "czf", filepath.Join(tmp, "b.tar.gz"), "."},
		"b.tar.zst": {"tar", "--zstd", "-cf", filepath.Join(tmp, "b.tar.zst"), "."},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("%v: %v %s", args, err, out)
		}
		if diff := cmp.Diff(want, contents(t, filepath.Join(tmp, name), evidence.OpenOptions{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
