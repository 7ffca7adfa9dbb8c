package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/seal"
)

// identityPassphraseVariable names the environment variable that may hold the
// passphrase of the identity for evidence.
const identityPassphraseVariable = "AMPARO_IDENTITY_PASSPHRASE"

// identityFlags say how evidence is opened that was encrypted with age.
type identityFlags struct {
	Identity               string `help:"identity" placeholder:"FILE"`
	IdentityPassphraseFile string `help:"identity_passphrase" placeholder:"FILE"`

	read func() ([]byte, error) // once; nil: nobody asked for them yet
}

// identities returns the function that a source calls for age identities, nil
// where no file was named. The file is read, and a passphrase asked for, once
// and only where evidence needs it.
func (a *app) identities(f *identityFlags) func(context.Context) ([]byte, error) {
	if f.Identity == "" {
		return nil
	}
	if f.read == nil {
		f.read = sync.OnceValues(func() ([]byte, error) { return a.readIdentities(f) })
	}
	return func(context.Context) ([]byte, error) { return f.read() }
}

func (a *app) readIdentities(f *identityFlags) ([]byte, error) {
	file, err := os.Open(f.Identity)
	if err != nil {
		return nil, fmt.Errorf("identity file: %w", err)
	}
	defer file.Close()
	data, err := limit.ReadAll(file, maxPassword)
	if err == nil {
		data, err = seal.Unlock(data, func() (string, error) { return a.identityPassphrase(f) })
	}
	if errors.Is(err, seal.ErrWrongPassphrase) || errors.Is(err, seal.ErrNoPassphrase) {
		err = lockedIdentity{err}
	}
	if err != nil {
		return nil, fmt.Errorf("identity file %s: %w", safe(f.Identity), err)
	}
	return data, nil
}

// errIdentityLocked says that an identity for evidence needs its passphrase: a
// lockedIdentity is one.
var errIdentityLocked = errors.New("the identity is under a passphrase")

// lockedIdentity tells the passphrase of an identity for evidence from that of
// whoever acts in a workspace.
type lockedIdentity struct{ error }

// Is implements the method that errors.Is asks for.
func (lockedIdentity) Is(target error) bool { return target == errIdentityLocked }

// Unwrap implements the method that errors.Is asks for.
func (e lockedIdentity) Unwrap() error { return e.error }

// identityPassphrase returns the passphrase of the file: from a file, the
// environment, or a person.
func (a *app) identityPassphrase(f *identityFlags) (string, error) {
	if f.IdentityPassphraseFile != "" {
		return passwordFrom(f.IdentityPassphraseFile)
	}
	if p, ok := os.LookupEnv(identityPassphraseVariable); ok {
		return p, nil
	}
	if a.Ask == nil {
		return "", seal.ErrNoPassphrase
	}
	return a.Ask(a.Text("cli.identity_passphrase_prompt", "Path", safe(f.Identity)))
}
