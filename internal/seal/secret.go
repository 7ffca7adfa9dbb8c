package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"filippo.io/age"

	"github.com/amparo-project/amparo/internal/limit"
)

// A Key seals small fields for whoever holds the secret that it was derived
// from: a cookie, a token, an invitation, what a passkey gives.
type Key struct{ aead cipher.AEAD }

// MinSecret is how long a secret is at least, in bytes: no guess finds it, so
// that deriving a key from it costs nothing.
const MinSecret = 32

// DeriveKey derives a key from a secret by HKDF-SHA-256 (RFC 5869). Keys for
// different purposes have nothing to do with each other.
func DeriveKey(secret []byte, purpose string) (Key, error) {
	if len(secret) < MinSecret {
		return Key{}, fmt.Errorf("key for %s: a secret of %d bytes, and %d are needed", purpose, len(secret), MinSecret)
	}
	raw, err := hkdf.Key(sha256.New, secret, nil, "amparo "+purpose, 32)
	if err != nil {
		return Key{}, fmt.Errorf("key for %s: %w", purpose, err)
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return Key{}, fmt.Errorf("key for %s: %w", purpose, err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return Key{aead}, err
}

// Seal encrypts data. It opens only with the same label: the name of the row
// that it lies in, so that a row cannot be put into another's place.
func (k Key) Seal(data []byte, label string) []byte {
	return k.aead.Seal(nil, nil, data, []byte(label))
}

// Open decrypts what Seal made. The error wraps ErrWrongKey, also where
// something was changed: the two cannot be told apart.
func (k Key) Open(sealed []byte, label string) ([]byte, error) {
	data, err := k.aead.Open(nil, nil, sealed, []byte(label))
	if err != nil {
		return nil, ErrWrongKey
	}
	return data, nil
}

// Lock puts an identity under a passphrase, by scrypt as WorkFactor says.
func Lock(i Identity, passphrase string) ([]byte, error) {
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	r.SetWorkFactor(WorkFactor)
	var b bytes.Buffer
	return encrypt(&b, []byte(i.Secret()+"\n"), r)
}

// UnlockIdentity opens what Lock made. The error wraps ErrWrongPassphrase, or
// limit.ErrCorrupt where it was changed.
func UnlockIdentity(locked []byte, passphrase string) (Identity, error) {
	if !bytes.HasPrefix(locked, []byte("age-encryption.org/")) {
		return Identity{}, fmt.Errorf("identity: %w", limit.ErrCorrupt)
	}
	data, err := Unlock(locked, func() (string, error) { return passphrase, nil })
	if err != nil {
		return Identity{}, err
	}
	i, err := ParseIdentity(string(data))
	if err != nil {
		return i, errors.Join(limit.ErrCorrupt, err)
	}
	return i, nil
}

// Secret returns 256 random bits.
func Secret() []byte {
	b := make([]byte, MinSecret)
	rand.Read(b) // it never fails, by its documentation
	return b
}
