package timeline

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/limit"
)

// maxRecord bounds a line of records/NAME.jsonl.
const maxRecord = 16 * limit.MiB

// Needle is a text to look for in records, whatever its case.
type Needle struct{ want []byte }

// NewNeedle makes one of what a person typed. Records are JSON: what JSON
// escapes is looked for as it is written there.
func NewNeedle(text string) Needle {
	b, err := json.Marshal(strings.ToLower(text))
	if err != nil || len(b) < 2 {
		return Needle{}
	}
	s := string(b[1 : len(b)-1])
	// Records leave these as they are.
	s = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(s)
	return Needle{[]byte(s)}
}

// Empty reports whether there is nothing to look for.
func (n Needle) Empty() bool { return len(n.want) == 0 }

// In reports whether a line holds the text. low is room for the line in lower
// case, which is returned to be used again.
func (n Needle) In(line, low []byte) (bool, []byte) {
	low = append(low[:0], line...)
	ascii := true
	for i, c := range low {
		if c >= utf8.RuneSelf {
			ascii = false
			break
		}
		if c >= 'A' && c <= 'Z' {
			low[i] = c + 'a' - 'A'
		}
	}
	if !ascii {
		low = append(low[:0], bytes.ToLower(line)...)
	}
	return bytes.Contains(low, n.want), low
}

// Marks returns where the text is in a value, as pairs of bytes.
func (n Needle) Marks(value string) (at [][2]int) {
	var want string
	if err := json.Unmarshal([]byte(`"`+string(n.want)+`"`), &want); err != nil || want == "" {
		return nil
	}
	low := strings.ToLower(value)
	if len(low) != len(value) {
		return nil // letters whose cases have other lengths: nothing to point at
	}
	for from := 0; ; {
		i := strings.Index(low[from:], want)
		if i < 0 {
			return at
		}
		at = append(at, [2]int{from + i, from + i + len(want)})
		from += i + len(want)
	}
}

// Search calls found with each line of a file of records that holds the text,
// until it returns false. The line is only good until found returns.
func (n Needle) Search(ctx context.Context, r io.Reader, found func(line []byte) bool) error {
	br := bufio.NewReaderSize(r, 256*limit.KiB)
	var low []byte
	for i := 0; ; i++ {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		line, err := br.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			if line, _, err = longRecord(br, line); err != nil {
				return err
			}
		}
		if len(line) > 0 {
			var ok bool
			if ok, low = n.In(line, low); ok && !found(line) {
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// longRecord reads the rest of a record that is longer than the buffer. One
// that is too long is cut.
func longRecord(r *bufio.Reader, begun []byte) ([]byte, int64, error) {
	line := bytes.Clone(begun)
	for {
		more, err := r.ReadSlice('\n')
		if len(line) < maxRecord {
			line = append(line, more...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err == nil || errors.Is(err, io.EOF):
			return line, int64(len(line)), nil
		default:
			return nil, 0, err
		}
	}
}
