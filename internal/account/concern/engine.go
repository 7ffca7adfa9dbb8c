package concern

import (
	"errors"
	"fmt"
	"reflect"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/amparo-project/amparo/internal/account"
)

// Limits of one expression: rules may come from a stranger. What is over a
// limit is refused when it is loaded, or stopped when it runs.
const (
	maxSource = 8 << 10 // code points of one expression
	maxNodes  = 2_000   // of its tree, macros expanded
	maxDepth  = 60      // of its nesting
	maxCost   = 100_000 // units of one evaluation: about 10 ms, and what it can hold
)

// subjectType is what event is in expressions.
var subjectType = cel.OpaqueType("amparo.Event")

// Subject implements ref.Val: expressions call functions on it and do nothing
// else with it.

// ConvertToNative implements ref.Val.
func (s *subject) ConvertToNative(reflect.Type) (any, error) {
	return nil, errors.New("an event is no value")
}

// ConvertToType implements ref.Val.
func (s *subject) ConvertToType(ref.Type) ref.Val { return types.NewErr("an event is no value") }

// Equal implements ref.Val.
func (s *subject) Equal(other ref.Val) ref.Val { return types.Bool(other == ref.Val(s)) }

// Type implements ref.Val.
func (s *subject) Type() ref.Type { return subjectType }

// Value implements ref.Val.
func (s *subject) Value() any { return s }

// truth turns an answer into a value of CEL, whose logic knows "unknown": no
// && unknown is no, yes || unknown is yes.
func truth(t account.Truth) ref.Val {
	switch t {
	case account.Yes:
		return types.True
	case account.No:
		return types.False
	}
	return types.NewUnknown(1, nil)
}

// questions are the functions that expressions ask of an event, by the number
// of texts that each takes.
var (
	questions0 = map[string]func(*subject) account.Truth{
		"minor": (*subject).minor, "targeted": (*subject).targeted, "deal_in_force": (*subject).inForce,
		"attributed": (*subject).attributed, "buyer_government": (*subject).buyerGovernment,
	}
	questions1 = map[string]func(*subject, string) account.Truth{
		"located": (*subject).located, "impersonates": (*subject).impersonates, "how": (*subject).how, "outcome": (*subject).outcome,
		"threat": (*subject).threat, "role": (*subject).role, "nationality": (*subject).nationality, "protection": (*subject).protection,
		"relation": (*subject).relation, "order": (*subject).order, "proceeding": (*subject).proceeding, "informed": (*subject).informed,
		"number": (*subject).number, "person_listed": (*subject).listed,
	}
	questions2 = map[string]func(*subject, string, string) account.Truth{
		"person": (*subject).person, "impersonates_of": (*subject).impersonatesOf,
	}
)

var environment = sync.OnceValues(func() (*cel.Env, error) {
	opts := []cel.EnvOption{
		cel.Variable("event", subjectType),
		cel.ParserExpressionSizeLimit(maxSource), cel.ParserRecursionLimit(maxDepth), cel.ExpressionNodeLimit(maxNodes),
	}
	for name, fn := range questions0 {
		opts = append(opts, cel.Function(name, cel.MemberOverload("event_"+name, []*cel.Type{subjectType}, cel.BoolType,
			cel.UnaryBinding(func(v ref.Val) ref.Val {
				return ask([]ref.Val{v}, func(s *subject, _ []string) account.Truth { return fn(s) })
			}))))
	}
	for name, fn := range questions1 {
		opts = append(opts, cel.Function(name, cel.MemberOverload("event_"+name, []*cel.Type{subjectType, cel.StringType}, cel.BoolType,
			cel.BinaryBinding(func(v, a ref.Val) ref.Val {
				return ask([]ref.Val{v, a}, func(s *subject, args []string) account.Truth { return fn(s, args[0]) })
			}))))
	}
	for name, fn := range questions2 {
		opts = append(opts, cel.Function(name, cel.MemberOverload("event_"+name, []*cel.Type{subjectType, cel.StringType, cel.StringType}, cel.BoolType,
			cel.FunctionBinding(func(args ...ref.Val) ref.Val {
				return ask(args, func(s *subject, args []string) account.Truth { return fn(s, args[0], args[1]) })
			}))))
	}
	return cel.NewEnv(opts...)
})

// ask calls a question with its arguments.
func ask(args []ref.Val, fn func(*subject, []string) account.Truth) ref.Val {
	s, ok := args[0].(*subject)
	if !ok {
		return types.MaybeNoSuchOverloadErr(args[0])
	}
	texts := make([]string, len(args)-1)
	for i, a := range args[1:] {
		t, ok := a.(types.String)
		if !ok {
			return types.MaybeNoSuchOverloadErr(a)
		}
		texts[i] = string(t)
	}
	return truth(fn(s, texts))
}

// compile checks an expression and makes it ready to run.
func compile(source string) (cel.Program, error) {
	env, err := environment()
	if err != nil {
		return nil, fmt.Errorf("rule language: %w", err)
	}
	ast, issues := env.Compile(source)
	if issues.Err() != nil {
		first := issues.Errors()[0]
		return nil, fmt.Errorf("line %d, character %d: %s", first.Location.Line(), first.Location.Column()+1, first.Message)
	}
	if !ast.OutputType().IsExactType(types.BoolType) {
		return nil, fmt.Errorf("the expression gives %s, not a truth", ast.OutputType())
	}
	return env.Program(ast, cel.CostLimit(maxCost))
}

// answer runs an expression over a subject. An error is the rule's fault.
func answer(p cel.Program, s *subject) (t account.Truth, err error) {
	defer func() {
		if v := recover(); v != nil {
			t, err = account.NotKnown, fmt.Errorf("it broke: %v", v)
		}
	}()
	out, _, err := p.Eval(map[string]any{"event": s})
	if err != nil {
		return account.NotKnown, err
	}
	switch v := out.(type) {
	case types.Bool:
		return account.Is(bool(v)), nil
	case *types.Unknown:
		return account.NotKnown, nil
	}
	return account.NotKnown, fmt.Errorf("the expression gave %s", out.Type().TypeName())
}
