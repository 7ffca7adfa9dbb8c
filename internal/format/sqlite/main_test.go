package sqlite

import (
	"flag"
	"os"
	"testing"
)

// TestMain keeps rapid from writing failures beside the source: the seed that
// it prints is enough to repeat one.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("rapid.nofailfile", "true"); err != nil {
		panic(err)
	}
	if raceEnabled {
		if err := flag.Set("rapid.checks", "30"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
