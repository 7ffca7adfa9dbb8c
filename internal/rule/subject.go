package rule

import (
	"fmt"
	"reflect"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"

	"github.com/amparo-project/amparo/internal/artifact"
)

// A Subject is what an expression looks at: one record. It resolves names
// straight from the record, so that no map is built for the many records on
// which no rule fires. It serves one goroutine.
type Subject struct {
	record  *artifact.Record
	number  uint64 // of the record
	places  []place
	element string // of the list that a fast test goes through
	loop    uint64 // the number of that loop
	memos   []memo
	spent   uint64 // units of cost, of all evaluations with CEL
	refs    traits.Mapper
	fields  recordMap
}

// NewSubject returns a subject for expressions of c; Set gives it a record.
func (c *Compiler) NewSubject() *Subject { return newSubject(c.refs, c.names) }

func newSubject(refs References, n *names) *Subject {
	fields, memos := n.sizes()
	return &Subject{refs: refs.values, places: make([]place, fields), memos: make([]memo, memos)}
}

// Set makes r the record to look at.
func (s *Subject) Set(r *artifact.Record) {
	s.record = r
	s.number++
	s.fields.record = r
}

// ResolveName returns a variable of expressions.
func (s *Subject) ResolveName(name string) (any, bool) {
	switch name {
	case "record":
		return &s.fields, true
	case "kind":
		return types.String(s.record.Kind), true
	case "path":
		return types.String(s.record.Loc.Path), true
	case "ref":
		return s.refs, true
	}
	return nil, false
}

// Parent returns nil: there is nothing behind a subject.
func (s *Subject) Parent() interpreter.Activation { return nil }

// recordMap shows the fields of a record as a map of CEL.
type recordMap struct{ record *artifact.Record }

var _ traits.Mapper = (*recordMap)(nil)

// Find returns the field with the name.
func (m *recordMap) Find(key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key), false
	}
	v := m.record.Get(string(name))
	if v.Kind() == artifact.Null {
		return nil, false
	}
	return celValue(v), true
}

// Get returns the field with the name, or the error that there is none.
func (m *recordMap) Get(key ref.Val) ref.Val {
	v, found := m.Find(key)
	switch {
	case found:
		return v
	case v != nil:
		return v
	}
	return types.ValOrErr(key, "no such key: %v", key)
}

// Contains reports a field with the name.
func (m *recordMap) Contains(key ref.Val) ref.Val {
	v, found := m.Find(key)
	if v != nil && types.IsUnknownOrError(v) {
		return v
	}
	return types.Bool(found)
}

// Iterator goes over the names of the fields.
func (m *recordMap) Iterator() traits.Iterator {
	names := make([]string, len(m.record.Fields))
	for i := range m.record.Fields {
		names[i] = m.record.Fields[i].Name
	}
	return types.NewStringList(types.DefaultTypeAdapter, names).Iterator()
}

// Size returns the number of fields.
func (m *recordMap) Size() ref.Val { return types.Int(len(m.record.Fields)) }

// Type returns the type of a map.
func (m *recordMap) Type() ref.Type { return types.MapType }

// Value returns the map itself.
func (m *recordMap) Value() any { return m }

// Equal, ConvertToNative and ConvertToType are rare: a copy serves them.
func (m *recordMap) Equal(other ref.Val) ref.Val { return m.copied().Equal(other) }

// ConvertToNative returns the record as a value of Go.
func (m *recordMap) ConvertToNative(want reflect.Type) (any, error) {
	return m.copied().ConvertToNative(want)
}

// ConvertToType returns the record as a value of another type of CEL.
func (m *recordMap) ConvertToType(want ref.Type) ref.Val { return m.copied().ConvertToType(want) }

func (m *recordMap) copied() traits.Mapper {
	all := make(map[ref.Val]ref.Val, len(m.record.Fields))
	for i := range m.record.Fields {
		f := &m.record.Fields[i]
		all[types.String(f.Name)] = celValue(f.Value)
	}
	return types.NewRefValMap(types.DefaultTypeAdapter, all)
}

// celValue returns a field as a value of CEL.
func celValue(v artifact.Value) ref.Val {
	switch v.Kind() {
	case artifact.Bool:
		b, _ := v.Bool()
		return types.Bool(b)
	case artifact.Int:
		n, _ := v.Int()
		return types.Int(n)
	case artifact.Float:
		n, _ := v.Float()
		return types.Double(n)
	case artifact.Text:
		s, _ := v.Str()
		return types.String(s)
	case artifact.Bytes:
		return types.Bytes(v.Bytes())
	case artifact.Strings:
		return types.NewStringList(types.DefaultTypeAdapter, v.Strings())
	case artifact.Tree:
		return types.DefaultTypeAdapter.NativeToValue(v.Tree())
	}
	return types.NewErr("%s", fmt.Sprintf("no value of type %s", v.Kind()))
}
