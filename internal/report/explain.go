package report

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/message"
)

// ExplainOptions says what Explain has at hand.
type ExplainOptions struct {
	// Evidence is the logical (decrypted) file of the finding, nil where the
	// evidence is not at hand: then the bytes in the finding are shown.
	Evidence io.ReaderAt
	// Path is where the evidence is now and Packed the archives that it lies
	// in, where that is another place than at the check.
	Path   string
	Packed []finding.Archive
	// Key is the condition that finds the row of a table without row numbers,
	// in SQL.
	Key string
	// SHA256 is the hash of the stored file as it is now, "" if not taken.
	SHA256 string
	// Fields are the parts of the row's bytes, and Versions what the evidence
	// has of the row besides, where it is a row of a database at hand.
	Fields   []ExplainField
	Versions []ExplainVersion
}

// maxExplained bounds the bytes that are shown.
const maxExplained = 4096

// Explain writes the walk from a finding to the bytes of the evidence: each
// step, and a common program with which anyone checks it.
func Explain(w io.Writer, f *finding.Finding, run *finding.Run, p *message.Printer, o ExplainOptions) error {
	x := &explainer{f: f, run: run, Printer: p, o: o}
	x.heading()
	x.parts()
	x.record()
	x.walk()
	x.bytes()
	x.fields()
	x.versions()
	_, err := io.WriteString(w, x.b.String())
	return err
}

type explainer struct {
	f   *finding.Finding
	run *finding.Run
	*message.Printer
	o ExplainOptions
	b strings.Builder
}

func (x *explainer) line(format string, args ...any) { fmt.Fprintf(&x.b, format+"\n", args...) }

func (x *explainer) heading() {
	f := x.f
	rules, _ := rulesOf(x.run) // only their texts are wanted here
	x.line("%s  %s  %s", f.ID, strings.ToUpper(x.Or("severity.", f.Severity.String())), f.Artifact)
	x.line("%s", what(x.Printer, f, rules))
	if f.Time != nil {
		x.line("%s", x.Text("explain.time", "Time", f.Time.UTC().Format("2006-01-02 15:04:05.999 UTC"), "Meaning", visible(f.TimeOf)))
	}
	if m := f.Indicator; m != nil {
		x.line("%s", x.Text("explain.published", "Set", visible(m.Set), "SHA256", m.SetSHA256, "ID", visible(m.ID)))
		if m.Reference != "" {
			x.line("%s", x.Text("explain.reference", "Reference", visible(m.Reference)))
		}
		if also := alsoOf(m); also != "" {
			x.line("%s", x.Text("finding.also", "Sets", short(also, 2000)))
		}
		if link := shortLink(x.Printer, f); link != "" {
			x.line("%s", visible(link))
		}
		if m.Broad {
			x.line("%s", x.Text("finding.broad"))
		}
		if m.Private {
			x.line("%s", x.Text("finding.private_note"))
		}
	} else if f.Lure != nil {
		x.lure(f.Lure)
	} else if rules != nil {
		if r := rules.Rule(f.Rule); r != nil {
			x.line("%s", r.Meaning.In(x.Lang()))
			x.line("%s", x.Text("explain.other", "Text", r.OtherExplanations.In(x.Lang())))
			x.line("%s", x.Text("explain.next", "Text", r.NextStep.In(x.Lang())))
		}
	}
	x.line("")
}

// parts lists the records that a rule looked at together.
func (x *explainer) parts() {
	if len(x.f.Parts) == 0 {
		return
	}
	x.line("%s", x.Text("explain.parts"))
	for i := range x.f.Parts[:min(len(x.f.Parts), maxParts)] {
		p := &x.f.Parts[i]
		row := ""
		if p.Where.RowID != nil {
			row = fmt.Sprintf(" %s:%d", visible(p.Where.Table), *p.Where.RowID)
		}
		x.line("  %s  %-8s %s (%s)", p.Time.UTC().Format("2006-01-02 15:04:05 UTC"), short(p.Class, 20), short(p.Of, 200), short(p.TimeOf, 40))
		x.line("       %s: %s%s", visible(p.Artifact), short(p.Where.Path, 200), row)
	}
	x.line("")
}

// maxParts bounds what is listed; a rule looks at no more.
const maxParts = 100

// record lists the fields of the record, in the order of their names.
func (x *explainer) record() {
	var rec struct {
		Kind string                     `json:"kind"`
		Data map[string]json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(x.f.Record, &rec); err != nil {
		return
	}
	x.line("%s", x.Text("explain.record", "Kind", visible(rec.Kind)))
	for _, name := range slices.Sorted(maps.Keys(rec.Data)) {
		value := string(rec.Data[name])
		var text string
		if json.Unmarshal(rec.Data[name], &text) == nil {
			value = text
		}
		x.line("  %-24s %s", visible(name), short(value, 300))
	}
	x.line("")
}

// walk lists the steps from the evidence to the row, each with the command
// that checks it.
func (x *explainer) walk() {
	x.line("%s", x.Text("explain.walk"))
	e := x.run.Evidence
	if x.o.Path != "" {
		e.Path, e.Packed = x.o.Path, x.o.Packed
	}
	for i, step := range walkSteps(x.f, &e, x.Printer, x.o.Key) {
		x.line("  %d. %s", i+1, step.Name)
		if step.Value != "" {
			x.line("       $ %s", step.Value)
		}
		if i == storedStep && x.o.SHA256 != "" && x.f.Where.SHA256 != "" {
			if x.o.SHA256 == x.f.Where.SHA256 {
				x.line("     %s", x.Text("explain.same_hash"))
			} else {
				x.line("     %s", x.Text("explain.other_hash", "SHA256", x.o.SHA256))
			}
		}
	}
}

// bytes shows the row's bytes: those of the evidence where it is at hand.
func (x *explainer) bytes() {
	at := &x.f.Where
	shown := at.Bytes
	x.line("")
	if m := x.f.Indicator; m != nil && m.Private {
		x.line("%s", x.Text("explain.withheld"))
		return
	}
	from, length := at.Offset, at.Length
	if x.o.Evidence != nil && at.Length > 0 {
		from, length = Stretch(at, x.o.Fields)
		b := make([]byte, min(length, maxExplained))
		n, err := x.o.Evidence.ReadAt(b, from)
		if n < len(b) {
			x.line("%s", x.Text("explain.unreadable", "Error", fmt.Sprint(err)))
			b = b[:n]
		}
		same := bytes.HasPrefix(b[min(at.Offset-from, int64(len(b))):], at.Bytes)
		x.line("%s", x.Text("explain.from_evidence"))
		if !same {
			x.line("%s", x.Text("explain.differs"))
		}
		shown = b
	} else if len(shown) > 0 {
		x.line("%s", x.Text("explain.from_finding", "Count", len(shown)))
	} else {
		x.line("%s", x.Text("explain.no_bytes"))
	}
	if len(x.o.Fields) > 0 {
		x.b.WriteString(marked(shown, from, x.o.Fields))
	} else {
		x.b.WriteString(hexView(shown, from))
	}
	if int64(len(shown)) < length {
		x.line("%s", x.Text("explain.cut", "Shown", len(shown), "Length", length))
	}
}

// hexView shows bytes as xxd does: offset, hex digits, printable ASCII.
func hexView(b []byte, offset int64) string {
	var out strings.Builder
	for i := 0; i < len(b); i += 16 {
		row := b[i:min(i+16, len(b))]
		digits := hex.EncodeToString(row)
		var cells strings.Builder
		for j := 0; j < len(digits); j += 4 {
			cells.WriteString(digits[j:min(j+4, len(digits))] + " ")
		}
		ascii := make([]byte, len(row))
		for j, c := range row {
			if ascii[j] = '.'; c >= 0x20 && c < 0x7f {
				ascii[j] = c
			}
		}
		fmt.Fprintf(&out, "%08x: %-40s %s\n", offset+int64(i), cells.String(), ascii)
	}
	return out.String()
}
