package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheck holds that what is wrong for one system is told of that system, and
// of no other.
func TestCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":               "module example.org/m\n\ngo 1.26\n",
		"m.go":                 "package m\n\nimport \"example.org/m/n\"\n\nvar _ = n.Name\n",
		"m_test.go":            "package m\n\nimport \"syscall\"\n\nvar _ = syscall.Kill\n",
		"n/n_unix.go":          "//go:build unix\n\npackage n\n\nconst Name = 1\n",
		"n/n_windows.go":       "package n\n\nconst Name, Other = 1\n",
		"low/low_darwin.go":    "package low\n\nimport _ \"unsafe\"\n\n//go:linkname now time.now\nfunc now() int64\n",
		"low/low_linux.go":     "package low\n\nfunc now() int64 { return 0 }\n",
		"low/low_darwin.s":     "TEXT ·now(SB),4,$0\n",
		"low/low_amd64.go":     "package low\n\nvar _ = now\n",
		"low/low_big.go":       "//go:build linux && arm64\n\npackage low\n\nconst b uint8 = 256\n",
		"low/cgo_windows.go":   "//go:build cgo\n\npackage low\n\nimport \"C\"\n",
		"other/x_plan9_386.go": "package other\n\nimport \"nowhere.example/x\"\n",
	} {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for system, want := range map[string][]string{
		"linux/amd64":   nil,
		"linux/arm64":   {"low_big.go:5:17: cannot use 256"},
		"darwin/arm64":  {"low_darwin.go:5:1: go:linkname", "low_darwin.go:6:1: a function without a body", "low_darwin.s: not Go"},
		"windows/amd64": {"low_amd64.go:3:9: undefined: now", "m_test.go:5:17: undefined: syscall.Kill", "n_windows.go:3:13: missing init expr"},
	} {
		got, err := check(dir, system)
		if err != nil {
			t.Fatal(err)
		}
		ok := len(got) == len(want)
		for i := range min(len(got), len(want)) {
			ok = ok && strings.Contains(got[i], want[i])
		}
		if !ok {
			t.Errorf("%s: got\n%s\nwant\n%s", system, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if _, err := check(dir, "linux"); err == nil {
		t.Error("a system without a processor was taken")
	}
}
