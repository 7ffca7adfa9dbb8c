package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/message"
)

// TestBrowse opens the link by a program that stands for the browser: it finds
// the link in a file of the home folder that nobody else reads, which goes when
// the link was used. Where there is no browser that is said.
func TestBrowse(t *testing.T) {
	home, bin := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	seen := filepath.Join(bin, "seen")
	if err := os.WriteFile(filepath.Join(bin, "xdg-open"), []byte("#!/bin/sh\nls -l \"$1\" >'"+seen+".partial'\ncat \"$1\" >>'"+seen+".partial'\nmv '"+seen+".partial' '"+seen+"'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	errs := &lockedBuffer{}
	a := &app{Streams{Err: errs}, message.New("en"), t.Context()}
	entered := make(chan struct{})
	end := a.browse("http://127.0.0.1:1/enter/secret", entered)
	until(func() bool {
		text, err := os.ReadFile(seen)
		if err == nil {
			if !strings.HasPrefix(string(text), "-rw-------") || !strings.Contains(string(text), home+"/amparo-open-") || !strings.Contains(string(text), "/enter/secret") {
				t.Errorf("the browser got %s", text)
			}
		}
		return err == nil
	})
	close(entered)
	until(func() bool { return len(linkFolders(t, home)) == 0 })
	end()
	if got := errs.String(); got != "" {
		t.Error(got)
	}

	t.Setenv("PATH", home)
	end = a.browse("http://127.0.0.1:1/enter/secret", make(chan struct{}))
	until(func() bool { return strings.Contains(errs.String(), "no browser") })
	end()
	if left := linkFolders(t, home); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// until waits for a state that comes.
func until(reached func() bool) {
	for !reached() {
		time.Sleep(5 * time.Millisecond)
	}
}

func linkFolders(t *testing.T, home string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(home, "amparo-open-*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}
