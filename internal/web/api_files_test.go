package web

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/ledger/client"
	"github.com/amparo-project/amparo/internal/ledger/proof"
	"github.com/amparo-project/amparo/internal/testevidence"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// send asks the API with a body that is no JSON.
func (f *fixture) send(method, path, token, kind string, body io.Reader, heads ...string) answer {
	f.t.Helper()
	b := &browser{f, http.DefaultClient}
	r := b.request(method, apiPrefix+path, body)
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i+1 < len(heads); i += 2 {
		r.Header.Set(heads[i], heads[i+1])
	}
	return b.do(r)
}

// into reads an answer.
func into[T any](t *testing.T, a answer) (v T) {
	t.Helper()
	if a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// tarOf packs files of a folder.
func tarOf(t *testing.T, dir string, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err == nil {
			err = w.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o600, Typeflag: tar.TypeReg})
		}
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestFolderOverTheAPI sends a backup file by file, cut short in between, and
// has it checked: its list of hashes is that of the same folder taken from a
// path.
func TestFolderOverTheAPI(t *testing.T) {
	f := newFixture(t)
	b := f.member()
	f.indicators(b)
	caseID, device := b.newCase()
	token := b.makeToken(Scopes...)
	dir := f.backup()
	var names []string
	var size int64
	if err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			size += info.Size()
			names = append(names, filepath.ToSlash(strings.TrimPrefix(name, dir+string(filepath.Separator))))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	begin := fmt.Sprintf(`{"device":%q,"name":"backup","files":%d,"bytes":%d}`, device, len(names), size)
	up := into[uploadAnswer](t, f.program("POST", apiPrefix+"/cases/"+caseID+"/uploads", token, begin))
	at := "/uploads/" + up.Evidence
	done := fmt.Sprintf(`{"files":%d,"bytes":%d,"check":true}`, len(names), size)
	if a := f.program("POST", apiPrefix+at+"/done", token, done); a.status != http.StatusPreconditionFailed {
		t.Errorf("nothing was sent, and it is done: %d", a.status)
	}
	// Cut: what was whole is stored.
	whole := tarOf(t, dir, names...)
	r := io.MultiReader(bytes.NewReader(whole[:len(whole)*2/3]), brokenReader{})
	req := b.request(http.MethodPost, apiPrefix+at+"/files", r)
	req.Header.Set("Content-Type", tarType)
	req.Header.Set("Authorization", "Bearer "+token)
	if res, err := http.DefaultClient.Do(req); err == nil {
		res.Body.Close()
	}
	rest := tarOf(t, dir, names[1:]...)
	a := f.send("POST", at+"/files", token, tarType, bytes.NewReader(rest))
	for range 3000 { // until the server has noticed that the first was cut
		if a.status != http.StatusConflict {
			break
		}
		time.Sleep(20 * time.Millisecond)
		a = f.send("POST", at+"/files", token, tarType, bytes.NewReader(rest))
	}
	if a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	// One as parts, as large files come.
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(names[0])))
	if err != nil {
		t.Fatal(err)
	}
	again := into[uploadAnswer](t, f.program("POST", apiPrefix+"/cases/"+caseID+"/uploads", token, begin))
	stored := map[string]uploadedFile{}
	for _, x := range again.Files {
		stored[x.Path] = x
	}
	if again.Evidence != up.Evidence || len(stored) < len(names)-1 {
		t.Fatalf("%d of %d files are stored", len(stored), len(names))
	}
	if stored[names[0]].SHA256 == "" {
		where := at + "?" + url.Values{"path": {names[0]}, "size": {fmt.Sprint(len(data))}}.Encode()
		if a := f.send("PATCH", where, token, "application/offset+octet-stream", bytes.NewReader(data), "Upload-Offset", "5"); a.status != http.StatusPreconditionFailed {
			t.Errorf("a part from elsewhere: %d", a.status)
		}
		got := into[uploadedFile](t, f.send("PATCH", where, token, "application/offset+octet-stream", bytes.NewReader(data), "Upload-Offset", "0"))
		if got.SHA256 != fmt.Sprintf("%x", sha256.Sum256(data)) {
			t.Errorf("%+v", got)
		}
	}
	end := into[doneAnswer](t, f.program("POST", apiPrefix+at+"/done", token, done))
	if same := into[doneAnswer](t, f.program("POST", apiPrefix+at+"/done", token, done)); same.Job.ID != end.Job.ID {
		t.Error("done twice, checked twice")
	}
	j := into[workspace.Job](t, f.program("GET", apiPrefix+"/jobs/"+end.Job.ID+"?wait=60", token, ""))
	if j.State != workspace.JobDone || len(j.Runs) != 1 {
		t.Fatalf("%+v", j)
	}
	taken := into[workspace.Job](t, f.program("POST", apiPrefix+"/cases/"+caseID+"/evidence", token, fmt.Sprintf(`{"device":%q,"path":%q}`, device, dir)))
	j = into[workspace.Job](t, f.program("GET", apiPrefix+"/jobs/"+taken.ID+"?wait=60", token, ""))
	ev := into[workspace.Evidence](t, f.program("GET", apiPrefix+"/evidence/"+j.Evidence, token, ""))
	if ev.ManifestSHA256 != end.Evidence.ManifestSHA256 || ev.ManifestSHA256 == "" {
		t.Errorf("sent: %s, taken: %s", end.Evidence.ManifestSHA256, ev.ManifestSHA256)
	}
	f.resultOver(token, j.Runs[0])
}

// resultOver takes the result of a check away: all of it, or nothing.
func (f *fixture) resultOver(token, run string) {
	f.t.Helper()
	a := f.program("GET", apiPrefix+"/runs/"+run+"/result", token, "")
	r := tar.NewReader(strings.NewReader(a.body))
	n := 0
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			f.t.Fatal(err)
		}
		if h.Name == "findings.jsonl" {
			n++
		}
	}
	if a.status != http.StatusOK || n != 1 {
		f.t.Errorf("result: %d", a.status)
	}
}

// TestHostileFiles sends what must not be stored.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	caseID, device := b.newCase()
	token := b.makeToken(Scopes...)
	up := into[uploadAnswer](t, f.program("POST", apiPrefix+"/cases/"+caseID+"/uploads", token, `{"device":"`+device+`","name":"x","files":1,"bytes":1}`))
	pack := func(h tar.Header) []byte {
		var out bytes.Buffer
		w := tar.NewWriter(&out)
		h.Mode = 0o600
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 && h.Size < 10 {
			if _, err := w.Write(make([]byte, h.Size)); err != nil {
				t.Fatal(err)
			}
		}
		_ = w.Flush()
		return out.Bytes()
	}
	for name, tt := range map[string]struct {
		body []byte
		want int
	}{
		"escape":   {pack(tar.Header{Name: "../../x", Size: 1, Typeflag: tar.TypeReg}), 412},
		"absolute": {pack(tar.Header{Name: "/etc/x", Size: 1, Typeflag: tar.TypeReg}), 412},
		"link":     {pack(tar.Header{Name: "x", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}), 400},
		"large":    {pack(tar.Header{Name: "x", Size: vault.SegmentSize + 1, Typeflag: tar.TypeReg}), 412},
		"cut":      {pack(tar.Header{Name: "x", Size: 100, Typeflag: tar.TypeReg}), 400},
		"none":     {[]byte("this is no archive at all, and says so at some length"), 400},
	} {
		if a := f.send("POST", "/uploads/"+up.Evidence+"/files", token, tarType, bytes.NewReader(tt.body)); a.status != tt.want {
			t.Errorf("%s: %d %s, want %d", name, a.status, a.body, tt.want)
		}
	}
	if now := into[uploadAnswer](t, f.program("GET", apiPrefix+"/uploads/"+up.Evidence, token, "")); len(now.Files) != 0 {
		t.Errorf("stored: %+v", now.Files)
	}
}

// TestOnceUnderAKey repeats calls as a program does whose connection broke.
func TestOnceUnderAKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	token := f.member().makeToken(Scopes...)
	post := func(key, body string) answer {
		return f.send("POST", "/cases", token, "application/json", strings.NewReader(body), idempotencyHeader, key)
	}
	first, again := post("one", `{"title":"A case"}`), post("one", `{"title":"A case"}`)
	if first.body != again.body || again.header.Get(replayedHeader) != "true" || first.status != 200 {
		t.Errorf("%s, then %s", first.body, again.body)
	}
	var p problem
	if a := post("one", `{"title":"Another"}`); a.status != http.StatusUnprocessableEntity || json.Unmarshal([]byte(a.body), &p) != nil || p.Code != "key_used" {
		t.Errorf("another call: %d %s", a.status, a.body)
	}
	// What was refused may be mended and asked again.
	if a := post("two", `{"title":""}`); a.status != http.StatusUnprocessableEntity {
		t.Errorf("%d", a.status)
	}
	if a := post("two", `{"title":"Mended"}`); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
	if l := into[workspace.List[workspace.Case]](t, f.program("GET", apiPrefix+"/cases", token, "")); len(l.Items) != 2 {
		t.Errorf("%d cases", len(l.Items))
	}
	f.later(25 * 60 * 60 * 1e9)
	if a := post("one", `{"title":"Another"}`); a.status != http.StatusOK {
		t.Errorf("a day later: %d", a.status)
	}
	// The same key at the same time makes one.
	results := make(chan answer, 4)
	for range 4 {
		go func() { results <- post("three", `{"title":"At once"}`) }()
	}
	made := map[string]bool{}
	for range 4 {
		if a := <-results; a.status == http.StatusOK {
			made[a.body] = true
		} else if a.status != http.StatusConflict {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if len(made) != 1 {
		t.Errorf("%d cases of one call", len(made))
	}
}

// TestLedgerOverTheAPI verifies what the API proves with the code that trusts
// nothing.
func TestLedgerOverTheAPI(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	token := b.makeToken(Scopes...)
	early := into[checkpointAnswer](t, f.program("POST", apiPrefix+"/ledger/checkpoint", token, ""))
	b.newCase()
	late := into[checkpointAnswer](t, f.program("POST", apiPrefix+"/ledger/checkpoint", token, ""))
	p, err := client.Policy(late.Key, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	old, err := client.Checkpoint([]byte(early.Checkpoint), p)
	if err != nil {
		t.Fatal(err)
	}
	now, err := client.Checkpoint([]byte(late.Checkpoint), p)
	if err != nil {
		t.Fatal(err)
	}
	g := f.program("GET", fmt.Sprintf("%s/ledger/consistency?old=%d", apiPrefix, old.N), token, "")
	if was, is, err := proof.Consistency([]byte(early.Checkpoint), []byte(g.body), p); err != nil || was.N != old.N || is.N != now.N {
		t.Error(g.status, err)
	}
	a := f.program("GET", apiPrefix+"/ledger/proofs/1?open=true", token, "")
	if got, err := client.Proof([]byte(a.body), p); err != nil || got.Index != 1 || got.Opening == nil {
		t.Errorf("%d %v", a.status, err)
	}
	for path, want := range map[string]int{
		"/ledger/proofs/1000": 404, "/ledger/proofs/-1": 422, "/ledger/consistency?old=-1": 422, "/ledger/consistency?old=1000": 404,
	} {
		if a := f.program("GET", apiPrefix+path, token, ""); a.status != want {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if a := f.program("GET", apiPrefix+"/ledger/published", token, ""); a.status != 200 || !strings.Contains(a.body, late.Checkpoint[:40]) {
		t.Errorf("published: %d", a.status)
	}
}

// TestFilesOfKnowledge sends indicators, and messages to be read.
func TestFilesOfKnowledge(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	token := f.member().makeToken(Scopes...)
	dir := t.TempDir()
	if err := testevidence.WriteIndicators(dir); err != nil {
		t.Fatal(err)
	}
	list, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	data, err := os.ReadFile(list[0])
	if err != nil {
		t.Fatal(err)
	}
	where := "/indicators?name=" + filepath.Base(list[0])
	for range 2 {
		if got := into[addedAnswer](t, f.send("POST", where, token, bytesType, bytes.NewReader(data))); got.Indicators == 0 {
			t.Error("nothing was added")
		}
	}
	if sets := into[[]setAnswer](t, f.program("GET", apiPrefix+"/indicators", token, "")); len(sets) != 1 {
		t.Errorf("%+v", sets)
	}
	if a := f.send("POST", "/indicators?name=a.bin", token, bytesType, strings.NewReader("\x00\x01")); a.status < 400 || a.status >= 500 {
		t.Errorf("no indicators: %d %s", a.status, a.body)
	}
	text := "US Embassy: your visa https://usembassy-mx.example/x\n"
	if got := into[luresAnswer](t, f.send("POST", "/lures/file?name=a.txt", token, bytesType, strings.NewReader(text))); got.Read == 0 {
		t.Errorf("%+v", got)
	}
}
