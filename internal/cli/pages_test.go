package cli

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestCommandsHavePages: docs/web.md says of each command which page does the
// same, or why none does.
func TestCommandsHavePages(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/web.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(doc), "## Commands and pages\n")
	part, _, _ = strings.Cut(part, "\n## ")
	said := map[string]int{}
	for row := range strings.Lines(part) {
		if cells := strings.Split(row, "|"); len(cells) == 4 {
			for _, m := range regexp.MustCompile("`([a-z -]+)`").FindAllStringSubmatch(cells[1], -1) {
				said[m[1]]++
			}
		}
	}
	parser, err := kong.New(new(root), kong.Name("amparo"), kong.Vars{"version": Version})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range parser.Model.Leaves(false) {
		name := strings.TrimPrefix(n.Path(), "amparo ")
		if n.Hidden {
			continue
		}
		if said[name] != 1 {
			t.Errorf("docs/web.md names the command %q %d times: which page does the same, or why does none?", name, said[name])
		}
		delete(said, name)
	}
	for name := range said {
		t.Errorf("docs/web.md names a command %q that is none", name)
	}
}
