package bagit

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"
)

// Formats of Pack.
const (
	Zip = "zip"
	Tar = "tar"
)

// packTime is the time of all files in a packed bag: the same bag packs to the
// same bytes.
var packTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Pack writes the bag in the folder dir into one new file, under a single
// folder called base, as RFC 8493 (4.2) asks. It never replaces a file.
func Pack(to, dir, base, format string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	defer root.Close()
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("pack: %s: %w", to, errors.Join(fs.ErrExist, err))
	}
	part := to + partial
	f, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	w := bufio.NewWriterSize(f, 256<<10)
	err = packTo(w, root.FS(), base, format)
	if err = errors.Join(err, w.Flush(), f.Close()); err != nil {
		return fmt.Errorf("pack: %w", errors.Join(err, os.Remove(part)))
	}
	return os.Rename(part, to)
}

// Write writes the bag in the folder dir, as Pack does, to w.
func Write(w io.Writer, dir, base, format string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	defer root.Close()
	return packTo(w, root.FS(), base, format)
}

// WriteFrom is Write for a bag whose payload lies elsewhere: of the folder dir it
// takes what is about it, and the files that names lists of fsys.
func WriteFrom(w io.Writer, dir string, fsys fs.FS, names []string, base, format string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	defer root.Close()
	put, done := packer(w, format)
	err = packAll(root.FS(), base, put)
	for _, name := range names {
		if err == nil {
			err = packOne(fsys, name, base, put)
		}
	}
	return errors.Join(err, done())
}

func packTo(w io.Writer, fsys fs.FS, base, format string) error {
	put, done := packer(w, format)
	return errors.Join(packAll(fsys, base, put), done())
}

func packAll(fsys fs.FS, base string, put putter) error {
	return fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		return packOne(fsys, name, base, put)
	})
}

func packOne(fsys fs.FS, name, base string, put putter) error {
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return put(path.Join(base, name), info.Size(), f)
}

func packer(w io.Writer, format string) (putter, func() error) {
	if format == Zip {
		return zipWriter(w)
	}
	return tarWriter(w)
}

type putter func(name string, size int64, r io.Reader) error

func tarWriter(w io.Writer) (putter, func() error) {
	t := tar.NewWriter(w)
	return func(name string, size int64, r io.Reader) error {
		h := &tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: packTime, Format: tar.FormatPAX}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		_, err := io.Copy(t, r)
		return err
	}, t.Close
}

func zipWriter(w io.Writer) (putter, func() error) {
	z := zip.NewWriter(w)
	return func(name string, _ int64, r io.Reader) error {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: packTime}
		h.SetMode(0o600)
		f, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, r)
		return err
	}, z.Close
}
