package stores_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

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
