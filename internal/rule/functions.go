package rule

import (
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"
)

// textFunctions are the functions of one text that expressions may call
// beside those of CEL. None of them fails: what is not a URL has no host.
var textFunctions = map[string]func(string) string{
	"basename": basename,
	"dirname":  dirname,
	"scheme":   func(s string) string { return parseURL(s).scheme },
	"host":     func(s string) string { return parseURL(s).host },
	"port":     func(s string) string { return parseURL(s).port },
	"url_path": func(s string) string { return parseURL(s).path },
	"site":     site,
}

// textTests are the functions that tell something of one text.
var textTests = map[string]func(string) bool{
	"is_ip":        isIP,
	"looks_random": looksRandom,
}

// textCounts are the functions that count something in one text.
var textCounts = map[string]func(string) int{
	"subdomains": subdomains,
}

// functions declares the functions to CEL.
func functions() cel.EnvOption {
	var opts []cel.EnvOption
	declare := func(name string, result *cel.Type, fn func(string) ref.Val) {
		opts = append(opts, cel.Function(name, cel.Overload(name+"_string", []*cel.Type{cel.StringType}, result,
			cel.UnaryBinding(func(arg ref.Val) ref.Val {
				s, ok := arg.(types.String)
				if !ok {
					return types.MaybeNoSuchOverloadErr(arg)
				}
				return fn(string(s))
			}))))
	}
	for name, fn := range textFunctions {
		declare(name, cel.StringType, func(s string) ref.Val { return types.String(fn(s)) })
	}
	for name, fn := range textTests {
		declare(name, cel.BoolType, func(s string) ref.Val { return types.Bool(fn(s)) })
	}
	for name, fn := range textCounts {
		declare(name, cel.IntType, func(s string) ref.Val { return types.Int(fn(s)) })
	}
	opts = append(opts, ext.Strings(ext.StringsVersion(4)))
	return func(e *cel.Env) (*cel.Env, error) {
		var err error
		for _, opt := range opts {
			if e, err = opt(e); err != nil {
				return nil, err
			}
		}
		return e, nil
	}
}

// costs prices the functions of this package by the length of what they read,
// as CEL prices its own.
type costs struct{}

// CallCost returns the price of a call, nil for a function of CEL.
func (costs) CallCost(function, _ string, args []ref.Val, _ ref.Val) *uint64 {
	_, text := textFunctions[function]
	_, test := textTests[function]
	_, count := textCounts[function]
	if !text && !test && !count || len(args) != 1 {
		return nil
	}
	s, _ := args[0].(types.String)
	price := 1 + uint64(len(s))/10
	return &price
}

// basename returns what follows the last slash.
func basename(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

// dirname returns what precedes the last slash, "/" for a name in the root and
// "" where there is no slash.
func dirname(s string) string {
	i := strings.LastIndexByte(s, '/')
	if i == 0 {
		return "/"
	}
	return s[:max(i, 0)]
}
