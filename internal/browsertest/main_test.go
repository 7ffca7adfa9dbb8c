package browsertest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/amparo-project/amparo/internal/cli"
	"github.com/amparo-project/amparo/internal/seal"
)

// tempDir holds what all tests look at.
var tempDir string

// exitCode is one of amparo that is not zero.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("amparo ended with %d", int(e)) }

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "worker" { // what evidence is read by is this program once more
		os.Exit(cli.Main(context.Background(), os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	}
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
	stopChromium()
	_ = os.RemoveAll(tempDir)
	os.Exit(code)
}
