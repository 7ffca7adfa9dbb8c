package android

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

// TestAllListsEveryParser compares the list with the types of this package
// that have a method Parse: a parser that was written and not listed would
// never run.
func TestAllListsEveryParser(t *testing.T) {
	t.Parallel()
	declared := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil && fn.Name.Name == "Parse" {
				declared[fn.Recv.List[0].Type.(*ast.Ident).Name] = true
			}
		}
	}
	listed := map[string]bool{}
	names := map[string]bool{}
	for _, p := range All() {
		listed[reflect.TypeOf(p).Name()] = true
		if name := p.Info().Name; names[name] {
			t.Errorf("two parsers are called %s", name)
		} else {
			names[name] = true
		}
	}
	if want, got := slices.Sorted(maps.Keys(declared)), slices.Sorted(maps.Keys(listed)); !slices.Equal(want, got) {
		t.Errorf("All lists\n%v, the types with a method Parse are\n%v", got, want)
	}
}
