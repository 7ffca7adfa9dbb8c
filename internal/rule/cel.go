package rule

import (
	"errors"
	"fmt"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
)

// Limits of one expression. Rules may come from a stranger: what is over a
// limit is refused when it is loaded, or stopped when it runs.
const (
	maxSource   = 16 << 10   // code points of one expression
	maxNodes    = 4_000      // of its tree, macros expanded
	maxDepth    = 60         // of its nesting
	maxRegexp   = 5_000      // instructions of a compiled pattern
	maxCost     = 500_000    // units of one evaluation: about 50 ms
	maxSpent    = 50_000_000 // units of a rule over one file: about 5 s
	maxElements = 8_000_000  // bytes and values that an evaluation holds at once
)

// A Compiler turns expressions over records into conditions and texts. It is
// the one place that knows CEL: what reads records of another kind of evidence
// declares its variables here and gets the same limits.
type Compiler struct {
	env   *cel.Env
	refs  References
	names *names
}

// NewCompiler returns a compiler of expressions that may use refs.
func NewCompiler(refs References) (*Compiler, error) { return newCompiler(refs, new(names)) }

func newCompiler(refs References, n *names) (*Compiler, error) {
	env, err := cel.NewEnv(
		cel.Variable("record", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("kind", cel.StringType),
		cel.Variable("path", cel.StringType),
		cel.Variable("ref", cel.MapType(cel.StringType, cel.DynType)),
		functions(),
		cel.ParserExpressionSizeLimit(maxSource),
		cel.ParserRecursionLimit(maxDepth),
		cel.ExpressionNodeLimit(maxNodes),
		cel.RegexProgramSizeLimit(maxRegexp),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateDurationLiterals()),
	)
	if err != nil {
		return nil, fmt.Errorf("rule language: %w", err)
	}
	return &Compiler{env, refs, n}, nil
}

// A SyntaxError is an expression that cannot be used, with the place in it.
type SyntaxError struct {
	Line, Column int // from 1
	Message      string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("character %d: %s", e.Column, e.Message) }

// An expression is compiled and type-checked.
type expression struct {
	uses
	ast  *cel.Ast
	plan func() (cel.Program, error) // at its first use: most are never needed
}

// Condition compiles an expression that is true or false.
func (c *Compiler) Condition(source string) (*Condition, error) {
	e, err := c.compile(source, types.BoolType)
	if err != nil {
		return nil, err
	}
	return &Condition{*e, c.fast(e.ast)}, nil
}

// Text compiles an expression that makes a text.
func (c *Compiler) Text(source string) (*TextExpression, error) {
	e, err := c.compile(source, types.StringType)
	if err != nil {
		return nil, err
	}
	return &TextExpression{*e}, nil
}

func (c *Compiler) compile(source string, want *types.Type) (*expression, error) {
	ast, issues := c.env.Compile(source)
	if issues.Err() != nil {
		return nil, firstIssue(issues)
	}
	if got := ast.OutputType(); !got.IsExactType(want) && (want != types.StringType || !got.IsExactType(types.DynType)) {
		return nil, &SyntaxError{1, 1, fmt.Sprintf("the expression gives %s, not %s", got, want)}
	}
	used, err := c.inspect(ast)
	if err != nil {
		return nil, err
	}
	return &expression{used, ast, sync.OnceValues(func() (cel.Program, error) {
		return c.env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost), cel.MemoryLimit(maxElements), cel.CostTracking(costs{}))
	})}, nil
}

func firstIssue(issues *cel.Issues) error {
	first := issues.Errors()[0]
	return &SyntaxError{max(1, first.Location.Line()), first.Location.Column() + 1, first.Message}
}

// eval runs the expression over a subject. No error of it is of the machine.
func (e *expression) eval(s *Subject) (any, error) {
	prg, err := e.plan()
	if err != nil {
		return nil, err
	}
	out, details, err := prg.Eval(s)
	if cost := details.ActualCost(); cost != nil {
		s.spent += *cost
	}
	if err != nil {
		return nil, err
	}
	return out.Value(), nil
}

// A Condition is an expression that is true or false.
type Condition struct {
	expression
	fast test // nil: it could not tell anything
}

// quick tells what can be told of a record without CEL.
func (c *Condition) quick(s *Subject) verdict {
	if c.fast == nil {
		return unsure
	}
	return c.fast(s)
}

var errType = errors.New("the result is of another type")

// Holds evaluates the condition. An error means that it could not be told.
func (c *Condition) Holds(s *Subject) (bool, error) {
	switch c.quick(s) {
	case yes:
		return true, nil
	case no:
		return false, nil
	}
	return c.holds(s)
}

// holds evaluates the condition with CEL.
func (c *Condition) holds(s *Subject) (bool, error) {
	out, err := c.eval(s)
	if err != nil {
		return false, err
	}
	yes, ok := out.(bool)
	if !ok {
		return false, errType
	}
	return yes, nil
}

// A TextExpression is an expression that makes a text.
type TextExpression struct{ expression }

// String evaluates the expression.
func (t *TextExpression) String(s *Subject) (string, error) {
	out, err := t.eval(s)
	if err != nil {
		return "", err
	}
	text, ok := out.(string)
	if !ok {
		return "", errType
	}
	return text, nil
}
