package iosbackup

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/evidencetest"
)

// TestPackedSame: the same backup in a folder and in every kind of archive,
// encrypted and not, lists the same entries with the same content, and decrypts
// to the same tree.
func TestPackedSame(t *testing.T) {
	t.Parallel()
	for _, encrypted := range []bool{false, true} {
		above := t.TempDir()
		dir := filepath.Join(above, "backup")
		if err := os.Rename(testBackup{encrypted: encrypted, files: someFiles()}.write(t), dir); err != nil {
			t.Fatal(err)
		}
		s, err := openDir(t, dir, withPassword(testPassword))
		if err != nil {
			t.Fatal(err)
		}
		want, _ := listing(t, s)
		for name, pack := range evidencetest.Packers {
			path := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(path, pack(t, os.DirFS(above)), 0o600); err != nil {
				t.Fatal(err)
			}
			open := func(t testing.TB) *Source {
				tree, err := evidence.OpenTree(t.Context(), path, Early)
				if err != nil {
					t.Fatal(err)
				}
				s, err := Open(t.Context(), tree, "backup", withPassword(testPassword))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { s.Close() })
				return s
			}
			s := open(t)
			if got, _ := listing(t, s); !cmp.Equal(want, got) {
				t.Errorf("%s, encrypted=%v: entries differ", name, encrypted)
			}
			out := t.TempDir()
			decrypt(t, s, out)
			if !cmp.Equal(want, onDisk(t, out)) {
				t.Errorf("%s, encrypted=%v: the decrypted tree differs", name, encrypted)
			}
			evidencetest.Suite(t, evidencetest.Options{Path: path, Open: func(t testing.TB) evidence.Source { return open(t) }})
		}
	}
}
