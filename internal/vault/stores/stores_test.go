package stores_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/s3"
	"github.com/amparo-project/amparo/internal/vault/stores"
)

// TestLeftInClear opens a vault in a bucket where a process was killed in a
// check: what that wrote in clear is gone, also where the bucket is away.
func TestLeftInClear(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	left := filepath.Join(dir, "check-0123456789abcdef0123456789")
	if err := errors.Join(os.Mkdir(left, 0o700), os.WriteFile(left+".lock", nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	_, err := stores.Place{Vault: "s3://b?endpoint=http://127.0.0.1:1", Scratch: dir}.Open(t.Context(), "w")
	if !errors.Is(err, s3.ErrUnreachable) {
		t.Error(err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
		t.Errorf("%v is left: %v", list, err)
	}
}

// TestElsewhere opens a folder that has nothing of what is known, and one of which
// all that was known was erased in the meantime.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	asked := 0
	at := stores.Place{Vault: t.TempDir(), Known: func(context.Context) ([]string, error) {
		asked++
		return []string{"S-00000000000000000000000000"}, nil
	}}
	if _, err := at.Open(t.Context(), "W-1"); !errors.Is(err, vault.ErrElsewhere) || asked != 2 {
		t.Errorf("%v after %d questions", err, asked)
	}
	at.Known = func(context.Context) ([]string, error) {
		if asked++; asked == 3 {
			return []string{"S-00000000000000000000000000"}, nil
		}
		return nil, nil
	}
	s, err := at.Open(t.Context(), "W-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
