package evidencetest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Packers pack a folder into each kind of archive, by the name of a file of it.
var Packers = map[string]func(testing.TB, fs.FS) []byte{
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
