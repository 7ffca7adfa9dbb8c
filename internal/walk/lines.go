package walk

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/amparo-project/amparo/internal/report"
)

// maxFields bounds the parts of a place.
const maxFields = 200

// maxCounted bounds how far from its beginning the lines of a file are counted,
// in bytes.
const maxCounted = 64 << 20

// lines takes text apart. Lines have their number in the file, where it is not
// too far from its beginning.
func (l *Place) lines(b []byte) ([]report.ExplainField, error) {
	first, err := l.lineAt(l.f.Where.Offset)
	if err != nil {
		return nil, err
	}
	at := l.f.Where.Offset
	var list []report.ExplainField
	for len(b) > 0 && len(list) < maxFields {
		n := bytes.IndexByte(b, '\n') + 1
		if n == 0 {
			n = len(b)
		}
		name := l.p.Text("explain.a_line")
		if first > 0 {
			name = l.p.Text("explain.line_number", "Number", l.p.Number(first+int64(len(list))))
		}
		list = append(list, report.ExplainField{Name: name, Offset: at, Length: n, Value: strings.TrimRight(string(b[:n]), "\r\n")})
		b, at = b[n:], at+int64(n)
	}
	return list, nil
}

// lineAt is the number of the line that an offset lies in, from 1; 0 where the
// lines before were not counted.
func (l *Place) lineAt(offset int64) (int64, error) {
	if offset > maxCounted {
		return 0, nil
	}
	line, buf := int64(1), make([]byte, 1<<16)
	for r := io.NewSectionReader(l.file, 0, offset); ; {
		n, err := r.Read(buf)
		line += int64(bytes.Count(buf[:n], []byte("\n")))
		if errors.Is(err, io.EOF) {
			return line, nil
		}
		if err != nil {
			return 0, err
		}
	}
}
