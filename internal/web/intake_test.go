package web

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/testevidence"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// backupZip is a small synthetic backup in an archive.
func backupZip(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	if _, err := testevidence.WriteIOSBackup(dir, testevidence.Options{Messages: 100, Plant: true}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// indicators installs the synthetic ones.
func (f *fixture) indicators(b *browser) {
	f.t.Helper()
	dir := f.t.TempDir()
	if err := testevidence.WriteIndicators(dir); err != nil {
		f.t.Fatal(err)
	}
	list, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		f.t.Fatal(err)
	}
	for _, name := range list {
		data, err := os.ReadFile(name)
		if err != nil {
			f.t.Fatal(err)
		}
		b.multipart("/indicators/add", "@"+filepath.Base(name), string(data))
	}
}

// upload talks to the routes of an upload as the page does.
type upload struct {
	*browser
	at, query string
}

func (u *upload) send(method, path string, head map[string]string, body io.Reader) (uploadState, int) {
	u.f.t.Helper()
	r := u.request(method, u.at+path+u.query, body)
	r.Header.Set("Accept", "application/json")
	for k, v := range head {
		r.Header.Set(k, v)
	}
	a := u.do(r)
	var st uploadState
	if a.status == http.StatusOK {
		if err := json.Unmarshal([]byte(a.body), &st); err != nil {
			u.f.t.Fatal(err)
		}
	}
	return st, a.status
}

func (u *upload) part(offset int64, body io.Reader) (uploadState, int) {
	u.f.t.Helper()
	return u.send(http.MethodPatch, "", map[string]string{
		"Content-Type": "application/offset+octet-stream", "Upload-Offset": fmt.Sprint(offset),
	}, body)
}

func (b *browser) upload(caseID, device, name string, size int) *upload {
	return &upload{b, "/cases/" + caseID + "/devices/" + device + "/upload", fmt.Sprintf("?name=%s&size=%d", name, size)}
}

// job waits for a job to end.
func (f *fixture) job(b *browser, at string) workspace.Job {
	f.t.Helper()
	sp := f.s.sessions.get(b.cookies()[0].Value).unlocked()
	for range 2400 {
		j, err := sp.Job(f.t.Context(), filepath.Base(at))
		if err != nil {
			f.t.Fatal(err)
		}
		if j.Ended != "" {
			return j
		}
		select {
		case <-f.t.Context().Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	f.t.Fatal("the job does not end")
	return workspace.Job{}
}

// TestUploadAndCheck brings an archive in parts and follows it to a finding.
func TestUploadAndCheck(t *testing.T) {
	f := newFixture(t)
	b := f.member()
	f.indicators(b)
	caseID, device := b.newCase()
	data := backupZip(t)
	u := b.upload(caseID, device, "backup.zip", len(data))
	st, status := u.send(http.MethodPost, "", nil, nil)
	if status != http.StatusOK || st.Offset != 0 {
		t.Fatalf("begin: %d %+v", status, st)
	}
	// Cut at 99 %: nothing of the part is kept, nothing is lost.
	cut := io.MultiReader(bytes.NewReader(data[:len(data)*99/100]), brokenReader{})
	r := u.request(http.MethodPatch, u.at+u.query, cut)
	r.Header.Set("Content-Type", "application/offset+octet-stream")
	r.Header.Set("Upload-Offset", "0")
	r.ContentLength = int64(len(data))
	if res, err := u.c.Do(r); err == nil {
		res.Body.Close()
	}
	if _, status := u.send(http.MethodPost, "/done", nil, nil); status != http.StatusPreconditionFailed {
		t.Errorf("an upload that was cut is taken for whole: %d", status)
	}
	if _, status := u.part(12345, bytes.NewReader(data)); status != http.StatusPreconditionFailed {
		t.Errorf("a part from elsewhere: %d", status)
	}
	st, status = u.part(0, bytes.NewReader(data))
	for try := 0; try < 3000 && status == http.StatusPreconditionFailed; try++ {
		// The server may still be at the part that was cut; the page tries again too.
		time.Sleep(20 * time.Millisecond)
		st, status = u.part(0, bytes.NewReader(data))
	}
	sum := sha256.Sum256(data)
	if status != http.StatusOK || st.SHA256 != hex.EncodeToString(sum[:]) {
		t.Fatalf("the whole: %d %+v", status, st)
	}
	st, status = u.send(http.MethodPost, "/done", nil, nil)
	if status != http.StatusOK || st.Next == "" {
		t.Fatalf("done: %d %+v", status, st)
	}
	j := f.job(b, st.Next)
	if j.State != workspace.JobDone || len(j.Runs) != 1 || j.Progress.Records == 0 {
		t.Fatalf("%+v", j)
	}
	page := b.get("/runs/" + j.Runs[0])
	if page.status != http.StatusOK || !strings.Contains(page.body, "Pegasus") {
		t.Errorf("the run: %d", page.status)
	}
	for format := range report.Formats {
		if a := b.get("/runs/" + j.Runs[0] + "/report/" + format); a.status != http.StatusOK || len(a.body) < 100 {
			t.Errorf("report as %s: %d, %d bytes", format, a.status, len(a.body))
		}
	}
	if a := b.get("/runs/" + j.Runs[0] + "/report"); a.header.Get("Content-Security-Policy") != reportPolicy {
		t.Error("the report is shown under the policy of our own pages")
	}
	f.sameTwice(b, caseID, device, data, j.Evidence)
	f.twoPeople(b, page.body)
	f.nothingInClear(data)
}

// brokenReader is a connection that breaks.
type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

// sameTwice sends the same file again, whole, as a browser without script does.
func (f *fixture) sameTwice(b *browser, caseID, device string, data []byte, first string) {
	f.t.Helper()
	a := b.multipart("/cases/"+caseID+"/evidence/file", "device", device, "@backup.zip", string(data))
	if a.status != http.StatusSeeOther {
		f.t.Fatalf("the same file again: %d %s", a.status, a.body)
	}
	j := f.job(b, a.location)
	if j.State != workspace.JobDone || j.Evidence == first {
		f.t.Fatalf("%+v", j)
	}
	if page := b.get("/evidence/" + j.Evidence).body; !strings.Contains(page, first) {
		f.t.Error("the page does not say that the same files are stored already")
	}
}

// twoPeople decide on one finding at once: the second is told.
func (f *fixture) twoPeople(b *browser, run string) {
	f.t.Helper()
	at := regexp.MustCompile(`/runs/R-\w+/findings/F-\w+`).FindString(run)
	if a := b.post(at, "state", "confirmed", "note", "mine", "seen", ""); a.status != http.StatusSeeOther {
		f.t.Fatalf("first: %d", a.status)
	}
	a := b.post(at, "state", "dismissed", "note", "theirs, not to be lost", "seen", "")
	if a.status != http.StatusConflict || !strings.Contains(a.body, "theirs, not to be lost") {
		f.t.Errorf("second: %d", a.status)
	}
	if page := b.get(at).body; !strings.Contains(page, "Confirmed by ana") {
		f.t.Error("the first decision does not stand")
	}
	// In the same moment: one of them is told.
	list := regexp.MustCompile(`/runs/R-\w+/findings/F-\w+`).FindAllString(run, -1)
	at = list[len(list)-1]
	luz := f.otherMember("luz")
	if err := f.manager().ShareCase(f.t.Context(), f.caseOf(at), "luz", workspace.RoleAnalyst, ""); err != nil {
		f.t.Fatal(err)
	}
	statuses := make(chan int, 2)
	for i, who := range []*browser{b, luz} {
		go func() {
			statuses <- who.post(at, "state", []string{"confirmed", "dismissed"}[i], "note", "at once", "seen", "").status
		}()
	}
	if got := []int{<-statuses, <-statuses}; got[0]+got[1] != http.StatusSeeOther+http.StatusConflict {
		f.t.Errorf("two at once: %v", got)
	}
}

// caseOf is the case of a run in a path.
func (f *fixture) caseOf(path string) string {
	f.t.Helper()
	r, err := f.manager().Run(f.t.Context(), strings.Split(path, "/")[2])
	if err != nil {
		f.t.Fatal(err)
	}
	ev, err := f.manager().Evidence(f.t.Context(), r.Evidence)
	if err != nil {
		f.t.Fatal(err)
	}
	return ev.Case
}

// nothingInClear looks for what was uploaded in every file of the home.
func (f *fixture) nothingInClear(data []byte) {
	f.t.Helper()
	needle := data[len(data)/2 : len(data)/2+64]
	err := filepath.WalkDir(f.home, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(name)
		if bytes.Contains(b, needle) {
			f.t.Errorf("%s holds the upload in clear", name)
		}
		if strings.Contains(name, "check-") && !strings.HasSuffix(name, ".lock") { // an empty lock goes with the next check
			f.t.Errorf("%s was left behind", name)
		}
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// TestUploadGoesOn breaks off after the first segment, and goes on at another
// server over the same workspace.
func TestUploadGoesOn(t *testing.T) {
	if testing.Short() {
		t.Skip("it moves some 130 MiB")
	}
	f := newFixture(t)
	b := f.member()
	caseID, device := b.newCase()
	data := bytes.Repeat([]byte("0123456789abcdef"), (vault.SegmentSize+1<<20)/16)
	st, status := b.upload(caseID, device, "big.bin", len(data)).part(0, bytes.NewReader(data[:vault.SegmentSize+1000]))
	if status != http.StatusOK || st.Offset != vault.SegmentSize {
		t.Fatalf("first part: %d %+v", status, st)
	}
	g := fixtureAt(t, f.home)
	b = g.browser()
	b.enter()
	if a := b.post("/unlock", "passphrase", goodPassphrase); a.status != http.StatusSeeOther {
		t.Fatal(a.status)
	}
	u := b.upload(caseID, device, "big.bin", len(data))
	st, _ = u.send(http.MethodPost, "", nil, nil)
	if st.Offset != vault.SegmentSize {
		t.Fatalf("after the restart: %+v", st)
	}
	st, _ = u.part(st.Offset, bytes.NewReader(data[st.Offset:]))
	if sum := sha256.Sum256(data); st.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("%+v", st)
	}
}

// TestKilledInAJob leaves a job as a process that was killed does: another
// server over the same workspace finishes it once its member is there.
func TestKilledInAJob(t *testing.T) {
	f := newFixture(t)
	b := f.member()
	caseID, device := b.newCase()
	dir := filepath.Join(t.TempDir(), "backup")
	if _, err := testevidence.WriteIOSBackup(dir, testevidence.Options{Messages: 100, Encrypted: true, Password: "amparo", Iterations: 10}); err != nil {
		t.Fatal(err)
	}
	f.s.stopJobs() // as if it never ran
	a := b.post("/cases/"+caseID+"/evidence/path", "device", device, "path", dir, "password", "amparo")
	if a.status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.status, a.body)
	}
	sp := f.s.sessions.get(b.cookies()[0].Value).unlocked()
	dead := workspace.NewWorker(f.s.house.db, workspace.WorkerOptions{Now: time.Now})
	id, err := dead.Next(t.Context(), []string{sp.Member().ID})
	if err != nil {
		t.Fatal(err)
	}
	killed, err := dead.Claim(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(f.home, "workspace", "vault", "check-0123456789abcdef0123456789")
	if err := os.MkdirAll(filepath.Join(left, "records"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left+".lock", nil, 0o600); err != nil { // which nobody holds any more
		t.Fatal(err)
	}
	g := fixtureAt(t, f.home)
	g.s.silent = time.Second
	b = g.browser()
	b.enter()
	if a := b.post("/unlock", "passphrase", goodPassphrase); a.status != http.StatusSeeOther {
		t.Fatal(a.status)
	}
	j := g.job(b, killed.ID)
	if j.State != workspace.JobDone || j.Attempts != 2 || len(j.Runs) != 1 {
		t.Errorf("%+v", j)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("what the killed check left is still there")
	}
}

// TestWrongIntake sends what no page would.
func TestWrongIntake(t *testing.T) {
	f := newFixture(t)
	b := f.member()
	caseID, device := b.newCase()
	for name, tt := range map[string]struct {
		a    answer
		want int
	}{
		"relative path":  {b.post("/cases/"+caseID+"/evidence/path", "device", device, "path", "../../etc"), 422},
		"no such path":   {b.post("/cases/"+caseID+"/evidence/path", "device", device, "path", "/no/such/path"), 422},
		"other device":   {b.post("/cases/"+caseID+"/evidence/path", "device", "D-000000000000", "path", f.home), 422},
		"no file":        {b.multipart("/cases/"+caseID+"/evidence/file", "device", device), 422},
		"huge size":      {b.post("/cases/" + caseID + "/devices/" + device + "/upload?name=a&size=99999999999999999"), 400},
		"negative size":  {b.post("/cases/" + caseID + "/devices/" + device + "/upload?name=a&size=-1"), 400},
		"no form at all": {b.post("/cases/"+caseID+"/consent", "person", "x"), 400},
		"large form":     {b.post("/cases/new", "title", strings.Repeat("x", maxForm+1)), 413},
		"bad cursor":     {b.get("/findings?after=x"), 422},
		"bad severity":   {b.get("/findings?severity=x"), 400},
		"bad proof":      {b.get("/ledger/proof/-1"), 404},
	} {
		if tt.a.status != tt.want {
			t.Errorf("%s: %d, want %d", name, tt.a.status, tt.want)
		}
	}
	for i, name := range []string{"../../escape.bin", `..\..\escape.bin`, "/etc/passwd", "a/../../b"} {
		u := b.upload(caseID, device, strings.ReplaceAll(name, "/", "%2F"), 4+i)
		st, status := u.part(0, strings.NewReader("data"+strings.Repeat("x", i)))
		if status != http.StatusOK || st.SHA256 == "" {
			t.Errorf("%s: %d", name, status)
		}
	}
	if list, _ := filepath.Glob(filepath.Join(f.home, "*escape*")); len(list) > 0 {
		t.Errorf("escaped: %v", list)
	}
}

// backup is a small synthetic backup in a folder.
func (f *fixture) backup() string {
	f.t.Helper()
	dir := filepath.Join(f.t.TempDir(), "backup")
	if _, err := testevidence.WriteIOSBackup(dir, testevidence.Options{Messages: 100, Plant: true}); err != nil {
		f.t.Fatal(err)
	}
	return dir
}
