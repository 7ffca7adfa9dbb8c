package iosbackup

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"syscall"
	"time"
)

// copyBytes is how much of a file is decrypted at once.
const copyBytes = 256 << 10

// one writes one file. Its error ends the run: of ctx, or of a full disk.
func (d *decryption) one(ctx context.Context, j job, buf []byte) error {
	n, written, err := d.file(ctx, j, buf)
	switch {
	case err == nil:
		d.done(n, written)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case endsRun(err):
		return fmt.Errorf("write %s: %w", j.entry.Path, err)
	default:
		d.fail(j.entry.Path, err)
	}
	return nil
}

// file writes a file unless it is there already.
func (d *decryption) file(ctx context.Context, j job, buf []byte) (n int64, written bool, err error) {
	f, meta, err := d.s.openWithMeta(ctx, j.entry)
	if err != nil {
		return 0, false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	modified := time.Unix(0, 0)
	if meta != nil && !meta.modified.IsZero() {
		modified = meta.modified
	}
	if info, err := d.out.Lstat(j.name); err == nil && info.Mode().IsRegular() &&
		info.Size() == f.Size() && info.ModTime().Unix() == modified.Unix() {
		return 0, false, nil
	}
	if dir := path.Dir(j.name); dir != "." {
		if err := d.out.MkdirAll(dir, 0o700); err != nil {
			return 0, false, err
		}
	}
	part := path.Join(path.Dir(j.name), partName(j.name))
	n, err = d.copy(ctx, f, part, modified, buf)
	if err == nil {
		err = d.out.Rename(part, j.name)
	}
	if err != nil {
		if rmErr := d.out.Remove(part); rmErr != nil && !errors.Is(rmErr, fs.ErrNotExist) {
			err = errors.Join(err, rmErr)
		}
		return 0, false, err
	}
	return n, true, nil
}

// partName is what a file is called until it is complete: the same on every
// run, so that what an interruption left is replaced.
func partName(name string) string {
	sum := sha1.Sum([]byte(name))
	return ".amparo-" + hex.EncodeToString(sum[:8]) + ".part"
}

func (d *decryption) copy(ctx context.Context, f interface {
	io.ReaderAt
	Size() int64
}, part string, modified time.Time, buf []byte,
) (n int64, err error) {
	if err := d.out.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	w, err := d.out.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() {
		err = errors.Join(err, w.Close())
		if err == nil {
			err = d.out.Chtimes(part, modified, modified)
		}
	}()
	for size := f.Size(); n < size; {
		if ctx.Err() != nil {
			return n, context.Cause(ctx)
		}
		p := buf[:min(int64(len(buf)), size-n)]
		got, err := f.ReadAt(p, n)
		if got < len(p) {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return n, fmt.Errorf("read at %d of %d bytes: %w", n+int64(got), size, err)
		}
		if _, err := w.Write(p); err != nil {
			return n, err
		}
		n += int64(len(p))
	}
	return n, nil
}

// endsRun reports whether an error is of a disk that takes no more: every
// other file would fail, too.
func endsRun(err error) bool {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EROFS) {
		return true
	}
	const handleDiskFull, diskFull = 39, 112 // winerror.h
	return runtime.GOOS == "windows" &&
		(errors.Is(err, syscall.Errno(handleDiskFull)) || errors.Is(err, syscall.Errno(diskFull)))
}

// folders makes the folders that the manifest lists, lists its links, and gives
// folders their times once nothing is put into them any more.
func (d *decryption) folders(ctx context.Context) error {
	if d.s.manifest == nil {
		return nil
	}
	err := d.s.manifest.others(ctx, func(o other) error {
		if o.link {
			d.link(o)
			return nil
		}
		d.res.Folders++
		if err := d.out.MkdirAll(d.names.folder(o.path), 0o700); endsRun(err) {
			return fmt.Errorf("write %s: %w", o.path, err)
		} else if err != nil {
			d.fail(o.path, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return d.s.manifest.others(ctx, func(o other) error {
		if o.link || o.modified.IsZero() {
			return nil
		}
		name := d.names.folder(o.path)
		if info, err := d.out.Lstat(name); err != nil || !info.IsDir() {
			return nil //nolint:nilerr // that it could not be made was told before
		}
		if err := d.out.Chtimes(name, o.modified, o.modified); err != nil {
			d.fail(o.path, err)
		}
		return nil
	})
}

func (d *decryption) link(o other) {
	if len(d.res.Links) == maxListed {
		d.res.MoreLinks++
		return
	}
	d.res.Links = append(d.res.Links, Link{o.path, o.target})
}
