package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/amparo-project/amparo/internal/account/notice/smtptest"
)

// TestKilledWhileSending kills the program when the mail server has its mail
// and has not answered: the next one does not send it again, and does not
// take it for sent.
func TestKilledWhileSending(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("by processes of their own: the race detector sees no two of them")
	}
	dir := t.TempDir()
	env := append(os.Environ(), killChild+"=1", "AMPARO_HOME="+filepath.Join(dir, "home"), "AMPARO_PASSPHRASE=a long passphrase", "LANG=C")
	command := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
		cmd.Env, cmd.Dir = env, dir
		return cmd
	}
	must := func(args ...string) string {
		t.Helper()
		cmd := command(args...)
		var out, errs strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			t.Fatalf("amparo %s: %v: %s", strings.Join(args, " "), err, errs.String())
		}
		return strings.TrimSpace(out.String())
	}
	var victim atomic.Pointer[os.Process]
	s, err := smtptest.Start(smtptest.Options{Fault: smtptest.NeverAnswers, Dir: dir, Took: func() {
		if p := victim.Load(); p != nil {
			_ = p.Kill()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, text := range map[string]string{
		"heron.json": `{"reach": ["mailto:heron@example.net"]}`, "subject": "contracts",
		"home/notices.yaml": fmt.Sprintf("from: help@example.org\nhelpline: {name: H, reach: {en: x}}\nsmtp: {host: 127.0.0.1, port: %d, ca_file: %s, timeout: 60s}\n", s.Port, s.CA),
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	must("workspace", "init", "--name", "ana")
	c := must("case", "create", "a case")
	must("person", "add", c, "--pseudonym", "heron", "--private", "heron.json")
	must("notice", "ask", c, "heron", "--channel", "mail", "--since", "2017-01-01")
	must("request", "add", c, "--kind", "access", "--authority", "PGR", "--country", "mx", "--sent", "2017-06-20", "--subject", "subject", "--source", "x")
	var list []struct{ ID, State string }
	read := func(text string) {
		t.Helper()
		if err := json.Unmarshal([]byte(text), &list); err != nil || len(list) != 1 {
			t.Fatalf("%v: %s", err, text)
		}
	}
	read(must("notice", "due", c, "--json"))
	must("notice", "approve", list[0].ID)

	send := command("notice", "send", c)
	if err := send.Start(); err != nil {
		t.Fatal(err)
	}
	victim.Store(send.Process)
	if err := send.Wait(); err == nil {
		t.Fatal("it was not killed")
	}
	victim.Store(nil)

	read(must("notice", "list", c, "--json"))
	if list[0].State != "sending" {
		t.Errorf("after it was killed the notice is %s", list[0].State)
	}
	must("notice", "send", c)
	must("notice", "due", c)
	if n := len(s.Messages()); n != 1 {
		t.Errorf("the server has %d messages", n)
	}
	out, err := command("notice", "resolve", list[0].ID, "--sent").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "is being sent, until") {
		t.Errorf("resolved while it may be sent: %v: %s", err, out)
	}
	must("ledger", "checkpoint", "--out", "public")
}
