package web

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/amparo-project/amparo/internal/web/webtest"
	"github.com/amparo-project/amparo/internal/workspace"
)

// TestHostileText plants text that attacks the examiner in every field that
// evidence, or a colleague, can fill, and looks at every page that shows it.
func TestHostileText(t *testing.T) {
	f := newFixture(t)
	b := f.member()
	f.indicators(b)
	caseID, device := b.newCase()
	a := b.post("/cases/"+caseID+"/evidence/path", "device", device, "path", f.backup())
	j := f.job(b, a.location)
	sp := f.s.sessions.get(b.cookies()[0].Value).unlocked()
	run, err := webtest.Plant(t.Context(), sp, j.Evidence, j.Runs[0])
	if err != nil {
		t.Fatal(err)
	}
	// What people type: names take no control characters, notes take anything.
	typed := strings.NewReplacer("\x1b", "", "\x00", "", "\x07", "").Replace(webtest.Payload)
	typed = strings.TrimSpace(strings.ToValidUTF8(typed, ""))
	if a := b.post("/cases/new", "title", typed, "pseudonym", typed, "label", typed, "name", typed, "reach", typed); a.status != 303 {
		t.Fatalf("a case with a hostile title: %d", a.status)
	} else {
		other := idPattern.FindString(a.location)
		b.look("/cases/" + other)
		b.look("/cases/" + other + "/consent")
		b.look("/cases/" + other + "/evidence?path=" + url.QueryEscape("/"+webtest.Payload))
	}
	page := b.look("/runs/" + run)
	finding := regexp.MustCompile(`/runs/`+run+`/findings/F-\w+`).FindAllString(page, -1)
	if len(finding) < 10 {
		t.Fatalf("%d findings", len(finding))
	}
	if a := b.post(finding[0], "state", "confirmed", "note", webtest.Payload, "seen", ""); a.status != 303 {
		t.Fatalf("decide: %d", a.status)
	}
	for _, at := range finding[:10] {
		if !strings.Contains(b.look(at), webtest.Marker) {
			t.Errorf("%s does not show what was planted: the test proves nothing", at)
		}
	}
	for _, path := range []string{
		"/cases", "/cases/" + caseID, "/cases/" + caseID + "/members", "/findings", "/evidence/" + j.Evidence, "/jobs", "/jobs/" + j.ID, "/ledger", "/runs/" + run + "/timeline",
		"/runs/" + run + "/search?q=planted", "/runs/" + run + "/search?q=" + url.QueryEscape(webtest.Payload), "/indicators?q=" + url.QueryEscape(webtest.Payload),
		"/search?q=planted", "/cases/" + caseID + "/search?q=planted", "/cases/" + caseID + "/devices/" + device + "/search?exact=1&q=" + url.QueryEscape(webtest.Payload),
		"/cases/" + caseID + "/devices/" + device + "/timeline",
		"/cases/" + caseID + "/browse?path=" + url.QueryEscape("/"+webtest.Payload),
	} {
		b.look(path)
	}
	// The person concerned, under a name that somebody gave.
	person := f.otherMember(typed)
	if err := sp.ShareCase(t.Context(), caseID, typed, workspace.RolePerson, "heron"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(person.look("/yours"), webtest.Marker) {
		t.Error("/yours does not show what was planted: the test proves nothing")
	}
	b.look("/cases/" + caseID + "/members")
	b.looked("/lures", b.multipart("/lures", "text", webtest.Payload, "sender", webtest.Payload).body)
	b.looked("hunt", b.post("/indicators/hunt", "value", webtest.Payload).body)
	if strings.Contains(f.log.String(), "planted") {
		t.Error("evidence is in the log")
	}
}

// look gets a page and looks at it.
func (b *browser) look(path string) string {
	b.f.t.Helper()
	a := b.get(path)
	if a.status >= 500 {
		b.f.t.Errorf("%s: %d", path, a.status)
	}
	b.looked(path, a.body)
	return a.body
}

var attack = regexp.MustCompile(`(?i)<script>|<img|<!--|href="javascript:|<[a-z][^<>]*\sonerror=`)

// looked holds a page to what no text may do to it.
func (b *browser) looked(path, page string) {
	b.f.t.Helper()
	page = strings.ReplaceAll(page, "&lt;img src=x onerror=", "") // escaped, also where a name was cut
	if found := attack.FindString(page); found != "" {
		b.f.t.Errorf("%.80s: the page holds %q", path, found)
	}
	if i := strings.IndexFunc(page, func(r rune) bool {
		return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029')
	}); i >= 0 {
		b.f.t.Errorf("%.80s: a hidden character in %q", path, page[max(0, i-40):min(len(page), i+40)])
	}
	if len(page) > 3<<20 {
		b.f.t.Errorf("%.80s: the page has %d bytes", path, len(page))
	}
}
