package vault_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/amparo-project/amparo/internal/vault"
)

// scratchChild makes the test binary a process that makes a folder and hangs.
const scratchChild = "AMPARO_TEST_SCRATCH"

func TestMain(m *testing.M) {
	if dir := os.Getenv(scratchChild); dir != "" {
		name, err := vault.Scratch(dir)
		if err != nil {
			os.Exit(1)
		}
		if err := os.WriteFile(filepath.Join(name, "clear"), []byte("a message"), 0o600); err != nil {
			os.Exit(1)
		}
		os.Stdout.WriteString(name + "\n")
		_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
	}
	os.Exit(m.Run())
}

// TestScratchOfAKilledProcess leaves a folder alone while its process lives,
// and removes it once that was killed.
func TestScratchOfAKilledProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), scratchChild+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 4096)
	n, err := out.Read(line) // it is ready
	if err != nil {
		t.Fatal(err)
	}
	name := string(line[:n-1])
	if err := vault.CleanScratch(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(name, "clear")); err != nil {
		t.Error("the folder of a living process was removed", err)
	}
	own, err := vault.Scratch(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if err := vault.CleanScratch(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
		t.Error("clear text of a killed process is left", err)
	}
	if _, err := os.Stat(own); err != nil {
		t.Error("the own folder was removed", err)
	}
	if err := os.RemoveAll(own); err != nil {
		t.Fatal(err)
	}
	if err := vault.CleanScratch(dir); err != nil {
		t.Fatal(err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
		t.Error("something is left", list, err)
	}
}

// TestScratchLeavesOthersAlone removes nothing that only looks like it.
func TestScratchLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	names := []string{"check-0123456789abcdef0123456789", "check-x.lock", "segments", "check-0123456789abcdef01234567ab.lock/x"}
	for _, name := range names {
		write(t, filepath.Join(dir, name, "file"), nil)
	}
	if err := vault.CleanScratch(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(dir, name, "file")); err != nil {
			t.Error(err)
		}
	}
}
