package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/amparo-project/amparo/internal/account/notice/smtptest"
)

// mailServers are those that scripts started, by script and name.
var mailServers sync.Map

// faults are what scripts call the faults of a server.
var faults = map[string]string{"works": smtptest.Works, "dies": smtptest.DiesBefore250, "refuses": smtptest.RefusesTo, "no-tls": "no-tls"}

// mailServer starts an SMTP server on loopback that fails as told, and writes
// a configuration of notices for it.
func mailServer(ts *testscript.TestScript, _ bool, args []string) {
	o := smtptest.Options{Fault: faults[args[1]], Dir: ts.MkAbs(args[0] + ".d")}
	ts.Check(os.Mkdir(o.Dir, 0o700))
	if o.Fault == "no-tls" {
		o.Fault, o.NoTLS = "", true
	}
	s, err := smtptest.Start(o)
	ts.Check(err)
	ts.Defer(s.Close)
	mailServers.Store(ts.Name()+args[0], s)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), fmt.Appendf(nil, `from: Helpline <help@example.org>
helpline:
  name: The helpline
  reach: {en: "Signal +1 555 0100", es: "Signal +52 555 0100"}
smtp: {host: 127.0.0.1, port: %d, ca_file: %s, timeout: 10s}
team: [team@example.org]
`, s.Port, s.CA), 0o600))
}

// firstID sets a variable to the id of the first thing of a JSON list, or of
// the first whose text has what follows.
func firstID(ts *testscript.TestScript, _ bool, args []string) {
	var list []json.RawMessage
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &list))
	for _, raw := range list {
		if len(args) > 2 && !strings.Contains(string(raw), `"channel": "`+args[2]+`"`) {
			continue
		}
		var v struct {
			ID string `json:"id"`
		}
		ts.Check(json.Unmarshal(raw, &v))
		ts.Setenv(args[0], v.ID)
		return
	}
	ts.Fatalf("nothing in %s", args[1])
}

// lastRequest sets a variable to the id of the last request of an account.
func lastRequest(ts *testscript.TestScript, _ bool, args []string) {
	var v struct {
		Requests []struct {
			ID string `json:"id"`
		} `json:"requests"`
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &v))
	ts.Setenv(args[0], v.Requests[len(v.Requests)-1].ID)
}

// mailbox wants a server to have a number of messages, of which each text
// that follows is in the last one, or with ! is not.
func mailbox(ts *testscript.TestScript, neg bool, args []string) {
	v, ok := mailServers.Load(ts.Name() + args[0])
	if !ok {
		ts.Fatalf("no server %s", args[0])
	}
	got := v.(*smtptest.Server).Messages()
	if fmt.Sprint(len(got)) != args[1] {
		ts.Fatalf("the server has %d messages: %+v", len(got), got)
	}
	for _, text := range args[2:] {
		if strings.Contains(got[len(got)-1].Data, text) == neg {
			ts.Fatalf("%q in the last message: %v\n%s", text, !neg, got[len(got)-1].Data)
		}
	}
}
