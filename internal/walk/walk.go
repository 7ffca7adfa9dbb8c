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
	"strings"
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
	at   map[string]evidence.Entry // the file and, of a database, what lies beside it
}

// Open finds the file of a finding in evidence, which stays the caller's to
// close, after the place. The error wraps ErrNotThere.
func Open(ctx context.Context, src evidence.Source, f *finding.Finding, p *message.Printer) (*Place, error) {
	l := &Place{src: src, f: f, p: p, at: map[string]evidence.Entry{}}
	if err := l.find(ctx); err != nil {
		return nil, err
	}
	file, err := l.open(ctx, f.Where.Path)
	if err != nil {
		return nil, err
	}
	l.file = file
	return l, nil
}

// Close closes the file.
func (l *Place) Close() error { return l.file.Close() }

// File is the file, decrypted.
func (l *Place) File() io.ReaderAt { return l.file }

// Size is that of the file, decrypted, in bytes.
func (l *Place) Size() int64 { return l.file.Size() }

// Stored is the file as it lies in the evidence: its name there and its size in
// bytes.
func (l *Place) Stored() (name string, size int64) {
	name, size, _ = l.file.Stored()
	return name, size
}

// Hash returns the SHA-256 of the file as it lies in the evidence, in
// hexadecimal digits. It reads all of it.
func (l *Place) Hash(ctx context.Context) (string, error) {
	_, _, open := l.file.Stored()
	r, err := open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, until{ctx, r}); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// until reads until the context ends.
type until struct {
	ctx context.Context //nolint:containedctx // io.Reader has none
	r   io.Reader
}

func (u until) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(b)
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

// base is the database that a row belongs to, also where it lies in its log.
func base(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, "-wal"), "-journal")
}

// find goes through the list of files once: a backup of 250,000 files has a long
// one.
func (l *Place) find(ctx context.Context) error {
	wanted := map[string]bool{l.f.Where.Path: true}
	if at := &l.f.Where; at.Table != "" && (at.Page > 0 || at.RowID != nil) {
		name := base(l.f.Where.Path)
		wanted[name], wanted[name+"-wal"], wanted[name+"-journal"] = true, true, true
	}
	for e, err := range l.src.Files(ctx) {
		var bad *evidence.EntryError
		if err != nil && !errors.As(err, &bad) {
			return err
		}
		if err != nil || !wanted[e.Path] {
			continue
		}
		if _, twice := l.at[e.Path]; !twice {
			l.at[e.Path] = e
		}
		if len(l.at) == len(wanted) {
			return nil
		}
	}
	return nil
}

// open opens the file of a logical path that find looked for.
func (l *Place) open(ctx context.Context, name string) (evidence.File, error) {
	e, ok := l.at[name]
	if !ok {
		return nil, fmt.Errorf("%s: %w", name, ErrNotThere)
	}
	return l.src.Open(ctx, e)
}
