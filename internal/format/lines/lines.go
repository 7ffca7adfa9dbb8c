// Package lines reads text line by line as evidence: each line with its place,
// CR LF taken as one end, and none longer in memory than a limit.
package lines

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/amparo-project/amparo/internal/limit"
)

// A Line is one line of a text and its place. The zero value is before the
// first.
type Line struct {
	Text   []byte // without its end, cut at the limit; valid until the next
	Offset int64  // of its first byte
	Length int64  // in bytes, of all of it, its end left out
	Number int64  // from 1
}

// Each reads the text of the given size and calls fn with l at every line, in
// order. An error of fn ends it and is returned as it is; one of r names the
// file and the line. most bounds a line in memory, in bytes. After the end l is
// empty, unless the last line had no end of its own.
func (l *Line) Each(name string, r io.ReaderAt, size int64, most int, fn func() error) error {
	buf := bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 64*limit.KiB)
	var next int64
	for {
		err := l.fill(buf, most)
		if len(l.Text) == 0 && l.Length == 0 && err != nil {
			return l.end(name, err)
		}
		l.Offset, next = next, next+l.Length
		l.Number++
		l.trim()
		if err := fn(); err != nil {
			return err
		}
		if err != nil {
			return l.end(name, err)
		}
	}
}

// end tells the end of the text from a failed read.
func (l *Line) end(name string, err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return fmt.Errorf("read %s: line %d: %w", name, l.Number+1, err)
}

// fill reads a line, cut at the limit, and its full length.
func (l *Line) fill(buf *bufio.Reader, most int) error {
	l.Text, l.Length = l.Text[:0], 0
	for {
		part, err := buf.ReadSlice('\n')
		l.Length += int64(len(part))
		if room := most - len(l.Text); room > 0 {
			l.Text = append(l.Text, part[:min(room, len(part))]...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// trim takes the end of the line away.
func (l *Line) trim() {
	whole := int64(len(l.Text)) == l.Length
	l.Text = bytes.TrimSuffix(l.Text, []byte{'\n'})
	if whole {
		l.Length = int64(len(bytes.TrimSuffix(l.Text, []byte{'\r'})))
	}
	l.Text = bytes.TrimSuffix(l.Text, []byte{'\r'})
}
