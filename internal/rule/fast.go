package rule

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// Limits of the fast form of a condition, which counts no cost while it runs.
const (
	maxWeight = 2_000   // steps of one evaluation
	maxFast   = 4 << 10 // bytes of a text: CEL reads longer ones, and counts
	maxLoop   = 64      // elements of a record's list
)

// fast compiles the part of CEL that most conditions are made of to Go: CEL
// takes microseconds for a record, and a phone has millions on which no rule
// fires. The result is nil where it could not tell anything.
func (c *Compiler) fast(checked *cel.Ast) test {
	f := &fastCompiler{c: c, times: 1}
	t := f.test(checked.NativeRep().Expr())
	if f.weight > maxWeight {
		return nil
	}
	return t
}

// fastCompiler compiles one expression.
type fastCompiler struct {
	c      *Compiler
	weight int    // of what was compiled
	times  int    // how often the part at hand runs
	loop   string // the variable of the loop around it, "" outside
	kept   bool   // the part at hand is the same for every element
}

// test compiles an expression as a condition.
func (f *fastCompiler) test(e ast.Expr) test {
	f.weight += f.times
	e = plain(e)
	switch e.Kind() {
	case ast.CallKind:
		if t, ok := f.logic(e.AsCall()); ok {
			return t
		}
	case ast.SelectKind:
		if s := e.AsSelect(); s.IsTestOnly() {
			return f.has(s)
		}
	case ast.ComprehensionKind:
		return f.quantifier(e.AsComprehension())
	}
	r := f.reader(e)
	if r == nil {
		return nil
	}
	return func(s *Subject) verdict { return r(s).truth() }
}

// logic compiles a call whose result is true or false by itself; ok is false
// for any other.
func (f *fastCompiler) logic(call ast.CallExpr) (t test, ok bool) {
	args := call.Args()
	switch name := call.FunctionName(); name {
	case operators.LogicalAnd:
		return either(and, f.operands(name, args)), true
	case operators.LogicalOr:
		return either(or, f.operands(name, args)), true
	case operators.LogicalNot:
		return not(f.test(args[0])), true
	case operators.Conditional:
		return choose(f.test(args[0]), f.test(args[1]), f.test(args[2])), true
	case operators.Equals:
		return f.equals(args), true
	case operators.NotEquals:
		return not(f.equals(args)), true
	case operators.Less:
		return f.compare(args, less), true
	case operators.Greater:
		return f.compare([]ast.Expr{args[1], args[0]}, less), true
	case operators.GreaterEquals:
		return not(f.compare(args, less)), true
	case operators.LessEquals:
		return not(f.compare([]ast.Expr{args[1], args[0]}, less)), true
	case operators.In:
		return f.in(args[0], args[1]), true
	case "startsWith", "endsWith", "contains", "matches":
		return f.textTest(call), true
	}
	return nil, false
}

// operands flattens a && (b && c).
func (f *fastCompiler) operands(operator string, args []ast.Expr) []test {
	var tests []test
	for _, arg := range args {
		if arg.Kind() == ast.CallKind && arg.AsCall().FunctionName() == operator {
			tests = append(tests, f.operands(operator, arg.AsCall().Args())...)
			continue
		}
		tests = append(tests, f.test(arg))
	}
	return tests
}

// either joins tests unless none of them can tell anything.
func either(join func([]test) test, tests []test) test {
	for _, t := range tests {
		if t != nil {
			return join(tests)
		}
	}
	return nil
}

// choose is the a ? b : c of CEL.
func choose(a, b, c test) test {
	if a == nil || b == nil && c == nil {
		return nil
	}
	return func(s *Subject) verdict {
		branch := c
		switch v := a(s); v {
		case yes:
			branch = b
		case no:
		default:
			return v
		}
		if branch == nil {
			return unsure
		}
		return branch(s)
	}
}

// equals compiles a == b.
func (f *fastCompiler) equals(args []ast.Expr) test {
	name, isField := f.fieldName(args[0])
	fixed, isFixed := literal(args[1])
	if !isField || !isFixed || fixed.kind != text {
		return f.compare(args, equal)
	}
	f.weight += 2 * f.times
	id := f.c.names.id(name)
	return func(s *Subject) verdict {
		v := s.field(id, name)
		if v == nil {
			return failed
		}
		if str, ok := v.Str(); ok {
			return verdictOf(str == fixed.str)
		}
		return equal(scalarOf(v), fixed)
	}
}

// compare compiles a comparison of two values.
func (f *fastCompiler) compare(args []ast.Expr, fn func(a, b scalar) verdict) test {
	a, b := f.reader(args[0]), f.reader(args[1])
	if a == nil || b == nil {
		return nil
	}
	if fixed, ok := literal(args[1]); ok {
		return func(s *Subject) verdict { return fn(a(s), fixed) }
	}
	return func(s *Subject) verdict { return fn(a(s), b(s)) }
}

// has compiles has(record.x).
func (f *fastCompiler) has(s ast.SelectExpr) test {
	if !f.isRecord(s.Operand()) {
		return nil
	}
	name := s.FieldName()
	id := f.c.names.id(name)
	return func(s *Subject) verdict { return verdictOf(s.field(id, name) != nil) }
}

// plain is the expression without a dyn() around it, which says something to
// the type checker alone.
func plain(e ast.Expr) ast.Expr {
	for e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "dyn" && len(e.AsCall().Args()) == 1 {
		e = e.AsCall().Args()[0]
	}
	return e
}

// fieldName returns the x of record.x; ok is false for any other expression.
func (f *fastCompiler) fieldName(e ast.Expr) (name string, ok bool) {
	if e = plain(e); e.Kind() != ast.SelectKind {
		return "", false
	}
	s := e.AsSelect()
	return s.FieldName(), !s.IsTestOnly() && f.isRecord(s.Operand())
}

// isRecord reports the variable record; no loop variable may have its name.
func (f *fastCompiler) isRecord(e ast.Expr) bool { return variable(e) == "record" }

// literal returns the value of a literal.
func literal(e ast.Expr) (scalar, bool) {
	e = plain(e)
	if e.Kind() != ast.LiteralKind {
		return scalar{}, false
	}
	v := goScalar(e.AsLiteral().Value())
	return v, v.kind != opaque
}
