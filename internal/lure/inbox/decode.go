package inbox

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/amparo-project/amparo/internal/limit"
)

// decode returns the text of r as UTF-8: UTF-16 by its mark or by its zero
// bytes, and bytes that are no UTF-8 as Windows-1252, which holds Latin-1.
func decode(r io.Reader) (*bufio.Reader, error) {
	b := bufio.NewReaderSize(io.LimitReader(r, maxTotal), 64*limit.KiB)
	head, err := b.Peek(1024)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var t transform.Transformer
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		t = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()
	case zeros(head, 1):
		t = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder()
	case zeros(head, 0):
		t = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder()
	default:
		if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
			_, _ = b.Discard(3) // it was peeked
		}
		t = eightBits{}
	}
	return bufio.NewReaderSize(transform.NewReader(b, t), 64*limit.KiB), nil
}

// zeros reports whether most bytes at even (0) or odd (1) places are zero.
func zeros(head []byte, at int) bool {
	n := 0
	for i := at; i < len(head); i += 2 {
		if head[i] == 0 {
			n++
		}
	}
	return len(head) >= 8 && n > len(head)*2/5
}

// eightBits passes UTF-8 on and reads any other byte as Windows-1252.
type eightBits struct{ transform.NopResetter }

// Transform implements transform.Transformer.
func (eightBits) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		r, size := rune(src[nSrc]), 1
		if r >= utf8.RuneSelf {
			if !atEOF && !utf8.FullRune(src[nSrc:]) {
				return nDst, nSrc, transform.ErrShortSrc
			}
			if r, size = utf8.DecodeRune(src[nSrc:]); r == utf8.RuneError && size == 1 {
				r = charmap.Windows1252.DecodeByte(src[nSrc])
			}
		}
		if nDst+utf8.RuneLen(r) > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc += size
	}
	return nDst, nSrc, nil
}

// line reads one line without its end. A longer one than maxRow is cut, and
// its rest skipped.
func line(r *bufio.Reader) (text string, err error) {
	var b []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(b)+len(part) <= maxRow {
			b = append(b, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if len(b) == 0 && err != nil {
			return "", err
		}
		return string(bytes.TrimRight(b, "\r\n")), nil
	}
}

// rowGuard fails where one row takes more than maxRow: a quotation mark that
// nothing closes would else take the whole file into memory.
type rowGuard struct {
	r io.Reader
	n int
}

func (g *rowGuard) Read(p []byte) (int, error) {
	if g.n > maxRow {
		return 0, fmt.Errorf("%w: a row of more than %d bytes", limit.ErrLimit, maxRow)
	}
	n, err := g.r.Read(p)
	g.n += n
	return n, err
}
