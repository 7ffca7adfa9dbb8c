package web

import (
	"archive/zip"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/web/webtest"

	"github.com/amparo-project/amparo/internal/workspace"
)

// unzip reads a zip that was sent.
func unzip(t *testing.T, a answer) map[string]string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(a.body), int64(len(a.body)))
	if err != nil {
		t.Fatalf("%d: %v: %.200s", a.status, err, problemOf(a.body))
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(data)
	}
	return out
}

// TestPublish previews a page, reads what stays, and publishes it: nothing that
// was not marked is in it.
func TestPublish(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	caseID, _ := b.newCase()
	at := "/cases/" + caseID
	b.good("public", b.multipart(at+"/account/promise", "authority", "PGR", "made", "2017-06-22", "words", "We will look into it.", "source", "A newspaper", "public", "yes"))
	b.good("private", b.multipart(at+"/account/promise", "authority", "Army", "made", "2017-06-23", "words", "We told her privately.", "source", "Her word"))
	b.good("request", b.multipart(at+"/account/request", "kind", "complaint", "authority", "PGR", "sent", "2017-06-19", "subject", "The complaint.", "source", "our file", "public", "yes"))
	query := "?title=What+was+promised&publisher=A+helpline"
	page := b.has(at+"/out/public"+query, "We will look into it.", "This stays here", "Army", "it is not marked as public", "heron", "did not consent to be counted")
	if public := page[strings.Index(page, `id="facts"`):strings.Index(page, `id="withheld"`)]; strings.Contains(public, "Army") || strings.Contains(public, "privately") || strings.Contains(public, "heron") {
		t.Error("the preview calls public what is not")
	}
	shown := b.get(at + "/out/public/es" + query)
	if csp := shown.header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "sandbox;") || !strings.Contains(shown.body, `lang="es"`) {
		t.Errorf("the page itself: %d, %s", shown.status, csp)
	}
	if strings.Contains(shown.body, "http-equiv") || !strings.Contains(shown.body, "<style>") {
		t.Error("the page itself is shown without its style")
	}
	if a := b.get(at + "/out/public?title=x"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("without a publisher: %d", a.status)
	}
	if a := b.multipart(at+"/out/public", "title", "T", "publisher", "P"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("published without a yes: %d", a.status)
	}
	site := unzip(t, b.multipart(at+"/out/public", "title", "What was promised", "publisher", "A helpline", "sure", "yes"))
	for _, name := range []string{"public/index.html", "public/es.html", "public/manifest.sha256", "public/ledger.vkey", "public/ledger/checkpoint"} {
		if site[name] == "" {
			t.Errorf("the site has no %s", name)
		}
	}
	for name, text := range site {
		if strings.Contains(text, "privately") || strings.Contains(text, "Army") || strings.Contains(text, "heron") {
			t.Errorf("%s holds what is private", name)
		}
		line := fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(text)), strings.TrimPrefix(name, "public/"))
		if name != "public/manifest.sha256" && !strings.Contains(site["public/manifest.sha256"], line) {
			t.Errorf("the manifest does not hold %s", name)
		}
	}
	// Again, and nothing changed: the same bytes.
	again := unzip(t, b.multipart(at+"/out/public", "title", "What was promised", "publisher", "A helpline", "sure", "yes"))
	if again["public/manifest.sha256"] != site["public/manifest.sha256"] {
		t.Error("the same page has another manifest")
	}
}

// TestLetterPage reads a letter, and takes it as PDF and for a word processor.
func TestLetterPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	caseID, _ := b.newCase()
	at := "/cases/" + caseID
	b.good("promise", b.multipart(at+"/account/promise", "authority", "PGR", "made", "2017-06-22", "words", webtest.Payload, "source", webtest.Payload))
	if page := b.look(at + "/out/letter?to=PGR&from=us"); !strings.Contains(page, webtest.Marker) {
		t.Error("the draft does not quote the promise")
	}
	for format, begins := range map[string]string{"pdf": "%PDF", "docx": "PK"} {
		if a := b.get(at + "/out/letter?to=PGR&from=us&format=" + format); a.status != http.StatusOK || !strings.HasPrefix(a.body, begins) {
			t.Errorf("%s: %d %.20q", format, a.status, a.body)
		}
	}
	token := b.makeToken(ScopeAccount)
	for format, begins := range map[string]string{"pdf": "%PDF-", "docx": "PK"} {
		body := `{"to":"PGR","from":"us","on":"2018-01-01","format":"` + format + `"}`
		if a := f.program("POST", apiPrefix+at+"/letter", token, body); a.status != http.StatusOK || !strings.HasPrefix(a.body, begins) {
			t.Errorf("letter by the API as %s: %d %.60q", format, a.status, a.body)
		}
	}
	if a := b.get(at + "/out/letter?to=PGR"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("from nobody: %d", a.status)
	}
	if a := b.get(at + "/trade/report"); a.status != http.StatusOK || !strings.Contains(a.header.Get("Content-Disposition"), "safeguards.html") {
		t.Errorf("safeguards: %d", a.status)
	}
}

// TestExhibitPage takes an exhibit out for whom a consent lets have it, and for
// nobody else.
func TestExhibitPage(t *testing.T) {
	if testing.Short() {
		t.Skip("much work in one goroutine: left to the run without the race detector")
	}
	f := newFixture(t)
	b := f.member()
	f.indicators(b)
	caseID, device := b.newCase()
	a := b.post("/cases/"+caseID+"/evidence/path", "device", device, "path", f.backup())
	j := f.job(b, a.location)
	at := "/cases/" + caseID + "/out"
	b.has(at, j.Evidence, "the whole case")
	if a := b.post(at+"/exhibit", "subject", caseID, "for", "The court", "evidence", "needed"); a.status != http.StatusConflict || !strings.Contains(a.body, `value="The court"`) {
		t.Errorf("to whom no consent gives: %d %s", a.status, problemOf(a.body))
	}
	if a := b.post(at+"/exhibit", "subject", caseID, "for", "", "evidence", "needed"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("for nobody: %d", a.status)
	}
	if a := b.post(at+"/exhibit", "subject", "E-000000000000", "for", "x", "evidence", "none"); a.status != http.StatusNotFound {
		t.Errorf("of another case: %d", a.status)
	}
	b.good("consent", b.multipart("/cases/"+caseID+"/consent", "person", b.person(caseID), "purpose", "analysis", "purpose", "reporting", "until", "2099-12-31", "given_by", "heron",
		"shares", "findings:The court", "@form.pdf", "signed"))
	bag := unzip(t, b.post(at+"/exhibit", "subject", caseID, "for", "The court", "evidence", "needed", "format", "html"))
	var base string
	for name := range bag {
		base, _, _ = strings.Cut(name, "/")
	}
	for _, name := range []string{"bagit.txt", "manifest-sha256.txt", "VERIFY.md", "data/left-out.txt"} {
		if bag[base+"/"+name] == "" {
			t.Errorf("the bag has no %s", name)
		}
	}
	if !strings.Contains(bag[base+"/data/left-out.txt"], "files. The consent lets the recipient have findings, not the evidence") {
		t.Errorf("left out: %s", bag[base+"/data/left-out.txt"])
	}
	b.has(at, "The court", "findings")
	if acts := b.get("/ledger").body; !strings.Contains(acts, "left the workspace") {
		t.Error("the ledger does not say that it left")
	}
	f.kept(t, b, caseID, j.Runs[0])
	finding := regexp.MustCompile(`F-[0-9a-f]{12}`).FindString(b.get("/runs/" + j.Runs[0]).body)
	if one := unzip(t, b.post(at+"/exhibit", "subject", finding, "for", "The court", "evidence", "none")); len(one) == 0 {
		t.Error("the exhibit of one finding is empty")
	}
}

// kept has jobs make an exhibit and a report, and downloads them.
func (f *fixture) kept(t *testing.T, b *browser, caseID, run string) {
	t.Helper()
	at := "/cases/" + caseID + "/jobs/"
	if a := b.post(at+"exhibit", "subject", caseID, "for", "", "evidence", "needed"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("for nobody: %d", a.status)
	}
	if j := f.job(b, b.post(at+"exhibit", "subject", caseID, "for", "nobody we know", "evidence", "needed").location); j.State != workspace.JobFailed || j.Error != "web.out.not_shared" {
		t.Errorf("to whom no consent gives: %+v", j)
	}
	j := f.job(b, b.post(at+"exhibit", "subject", caseID, "for", "The court", "evidence", "needed", "format", "html").location)
	b.has("/jobs/"+j.ID, "It is done", "Download", "as long as the consents hold")
	if bag := unzip(t, b.get("/jobs/"+j.ID+"/result")); len(bag) < 5 {
		t.Errorf("the bag has %d files", len(bag))
	}
	j = f.job(b, b.post(at+"report", "run", run, "format", "pdf").location)
	if a := b.get("/jobs/" + j.ID + "/result"); a.status != http.StatusOK || !strings.HasPrefix(a.body, "%PDF-") || !strings.Contains(a.header.Get("Content-Disposition"), run+".pdf") {
		t.Errorf("report: %d of %d bytes", a.status, len(a.body))
	}
	if a := b.get("/jobs/J-000000000000/result"); a.status != http.StatusNotFound {
		t.Errorf("of no job: %d", a.status)
	}
}

// TestOutOfAnother asks for what leaves a case that is not shared.
func TestOutOfAnother(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ana := f.member()
	caseID, _ := ana.newCase()
	luz := f.otherMember("luz")
	for _, path := range []string{"/out", "/out/letter?to=a&from=b", "/out/public?title=a&publisher=b", "/out/public/en?title=a&publisher=b", "/trade/report"} {
		if a := luz.get("/cases/" + caseID + path); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if a := luz.post("/cases/"+caseID+"/out/exhibit", "subject", caseID, "for", "x", "evidence", "all"); a.status != http.StatusNotFound {
		t.Errorf("exhibit: %d", a.status)
	}
	if a := luz.multipart("/cases/"+caseID+"/out/public", "title", "a", "publisher", "b", "sure", "yes"); a.status != http.StatusNotFound {
		t.Errorf("publish: %d", a.status)
	}
}
