package seal_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/amparo-project/amparo/internal/seal"
)

func TestSeal(t *testing.T) {
	t.Parallel()
	a, b := identity(t), identity(t)
	sealed, err := seal.Seal(a.Recipient(), []byte("a name"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := seal.Open(a, sealed); err != nil || string(got) != "a name" {
		t.Errorf("%q %v", got, err)
	}
	if _, err := seal.Open(b, sealed); !errors.Is(err, seal.ErrWrongKey) {
		t.Errorf("another's key: %v", err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if got, err := seal.Open(a, bad); err == nil {
			t.Errorf("byte %d: opened %q", i, got)
		}
	}
}

func TestIdentityFile(t *testing.T) { //nolint:paralleltest // it lowers the cost of a passphrase
	seal.WorkFactor = 10
	i := identity(t)
	name := filepath.Join(t.TempDir(), "id")
	if err := seal.WriteIdentityFile(name, i, "long and secret"); err != nil {
		t.Fatal(err)
	}
	if err := seal.WriteIdentityFile(name, i, ""); !errors.Is(err, os.ErrExist) {
		t.Errorf("replaced: %v", err)
	}
	say := func(s string) func() (string, error) { return func() (string, error) { return s, nil } }
	if got, err := seal.ReadIdentityFile(name, say("long and secret")); err != nil || got.Recipient() != i.Recipient() {
		t.Error(err)
	}
	if _, err := seal.ReadIdentityFile(name, say("wrong")); !errors.Is(err, seal.ErrWrongPassphrase) {
		t.Error(err)
	}
	if _, err := seal.ReadIdentityFile(name, nil); !errors.Is(err, seal.ErrNoPassphrase) {
		t.Error(err)
	}
	data, err := os.ReadFile(name)
	if err != nil || bytes.Contains(data, []byte(i.Secret())) {
		t.Error("the file holds the secret", err)
	}
}

func identity(t *testing.T) seal.Identity {
	t.Helper()
	i, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return i
}
