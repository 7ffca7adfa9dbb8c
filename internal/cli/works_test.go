package cli

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestServerTableIsCurrent: docs/workspace.md says of each command that works
// on a workspace whether it takes --server.
func TestServerTableIsCurrent(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/workspace.md")
	if err != nil {
		t.Fatal(err)
	}
	parser, err := kong.New(new(root), kong.Name("amparo"), kong.Vars{"version": Version})
	if err != nil {
		t.Fatal(err)
	}
	far, near := map[string][]string{}, map[string][]string{}
	for _, n := range parser.Model.Leaves(false) {
		first, rest, _ := strings.Cut(strings.TrimPrefix(n.Path(), "amparo "), " ")
		if rest == "" {
			rest = first
		}
		takes := map[string]bool{}
		for _, group := range n.AllFlags(false) {
			for _, f := range group {
				takes[f.Name] = true
			}
		}
		switch {
		case takes["server-ca"]:
			far[first] = append(far[first], rest)
		case takes["identity-file"]:
			near[first] = append(near[first], rest)
		}
	}
	if len(far["case"]) == 0 || len(near["vault"]) == 0 {
		t.Fatalf("commands are not found: %v, %v", far, near)
	}
	all := maps.Clone(far)
	maps.Copy(all, near)
	want := "| command | takes `--server` | works here alone |\n|---|---|---|\n"
	for _, name := range slices.Sorted(maps.Keys(all)) {
		want += "| `" + name + "` | " + strings.Join(far[name], ", ") + " | " + strings.Join(near[name], ", ") + " |\n"
	}
	if !strings.Contains(string(doc), want) {
		t.Errorf("docs/workspace.md does not have this table:\n%s", want)
	}
}
