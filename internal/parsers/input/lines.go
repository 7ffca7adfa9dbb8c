package input

import (
	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/lines"
)

// Lines is a Reading of text, and the line that it has come to. Memory is that
// of the longest line, which is cut at the limit of a field. Bytes that are no
// UTF-8 are the parser's matter.
type Lines struct {
	*Reading

	Line   []byte // without its end; valid until the next
	Offset int64  // of its first byte
	Length int64  // of all of it, its end left out
	Number int64  // from 1
}

// Scan calls each at every line, in order, with CR LF taken as one end. An
// error of each ends it. After the last line Line is what follows it.
func (r *Lines) Scan(each func() error) error {
	var l lines.Line
	err := l.Each(r.In.Path, r.In, r.In.Size, r.In.Limits.FieldLen, func() error {
		r.Line, r.Offset, r.Length, r.Number = l.Text, l.Offset, l.Length, l.Number
		return each()
	})
	r.Line, r.Length = l.Text, l.Length
	return err
}

// WasCut reports whether the line was longer than the limit.
func (r *Lines) WasCut() bool { return r.Length > int64(len(r.Line))+1 }

// Start empties the record and places it at the line.
func (r *Lines) Start(kind artifact.Kind) *artifact.Record {
	return r.StartAt(kind, r.Offset)
}

// StartAt empties the record and places it at a stretch of several lines that
// ends with the line at hand.
func (r *Lines) StartAt(kind artifact.Kind, offset int64) *artifact.Record {
	rec := r.Reading.Start(kind, offset, r.Offset+r.Length-offset)
	rec.Truncated = r.WasCut()
	return rec
}

// Problem tells of the line, which could not be understood.
func (r *Lines) Problem(err error) error {
	return r.ProblemAt(artifact.Location{Offset: r.Offset, Length: r.Length}, err)
}
