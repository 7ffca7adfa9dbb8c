package rule

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"github.com/amparo-project/amparo/internal/artifact"
)

// in compiles "x in list" and "x in ref.map".
func (f *fastCompiler) in(element, container ast.Expr) test {
	container = plain(container)
	if f.isRecord(container) {
		if key, ok := literal(element); ok && key.kind == text {
			id := f.c.names.id(key.str)
			return func(s *Subject) verdict { return verdictOf(s.field(id, key.str) != nil) }
		}
		return nil
	}
	x := f.reader(element)
	if x == nil {
		return nil
	}
	if ref := f.reference(container); ref != nil {
		return inReference(x, ref)
	}
	list, ok := literals(container)
	if !ok {
		return nil
	}
	f.weight += len(list) * f.times
	return func(s *Subject) verdict {
		v, result := x(s), no
		switch v.kind { // even where the list is empty
		case fault:
			return failed
		case opaque:
			return unsure
		}
		for _, item := range list {
			got := equal(v, item)
			if got == yes {
				return yes
			}
			result = weaker(result, got)
		}
		return result
	}
}

// inReference looks a text up in reference data.
func inReference(x reader, ref *Reference) test {
	has := make(map[string]bool, len(ref.List)+len(ref.Map))
	for _, text := range ref.List {
		has[text] = true
	}
	for key := range ref.Map {
		has[key] = true
	}
	return func(s *Subject) verdict {
		switch v := x(s); v.kind {
		case text:
			return verdictOf(has[v.str])
		case fault:
			return failed
		}
		return unsure
	}
}

// reference returns the reference data that ref.x names, nil for any other
// expression.
func (f *fastCompiler) reference(e ast.Expr) *Reference {
	if e.Kind() != ast.SelectKind || e.AsSelect().IsTestOnly() || variable(e.AsSelect().Operand()) != "ref" {
		return nil
	}
	return f.c.refs.Get(e.AsSelect().FieldName())
}

// literals returns the values of a list of literals.
func literals(e ast.Expr) ([]scalar, bool) {
	if e.Kind() != ast.ListKind {
		return nil, false
	}
	var list []scalar
	for _, item := range e.AsList().Elements() {
		v, ok := literal(item)
		if !ok {
			return nil, false
		}
		list = append(list, v)
	}
	return list, true
}

// quantifier compiles list.exists(x, …) and list.all(x, …) over texts.
func (f *fastCompiler) quantifier(q ast.ComprehensionExpr) test {
	join, start := quantifierKind(q)
	if join == unsure || f.loop != "" || q.HasIterVar2() {
		return nil
	}
	each, most := f.elements(q.IterRange())
	if each == nil || most > maxWeight {
		return nil
	}
	f.loop, f.times = q.IterVar(), max(1, most)
	defer func() { f.loop, f.times = "", 1 }()
	step := q.LoopStep().AsCall().Args()[1]
	if t := f.anyText(step, each); t != nil && join == yes {
		return t
	}
	body := f.test(step)
	if body == nil {
		return nil
	}
	return func(s *Subject) verdict {
		list, v := each(s)
		if v != yes {
			return v
		}
		result := start
		s.loop++
		for _, s.element = range list {
			v := body(s)
			if v == join {
				return v
			}
			result = weaker(result, v)
		}
		return result
	}
}

// anyText compiles list.exists(x, text.startsWith(x)) and its like, where the
// text is the same for every element. It is nil for any other loop.
func (f *fastCompiler) anyText(step ast.Expr, each func(s *Subject) ([]string, verdict)) test {
	if step.Kind() != ast.CallKind {
		return nil
	}
	fn, args := textTests2[step.AsCall().FunctionName()], operandsOf(step.AsCall())
	if fn == nil || len(args) != 2 || variable(args[1]) != f.loop || mentions(args[0], f.loop) {
		return nil
	}
	f.kept = true // it is read once here, without a memo
	read := f.value(args[0])
	f.kept = false
	if read == nil {
		return nil
	}
	return func(s *Subject) verdict {
		list, v := each(s)
		switch {
		case v != yes:
			return v
		case len(list) == 0:
			return no
		}
		whole := read(s)
		if whole.kind != text || len(whole.str) > maxFast {
			return applyText(fn, whole, textScalar(""))
		}
		for _, part := range list {
			if fn(whole.str, part) {
				return yes
			}
		}
		return no
	}
}

// quantifierKind tells exists, which yes decides, from all, which no decides;
// unsure is any other loop. Start is the result for an empty list.
func quantifierKind(q ast.ComprehensionExpr) (decides, start verdict) {
	if variable(q.Result()) != q.AccuVar() || q.LoopStep().Kind() != ast.CallKind {
		return unsure, unsure
	}
	first, ok := literal(q.AccuInit())
	args := q.LoopStep().AsCall().Args()
	if !ok || len(args) != 2 || variable(args[0]) != q.AccuVar() {
		return unsure, unsure
	}
	switch {
	case q.LoopStep().AsCall().FunctionName() == operators.LogicalOr && first == boolScalar(false):
		return yes, no
	case q.LoopStep().AsCall().FunctionName() == operators.LogicalAnd && first == boolScalar(true):
		return no, yes
	}
	return unsure, unsure
}

// elements compiles a list of texts. Its second result is how many elements
// there may be, at most.
func (f *fastCompiler) elements(e ast.Expr) (each func(s *Subject) ([]string, verdict), most int) {
	e = plain(e)
	if ref := f.reference(e); ref != nil && ref.List != nil {
		return func(*Subject) ([]string, verdict) { return ref.List, yes }, len(ref.List)
	}
	if list, ok := literals(e); ok {
		texts := make([]string, len(list))
		for i, v := range list {
			if v.kind != text {
				return nil, 0
			}
			texts[i] = v.str
		}
		return func(*Subject) ([]string, verdict) { return texts, yes }, len(texts)
	}
	if name, ok := f.fieldName(e); ok {
		return f.fieldElements(name), maxLoop
	}
	return nil, 0
}

// fieldElements gives the texts of a field that is a list.
func (f *fastCompiler) fieldElements(name string) func(s *Subject) ([]string, verdict) {
	id := f.c.names.id(name)
	return func(s *Subject) ([]string, verdict) {
		v := s.field(id, name)
		switch {
		case v == nil:
			return nil, failed
		case v.Kind() != artifact.Strings || len(v.Strings()) > maxLoop:
			return nil, unsure
		}
		return v.Strings(), yes
	}
}
