package android

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// getprop reads the system properties.
type getprop struct{}

var getpropInfo = artifact.Info{
	Name:    "android.getprop",
	Version: 1,
	Summary: "System properties: version, patch level, verified boot, debugging.",
	Files:   []string{"**/getprop.txt", "**/dumpstate/SYSTEM PROPERTIES"},
	Kinds: []artifact.KindInfo{{
		Kind: "property", Doc: "A property (a line \"[name]: [value]\", whose value may have several lines).",
		Fields: []artifact.FieldInfo{
			{Name: "name", Type: artifact.Text, Doc: "name of the property"},
			{Name: "value", Type: artifact.Text, Doc: "its value"},
		},
	}},
	Caveats: []string{"A program with root rights can change what properties say."},
	Refs: []string{
		"https://source.android.com/docs/core/architecture/configuration/add-system-properties",
		"https://android.googlesource.com/platform/system/core/+/refs/heads/main/toolbox/getprop.cpp",
	},
}

// Info implements artifact.Parser.
func (getprop) Info() artifact.Info { return getpropInfo }

// Parse implements artifact.Parser.
func (getprop) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var p propReading
	return readLines(ctx, in, p.line, p.last)
}

// propReading is the property that goes on in the next line.
type propReading struct {
	name, value string
	open        bool
	offset      int64
	lines       int
}

// maxPropLines bounds a value of several lines; init allows 92 bytes, and
// "ro." properties more.
const maxPropLines = 64

func (p *propReading) line(r *lineReading) error {
	line := r.line
	if p.open {
		return p.more(r)
	}
	if !bytes.HasPrefix(line, []byte("[")) {
		if !r.blank() {
			r.notUnderstood()
		}
		return nil
	}
	name, value, ok := strings.Cut(string(line[1:]), "]: [")
	if !ok {
		return r.problem(fmt.Errorf("%w: no property", limit.ErrCorrupt))
	}
	p.name, p.value, p.offset, p.lines = name, value, r.offset, 1
	if value, ok := strings.CutSuffix(value, "]"); ok {
		return p.give(r, value)
	}
	p.open = true
	return nil
}

// more takes a further line of a value.
func (p *propReading) more(r *lineReading) error {
	if p.lines++; p.lines > maxPropLines {
		p.open = false
		return r.problem(fmt.Errorf("%w: the value of a property does not end", limit.ErrCorrupt))
	}
	p.value += "\n" + string(r.line)
	if value, ok := strings.CutSuffix(p.value, "]"); ok {
		p.open = false
		return p.give(r, value)
	}
	return nil
}

func (p *propReading) last(r *lineReading) error {
	if p.open {
		return r.problem(fmt.Errorf("%w: the value of a property is cut", limit.ErrCorrupt))
	}
	return nil
}

func (p *propReading) give(r *lineReading, value string) error {
	rec := r.startAt("property", p.offset)
	rec.Set("name", artifact.TextValue(p.name))
	rec.Set("value", artifact.TextValue(value))
	rec.Observe(artifact.AndroidProperty, p.name, "name")
	return r.give()
}
