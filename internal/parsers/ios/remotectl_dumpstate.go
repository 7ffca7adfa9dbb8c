package ios

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// remotectlDumpstate reads what the phone tells of itself to devices beside it.
type remotectlDumpstate struct{}

var remotectlInfo = artifact.Info{
	Name:    "ios.remotectl_dumpstate",
	Version: 1,
	Summary: "The phone's model, version and numbers, and the services that it offers to computers and devices.",
	Files:   []string{"**/remotectl_dumpstate.txt"},
	Kinds: []artifact.KindInfo{
		{
			Kind: "property",
			Doc:  "A fact of the phone, or of a device that was connected.",
			Fields: []artifact.FieldInfo{
				{Name: "device", Type: artifact.Text, Doc: "heading of the device, the phone itself first"},
				{Name: "section", Type: artifact.Text, Doc: "headings above the fact: Properties"},
				{Name: "entry", Type: artifact.Text, Doc: "name of the fact: SerialNumber, ProductType, OSVersion…"},
				{Name: "value", Type: artifact.Text, Doc: "its value"},
			},
		},
		{
			Kind: "service",
			Doc:  "A service that the device offers.",
			Fields: []artifact.FieldInfo{
				{Name: "device", Type: artifact.Text, Doc: "heading of the device"},
				{Name: "service", Type: artifact.Text, Doc: "name of the service"},
			},
		},
	},
	Caveats: []string{"A service is offered by its name; which program answers is not said."},
	Refs: []string{
		"https://github.com/EC-DIGIT-CSIRC/sysdiagnose/blob/main/src/sysdiagnose/parsers/remotectl_dumpstate.py",
		"https://github.com/mvt-project/mvt/pull/917",
	},
}

// Info implements artifact.Parser.
func (remotectlDumpstate) Info() artifact.Info { return remotectlInfo }

// Parse implements artifact.Parser.
func (remotectlDumpstate) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	d := &dumpstateReading{}
	return readLines(ctx, in, d.line, d.last)
}

// maxDumpstateDepth bounds the headings above a line; real ones have four.
const maxDumpstateDepth = 16

// A dumpstateReading is the headings above the line that it has come to. The
// list is a tree by tabs: "SerialNumber => C0FFEE", "Services: {", or a name.
type dumpstateReading struct {
	above []string
	given int64
	other int64
}

func (d *dumpstateReading) line(r *lineReading) error {
	s := strings.ToValidUTF8(string(r.Line), "\ufffd")
	text := strings.TrimLeft(s, "\t")
	depth := min(len(s)-len(text), maxDumpstateDepth)
	text = strings.TrimSpace(text)
	if text == "" || text == "}" {
		return nil
	}
	if depth < len(d.above) {
		d.above = d.above[:depth]
	}
	return d.entry(r, depth, text)
}

// entry reads a line below its headings.
func (d *dumpstateReading) entry(r *lineReading, depth int, text string) error {
	key, value, ok := strings.Cut(text, "=>")
	if !ok {
		key, value, ok = strings.Cut(text, ":")
	}
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	switch {
	case depth == 0:
		d.push(0, text)
		return nil
	case ok && value != "" && value != "{":
		return d.property(r, key, value)
	case ok:
		d.push(depth, key)
		return nil
	case d.inServices():
		d.push(depth, text)
		return d.service(r, text)
	default:
		d.other++
		d.push(depth, text)
		return nil
	}
}

// push makes a line a heading of those below it.
func (d *dumpstateReading) push(depth int, heading string) {
	for len(d.above) < depth {
		d.above = append(d.above, "")
	}
	d.above = append(d.above, heading)
}

// inServices reports whether the last heading is that of the services.
func (d *dumpstateReading) inServices() bool {
	return len(d.above) > 0 && d.above[len(d.above)-1] == "Services"
}

func (d *dumpstateReading) device() string {
	if len(d.above) == 0 {
		return ""
	}
	return d.above[0]
}

func (d *dumpstateReading) property(r *lineReading, key, value string) error {
	if d.inServices() {
		// Older lists give each service a value on its own line.
		return d.service(r, key)
	}
	d.given++
	rec := r.Start("property")
	rec.Set("device", artifact.TextOrNull(d.device()))
	if len(d.above) > 1 {
		rec.Set("section", artifact.TextOrNull(strings.Trim(strings.Join(d.above[1:], ", "), ", ")))
	}
	rec.Set("entry", artifact.TextOrNull(key))
	rec.Set("value", artifact.TextValue(value))
	rec.Summary = func(b []byte) []byte { return appendSummary(b, key, ": ", value) }
	return r.Give()
}

func (d *dumpstateReading) service(r *lineReading, name string) error {
	d.given++
	rec := r.Start("service")
	rec.Set("device", artifact.TextOrNull(d.device()))
	rec.Set("service", artifact.TextOrNull(name))
	rec.Observe(artifact.Process, name, "service")
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "offers ", name) }
	return r.Give()
}

func (d *dumpstateReading) last(r *lineReading) error {
	if d.given == 0 && (d.other > 0 || len(d.above) > 0) {
		return fmt.Errorf("read %s: %w: no facts of a device", r.In.Path, limit.ErrUnsupported)
	}
	return nil
}
