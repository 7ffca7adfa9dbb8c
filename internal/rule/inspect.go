package rule

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
)

// uses is what an expression asks of its subject.
type uses struct {
	fields []string // of the record
	refs   []string // names of reference data
}

// variables are the names that expressions begin from.
var variables = []string{"record", "kind", "path", "ref"}

// inspect refuses what type-checking lets pass and what would fail on every
// record: reference data that do not exist, and patterns built at run time,
// whose cost nobody can tell.
func (c *Compiler) inspect(checked *cel.Ast) (uses, error) {
	var (
		u     uses
		fault error
	)
	info := checked.NativeRep().SourceInfo()
	refuse := func(e ast.Expr, format string, args ...any) {
		if fault == nil {
			at := info.GetStartLocation(e.ID())
			fault = &SyntaxError{max(1, at.Line()), at.Column() + 1, fmt.Sprintf(format, args...)}
		}
	}
	ast.PreOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.SelectKind:
			s := e.AsSelect()
			switch variable(s.Operand()) {
			case "record":
				u.fields = append(u.fields, s.FieldName())
			case "ref":
				if u.refs = append(u.refs, s.FieldName()); c.refs.Get(s.FieldName()) == nil {
					refuse(e, "there is no reference data %q", s.FieldName())
				}
			}
		case ast.ComprehensionKind:
			if name := e.AsComprehension().IterVar(); slices.Contains(variables, name) {
				refuse(e, "%s is a variable of rules: give the elements another name", name)
			}
		case ast.CallKind:
			if call := e.AsCall(); call.FunctionName() == "matches" && call.Args()[len(call.Args())-1].Kind() != ast.LiteralKind {
				refuse(e, "the pattern of matches() must be a literal")
			}
		}
	}))
	slices.Sort(u.fields)
	slices.Sort(u.refs)
	u.fields, u.refs = slices.Compact(u.fields), slices.Compact(u.refs)
	return u, fault
}

// variable returns the name of a variable, "" for any other expression.
func variable(e ast.Expr) string {
	if e.Kind() == ast.IdentKind {
		return e.AsIdent()
	}
	return ""
}
