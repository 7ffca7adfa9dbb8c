// Package deploy_test holds the files of this folder to what they promise.
package deploy_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// mostExposed is what systemd may score a unit with at most, of 10: the lower,
// the less a process that was taken over can reach.
const mostExposed = 1.5

// TestUnits has systemd verify the units and score them.
func TestUnits(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("there is no systemd-analyze here")
	}
	overall := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`)
	for _, unit := range []string{"amparo-serve.service", "amparo-worker.service"} {
		out, err := exec.CommandContext(t.Context(), "systemd-analyze", "security", "--no-pager", "--offline=true", unit).CombinedOutput()
		m := overall.FindSubmatch(out)
		if m == nil {
			t.Fatalf("%s: %v: %s", unit, err, out)
		}
		if level, err := strconv.ParseFloat(string(m[1]), 64); err != nil || level > mostExposed {
			t.Errorf("%s is exposed by %s of 10, at most %v: %s", unit, m[1], mostExposed, out)
		}
	}
}

// program is the program as it is shipped, built once for all tests.
var program = sync.OnceValues(func() (string, error) {
	at := filepath.Join(tempDir, "amparo")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", at, "../cmd/amparo")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return at, nil
})

// tempDir holds it.
var tempDir string

func TestMain(m *testing.M) {
	var err error
	if tempDir, err = os.MkdirTemp("", "amparo-deploy"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(tempDir) // nothing depends on it
	os.Exit(code)
}

// TestFlags holds the commands of the files to flags that the program has.
func TestFlags(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it builds the program, as it is shipped")
	}
	amparo, err := program()
	if err != nil {
		t.Fatal(err)
	}
	help := map[string]string{}
	for _, command := range []string{"serve", "worker"} {
		out, err := exec.CommandContext(t.Context(), amparo, command, "--help").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		help[command] = string(out)
	}
	flags := regexp.MustCompile(`--[a-z][a-z-]+`)
	for name, command := range map[string]string{"amparo-serve.service": "serve", "amparo-worker.service": "worker", "compose.yaml": ""} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(strings.TrimSpace(line), "#") {
				continue
			}
			for _, f := range flags.FindAllString(line, -1) {
				n++
				if !strings.Contains(help[command]+map[string]string{"": help["serve"] + help["worker"]}[command], f) {
					t.Errorf("%s: the program has no %s", name, f)
				}
			}
		}
		if n == 0 {
			t.Errorf("%s has no flag", name)
		}
	}
}

// TestNoSecrets: the files are examples that people copy.
func TestNoSecrets(t *testing.T) {
	t.Parallel()
	list, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	secret := regexp.MustCompile(`(password|PASSWORD|SECRET_ACCESS_KEY|PASSPHRASE)[=:]\s*[^\s${"?]`)
	for _, e := range list {
		if e.IsDir() || strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		text, err := os.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if m := secret.Find(text); m != nil {
			t.Errorf("%s: %s", e.Name(), m)
		}
	}
}
