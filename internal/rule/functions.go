package rule

import (
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"

	"github.com/amparo-project/amparo/internal/android"
	"github.com/amparo-project/amparo/internal/apple"
)

// textFunctions are the functions of one text that expressions may call
// beside those of CEL. None of them fails: what is not a URL has no host.
var textFunctions = map[string]func(string) string{
	"basename":          basename,
	"dirname":           dirname,
	"scheme":            func(s string) string { return parseURL(s).scheme },
	"host":              func(s string) string { return parseURL(s).host },
	"port":              func(s string) string { return parseURL(s).port },
	"url_path":          func(s string) string { return parseURL(s).path },
	"site":              site,
	"mimics_ios":        mimicsIOS,
	"mimics_system_app": android.Impersonates,
	"installer_kind": func(s string) string {
		kind, _ := android.Installer(s)
		return kind
	},
}

// textTests are the functions that tell something of one text.
var textTests = map[string]func(string) bool{
	"is_ip":          isIP,
	"looks_random":   looksRandom,
	"ships_with_ios": func(s string) bool { return apple.ShipsWith(programName(s)) },
}

// textCounts are the functions that count something in one text.
var textCounts = map[string]func(string) int{
	"subdomains": subdomains,
}

// FunctionNames returns the names of the functions that expressions may call
// beside those of CEL.
func FunctionNames() []string {
	return slices.Concat(slices.Sorted(maps.Keys(textFunctions)), slices.Sorted(maps.Keys(textTests)), slices.Sorted(maps.Keys(textCounts)))
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
	return all(opts)
}

// all is many options as one.
func all(opts []cel.EnvOption) cel.EnvOption {
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

// linear are the functions of the strings extension that make a text of a
// text, or a list: CEL counts next to nothing for them.
var linear = map[string]bool{
	"replace": true, "split": true, "join": true, "format": true, "reverse": true, "trim": true,
	"lowerAscii": true, "upperAscii": true, "strings.quote": true, "substring": true, "charAt": true,
	"indexOf": true, "lastIndexOf": true,
}

// costs prices functions by the length of what they read and make, as CEL
// prices its own.
type costs struct{}

// CallCost returns the price of a call, nil where CEL knows better.
func (costs) CallCost(function, _ string, args []ref.Val, result ref.Val) *uint64 {
	if !linear[function] && textFunction(function) == nil {
		return nil
	}
	price := 1 + length(result)
	for _, arg := range args {
		price += length(arg)
	}
	return &price
}

// length is the price of going through a text or a list once.
func length(v ref.Val) uint64 {
	switch v := v.(type) {
	case types.String:
		return uint64(len(v)) / 10
	case traits.Lister:
		n, _ := v.Size().(types.Int)
		return uint64(n)
	}
	return 0
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

// mimicsIOS returns the program of iOS whose name a program imitates, "" for
// one that imitates none.
func mimicsIOS(s string) string {
	of, _ := apple.Mimics(programName(s))
	return of
}

// programName returns the name of a program: of its path, what follows the
// last slash; of an entry of the network's usage, which says after a slash
// what the program worked for, what precedes the first.
func programName(s string) string {
	if strings.HasPrefix(s, "/") {
		return basename(s)
	}
	name, _, _ := strings.Cut(s, "/")
	return name
}
