package demo

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/amparo-project/amparo/internal/testevidence"
)

// TestPhones holds the phones to what the generator writes: after a change of
// it, go run ./internal/testevidence/mkbackup -demo internal/account/demo/data/phones.
func TestPhones(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := testevidence.WriteDemoPhones(dir); err != nil {
		t.Fatal(err)
	}
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	visits := 0
	for _, p := range c.People {
		got, want := phoneFiles(t, p.Pseudonym), map[string][]byte{}
		entries, err := os.ReadDir(filepath.Join(dir, p.Pseudonym))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if want[e.Name()], err = os.ReadFile(filepath.Join(dir, p.Pseudonym, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
		if !maps.EqualFunc(got, want, bytes.Equal) || got["sms.db"] == nil {
			t.Errorf("the phone of the %s is not what the generator writes", p.Pseudonym)
		}
		if got["History.db"] != nil {
			visits++
		}
	}
	if visits != 1 {
		t.Errorf("%d phones opened a page, and only that of the person that is made up may", visits)
	}
}

func phoneFiles(t *testing.T, pseudonym string) map[string][]byte {
	t.Helper()
	phone, err := Phone(pseudonym)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	err = fs.WalkDir(phone, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out[name], err = fs.ReadFile(phone, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestContent(t *testing.T) {
	t.Parallel()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range c.Facts {
		if err := f.Validate(); err != nil {
			t.Error(err)
		}
	}
	if len(c.People) != 5 || len(c.Requests) != 5 || len(c.Promises) != 1 || len(c.Register.Deals) != 1 {
		t.Errorf("%+v", c)
	}
	list, err := Indicators()
	if err != nil || !bytes.Contains(list, []byte("https://citizenlab.ca/")) {
		t.Errorf("%s, %v", list, err)
	}
}
