package rule

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
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
	i := &inspector{c: c, info: checked.NativeRep().SourceInfo(), named: map[int64]bool{}}
	ast.PreOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(i.visit))
	slices.Sort(i.fields)
	slices.Sort(i.refs)
	return uses{slices.Compact(i.fields), slices.Compact(i.refs)}, i.fault
}

type inspector struct {
	uses
	c     *Compiler
	info  *ast.SourceInfo
	named map[int64]bool // the "ref" of each ref.name
	fault error          // the first
}

func (i *inspector) visit(e ast.Expr) {
	switch e.Kind() {
	case ast.SelectKind:
		i.selected(e)
	case ast.CallKind:
		i.called(e)
	case ast.ComprehensionKind:
		if name := e.AsComprehension().IterVar(); slices.Contains(variables, name) {
			i.refuse(e, "%s is a variable of rules: give the elements another name", name)
		}
	case ast.IdentKind:
		if e.AsIdent() == "ref" && !i.named[e.ID()] {
			i.refuse(e, "reference data must be named: ref.name")
		}
	}
}

func (i *inspector) selected(e ast.Expr) {
	s := e.AsSelect()
	switch variable(s.Operand()) {
	case "record":
		i.fields = append(i.fields, s.FieldName())
	case "ref":
		i.named[s.Operand().ID()] = true
		i.refs = append(i.refs, s.FieldName())
		if i.c.refs.Get(s.FieldName()) == nil {
			i.refuse(e, "there is no reference data %q", s.FieldName())
		}
	}
}

func (i *inspector) called(e ast.Expr) {
	args := operandsOf(e.AsCall())
	switch name := e.AsCall().FunctionName(); {
	case name == "matches" && args[len(args)-1].Kind() != ast.LiteralKind:
		i.refuse(e, "the pattern of matches() must be a literal")
	case name == operators.Index && variable(args[0]) == "record":
		if key, ok := literal(args[1]); ok && key.kind == text {
			i.fields = append(i.fields, key.str)
		}
	}
}

// refuse keeps the first fault.
func (i *inspector) refuse(e ast.Expr, format string, args ...any) {
	if i.fault == nil {
		at := i.info.GetStartLocation(e.ID())
		i.fault = &SyntaxError{max(1, at.Line()), at.Column() + 1, fmt.Sprintf(format, args...)}
	}
}

// variable returns the name of a variable, "" for any other expression.
func variable(e ast.Expr) string {
	if e.Kind() == ast.IdentKind {
		return e.AsIdent()
	}
	return ""
}
