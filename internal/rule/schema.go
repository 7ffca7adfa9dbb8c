package rule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// A Schema is what parsers yield, by the name of the artifact.
type Schema map[string]artifact.Info

// NewSchema returns the schema of some parsers.
func NewSchema(parsers []artifact.Parser) Schema {
	s := Schema{}
	for _, p := range parsers {
		info := p.Info()
		s[info.Name] = info
	}
	return s
}

// anyField stands for fields that a parser names after what it finds, such as
// the columns of a table.
const anyField = "*"

// Check returns an error for everything that a rule names and no parser
// yields: such a rule would find nothing and say so.
func (s Schema) Check(r *Rule) []error {
	var faults []error
	if r.Combine != nil {
		return s.checkCombination(r)
	}
	for _, name := range r.Artifacts {
		if _, known := s[name]; !known {
			faults = append(faults, fmt.Errorf("there is no artifact %s", name))
		}
	}
	kinds, fields := s.of(r)
	of := strings.Join(r.Artifacts, ", ")
	for _, kind := range r.Kinds {
		if !kinds[kind] {
			faults = append(faults, fmt.Errorf("%s yields no record of the kind %s", of, kind))
		}
	}
	for _, name := range r.Fields() {
		if len(fields[name]) == 0 && len(fields[anyField]) == 0 {
			faults = append(faults, fmt.Errorf("no such record of %s has a field %s", of, name))
		}
	}
	return append(faults, checkExamples(r, fields)...)
}

// Undocumented returns the fields that the rule asks for and that the parsers do
// not document: there may be columns of these names, or the names are mistyped.
func (s Schema) Undocumented(r *Rule) []string {
	_, fields := s.of(r)
	return slices.DeleteFunc(r.Fields(), func(name string) bool { return len(fields[name]) > 0 })
}

// of returns the kinds of record that the rule looks at and that there are,
// and their fields.
func (s Schema) of(r *Rule) (kinds map[artifact.Kind]bool, fields map[string][]artifact.FieldInfo) {
	kinds, fields = map[artifact.Kind]bool{}, map[string][]artifact.FieldInfo{}
	for _, name := range r.Artifacts {
		for _, k := range s[name].Kinds {
			if !slices.Contains(r.Kinds, k.Kind) {
				continue
			}
			kinds[k.Kind] = true
			for _, f := range k.Fields {
				fields[f.Name] = append(fields[f.Name], f)
			}
		}
	}
	return kinds, fields
}

// checkExamples holds the records of examples to what parsers yield: an
// example of another type shows nothing.
func checkExamples(r *Rule, fields map[string][]artifact.FieldInfo) []error {
	var faults []error
	for i := range r.Examples {
		x := &r.Examples[i]
		if x.Kind != "" && !slices.Contains(r.Kinds, x.Kind) {
			continue
		}
		rec := x.record(r)
		for _, f := range rec.Fields {
			if len(fields[f.Name]) == 0 && len(fields[anyField]) > 0 {
				continue
			}
			if !slices.ContainsFunc(fields[f.Name], func(info artifact.FieldInfo) bool { return fits(info.Type, f.Value.Kind()) }) {
				faults = append(faults, fmt.Errorf("example %d: no such record has a field %s of type %s", i+1, f.Name, f.Value.Kind()))
			}
		}
	}
	return faults
}

// fits reports that a value of a YAML file can stand for a field's.
func fits(field, value artifact.ValueKind) bool {
	return field == value || field == artifact.Tree || field == artifact.Bytes && value == artifact.Text
}
