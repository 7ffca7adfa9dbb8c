package artifacttest

import (
	"path"
	"regexp"

	"github.com/amparo-project/amparo/internal/artifact"
)

// AnyField is the name of the FieldInfo that stands for every other column of
// the main table, under its own name: a kind that has it may set fields that
// it does not list.
const AnyField = "*"

var parserName = regexp.MustCompile(`^(ios|android)\.[a-z0-9_]+$`)

// lawInfo: a parser says completely, and without contradiction, what it reads
// and what it yields.
func lawInfo(tb reporter, p artifact.Parser) {
	tb.Helper()
	info := p.Info()
	if !parserName.MatchString(info.Name) {
		tb.Errorf("name %q is not PLATFORM.ARTIFACT", info.Name)
	}
	if info.Version < 1 {
		tb.Errorf("version %d", info.Version)
	}
	if info.Summary == "" || len(info.Files) == 0 || len(info.Kinds) == 0 || len(info.Refs) == 0 {
		tb.Errorf("summary, files, kinds or references are missing: %+v", info)
	}
	for _, pattern := range append(append([]string(nil), info.Files...), info.Companions...) {
		if _, err := path.Match(pattern, ""); err != nil {
			tb.Errorf("pattern %q: %v", pattern, err)
		}
	}
	kinds := map[artifact.Kind]bool{}
	for _, k := range info.Kinds {
		if k.Kind == "" || k.Doc == "" || kinds[k.Kind] {
			tb.Errorf("kind %q has no name or doc, or is there twice", k.Kind)
		}
		kinds[k.Kind] = true
		lawKind(tb, k)
	}
}

func lawKind(tb reporter, k artifact.KindInfo) {
	tb.Helper()
	seen := map[string]bool{}
	for _, f := range k.Fields {
		if f.Name == "" || f.Doc == "" || seen[f.Name] {
			tb.Errorf("%s: field %q has no name or doc, or is there twice", k.Kind, f.Name)
		}
		if (f.Type == artifact.Null) != (f.Name == AnyField) {
			tb.Errorf("%s: field %q is declared as %v", k.Kind, f.Name, f.Type)
		}
		seen[f.Name] = true
	}
	times := map[string]bool{}
	for _, m := range k.Times {
		if m == "" || times[m] {
			tb.Errorf("%s: time %q is empty or there twice", k.Kind, m)
		}
		times[m] = true
	}
}
