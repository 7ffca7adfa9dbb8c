package main

import (
	"encoding/json"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/amparo-project/amparo/internal/ledger/stamp/stamptest"
)

// setKey writes the ledger's public key, of "workspace init --json", to a file.
func setKey(ts *testscript.TestScript, _ bool, args []string) {
	var info struct{ Key string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &info))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(info.Key+"\n"), 0o600))
}

// setWitness writes the public key that "ledger witness" made to a file.
func setWitness(ts *testscript.TestScript, _ bool, args []string) {
	for word := range strings.FieldsSeq(ts.ReadFile(args[0])) {
		if strings.Count(word, "+") >= 2 {
			ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(word+"\n"), 0o600))
			return
		}
	}
	ts.Fatalf("no key in %s", args[0])
}

// tsa starts a timestamp authority on the loopback interface, sets a variable
// to its address and writes its root certificate.
func tsa(ts *testscript.TestScript, _ bool, args []string) {
	a, stop, err := stamptest.Start(time.Now().UTC().Truncate(time.Second))
	ts.Check(err)
	ts.Defer(stop)
	ts.Setenv(args[0], a.URL)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), a.Root, 0o600))
}
