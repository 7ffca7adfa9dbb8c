// Package internal_test holds the tree to its layout: who may import whom,
// so that data flows one way. depguard says the same in the editor; this test
// cannot be switched off by a comment.
package internal_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/amparo-project/amparo/"

// may lists, for each folder of internal, the folders whose packages its own
// may import. A folder that is not here may import nothing of ours.
var may = map[string][]string{
	"account":      {"finding", "glyph", "limit", "message", "rule", "workspace"},
	"android":      {},
	"apple":        {},
	"artifact":     {"limit"},
	"backup":       {"limit", "seal", "vault", "workspace"},
	"bagit":        {},
	"casework":     {"account", "artifact", "bagit", "evidence", "examine", "exhibit", "finding", "indicator", "ledger", "limit", "link", "lure", "message", "report", "vault", "workspace"},
	"chain":        {"finding"},
	"client":       {"account", "compare", "feed", "finding", "ledger", "limit", "settings", "vault", "workspace"},
	"compare":      {"finding", "limit"},
	"extsort":      {},
	"examine":      {"artifact", "compare", "evidence", "fault", "feed", "finding", "fulltext", "indicator", "limit", "lure", "parsers", "pipeline", "report", "rule", "seal", "timeline", "vault", "workspace"},
	"exhibit":      {"bagit", "evidence", "finding", "ledger", "message", "report", "seal", "vault", "workspace"},
	"evidence":     {"android", "apple", "limit", "format", "finding"},
	"fault":        {},
	"feed":         {"artifact", "indicator", "limit"},
	"finding":      {"artifact"},
	"format":       {"limit"},
	"fulltext":     {"limit"},
	"glyph":        {},
	"hook":         {"fault", "workspace"},
	"indicator":    {"artifact", "finding", "limit"},
	"limit":        {},
	"link":         {},
	"lure":         {"artifact", "finding", "format", "limit"},
	"message":      {},
	"ops":          {"fault", "vault", "workspace"},
	"parsers":      {"android", "apple", "artifact", "format", "limit"},
	"job":          {"examine", "fault", "indicator", "pipeline", "seal", "vault", "workspace"},
	"ledger":       {},
	"pipeline":     {"artifact", "chain", "evidence", "extsort", "finding", "indicator", "limit", "lure", "rule"},
	"report":       {"artifact", "finding", "glyph", "limit", "link", "message", "rule"},
	"rule":         {"android", "apple", "artifact", "finding", "limit"},
	"scale":        {},
	"seal":         {"limit"},
	"settings":     {"account", "feed", "limit", "lure", "workspace"},
	"systems":      {},
	"testevidence": {},
	"timeline":     {"limit"},
	"walk":         {"evidence", "finding", "format", "limit", "message", "report"},
	"vault":        {"evidence", "finding", "limit", "seal"},
	"web": {
		"account", "artifact", "bagit", "casework", "compare", "evidence", "examine", "exhibit", "fault", "feed", "finding", "format", "fulltext", "hook", "indicator", "job", "ledger", "limit", "link", "lure", "message", "pipeline",
		"report", "rule", "seal", "settings", "timeline", "vault", "walk", "workspace",
	},
	"workspace": {"artifact", "finding", "indicator", "ledger", "limit", "link", "seal", "vault"},
}

type listed struct {
	ImportPath string
	Imports    []string
}

// look has go test know the sources. It keeps the result of a test until a file is
// another one that the test looked at, and does not see at what go list looks.
func look(t *testing.T) {
	t.Helper()
	for _, dir := range []string{".", "../cmd"} {
		err := filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(name, ".go") {
				_, err = os.Stat(name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func list(t *testing.T) []listed {
	t.Helper()
	look(t)
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// folder returns the first folder below internal of an import path.
func folder(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, module+"internal/")
	top, _, _ := strings.Cut(rest, "/")
	return top, ok
}

func TestImportsGoOneWay(t *testing.T) {
	t.Parallel()
	for _, p := range list(t) {
		from, inside := folder(p.ImportPath)
		if !inside || from == "cli" {
			continue // wiring imports anything; nothing imports it, as below
		}
		if strings.HasSuffix(p.ImportPath, "test") {
			continue // conformance suites serve tests alone
		}
		allowed, known := may[from]
		if !known {
			t.Errorf("%s: its folder is not in the layout; add it to this test and to docs/design.md", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			to, ours := folder(imp)
			if ours && to != from && !slices.Contains(allowed, to) {
				t.Errorf("%s imports %s: %s may import only %v", p.ImportPath, imp, from, allowed)
			}
			if strings.HasSuffix(imp, "test") && ours {
				t.Errorf("%s imports the test suite %s", p.ImportPath, imp)
			}
		}
	}
}

// TestBinaryHoldsNoTestCode keeps generators and oracles out of what people run.
func TestBinaryHoldsNoTestCode(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", module+"cmd/amparo").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []struct{ path, why string }{
		{module + "internal/testevidence", "it writes synthetic evidence"},
		{"howett.net/plist", "hostile property lists overflow its stack"},
		{"mvdan.cc/xurls/v2", "it is an oracle for tests"},
		{"github.com/petar-dambovaliev/aho-corasick", "it is a baseline for benchmarks"},
		{"github.com/shogo82148/androidbinary/apk", "it is an oracle for tests"},
		{"github.com/emersion/go-smtp", "it is a server for tests"},
		{"testing", "a test framework has no place in a forensic tool"},
	} {
		if slices.Contains(strings.Fields(string(out)), bad.path) {
			t.Errorf("the binary holds %s: %s", bad.path, bad.why)
		}
	}
}

// TestNoContact holds what reads evidence away from the network: none of our
// packages that a check is made of imports what dials or looks names up, and
// none imports the package that fetches feeds. So nothing resolves or opens a
// link found in evidence.
func TestNoContact(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports", module+"internal/pipeline", module+"internal/report",
		module+"internal/parsers/...", module+"internal/evidence/...", module+"internal/lure/...", module+"internal/feed").Output()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(p.ImportPath, module) {
			continue
		}
		checked++
		for _, imp := range p.Imports {
			if slices.Contains(dialers, imp) {
				t.Errorf("%s imports %s: nothing that reads evidence reaches a network", p.ImportPath, imp)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d packages were looked at", checked)
	}
}

// dialers are the packages through which code reaches a network.
var dialers = []string{"net", "net/http", "net/rpc", "net/smtp", "net/textproto", "crypto/tls", module + "internal/feed/fetch", module + "internal/ledger/stamp/ask"}
