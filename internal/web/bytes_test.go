package web

import (
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the engine writes what evidence holds

	"github.com/amparo-project/amparo/internal/testevidence"
	"github.com/amparo-project/amparo/internal/web/webtest"
	"github.com/amparo-project/amparo/internal/workspace"
)

// checked takes evidence by its path and returns its run.
func (f *fixture) checked(b *browser, path, password string) string {
	f.t.Helper()
	caseID, device := b.newCase()
	a := b.post("/cases/"+caseID+"/evidence/path", "device", device, "path", path, "password", password)
	if a.status != http.StatusSeeOther {
		f.t.Fatalf("take %s: %d", path, a.status)
	}
	j := f.job(b, a.location)
	if len(j.Runs) != 1 {
		f.t.Fatalf("%+v", j)
	}
	return j.Runs[0]
}

func (f *fixture) findings(b *browser, run string) []workspace.Finding {
	f.t.Helper()
	l, err := f.s.sessions.get(b.cookies()[0].Value).unlocked().Findings(f.t.Context(), workspace.FindingFilter{Run: run}, workspace.Page{Limit: 500})
	if err != nil {
		f.t.Fatal(err)
	}
	return l.Items
}

// TestBytes opens the evidence at the place of every finding of a phone: the
// bytes are those that the check saw, and are taken apart where they can be.
func TestBytes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("much work in one goroutine: left to the run without the race detector")
	}
	f := newFixture(t)
	b := f.member()
	f.indicators(b)
	dir := filepath.Join(t.TempDir(), "backup")
	if _, err := testevidence.WriteIOSBackup(dir, testevidence.Options{Messages: 100, Plant: true, WAL: true}); err != nil {
		t.Fatal(err)
	}
	android := filepath.Join(t.TempDir(), "androidqf")
	if _, err := testevidence.WriteAndroidQF(android, ""); err != nil {
		t.Fatal(err)
	}
	run := f.checked(b, dir, "")
	rows, recovered, lists, lines := 0, 0, 0, 0
	for _, x := range append(f.findings(b, run), f.findings(b, f.checked(b, android, ""))...) {
		page := b.get("/runs/" + x.Run + "/findings/" + x.ID + "/bytes")
		if page.status != http.StatusOK {
			t.Errorf("%s %s: %d", x.ID, x.Artifact, page.status)
			continue
		}
		b.looked(x.ID, page.body)
		if !strings.Contains(page.body, "The file is unchanged since the check:") && !strings.Contains(page.body, "This server read the whole file at 20") || strings.Contains(page.body, "Attention") {
			t.Errorf("%s %s: the file is not said to be the same", x.ID, x.Artifact)
		}
		parts := strings.Count(page.body, `<tr data-field=`)
		switch {
		case strings.Contains(page.body, "The columns of the row"):
			rows++
			if parts < 3 || !strings.Contains(page.body, `data-letter="c"`) {
				t.Errorf("%s %s: %d columns", x.ID, x.Artifact, parts)
			}
			if strings.Contains(page.body, "recovered: ") {
				recovered++
			}
		case strings.Contains(page.body, ">(dict)<"), strings.Contains(page.body, ">(array)<"), strings.Contains(page.body, ">(string)<"):
			lists++
		case strings.Contains(page.body, ">line "):
			lines++
		}
	}
	if rows < 5 || recovered == 0 || lists == 0 || lines == 0 {
		t.Errorf("%d rows, %d of them recovered, %d places in lists, %d in text: the test proves little", rows, recovered, lists, lines)
	}
	t.Logf("%d rows, %d of them recovered, %d places in lists, %d in text", rows, recovered, lists, lines)
	one := f.findings(b, run)[0].ID
	for at, want := range map[string]int{"?at=0": 200, "?at=-5": 200, "?at=99999999999999": 200, "?at=x": 200} {
		if a := b.get("/runs/" + run + "/findings/" + one + "/bytes" + at); a.status != want {
			t.Errorf("%s: %d", at, a.status)
		}
	}
	if a := b.get("/runs/" + run + "/findings/F-000000000000/bytes"); a.status != http.StatusNotFound {
		t.Errorf("no such finding: %d", a.status)
	}
	f.wholes(b, run)
}

// wholes looks at what a page says of the hash of a file that was read whole
// before, of a large one, and of one whose stored bytes were altered since.
func (f *fixture) wholes(b *browser, run string) {
	t := f.t
	t.Helper()
	var at string
	for _, x := range f.findings(b, run) {
		if x.Artifact == "ios.sms" {
			at = "/runs/" + run + "/findings/" + x.ID + "/bytes"
		}
	}
	says := func(query, what string) string {
		t.Helper()
		page := b.get(at + query)
		if page.status != http.StatusOK || !strings.Contains(page.body, what) {
			t.Errorf("%s: %d, without %q", query, page.status, what)
		}
		return page.body
	}
	const anew, before, unread, unlooked = "all of it was read for this page", "This server read the whole file at 20", "Not computed for this page", "other versions of this row were not looked for"
	says("?whole=1", anew)
	if body := says("", before); strings.Contains(body, unlooked) {
		t.Error("versions are not looked for in a small database")
	}
	f.s.whole = 1000
	says("", before)
	f.s.wholes.forget()
	says("", unread)
	says("", unlooked)
	if body := says("?whole=1", anew); strings.Contains(body, unlooked) {
		t.Error("versions are not looked for, though it was asked for")
	}
	says("?at=0", before)
	// What a page shows it reads again: what was altered in the vault does not open.
	damaged := 0
	err := filepath.WalkDir(filepath.Join(f.home, "workspace", "vault"), func(name string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil || len(data) < 1000 {
			return err
		}
		for i := 500; i < len(data); i += 1000 {
			data[i] ^= 1
		}
		damaged++
		_ = os.Chmod(name, 0o600)
		return os.WriteFile(name, data, 0o600)
	})
	if err != nil || damaged == 0 {
		t.Fatal(damaged, err)
	}
	if page := b.get(at); page.status == http.StatusOK || strings.Contains(page.body, `class="hex"`) {
		t.Errorf("the store was altered: %d", page.status)
	}
}

// TestBytesOfEncrypted asks for the password of a backup, and keeps it nowhere.
func TestBytesOfEncrypted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	f.indicators(b)
	dir := filepath.Join(t.TempDir(), "backup")
	o := testevidence.Options{Messages: 100, Plant: true, Encrypted: true, Password: "a password of a backup", Iterations: 10}
	if _, err := testevidence.WriteIOSBackup(dir, o); err != nil {
		t.Fatal(err)
	}
	run := f.checked(b, dir, o.Password)
	var at string
	for _, x := range f.findings(b, run) {
		if x.Artifact == "ios.sms" {
			at = "/runs/" + run + "/findings/" + x.ID + "/bytes"
		}
	}
	page := b.get(at)
	if page.status != http.StatusOK || !strings.Contains(page.body, "The evidence is encrypted") || strings.Contains(page.body, "class=\"hex\"") {
		t.Errorf("without a password: %d", page.status)
	}
	page = b.post(at, "password", "another")
	if page.status != http.StatusConflict || strings.Contains(page.body, "class=\"hex\"") || !strings.Contains(page.body, `name="password"`) {
		t.Errorf("a wrong password: %d", page.status)
	}
	page = b.post(at, "password", o.Password)
	if page.status != http.StatusOK || !strings.Contains(page.body, "The columns of the row") {
		t.Errorf("the password: %d", page.status)
	}
	if strings.Contains(page.body, o.Password) || strings.Contains(f.log.String(), o.Password) {
		t.Error("the password is told")
	}
}

// TestHostileBytes looks at a message whose text attacks the examiner, in the
// evidence itself.
func TestHostileBytes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("much work in one goroutine: left to the run without the race detector")
	}
	f := newFixture(t)
	b := f.member()
	f.indicators(b)
	dir := f.backup()
	messages, err := filepath.Glob(filepath.Join(dir, "3d", "3d0d7e5fb2ce288813306e4d4636395e047a3d28"))
	if err != nil || len(messages) != 1 {
		t.Fatal(messages, err)
	}
	db, err := sql.Open("sqlite", messages[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "UPDATE message SET text = text || ' ' || ?, subject = ?", webtest.Payload, webtest.Payload); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	run, seen := f.checked(b, dir, ""), 0
	for _, x := range f.findings(b, run) {
		if x.Artifact != "ios.sms" {
			continue
		}
		page := b.look("/runs/" + run + "/findings/" + x.ID + "/bytes")
		if strings.Contains(page, "window.planted=1") && regexp.MustCompile(`<td class="mono">[^<]*&lt;script&gt;`).MatchString(page) {
			seen++
		}
	}
	if seen == 0 {
		t.Error("no page shows what was planted: the test proves nothing")
	}
}
