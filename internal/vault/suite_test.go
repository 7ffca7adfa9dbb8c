package vault_test

import (
	"testing"

	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/vaulttest"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	vaulttest.Suite(t, func(t *testing.T) vault.Store {
		t.Helper()
		s, _ := dirStore(t)
		return s
	})
}
