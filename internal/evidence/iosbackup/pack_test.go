package iosbackup

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/evidencetest"
)

// packers pack a folder into each kind of archive.
var packers = map[string]func(testing.TB, fs.FS) []byte{
	"stored.zip":   func(t testing.TB, f fs.FS) []byte { return packZip(t, f, zip.Store) },
	"deflated.zip": func(t testing.TB, f fs.FS) []byte { return packZip(t, f, zip.Deflate) },
	"b.tar":        packTar,
	"b.tar.gz": func(t testing.TB, f fs.FS) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		return packed(t, &b, w, packTar(t, f))
	},
	"b.tar.zst": func(t testing.TB, f fs.FS) []byte {
		var b bytes.Buffer
		w, err := zstd.NewWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		return packed(t, &b, w, packTar(t, f))
	},
}

func packed(t testing.TB, b *bytes.Buffer, w io.WriteCloser, data []byte) []byte {
	t.Helper()
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func packTar(t testing.TB, f fs.FS) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.AddFS(f); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func packZip(t testing.TB, f fs.FS, method uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	err := fs.WalkDir(f, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(f, name)
		if err != nil {
			return err
		}
		out, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err != nil {
			return err
		}
		_, err = out.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

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
		for name, pack := range packers {
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
