package vault

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// AppendFiles stores files that come one after the other, each whole: next
// returns the name, the size in bytes and the content of one, io.EOF after the
// last. A file that the bundle has with that name and size is not read. What is
// returned are the files of this call, with their SHA-256; beside an error they
// are those that are stored. The error wraps ErrOffset for a name that is none,
// or a size that is too large to come whole, and ErrShort where a file ends
// before its size.
func AppendFiles(ctx context.Context, s Store, x Index, o AddOptions, next func() (string, int64, io.Reader, error)) ([]File, error) {
	list, parts, err := files(ctx, x, o.Bundle, o.Key)
	if err != nil {
		return nil, err
	}
	a := &adder{ctx: ctx, s: s, x: x, o: o, part: parts, have: make(map[string]File, len(list))}
	defer a.abort()
	for i := range list {
		if list[i].whole() {
			a.have[list[i].Path] = list[i]
		}
	}
	var stored, waiting []File
	flush := func() error {
		err := a.flush()
		if err == nil {
			stored, waiting = append(stored, waiting...), nil
		}
		return err
	}
	for {
		name, size, r, err := next()
		if errors.Is(err, io.EOF) {
			err := flush()
			return stored, err
		}
		var f File
		if err == nil {
			f, err = a.whole(name, size, r)
		}
		if err != nil {
			return stored, err
		}
		waiting = append(waiting, f)
		if a.bytes >= batchBytes || len(a.segments) >= batchSegments {
			if err := flush(); err != nil {
				return stored, err
			}
		}
	}
}

// whole puts one file into the batch.
func (a *adder) whole(name string, size int64, r io.Reader) (File, error) {
	if !fs.ValidPath(name) || name == "." || size < 0 || size > SegmentSize {
		return File{}, fmt.Errorf("%w: name or size of a file", ErrOffset)
	}
	if had, ok := a.have[name]; ok && had.Size == size {
		return had, nil
	}
	f, sum := File{Path: name, Size: size}, sha256.New()
	if size > 0 {
		seg, err := a.segment(io.TeeReader(io.LimitReader(sent{r}, size), sum), size)
		if errors.Is(err, ErrChanged) {
			return f, fmt.Errorf("%s: %w", name, ErrShort)
		}
		if err != nil {
			return f, err
		}
		f.Segments = []string{seg.ID}
	}
	f.SHA256 = fmt.Sprintf("%x", sum.Sum(nil))
	a.batch = append(a.batch, f)
	a.have[name] = f
	return f, nil
}
