package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/amparo-project/amparo/internal/seal"
)

// Errors of uploads.
var (
	// ErrOffset says that a part of an upload does not continue what is stored.
	ErrOffset = errors.New("the part does not continue what is stored")
	// ErrShort says that what was sent ended early.
	ErrShort = errors.New("what was sent ended before it was whole")
)

// sent is what comes over a connection. Where that breaks it is ErrShort: the
// store and the database have connections too, and break in the same words.
type sent struct{ r io.Reader }

// Read implements io.Reader.
func (s sent) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = ErrShort
	}
	return n, err
}

// An Upload is one file that comes to a bundle in parts, over a connection
// that may break.
type Upload struct {
	Bundle, Case string
	Key          seal.Identity
	Name         string // a valid path of fs.FS
	Size         int64  // of all of it, in bytes
}

// Offset returns how much of the file is stored, in bytes: a multiple of
// SegmentSize, or all of it, and then the SHA-256 of all of it.
func (u *Upload) Offset(ctx context.Context, x Index) (offset int64, sum string, err error) {
	list, _, err := files(ctx, x, u.Bundle, u.Key)
	if err != nil {
		return 0, "", err
	}
	for i := range list {
		if f := &list[i]; f.Path == u.Name && f.Size == u.Size {
			if f.whole() {
				return f.Size, f.SHA256, nil
			}
			return f.stored(), "", nil
		}
	}
	return 0, "", nil
}

// Append stores the bytes of r, which begin at offset of the file, as far as
// they fill segments; the rest of a broken part is forgotten. It returns how
// much of the file is stored then, also beside an error, and the SHA-256 once it
// is whole. Nothing of the file is ever on the disk in clear. The error wraps
// ErrOffset, and ErrShort where r ended early.
func (u *Upload) Append(ctx context.Context, s Store, x Index, offset int64, r io.Reader, progress func(bytes int64)) (int64, string, error) {
	if !fs.ValidPath(u.Name) || u.Name == "." || u.Size < 0 {
		return 0, "", fmt.Errorf("%w: name or size of the upload", ErrOffset)
	}
	list, parts, err := files(ctx, x, u.Bundle, u.Key)
	if err != nil {
		return 0, "", err
	}
	f := File{Path: u.Name, Size: u.Size}
	for i := range list {
		if list[i].Path == u.Name && list[i].Size == u.Size {
			f = list[i]
		}
	}
	done := f.stored()
	if f.whole() {
		done = f.Size
	}
	if offset != done || f.whole() {
		return done, f.SHA256, ErrOffset
	}
	a := &adder{ctx: ctx, s: s, x: x, part: parts, o: AddOptions{Bundle: u.Bundle, Case: u.Case, Key: u.Key}}
	if progress != nil {
		a.o.Progress = func(_, n int64) { progress(done + n) }
	}
	defer a.abort()
	if done, err = a.append(&f, sent{r}); err != nil {
		return done, "", err
	}
	return done, f.SHA256, nil
}

// append stores the rest of a file, as far as r goes.
func (a *adder) append(f *File, r io.Reader) (durable int64, err error) {
	sum, err := f.hash()
	if err != nil {
		return f.stored(), err
	}
	durable, err = a.rest(f, sum, r)
	if errors.Is(err, ErrChanged) {
		return durable, ErrShort // what is whole is stored
	}
	if err == nil {
		err = a.complete(*f)
	}
	if err != nil {
		return durable, err
	}
	return f.Size, nil
}

// complete makes a file durable that is whole.
func (a *adder) complete(f File) error {
	a.batch = append(a.batch, f)
	return a.flush()
}

// Files returns the list of a bundle's files, complete or not.
func Files(ctx context.Context, x Index, bundle string, key seal.Identity) ([]File, error) {
	list, _, err := files(ctx, x, bundle, key)
	return list, err
}

// AppendAll stores all of r as the file, of whose size nothing is known yet,
// and returns its size and SHA-256. One that breaks off is begun anew next time.
func (u *Upload) AppendAll(ctx context.Context, s Store, x Index, r io.Reader) (int64, string, error) {
	if !fs.ValidPath(u.Name) || u.Name == "." {
		return 0, "", fmt.Errorf("%w: name of the upload", ErrOffset)
	}
	_, parts, err := files(ctx, x, u.Bundle, u.Key)
	if err != nil {
		return 0, "", err
	}
	a := &adder{ctx: ctx, s: s, x: x, part: parts, o: AddOptions{Bundle: u.Bundle, Case: u.Case, Key: u.Key}}
	defer a.abort()
	r = sent{r}
	f, sum, buf := File{Path: u.Name}, sha256.New(), make([]byte, SegmentSize)
	for last := false; !last; {
		n, err := io.ReadFull(r, buf)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return f.Size, "", err
		}
		last = n < len(buf)
		if n > 0 {
			sum.Write(buf[:n])
			seg, err := a.segment(bytes.NewReader(buf[:n]), int64(n))
			if err != nil {
				return f.Size, "", err
			}
			f.Segments, f.Size = append(f.Segments, seg.ID), f.Size+int64(n)
		}
		if last {
			f.SHA256, f.State = hex.EncodeToString(sum.Sum(nil)), nil
			err = a.complete(f)
		} else {
			err = a.partial(f, sum)
		}
		if err != nil {
			return f.Size, "", err
		}
	}
	return f.Size, f.SHA256, nil
}
