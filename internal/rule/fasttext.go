package rule

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// Steps that a function counts for, against maxWeight.
const (
	weightRegexp   = 100
	weightFunction = 20
)

// reader compiles an expression as a value. In a loop, what is the same for
// every element is read once.
func (f *fastCompiler) reader(e ast.Expr) reader {
	if f.loop == "" || f.kept || e.Kind() == ast.LiteralKind || mentions(e, f.loop) {
		return f.value(e)
	}
	f.kept = true
	read := f.value(e)
	f.kept = false
	if read == nil {
		return nil
	}
	id := f.c.names.memo()
	return func(s *Subject) scalar {
		if id >= len(s.memos) { // of an expression that was compiled later
			s.memos = append(s.memos, make([]memo, id+1-len(s.memos))...)
		}
		m := &s.memos[id]
		if m.loop != s.loop {
			m.loop, m.value = s.loop, read(s)
		}
		return m.value
	}
}

// mentions reports that an expression uses a variable.
func mentions(e ast.Expr, name string) bool {
	found := false
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) { found = found || variable(e) == name }))
	return found
}

func (f *fastCompiler) value(e ast.Expr) reader {
	e = plain(e)
	f.weight += f.times
	switch e.Kind() {
	case ast.LiteralKind:
		if v, ok := literal(e); ok {
			return func(*Subject) scalar { return v }
		}
	case ast.IdentKind:
		return f.ident(e.AsIdent())
	case ast.SelectKind:
		if name, ok := f.fieldName(e); ok {
			return f.readField(name)
		}
	case ast.CallKind:
		return f.call(e.AsCall())
	}
	return nil
}

func (f *fastCompiler) ident(name string) reader {
	switch {
	case name == f.loop && name != "":
		return func(s *Subject) scalar { return textScalar(s.element) }
	case name == "kind":
		return func(s *Subject) scalar { return textScalar(string(s.record.Kind)) }
	case name == "path":
		return func(s *Subject) scalar { return textScalar(s.record.Loc.Path) }
	}
	return nil
}

func (f *fastCompiler) readField(name string) reader {
	id := f.c.names.id(name)
	return func(s *Subject) scalar {
		v := s.field(id, name)
		if v == nil {
			return scalar{kind: fault}
		}
		return scalarOf(v)
	}
}

// call compiles record["x"] and the functions of one text.
func (f *fastCompiler) call(call ast.CallExpr) reader {
	name, args := call.FunctionName(), operandsOf(call)
	if name == operators.Index && f.isRecord(args[0]) {
		if key, ok := literal(args[1]); ok && key.kind == text {
			return f.readField(key.str)
		}
		return nil
	}
	apply := textFunction(name)
	if apply == nil || len(args) != 1 {
		return nil
	}
	f.weight += weightFunction * f.times
	arg := f.reader(args[0])
	if arg == nil {
		return nil
	}
	return func(s *Subject) scalar {
		switch v := arg(s); {
		case v.kind == text && len(v.str) <= maxFast:
			return apply(v.str)
		case v.kind == opaque, v.kind == text:
			return scalar{}
		}
		return scalar{kind: fault}
	}
}

// textFunction returns a function of one text, nil for any other.
func textFunction(name string) func(string) scalar {
	if fn := textFunctions[name]; fn != nil {
		return func(s string) scalar { return textScalar(fn(s)) }
	}
	if fn := textTests[name]; fn != nil {
		return func(s string) scalar { return boolScalar(fn(s)) }
	}
	if fn := textCounts[name]; fn != nil {
		return func(s string) scalar { return intScalar(int64(fn(s))) }
	}
	switch name {
	case "trim":
		return func(s string) scalar { return textScalar(strings.TrimSpace(s)) }
	case "lowerAscii":
		return lowerASCII
	}
	return nil
}

// lowerASCII leaves to CEL what is not ASCII.
func lowerASCII(s string) scalar {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return scalar{}
		}
	}
	return textScalar(strings.ToLower(s))
}

// textTests2 are the tests of one text against another.
var textTests2 = map[string]func(s, part string) bool{
	"startsWith": strings.HasPrefix, "endsWith": strings.HasSuffix, "contains": strings.Contains,
}

// textTest compiles startsWith and its like.
func (f *fastCompiler) textTest(call ast.CallExpr) test {
	args := operandsOf(call)
	if len(args) != 2 {
		return nil
	}
	fn := textTests2[call.FunctionName()]
	if fn == nil { // matches
		f.weight += weightRegexp * f.times
		pattern, ok := literal(args[1])
		re, err := regexp.Compile(pattern.str)
		if !ok || err != nil {
			return nil
		}
		fn = func(s, _ string) bool { return re.MatchString(s) }
	}
	if t := f.fieldText(args, fn); t != nil {
		return t
	}
	return f.compare(args, func(a, b scalar) verdict { return applyText(fn, a, b) })
}

// operandsOf returns the arguments of a call, with the x of x.f() first.
func operandsOf(call ast.CallExpr) []ast.Expr {
	if call.IsMemberFunction() {
		return append([]ast.Expr{call.Target()}, call.Args()...)
	}
	return call.Args()
}

// fieldText compiles the test of a field against a literal, the most common
// of all, without a step between. It is nil for any other test.
func (f *fastCompiler) fieldText(args []ast.Expr, fn func(s, part string) bool) test {
	name, isField := f.fieldName(args[0])
	fixed, isFixed := literal(args[1])
	if !isField || !isFixed || fixed.kind != text || len(fixed.str) > maxFast {
		return nil
	}
	f.weight += 2 * f.times
	id := f.c.names.id(name)
	return func(s *Subject) verdict {
		v := s.field(id, name)
		if v == nil {
			return failed
		}
		if str, ok := v.Str(); ok && len(str) <= maxFast {
			return verdictOf(fn(str, fixed.str))
		}
		return applyText(fn, scalarOf(v), fixed)
	}
}

func applyText(fn func(s, part string) bool, a, b scalar) verdict {
	switch {
	case a.kind == fault || b.kind == fault:
		return failed
	case a.kind == opaque || b.kind == opaque:
		return unsure
	case a.kind != text || b.kind != text:
		return failed
	case len(a.str) > maxFast || len(b.str) > maxFast:
		return unsure
	}
	return verdictOf(fn(a.str, b.str))
}
