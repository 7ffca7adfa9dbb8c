package browsertest

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/amparo-project/amparo/internal/seal"
)

// tempDir holds what all tests look at.
var tempDir string

// exitCode is one of amparo that is not zero.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("amparo ended with %d", int(e)) }

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() { // under the race detector the packages behind the pages have tests of their own
		fmt.Fprintln(os.Stderr, "the pages are not looked at with -short")
		os.Exit(0)
	}
	seal.WorkFactor = 4 // a passphrase costs a second otherwise
	var err error
	if tempDir, err = os.MkdirTemp("", "amparo-browser"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(tempDir)
	os.Exit(code)
}
