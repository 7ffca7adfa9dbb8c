// Package seal keeps what may be read only by a case's members: small fields
// and keys, encrypted by age to an X25519 recipient. Sealing needs no secret;
// opening needs the identity.
package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/amparo-project/amparo/internal/limit"
)

// Errors of this package.
var (
	// ErrWrongKey says that something was sealed for somebody else.
	ErrWrongKey = errors.New("sealed for another key")
	// ErrWrongPassphrase says that an identity file does not open.
	ErrWrongPassphrase = errors.New("wrong passphrase")
	// ErrNoPassphrase says that an identity file needs a passphrase.
	ErrNoPassphrase = errors.New("the identity file is protected by a passphrase, and there is none")
)

// MaxField bounds what is sealed at once, in bytes.
const MaxField = 16 * limit.MiB

// WorkFactor is the base-2 logarithm of scrypt's cost for identity files:
// about a second of one core, which is what a guess costs too.
var WorkFactor = 18

// An Identity opens what was sealed for its recipient.
type Identity struct {
	key  *age.X25519Identity
	ring *Ring    // nil: nothing is remembered
	mark [32]byte // of the secret, for the ring
}

// NewIdentity makes a new one.
func NewIdentity() (Identity, error) {
	key, err := age.GenerateX25519Identity()
	return Identity{key: key}, err
}

// ParseIdentity reads the text of an identity, AGE-SECRET-KEY-1….
func ParseIdentity(text string) (Identity, error) {
	key, err := age.ParseX25519Identity(strings.TrimSpace(text))
	if err != nil {
		return Identity{}, errors.New("not an age identity") // never with the text
	}
	return Identity{key: key}, nil
}

// Zero reports whether there is no identity.
func (i Identity) Zero() bool { return i.key == nil }

// Recipient is the public half, age1….
func (i Identity) Recipient() string { return i.key.Recipient().String() }

// Secret is the text of the identity. It is only ever sealed or written to an
// identity file.
func (i Identity) Secret() string { return i.key.String() }

// Age returns the identity for the age library.
func (i Identity) Age() age.Identity { return i.key }

// String hides the secret, whatever prints it.
func (i Identity) String() string { return "identity of a member" }

// Seal encrypts data for a recipient.
func Seal(recipient string, data []byte) ([]byte, error) {
	r, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		return nil, fmt.Errorf("recipient: %w", err)
	}
	var b bytes.Buffer
	return encrypt(&b, data, r)
}

func encrypt(b *bytes.Buffer, data []byte, r age.Recipient) ([]byte, error) {
	w, err := age.Encrypt(b, r)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	if _, err := w.Write(data); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return b.Bytes(), nil
}

// Open decrypts what Seal made. The error wraps ErrWrongKey, or
// limit.ErrCorrupt where it was changed.
func Open(i Identity, sealed []byte) ([]byte, error) {
	if i.Zero() {
		return nil, ErrWrongKey
	}
	if i.ring == nil || len(sealed) > 2*maxInRing {
		return open(i, sealed)
	}
	key := i.ringKey(sealed)
	if data, ok := i.ring.get(key); ok {
		return data, nil
	}
	data, err := open(i, sealed)
	if err == nil {
		i.ring.put(key, data)
	}
	return data, err
}

func open(i Identity, sealed []byte) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(sealed), i.key)
	var no *age.NoIdentityMatchError
	if errors.As(err, &no) {
		return nil, ErrWrongKey
	}
	if err != nil {
		return nil, fmt.Errorf("open sealed field: %w: %w", limit.ErrCorrupt, err)
	}
	data, err := limit.ReadAll(r, MaxField)
	if err != nil {
		return nil, fmt.Errorf("open sealed field: %w: %w", limit.ErrCorrupt, err)
	}
	return data, nil
}

// WriteIdentityFile writes a new identity file, readable by its owner alone. A
// passphrase, if any, protects it by scrypt. It never replaces a file.
func WriteIdentityFile(name string, i Identity, passphrase string) error {
	data := []byte(i.Secret() + "\n")
	if passphrase != "" {
		var err error
		if data, err = Lock(i, passphrase); err != nil {
			return fmt.Errorf("identity file: %w", err)
		}
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("identity file: %w", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("identity file: %w", errors.Join(err, os.Remove(name)))
	}
	return nil
}

// maxIdentityFile bounds an identity file in bytes.
const maxIdentityFile = 64 << 10

// ReadIdentityFile reads an identity file. passphrase is called only where the
// file is protected by one; nil: there is none.
func ReadIdentityFile(name string, passphrase func() (string, error)) (Identity, error) {
	f, err := os.Open(name)
	if err != nil {
		return Identity{}, fmt.Errorf("identity file: %w", err)
	}
	defer f.Close()
	data, err := limit.ReadAll(f, maxIdentityFile)
	if err != nil {
		return Identity{}, fmt.Errorf("identity file: %w", err)
	}
	if data, err = Unlock(data, passphrase); err != nil {
		return Identity{}, fmt.Errorf("identity file: %w", err)
	}
	i, err := ParseIdentity(string(data))
	if err != nil {
		return i, fmt.Errorf("identity file %s: %w", name, err)
	}
	return i, nil
}

// Unlock returns what a file of identities holds. One that age put under a
// passphrase ("age -p", with or without --armor) is opened by it: passphrase is
// called for such a file alone; nil: there is none. Its error is
// ErrNoPassphrase, ErrWrongPassphrase, that of passphrase, or wraps
// limit.ErrCorrupt where the file is damaged.
func Unlock(data []byte, passphrase func() (string, error)) ([]byte, error) {
	if text := bytes.TrimSpace(data); bytes.HasPrefix(text, []byte(armor.Header)) {
		clear, err := limit.ReadAll(armor.NewReader(bytes.NewReader(text)), maxIdentityFile)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", limit.ErrCorrupt, err)
		}
		data = clear
	}
	if !bytes.HasPrefix(data, []byte("age-encryption.org/")) {
		return data, nil
	}
	return unlock(data, passphrase)
}

func unlock(data []byte, passphrase func() (string, error)) ([]byte, error) {
	if passphrase == nil {
		return nil, ErrNoPassphrase
	}
	text, err := passphrase()
	if err != nil {
		return nil, err
	}
	id, err := age.NewScryptIdentity(text)
	if err != nil {
		return nil, ErrWrongPassphrase
	}
	r, err := age.Decrypt(bytes.NewReader(data), id)
	var no *age.NoIdentityMatchError
	if errors.As(err, &no) {
		return nil, ErrWrongPassphrase
	}
	if err == nil {
		var out []byte
		if out, err = io.ReadAll(io.LimitReader(r, maxIdentityFile)); err == nil { //nolint:forbidigo // bounded
			return out, nil
		}
	}
	return nil, fmt.Errorf("%w: %w", limit.ErrCorrupt, err)
}
