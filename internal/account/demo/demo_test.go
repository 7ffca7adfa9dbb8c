package demo

import (
	"bytes"
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
	for _, p := range c.People {
		got, err := Phone(p.Pseudonym)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(dir, p.Pseudonym, "sms.db"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("the phone of the %s is not what the generator writes", p.Pseudonym)
		}
	}
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
	if len(c.People) != 4 || len(c.Requests) != 5 || len(c.Promises) != 1 || len(c.Register.Deals) != 1 {
		t.Errorf("%+v", c)
	}
	list, err := Indicators()
	if err != nil || !bytes.Contains(list, []byte("https://citizenlab.ca/")) {
		t.Errorf("%s, %v", list, err)
	}
}
