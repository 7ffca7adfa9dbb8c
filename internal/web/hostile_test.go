package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/amparo-project/amparo/internal/web/webtest"
	"github.com/amparo-project/amparo/internal/workspace"
)

// TestHostileText plants text that attacks the examiner in every field that
// evidence, a feed, or a colleague can fill, and looks at every page there is:
// one that is neither looked at here nor excused fails the test.
func TestHostileText(t *testing.T) {
	if testing.Short() {
		t.Skip("much work in one goroutine: left to the run without the race detector")
	}
	f := newFixture(t)
	b := f.member()
	f.indicators(b)
	caseID, device := b.newCase()
	b.good("linking", b.multipart("/cases/"+caseID+"/consent", "person", b.person(caseID), "purpose", "analysis", "purpose", "linking", "until", "2099-12-31", "given_by", typed(), "@form.pdf", "x"))
	j := f.job(b, b.post("/cases/"+caseID+"/evidence/path", "device", device, "path", f.backup()).location)
	sp := f.manager()
	run, err := webtest.Plant(t.Context(), sp, j.Evidence, j.Runs[0])
	if err != nil {
		t.Fatal(err)
	}
	v := &visited{browser: b, values: map[string]string{"case": caseID, "device": device, "evidence": j.Evidence, "job": j.ID, "run": run}, looked: map[string]bool{}}
	v.plantCase(t)
	v.plantAccount(t)
	v.plantTeam(t)
	found := regexp.MustCompile(`F-\w+`).FindAllString(v.see("/runs/{run}", ""), -1)
	if len(found) < 10 {
		t.Fatalf("%d findings", len(found))
	}
	v.values["finding"] = found[0]
	if a := b.post("/runs/"+run+"/findings/"+found[0], "state", "confirmed", "note", webtest.Payload, "seen", ""); a.status != http.StatusSeeOther {
		t.Fatalf("decide: %d", a.status)
	}
	for _, id := range found[:10] {
		if !strings.Contains(b.look("/runs/"+run+"/findings/"+id), webtest.Marker) {
			t.Errorf("%s does not show what was planted: the test proves nothing", id)
		}
	}
	quoted := url.QueryEscape(webtest.Payload)
	for path, query := range map[string][]string{
		"/runs/{run}/search": {"?q=planted", "?q=" + quoted}, "/search": {"?q=planted"}, "/cases/{case}/search": {"?q=planted"},
		"/cases/{case}/devices/{device}/search": {"?exact=1&q=" + quoted}, "/indicators": {"?q=" + quoted}, "/cases/{case}/browse": {"?path=" + url.QueryEscape("/"+webtest.Payload)},
		"/cases/{case}/evidence": {"?path=" + url.QueryEscape("/"+webtest.Payload)}, "/cases/{case}/account": {"?on=" + quoted}, "/ledger/verify": {"?entry=3", "?entry=" + quoted},
		"/findings": {"?state=" + quoted, "?case=" + quoted}, "/cases/{case}/devices/{device}/compare": {"?records=1", "?a=" + quoted}, "/links": {"?kind=" + quoted, "?who=" + quoted}, "/runs/{run}/timeline": {"?from=" + quoted, "?artifact=" + quoted},
	} {
		for _, q := range query {
			b.look(v.at(path) + q)
		}
	}
	v.seeAll(t)
	b.looked("/lures", b.multipart("/lures", "text", webtest.Payload, "sender", webtest.Payload).body)
	b.looked("hunt", b.post("/indicators/hunt", "value", webtest.Payload).body)
	if strings.Contains(f.log.String(), "planted") {
		t.Error("evidence is in the log")
	}
}

// typed is what people type: names take no control characters, notes take anything.
func typed() string {
	s := strings.NewReplacer("\x1b", "", "\x00", "", "\x07", "").Replace(webtest.Payload)
	return strings.TrimSpace(strings.ToValidUTF8(s, ""))
}

// visited is a browser that keeps count of the pages it looked at.
type visited struct {
	*browser
	values map[string]string // of holes in paths
	looked map[string]bool   // by path with its holes
}

// at fills a path in.
func (v *visited) at(path string) string {
	return holes.ReplaceAllStringFunc(path, func(hole string) string {
		if s := v.values[strings.Trim(hole, "{}")]; s != "" {
			return s
		}
		v.f.t.Fatalf("%s: nothing to look at", path)
		return ""
	})
}

// see looks at a page that must answer, and holds what was planted where marker
// is not "".
func (v *visited) see(path, marker string) string {
	v.f.t.Helper()
	at, query, _ := strings.Cut(path, "?")
	v.looked[at] = true
	a := v.get(v.at(at) + "?" + query)
	if a.status != http.StatusOK {
		v.f.t.Errorf("%s: %d", path, a.status)
	}
	v.browser.looked(path, a.body)
	if !strings.Contains(a.body, marker) {
		v.f.t.Errorf("%s does not show what was planted: the test proves nothing", path)
	}
	return a.body
}

// plantCase gives a case hostile names, and compares its people.
func (v *visited) plantCase(t *testing.T) {
	b := v.browser
	if a := b.post("/cases/new", "title", typed(), "pseudonym", typed(), "label", typed(), "name", typed(), "reach", typed()); a.status != http.StatusSeeOther {
		t.Fatalf("a case with a hostile title: %d", a.status)
	} else {
		b.look("/cases/" + idPattern.FindString(a.location))
		b.look("/cases/" + idPattern.FindString(a.location) + "/consent")
	}
	second, _ := b.linkedPerson("analysis", "linking")
	b.good("compare", b.post("/links", "case", ""))
	v.values["consent"] = regexp.MustCompile(`K-\w+`).FindString(b.get("/cases/" + second).body)
	b.look("/cases/" + second + "/withdraw/" + v.values["consent"])
	v.values["consent"] = regexp.MustCompile(`/withdraw/(K-\w+)`).FindStringSubmatch(b.get("/cases/" + v.values["case"]).body)[1]
	set := "type,value,threat\ndomain,planted.example,\"" + strings.ReplaceAll(typed(), `"`, `""`) + "\"\n"
	if a := b.multipart("/indicators/add", "@"+strings.ReplaceAll(typed(), `"`, "")+".csv", set); a.status != http.StatusSeeOther {
		t.Fatalf("a hostile set: %d %s", a.status, problemOf(a.body))
	}
	for _, at := range regexp.MustCompile(`/indicators/sets/([^"]+)`).FindAllStringSubmatch(b.get("/indicators").body, -1) {
		v.values["set"] = at[1]
		b.look("/indicators/sets/" + at[1])
	}
}

// plantAccount fills the account of the case.
func (v *visited) plantAccount(t *testing.T) {
	b, at, p := v.browser, "/cases/"+v.values["case"], webtest.Payload
	v.values["entry"], v.values["notice"] = b.plantAccount(v.values["case"])
	v.values["form"], v.values["lang"] = "answer", "en"
	b.look(at + "/out/letter?to=" + url.QueryEscape(p) + "&from=" + url.QueryEscape(p))
	public := "?title=" + url.QueryEscape(p) + "&publisher=" + url.QueryEscape(p) + "&label=" + url.QueryEscape(p)
	v.see("/cases/{case}/out/letter?to=PGR&from=us", webtest.Marker)
	v.see("/cases/{case}/out/public"+public, webtest.Marker)
	v.see("/cases/{case}/out/public/{lang}"+public, webtest.Marker)
}

// plantTeam makes members, tokens and webhooks with hostile names, and lets the
// person concerned look.
func (v *visited) plantTeam(t *testing.T) {
	b, sp := v.browser, v.f.manager()
	person := v.f.otherMember(typed())
	if err := sp.ShareCase(t.Context(), v.values["case"], typed(), workspace.RolePerson, "heron"); err != nil {
		t.Fatal(err)
	}
	theirs := &visited{browser: person, values: v.values, looked: v.looked}
	theirs.see("/yours", webtest.Marker)
	theirs.see("/me", webtest.Marker)
	l, err := sp.MembersNamed(t.Context(), typed(), workspace.Page{})
	if err != nil || len(l.Items) != 1 {
		t.Fatal(err)
	}
	v.values["member"] = l.Items[0].ID
	if a := b.post("/tokens", "name", typed(), "scope", "read", "days", "7"); a.status != http.StatusOK {
		t.Fatalf("a token: %d", a.status)
	}
	if a := b.post("/webhooks", "url", "https://127.0.0.1/"+url.PathEscape(typed()), "event", "job.ended"); a.status != http.StatusOK {
		t.Fatalf("a webhook: %d %s", a.status, problemOf(a.body))
	}
	v.values["file"] = workspace.SharedNotices
	if a := b.multipart("/settings/notices.yaml", "seen", "none", "text", "helpline: {name: "+strconv.Quote(typed())+", reach: {en: x}}\n"); a.status != http.StatusSeeOther {
		t.Fatalf("settings: %d %s", a.status, problemOf(a.body))
	}
	v.see("/settings/{file}", webtest.Marker)
	b.looked("settings", b.multipart("/settings/notices.yaml", "seen", "none", "text", typed()+": "+typed()+"\n"+typed()).body)
	b.good("hidden settings", b.multipart("/settings/notices.yaml", "seen", b.seen("/settings/notices.yaml"), "@x.yaml", "helpline: {name: a\u202eb\u200d, reach: {en: x}}\n"))
	b.look("/settings/notices.yaml")
	for _, path := range []string{"/members/{member}/remove", "/members", "/cases/{case}/members", "/tokens"} {
		v.see(path, webtest.Marker)
	}
	// Who is invited reads the name that somebody gave them.
	team, link := teamFixture(t)
	manager, _ := team.in(link)
	page := team.browser().look(manager.inviteTo(typed()))
	manager.look("/members")
	manager.look("/me")
	if v.looked["/join/{token}"] = true; !strings.Contains(page, webtest.Marker) {
		t.Error("the invitation does not show its name: the test proves nothing")
	}
}

// notLooked are addresses that are no pages, or show nothing that anybody could
// fill, each with the reason.
var notLooked = map[string]string{
	"/":                                    "leads on",
	"/static/{hash}/{name}":                "files of the program",
	"/enter/{token}":                       "one sentence of the program",
	"/start":                               "there is a workspace: it leads on",
	"/unlock":                              "one form of the program",
	"/signin":                              "is of a team; the name of its provider comes from who starts the server",
	"/signin/oidc":                         "leads to the provider",
	oidcBack:                               "leads on",
	"/me/oidc":                             "leads to the provider",
	"/me/oidc/tie":                         "leads on",
	"/ledger/key":                          "a file: the key",
	"/ledger/checkpoint":                   "a file: a signed hash",
	"/ledger/consistency":                  "a file: hashes",
	"/ledger/proof/{entry}":                "a file: hashes",
	"/jobs/{job}/result":                   "a file: what made it escapes it",
	"/links/file/{format}":                 "a file: package report escapes it",
	"/runs/{run}/report/{format}":          "a file: package report escapes it",
	"/runs/{run}/findings/{finding}/bytes": "what is planted lies in no evidence: TestHostileBytes plants text in evidence, and looks",
	"/runs/{run}/timeline/counts":          "JSON: numbers",
	"/cases/{case}/devices/{device}/timeline/counts": "JSON: numbers",
	"/cases/{case}/account/terms.ics":                "a file: package feeds escapes it",
	"/cases/{case}/account/feed.atom":                "a file: package feeds escapes it",
	"/cases/{case}/notices/{notice}/letter":          "a PDF",
	"/evidence/{evidence}/proof/{entry}":             "a file: hashes",
	"/settings/{file}/file":                          "a file, as it was kept",
}

// seeAll looks at each page that was not looked at yet.
func (v *visited) seeAll(t *testing.T) {
	for _, l := range Looks() {
		if !v.looked[l.Path] && notLooked[l.Path] == "" {
			v.see(l.Path, "")
		}
	}
	known := map[string]bool{}
	for _, l := range Looks() {
		known[l.Path] = true
		if v.looked[l.Path] && notLooked[l.Path] != "" {
			t.Errorf("%s is looked at, and excused", l.Path)
		}
	}
	for path := range notLooked {
		if !known[path] {
			t.Errorf("%s is excused, and is no address", path)
		}
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

// reportScript is the one script that is in a page: that of a report, which its
// policy allows by its hash.
var reportScript = regexp.MustCompile(`(?s)<script>\(function \(\) \{\s*"use strict";.*?</script>`)

// looked holds a page to what no text may do to it.
func (b *browser) looked(path, page string) {
	b.f.t.Helper()
	page = reportScript.ReplaceAllString(page, "")
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
