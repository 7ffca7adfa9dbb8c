// Package limit holds what every reader of hostile input needs: the sentinel
// errors that say why something was not read, and bounded readers.
//
// Start with the sentinels: a caller asks errors.Is(err, limit.ErrEncrypted)
// to decide what to do next, never the text of an error.
package limit

import (
	"errors"
	"fmt"
	"io"
)

// Sizes in bytes.
const (
	KiB = 1 << 10
	MiB = 1 << 20
	GiB = 1 << 30
)

// Errors that say why an input, or a part of it, was not read.
var (
	// ErrCorrupt says that bytes are not what their format allows.
	ErrCorrupt = errors.New("corrupt data")
	// ErrEncrypted says that the content is encrypted and no key for it is known.
	ErrEncrypted = errors.New("encrypted")
	// ErrLimit says that reading on would pass a limit that keeps the machine safe.
	ErrLimit = errors.New("limit reached")
	// ErrUnsupported says that the format, or this version of it, is not known.
	ErrUnsupported = errors.New("unsupported format")
)

// ReadAll reads r to its end, at most limit bytes. Where r holds more it
// returns an error that wraps ErrLimit and no data: a cut file is not a file.
func ReadAll(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1)) //nolint:forbidigo // this is where it is bounded
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrLimit, limit)
	}
	return data, nil
}

// ReadFull reads the size bytes of r from its start. A size above limit is
// refused before memory is taken for it.
func ReadFull(r io.ReaderAt, size, limit int64) ([]byte, error) {
	if size < 0 || size > limit {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read", ErrLimit, size, limit)
	}
	data := make([]byte, size)
	n, err := r.ReadAt(data, 0)
	if int64(n) == size {
		return data, nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return nil, fmt.Errorf("read %d bytes: %w", size, err)
}
