package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/message"
)

// TestArtifactsPageIsCurrent: docs/artifacts.md is made from the parsers by
// "make docs".
func TestArtifactsPageIsCurrent(t *testing.T) {
	t.Parallel()
	var want bytes.Buffer
	if err := markdown(&want); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join("..", "..", "docs", "artifacts.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("docs/artifacts.md is not what the parsers say: run make docs")
	}
}

// TestEveryArtifactHasItsWords in both languages, and the English ones are
// those of the parser.
func TestEveryArtifactHasItsWords(t *testing.T) {
	t.Parallel()
	for _, lang := range message.Languages {
		p := message.New(lang)
		for _, info := range infos() {
			if !p.Has("artifact."+info.Name) || !p.Has("artifact."+info.Name+".title") {
				t.Errorf("%s: %s has no words in the catalogue", lang, info.Name)
			} else if lang == "en" && p.Text("artifact."+info.Name) != info.Summary {
				t.Errorf("%s: the catalogue says %q, the parser %q", info.Name, p.Text("artifact."+info.Name), info.Summary)
			}
		}
	}
}

// TestEveryMessageInUseExists finds the ids in the sources of this package
// and of the report, and looks them up: a missing one would panic before a user.
func TestEveryMessageInUseExists(t *testing.T) {
	t.Parallel()
	// An id that ends in an underscore is a beginning: what is added comes from data.
	used := regexp.MustCompile(`\b(?:Text|Count|T)\("([a-z_.]+[a-z])"`)
	inTemplate := regexp.MustCompile(`\.T "([a-z_.]+)"`)
	for _, pattern := range []string{"*.go", "../report/*.go", "../report/html/*.html"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range append(used.FindAllSubmatch(src, -1), inTemplate.FindAllSubmatch(src, -1)...) {
				for _, lang := range message.Languages {
					if id := string(m[1]); !message.New(lang).Has(id) {
						t.Errorf("%s: %s has no message %s", name, lang, id)
					}
				}
			}
		}
	}
}
