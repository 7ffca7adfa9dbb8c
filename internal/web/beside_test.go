package web

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/compare"
	"github.com/amparo-project/amparo/internal/testevidence"
	"github.com/amparo-project/amparo/internal/workspace"
)

// checkedAs takes evidence for a phone and returns its run.
func (f *fixture) checkedAs(b *browser, caseID, device, path string) string {
	f.t.Helper()
	j := f.job(b, b.post("/cases/"+caseID+"/evidence/path", "device", device, "path", path).location)
	if len(j.Runs) != 1 {
		f.t.Fatalf("%+v", j)
	}
	return j.Runs[0]
}

// TestBeside compares two checks of a phone on the page and by the API: the
// phone got a message, and the second check another set of indicators.
func TestBeside(t *testing.T) {
	if testing.Short() {
		t.Skip("much work in one goroutine: left to the run without the race detector")
	}
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	f.indicators(b)
	caseID, device := b.newCase()
	at := "/cases/" + caseID + "/devices/" + device + "/compare"
	b.has(at, "has not been checked twice")
	first := f.checkedAs(b, caseID, device, f.backup())
	dir := filepath.Join(t.TempDir(), "june")
	if _, err := testevidence.WriteIOSBackup(dir, testevidence.Options{Messages: 100, Plant: true, WAL: true}); err != nil {
		t.Fatal(err)
	}
	b.good("another set", b.multipart("/indicators/add", "@another.csv", "type,value\ndomain,another.example\n"))
	second := f.checkedAs(b, caseID, device, dir)

	// The page of a check leads to it, with the one before it chosen.
	b.has("/runs/"+second, at+"?b="+second)
	page := b.has(at, "New findings", "in the later alone", "Compare records too")
	if b.get(at+"?b="+second).body != page {
		t.Error("the last two checks are not those that are compared at first")
	}
	links := regexp.MustCompile(`/runs/`+second+`/findings/F-\w+`).FindAllString(page, -1)
	if len(links) == 0 {
		t.Fatal("no new finding")
	}
	b.has(links[0], "F-")
	b.has(at+"?a="+second+"&b="+first, "turned around", links[0])
	b.has(at+"?a="+first+"&b="+first, "chosen twice")
	page = b.has(at+"?a="+first+"&b="+second+"&records=1", "Still deleted", "ios.sms")
	if !regexp.MustCompile(`ios\.sms</span>(?:(?s).){0,80}?</td><td class="n">7</td><td class="n">0</td>`).MatchString(page) {
		t.Error("the messages of the log are not new")
	}

	// Checked again by the same, nothing differs.
	j := f.job(b, b.post("/evidence/"+f.runOf(second).Evidence+"/check").location)
	third := j.Runs[0]
	b.has(at+"?a="+second+"&b="+third, "Nothing differs in findings", "Compare records too")
	b.has(at+"?a="+second+"&b="+third+"&records=1", "Nothing differs: both were made by the same")

	other, phone := b.newCase()
	stranger := f.checkedAs(b, other, phone, f.backup())
	for path, want := range map[string]int{
		at + "?a=" + stranger + "&b=" + first: http.StatusNotFound, at + "?a=R-000000000000": http.StatusNotFound, strings.Replace(at, device, phone, 1): http.StatusNotFound,
	} {
		if a := b.get(path); a.status != want {
			t.Errorf("%s: %d", path, a.status)
		}
	}

	token := b.makeToken("read")
	api := apiPrefix + "/runs/" + first + "/compare/"
	res := into[compare.Result](t, f.program(http.MethodGet, api+second+"?records=true", token, ""))
	if len(res.Findings.New) != len(links) || res.Checks[0].ID != first || len(res.Basis.Indicators.Differ) != 1 || res.Equal() {
		t.Errorf("%+v", res)
	}
	if plain := into[compare.Result](t, f.program(http.MethodGet, api+second, token, "")); plain.Artifacts[0].Same != 0 {
		t.Error("records were compared, and nobody asked")
	}
	var lines []besideLine
	for line := range strings.Lines(f.program(http.MethodGet, api+second+"/records", token, "").body) {
		var l besideLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	marked := 0
	for _, l := range lines[:len(lines)-1] {
		if l.Difference == nil {
			t.Fatalf("%+v", l)
		}
		if l.Finding != nil {
			marked++
		}
	}
	if last := lines[len(lines)-1].Result; last == nil || marked == 0 {
		t.Errorf("%d findings, %+v", marked, last)
	}
	if a := f.program(http.MethodGet, api+stranger, token, ""); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "beside_other_phone") {
		t.Errorf("another phone: %d %s", a.status, a.body)
	}
	if a := f.program(http.MethodGet, api+second, b.limitedToken(other), ""); a.status != http.StatusNotFound {
		t.Errorf("a token of another case: %d", a.status)
	}
}

func (f *fixture) runOf(id string) workspace.Run {
	f.t.Helper()
	r, err := f.manager().Run(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}
