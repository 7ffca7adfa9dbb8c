package deploy_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// TestDoubleClick runs what is clicked, beside a program that stands for amparo:
// it serves from whichever folder it lies in, and the window stays open where
// something went wrong.
func TestDoubleClick(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there is no sh")
	}
	data, err := os.ReadFile("desktop/Amparo.command")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"0", "1"} {
		dir := filepath.Join(t.TempDir(), "a folder")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"Amparo.command": string(data), "amparo": "#!/bin/sh\necho \"$@ in $PWD\"\nexit " + code + "\n"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "Amparo.command"))
		cmd.Dir, cmd.Stdin = "/", strings.NewReader("\n")
		out, err := cmd.Output()
		if !strings.HasPrefix(string(out), "serve in "+dir) || (err == nil) != (code == "0") || strings.Contains(string(out), "Enter") != (code == "1") {
			t.Errorf("the program ends with %s: %q, %v", code, out, err)
		}
	}
	windows, err := os.ReadFile("desktop/Amparo.cmd")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(windows, []byte(`"%~dp0amparo.exe" serve`+"\r\n")) || regexp.MustCompile(`[^\r]\n`).Match(windows) {
		t.Errorf("Amparo.cmd: %q", windows)
	}
}
