package web

import (
	"strings"

	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/settings"
)

// faultLine is a fault of a file of settings in words.
type faultLine struct {
	Place   string // "Line 4, column 3:", "" for the file as a whole
	Words   string
	English string // what the catalogue has no words for
}

// String is the line as a program gets it.
func (l faultLine) String() string {
	return strings.Join(strings.Fields(l.Place+" "+l.Words+" "+l.English), " ")
}

// Fault says a fault of a file of settings.
func (v *view) Fault(f settings.Fault) faultLine { return faultIn(v.Printer, &f) }

// maxValue bounds the text of a value that a fault quotes.
const maxValue = 200

func faultIn(p *message.Printer, f *settings.Fault) (l faultLine) {
	switch {
	case f.Column > 0:
		l.Place = p.Text("web.settings.column", "Line", p.Number(int64(f.Line)), "Column", p.Number(int64(f.Column)))
	case f.Line > 0:
		l.Place = p.Text("web.settings.line", "Line", p.Number(int64(f.Line)))
	}
	switch {
	case f.Kind == settings.Type:
		l.Words = p.Text("web.settings.fault.type", "Name", cut(maxValue, f.Name), "Want", p.Text("web.settings.want."+f.Want))
	case f.Kind == settings.Value:
		values := make([]any, len(f.Values))
		for i, v := range f.Values {
			if values[i] = v; i%2 == 1 {
				if s, ok := v.(string); ok {
					values[i] = cut(maxValue, s)
				}
			}
		}
		l.Words = p.Text("web.settings.value."+f.Why, values...)
	case f.Kind == settings.Syntax && f.Why != "":
		l.Words = p.Text("web.settings.fault.syntax") + " " + p.Text("web.settings.form."+f.Why)
	case f.Text != "":
		l.Words, l.English = p.Text("web.settings.fault."+f.Kind, "Name", cut(maxValue, f.Name)), cut(1000, f.Text)
	default:
		l.Words = p.Text("web.settings.fault."+f.Kind, "Name", cut(maxValue, f.Name))
	}
	return l
}
