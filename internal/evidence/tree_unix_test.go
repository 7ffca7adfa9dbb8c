//go:build unix

package evidence

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDir(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret := filepath.Join(t.TempDir(), "secret")
	for name, data := range map[string]string{
		filepath.Join(dir, "b", "file"): "x", filepath.Join(dir, "b", "sub", "deep"): "y",
		filepath.Join(dir, "other", "file"): "z", secret: "top secret",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(data), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(
		os.Symlink(secret, filepath.Join(dir, "b", "out")),
		os.Symlink("../other/file", filepath.Join(dir, "b", "beside")),
		os.Symlink(filepath.Dir(secret), filepath.Join(dir, "b", "outdir")),
		syscall.Mkfifo(filepath.Join(dir, "b", "pipe"), 0o600),
	); err != nil {
		t.Skip(err)
	}
	top, err := OpenTree(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := top.Sub("b")
	if err != nil {
		t.Fatal(err)
	}
	top.Close()
	defer tree.Close()
	for _, name := range []string{"out", "beside", "pipe"} {
		if _, err := tree.Open(t.Context(), name); !errors.Is(err, ErrIrregular) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := tree.Stat(name); !errors.Is(err, ErrIrregular) {
			t.Errorf("stat %s: %v", name, err)
		}
	}
	for _, name := range []string{"outdir/secret", "../other/file", "sub"} {
		if _, err := tree.Open(t.Context(), name); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
	list, err := tree.ReadDir(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	want := []TreeEntry{{"beside", false, false}, {"file", false, true}, {"out", false, false}, {"outdir", false, false}, {"pipe", false, false}, {"sub", true, false}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Error(diff)
	}
	if read(t, tree, "file") != "x" || read(t, tree, "sub/deep") != "y" {
		t.Error("content differs")
	}
}
