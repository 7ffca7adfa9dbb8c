package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
)

// An ExplainField is one part of the bytes of a row: a column, or what stands
// before the columns.
type ExplainField struct {
	Name   string
	Offset int64 // in the file
	Length int   // bytes
	Value  string
}

// An ExplainVersion is one version of a row that the evidence holds.
type ExplainVersion struct {
	State               string // live, wal, deleted, …
	Frame, Page, Offset int64
	Confidence          int // percent; 0: it stands in its table
	Values              string
}

// fieldLetters are the letters that name the fields in the hex view, in their order.
const fieldLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// fieldLetter is the letter of field i: after the last one they start again.
func fieldLetter(i int) byte { return fieldLetters[i%len(fieldLetters)] }

// FieldLetter is the letter that marks field i wherever bytes are shown.
func FieldLetter(i int) string { return string(fieldLetter(i)) }

// marked is hexView with a second line below each, in which every byte has the
// letter of its field.
func marked(b []byte, offset int64, fields []ExplainField) string {
	letters := make([]byte, len(b))
	for i := range letters {
		letters[i] = '.'
	}
	for i, f := range fields {
		for at := f.Offset - offset; at < f.Offset-offset+int64(f.Length); at++ {
			if at >= 0 && at < int64(len(b)) {
				letters[at] = fieldLetter(i)
			}
		}
	}
	var out strings.Builder
	for i := 0; i < len(b); i += 16 {
		row := letters[i:min(i+16, len(b))]
		out.WriteString(hexView(b[i:min(i+16, len(b))], offset+int64(i)))
		var cells strings.Builder
		for j, c := range row {
			cells.WriteByte(c)
			cells.WriteByte(c)
			if j%2 == 1 {
				cells.WriteByte(' ')
			}
		}
		fmt.Fprintf(&out, "%8s  %-40s %s\n", "", cells.String(), row)
	}
	return out.String()
}

// nearBy is how far a part of a place may lie from the others to be shown with
// them, in bytes.
const nearBy = 64

// Stretch is what of a file is shown of a place, in bytes: the place itself, and
// the parts of it that lie near, for those of a property list lie elsewhere.
func Stretch(at *finding.Provenance, fields []ExplainField) (offset, length int64) {
	from, to := at.Offset, at.Offset+at.Length
	for more := true; more; {
		more = false
		for _, f := range fields {
			begin, end := f.Offset, f.Offset+int64(f.Length)
			near := begin-to <= nearBy && from-end <= nearBy && max(to, end)-min(from, begin) <= maxExplained
			if near && (begin < from || end > to) {
				from, to, more = min(from, begin), max(to, end), true
			}
		}
	}
	return from, to - from
}

// fields lists the columns with where each begins.
func (x *explainer) fields() {
	if len(x.o.Fields) == 0 {
		return
	}
	x.line("")
	if x.f.Where.Page > 0 {
		x.line("%s", x.Text("explain.columns"))
	} else {
		x.line("%s", x.Text("explain.parts_of"))
	}
	for i, f := range x.o.Fields {
		x.line("  %c  %10d  %5d  %-28s %s", fieldLetter(i), f.Offset, f.Length, visible(f.Name), short(f.Value, 120))
	}
	if file := walkFile(x.f); file != "" {
		one := longest(x.o.Fields)
		x.line("  %s", x.Text("explain.column_bytes"))
		x.line("       $ xxd -s %d -l %d %s", one.Offset, one.Length, quote(file))
	}
}

// versions lists the versions of the row.
func (x *explainer) versions() {
	if len(x.o.Versions) == 0 {
		return
	}
	x.line("")
	x.line("%s", x.Text("explain.versions"))
	for i, v := range x.o.Versions {
		place := fmt.Sprintf("%d. %s", i+1, v.State)
		if v.Frame > 0 {
			place += fmt.Sprintf(", frame %d", v.Frame)
		}
		place += fmt.Sprintf(", page %d, offset %d", v.Page, v.Offset)
		if v.Confidence > 0 {
			place += fmt.Sprintf(", %d %%", v.Confidence)
		}
		x.line("  %s", place)
		x.line("     %s", short(v.Values, 500))
	}
}

// longest is the column with the most bytes.
func longest(fields []ExplainField) ExplainField {
	return slices.MaxFunc(fields, func(a, b ExplainField) int {
		return cmp.Or(cmp.Compare(ofColumn(a), ofColumn(b)), cmp.Compare(a.Length, b.Length))
	})
}

// ofColumn is 1 for a column, 0 for what stands before the columns.
func ofColumn(f ExplainField) int {
	if strings.HasPrefix(f.Name, "(") {
		return 0
	}
	return 1
}
