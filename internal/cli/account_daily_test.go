package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/notice/smtptest"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/workspace"
)

// TestDailyReminders holds what the server of the workspace does each day: only
// the cases that notices.yaml names, each reminder once, and a case that is
// not there keeps no other from its own.
func TestDailyReminders(t *testing.T) {
	dir := t.TempDir()
	home := filepath.Join(dir, "home")
	t.Setenv("AMPARO_HOME", home)
	t.Setenv("AMPARO_PASSPHRASE", "a long passphrase")
	run1(t, 0, "workspace", "init", "--name", "ana")
	server, err := smtptest.Start(smtptest.Options{Fault: smtptest.Works, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	var errs bytes.Buffer
	a := &app{Streams{In: strings.NewReader(""), Out: &errs, Err: &errs, Now: time.Now}, message.New("en"), t.Context()}
	configure := func(more string) {
		config := fmt.Sprintf("from: Helpline <help@example.org>\nhelpline: {name: H, reach: {en: \"Signal\"}}\n"+
			"smtp: {host: 127.0.0.1, port: %d, ca_file: %s, timeout: 10s}\nteam: [team@example.org]\n", server.Port, server.CA) + more
		if err := os.WriteFile(filepath.Join(home, "notices.yaml"), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err = (&wsFlags{}).with(a, func(s *space) error {
		caseID := overdueCase(t, s, "PGR")
		overdueCase(t, s, "SEDENA")
		a.daily(t.Context(), s.Space)
		configure("")
		a.daily(t.Context(), s.Space)
		if n := len(server.Messages()); n != 0 || errs.Len() != 0 {
			t.Errorf("%d mails that nobody asked for, %s", n, errs.String())
		}
		configure("daily: {cases: [C-000000000000, " + caseID + "]}\n")
		a.daily(t.Context(), s.Space)
		a.daily(t.Context(), s.Space)
		l, err := s.Jobs(t.Context(), workspace.JobFilter{}, workspace.Page{})
		if err != nil || len(l.Items) != 1 || l.Items[0].Kind != workspace.JobRemind {
			t.Errorf("queued twice in a day: %+v %v", l.Items, err)
		}
		// A worker that dies after it sent runs the job again.
		return errors.Join(a.remind(t.Context(), s.Space, caseID), a.remind(t.Context(), s.Space, caseID))
	})
	if err != nil {
		t.Fatal(err)
	}
	got := server.Messages()
	if len(got) != 1 || !strings.Contains(got[0].Data, "PGR") {
		t.Errorf("%d mails, want one of PGR: %v", len(got), got)
	}
	if !strings.Contains(errs.String(), "the reminders of case C-000000000000 did not go out") {
		t.Errorf("nothing is said of a case that is not there: %s", errs.String())
	}
}

// overdueCase makes a case with a request whose day has passed.
func overdueCase(t *testing.T, s *space, authority string) string {
	t.Helper()
	c, err := s.CreateCase(t.Context(), "Case of "+authority)
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.app.docket(s.Workspace, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	q := clock.Request{
		Kind: clock.Complaint, Authority: authority, Sent: "2017-06-19", Due: "2017-07-01", Subject: "contracts", Source: account.Source{Title: "our file"},
	}
	if _, err := d.AddRequest(t.Context(), q, "", "none"); err != nil {
		t.Fatal(err)
	}
	return c.ID
}
