package cli

import (
	"os"
	"testing"

	"github.com/amparo-project/amparo/internal/seal"
)

func TestMain(m *testing.M) {
	seal.WorkFactor = 4 // a passphrase costs a second otherwise, and several under the race detector
	os.Exit(m.Run())
}
