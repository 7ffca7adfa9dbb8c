package seal_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/seal"
)

func TestKeyOfASecret(t *testing.T) {
	t.Parallel()
	secret := seal.Secret()
	key := derive(t, secret, "session")
	sealed := key.Seal([]byte("an identity"), "row 1")
	if got, err := derive(t, secret, "session").Open(sealed, "row 1"); err != nil || string(got) != "an identity" {
		t.Errorf("%q %v", got, err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"another purpose": func() ([]byte, error) { return derive(t, secret, "token").Open(sealed, "row 1") },
		"another secret":  func() ([]byte, error) { return derive(t, seal.Secret(), "session").Open(sealed, "row 1") },
		"another row":     func() ([]byte, error) { return key.Open(sealed, "row 2") },
		"nothing":         func() ([]byte, error) { return key.Open(nil, "row 1") },
	} {
		if got, err := open(); !errors.Is(err, seal.ErrWrongKey) {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if got, err := key.Open(bad, "row 1"); err == nil {
			t.Errorf("byte %d: opened %q", i, got)
		}
	}
	if _, err := seal.DeriveKey([]byte("short"), "session"); err == nil {
		t.Error("a key was derived from a secret that can be guessed")
	}
}

func derive(t *testing.T, secret []byte, purpose string) seal.Key {
	t.Helper()
	k, err := seal.DeriveKey(secret, purpose)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestLockedIdentity(t *testing.T) { //nolint:paralleltest // it lowers the cost of a passphrase
	seal.WorkFactor = 10
	i := identity(t)
	locked, err := seal.Lock(i, "long and secret")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := seal.UnlockIdentity(locked, "long and secret"); err != nil || got.Recipient() != i.Recipient() {
		t.Error(err)
	}
	if _, err := seal.UnlockIdentity(locked, "wrong"); !errors.Is(err, seal.ErrWrongPassphrase) {
		t.Error(err)
	}
	// An identity in clear is none: nobody may put one into the database.
	for _, bad := range []string{i.Secret(), "", "age-encryption.org/", string(locked[:len(locked)-3])} {
		if _, err := seal.UnlockIdentity([]byte(bad), "long and secret"); !errors.Is(err, limit.ErrCorrupt) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}
