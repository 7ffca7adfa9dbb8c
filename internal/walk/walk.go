// Package walk goes from a finding to the bytes of open evidence: the file, the
// place in it, and the parts that the place is made of. The command "explain"
// and the pages show what it finds.
//
// Start with Open.
package walk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/report"
)

// MaxPlace bounds the bytes of a place that are taken apart.
const MaxPlace = 1 << 16

// ErrNotThere says that evidence does not hold the file of a finding.
var ErrNotThere = errors.New("not in the evidence")

// A Place is where a finding lies in open evidence.
type Place struct {
	src  evidence.Source
	f    *finding.Finding
	p    *message.Printer // in whose language parts are named
	file evidence.File
}

// Open finds the file of a finding in evidence, which stays the caller's to
// close, after the place. The error wraps ErrNotThere.
func Open(ctx context.Context, src evidence.Source, f *finding.Finding, p *message.Printer) (*Place, error) {
	file, err := openPath(ctx, src, f.Where.Path)
	if err != nil {
		return nil, err
	}
	return &Place{src: src, f: f, p: p, file: file}, nil
}

// Close closes the file.
func (l *Place) Close() error { return l.file.Close() }

// File is the file, decrypted.
func (l *Place) File() io.ReaderAt { return l.file }

// Size is that of the file, decrypted, in bytes.
func (l *Place) Size() int64 { return l.file.Size() }

// StoredSize is the size of the file as it lies in the evidence, in bytes.
func (l *Place) StoredSize() int64 {
	_, n, _ := l.file.Stored()
	return n
}

// Hash returns the SHA-256 of the file as it lies in the evidence, in
// hexadecimal digits.
func (l *Place) Hash() (string, error) {
	_, _, open := l.file.Stored()
	r, err := open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Parts is what a place is made of.
type Parts struct {
	Fields []report.ExplainField
	// Key is the condition that finds the row of a table without row numbers,
	// in SQL.
	Key string
	// Rows tells whether the place is a row of a table, of which there may be
	// other versions.
	Rows bool
}

// Parts takes the place apart: a row of a database into its columns, an object
// of a binary property list into its keys and values, text into its lines. Of
// other places, and of what nobody may be told, there are none.
func (l *Place) Parts(ctx context.Context) (Parts, error) {
	at := &l.f.Where
	switch {
	case l.f.Indicator != nil && l.f.Indicator.Private, at.Length <= 0, at.Length > MaxPlace:
		return Parts{}, nil
	case at.Page > 0:
		return l.columns(ctx)
	}
	b, err := l.read(at.Offset, at.Length)
	if err != nil {
		return Parts{}, err
	}
	if at.Length == 1 {
		fields, err := l.list(at.Offset)
		return Parts{Fields: fields}, err
	}
	if !text(b) {
		return Parts{}, nil
	}
	fields, err := l.lines(b)
	return Parts{Fields: fields}, err
}

// read returns all bytes of a stretch of the file.
func (l *Place) read(offset, length int64) ([]byte, error) {
	b := make([]byte, length)
	if n, err := l.file.ReadAt(b, offset); n < len(b) {
		return nil, fmt.Errorf("read %d bytes at %d: %w", length, offset, err)
	}
	return b, nil
}

// text reports whether bytes are text as logs and lists have it.
func text(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != 0x1b || c == 0x7f {
			return false
		}
	}
	return utf8.Valid(b)
}

// openPath opens the file of a logical path.
func openPath(ctx context.Context, src evidence.Source, name string) (evidence.File, error) {
	for e, err := range src.Files(ctx) {
		var bad *evidence.EntryError
		if err != nil && !errors.As(err, &bad) {
			return nil, err
		}
		if err == nil && e.Path == name {
			return src.Open(ctx, e)
		}
	}
	return nil, fmt.Errorf("%s: %w", name, ErrNotThere)
}
