// Systems checks that all packages of the module around it, with their tests
// and all that they import, are sound for other systems:
//
//	systems GOOS/GOARCH...
//
// Names, types and constants are checked from the sources, of the standard
// library and of all dependencies too, as the compiler checks them; nothing is
// compiled, which takes the fifteenth of the time. What only a compiler or a
// linker could still refuse after that, the packages of the module may not have:
// functions without a body, assembly, C and go:linkname.
package main

import (
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

func main() {
	sound := true
	for _, system := range os.Args[1:] {
		fmt.Fprintln(os.Stderr, system)
		faults, err := check(".", system)
		if err != nil {
			fmt.Fprintln(os.Stderr, "systems:", err)
			os.Exit(1)
		}
		for _, fault := range faults {
			fmt.Fprintln(os.Stderr, fault)
			sound = false
		}
	}
	if !sound {
		os.Exit(1)
	}
}

// check returns what is wrong for a system, GOOS/GOARCH, in the module that dir
// is in, a line each.
func check(dir, system string) ([]string, error) {
	goos, goarch, ok := strings.Cut(system, "/")
	if !ok {
		return nil, fmt.Errorf("%q is no GOOS/GOARCH", system)
	}
	roots, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps |
			packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesSizes,
		Dir:   dir,
		Env:   append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0"),
		Tests: true,
	}, "./...")
	if err != nil {
		return nil, err
	}
	if len(roots) == 0 {
		return nil, fmt.Errorf("%s: no packages", system)
	}
	var faults []string
	packages.Visit(roots, nil, func(p *packages.Package) {
		for _, e := range p.Errors {
			faults = append(faults, e.Error())
		}
	})
	for _, p := range roots {
		faults = append(faults, unseen(p)...)
	}
	slices.Sort(faults) // a file is in its package, and in that with its tests
	return slices.Compact(faults), nil
}

// unseen is what is in a package that only a compiler or a linker checks.
func unseen(p *packages.Package) (faults []string) {
	for _, name := range p.OtherFiles {
		faults = append(faults, name+": not Go")
	}
	say := func(n ast.Node, what string) {
		faults = append(faults, fmt.Sprintf("%s: %s", p.Fset.Position(n.Pos()), what))
	}
	for _, f := range p.Syntax {
		if filepath.Ext(p.Fset.Position(f.Package).Filename) != ".go" {
			continue // the main function of tests, which go test writes
		}
		for _, i := range f.Imports {
			if i.Path.Value == `"C"` {
				say(i, "C")
			}
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body == nil {
				say(fn, "a function without a body")
			}
		}
		for _, group := range f.Comments {
			for _, c := range group.List {
				if strings.HasPrefix(c.Text, "//go:linkname") {
					say(c, "go:linkname")
				}
			}
		}
	}
	return faults
}
