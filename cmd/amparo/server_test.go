package main

import (
	"bufio"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// startServer serves the workspace of the script at a port of this machine and
// makes a token as its member does in a browser: $SERVER is where it is, and the
// file that is named holds the token.
func startServer(ts *testscript.TestScript, _ bool, args []string) {
	cmd := exec.Command(os.Args[0], "serve", "--no-open", "--addr", "127.0.0.1:0")
	cmd.Env = []string{killChild + "=1", "AMPARO_SERVER="}
	for _, name := range []string{"AMPARO_HOME", "AMPARO_PASSPHRASE", "HOME", "PATH", "LANG", "TMPDIR"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	servers.Store(ts.Getenv("WORK"), cmd)
	ts.Defer(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		done := make(chan struct{})
		go func() {
			_ = cmd.Wait() // it was interrupted
			close(done)
		}()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill() // it hangs
			<-done
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	ts.Check(err)
	link := regexp.MustCompile(`http://\S+/enter/\S+`).FindString(line)
	if link == "" {
		ts.Fatalf("no link in %q", line)
	}
	u, err := url.Parse(link)
	ts.Check(err)
	server := "http://" + u.Host
	ts.Setenv("SERVER", server)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(tokenOf(ts, link, server)+"\n"), 0o600))
}

// servers are those that scripts started last, by the scripts' folders.
var servers sync.Map

// killServer kills the server of the script as no signal can be caught, once a
// job runs: its id is in the file that is named.
func killServer(ts *testscript.TestScript, _ bool, args []string) {
	v, _ := servers.Load(ts.Getenv("WORK"))
	cmd, ok := v.(*exec.Cmd)
	if !ok {
		ts.Fatalf("no server was started")
	}
	id := strings.TrimSpace(ts.ReadFile(args[0]))
	for until := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		ts.Check(ts.Exec("amparo", "job", "show", id, "--json"))
		state := ts.ReadFile("stdout")
		if strings.Contains(state, `"state": "running"`) {
			break
		}
		if !strings.Contains(state, `"state": "waiting"`) || time.Now().After(until) {
			ts.Fatalf("the job does not run: %s", state)
		}
	}
	ts.Check(cmd.Process.Kill())
	_ = cmd.Wait() // it was killed
}

// tokenOf enters, unlocks and makes a token with all scopes.
func tokenOf(ts *testscript.TestScript, link, server string) string {
	jar, err := cookiejar.New(nil)
	ts.Check(err)
	browser := &http.Client{Jar: jar}
	ask := func(at string, form url.Values) string {
		method := http.MethodPost
		if form == nil {
			method = http.MethodGet
		}
		r, err := http.NewRequest(method, at, strings.NewReader(form.Encode()))
		ts.Check(err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := browser.Do(r)
		ts.Check(err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		ts.Check(err)
		if res.StatusCode != http.StatusOK {
			ts.Fatalf("%s: %d %s", at, res.StatusCode, body)
		}
		return string(body)
	}
	ask(link, nil)
	ask(server+"/unlock", url.Values{"passphrase": {ts.Getenv("AMPARO_PASSPHRASE")}})
	page := ask(server+"/tokens", url.Values{
		"name": {"scripts"}, "days": {"1"}, "scope": {"read", "decide", "intake", "hunt", "export", "account", "manage"},
	})
	token := regexp.MustCompile(`amparo_[\w-]{43}`).FindString(page)
	if token == "" {
		ts.Fatalf("no token is shown")
	}
	return token
}
