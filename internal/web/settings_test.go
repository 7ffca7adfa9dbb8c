package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/settings"
	"github.com/amparo-project/amparo/internal/workspace"
)

var seenPattern = regexp.MustCompile(`name="seen" value="([^"]*)"`)

// seen is what a form says that it was made from.
func (b *browser) seen(path string) string {
	b.f.t.Helper()
	m := seenPattern.FindStringSubmatch(b.get(path).body)
	if m == nil {
		b.f.t.Fatalf("%s has no form", path)
	}
	return m[1]
}

// TestSettings writes a file, mends it, changes and removes it, as one who never
// saw a terminal; a second manager overwrites nothing unseen.
func TestSettings(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	const path, typed = "/settings/notices.yaml", "helpline:\r\n  name: The helpline\r\n  reach: {en: Signal}\r\n"
	kept := strings.ReplaceAll(typed, "\r\n", "\n")
	b.has("/me", `href="/settings"`)
	b.has("/settings", "How notices go out", "The workspace keeps none", "institutions.yaml")
	page := b.has(path, "The workspace keeps none", "reach:")
	if strings.Contains(page, path+"/remove") {
		t.Error("nothing is kept, and the page offers to remove it")
	}
	none := b.seen(path)
	a := b.multipart(path, "seen", none, "text", "helpline:\r\n  name: The helpline\r\nsmtp:\r\n  password: planted-password\r\n")
	if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "Line 4, column 3:") || !strings.Contains(a.body, "the key &#34;password&#34; is not known here") || !strings.Contains(a.body, "name: The helpline") {
		t.Fatalf("a password: %d %s", a.status, a.body)
	}
	if a := b.multipart(path, "seen", none, "@notices.yaml", "helpline: {name: x}"); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "helpline: {name: x}") {
		t.Errorf("a file that does not read: %d", a.status)
	}
	b.good("keep", b.multipart(path, "seen", none, "text", typed))
	b.has(path, "revision 1", "name: The helpline", "counts from now on")
	if a := b.get(path + "/file"); a.body != kept || a.header.Get("Content-Type") != settings.MediaType {
		t.Errorf("the file: %q", a.body)
	}
	b.has("/settings", "kept here")

	// Two managers: what the second has seen is not there any more.
	first := b.seen(path)
	b.good("a file", b.multipart(path, "seen", first, "@notices.yaml", "# another\n"+kept))
	for what, a := range map[string]answer{
		"change": b.multipart(path, "seen", first, "text", "# mine\n"+kept), "change without a word": b.multipart(path, "text", "# mine\n"+kept), "change of none": b.multipart(path, "seen", none, "text", "# mine\n"+kept),
	} {
		if a.status != http.StatusPreconditionFailed || !strings.Contains(a.body, "somebody else changed the file") || !strings.Contains(a.body, "# mine") || !strings.Contains(a.body, "# another") {
			t.Errorf("%s: %d %s", what, a.status, problemOf(a.body))
		}
	}
	if a := b.post(path+"/remove", "seen", first); a.status != http.StatusPreconditionFailed || !strings.Contains(a.body, "# another") {
		t.Errorf("remove what was not seen: %d", a.status)
	}
	b.has(path, "revision 2", "# another")

	// Characters that no page shows as they are stay in the file.
	hidden := kept + "team: [\"a\u200cb@example.org\"]\n"
	b.good("hidden characters", b.multipart(path, "seen", b.seen(path), "@notices.yaml", hidden))
	if page := b.has(path, "Download it, change it"); strings.Contains(page, "<textarea") {
		t.Error("a form would send back other characters than it was given")
	}
	if a := b.get(path + "/file"); a.body != hidden {
		t.Errorf("the file: %q", a.body)
	}

	reader := f.otherMember("reader")
	page = reader.has(path, "Managers of the workspace keep and remove these files: ana")
	if strings.Contains(page, "<textarea") || strings.Contains(page, path+"/remove") {
		t.Error("who is no manager is offered to change it")
	}
	if a := reader.multipart(path, "seen", b.seen(path), "text", kept); a.status != http.StatusForbidden {
		t.Errorf("a change by no manager: %d", a.status)
	}
	if a := reader.post(path+"/remove", "seen", b.seen(path)); a.status != http.StatusForbidden {
		t.Errorf("removed by no manager: %d", a.status)
	}
	b.good("remove", b.post(path+"/remove", "seen", b.seen(path)))
	b.has(path, "The workspace keeps none")
	if a := b.get(path + "/file"); a.status != http.StatusNotFound {
		t.Errorf("a removed file: %d", a.status)
	}
	for _, other := range []answer{b.get("/settings/other.yaml"), b.multipart("/settings/indicators", "seen", "none", "text", "x: y"), b.post("/settings/indicators/remove", "seen", "none")} {
		if other.status != http.StatusNotFound {
			t.Errorf("a file of another name: %d", other.status)
		}
	}
	for what, a := range map[string]answer{
		"a large text": b.multipart(path, "seen", none, "text", strings.Repeat("#", maxForm)), "a large file": b.multipart(path, "seen", none, "@a.yaml", strings.Repeat("#", settings.MaxSize+1)),
	} {
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "The file is too large") {
			t.Errorf("%s: %d", what, a.status)
		}
	}
	if strings.Contains(f.log.String(), "planted-password") {
		t.Error("the password is in the log")
	}
}

// TestSettingsOfMachines: nobody far from the machines names files and variables
// of theirs that the kept file does not name.
func TestSettingsOfMachines(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	const path, feeds = "/settings/feeds.yaml", "feeds:\n- {name: A, address: 'https://a.example.org/x', key_env: A_KEY}\n"
	if a := b.multipart(path, "seen", "none", "text", feeds); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "send its own secrets away") {
		t.Fatalf("a variable of the server: %d", a.status)
	}
	ctx := t.Context()
	if err := settings.Keep(ctx, f.manager().Workspace, workspace.SharedFeeds, []byte(feeds), settings.Wish{}); err != nil {
		t.Fatal(err)
	}
	b.good("what the command named", b.multipart(path, "seen", b.seen(path), "text", "# a comment\n"+feeds))
	if a := b.multipart(path, "seen", b.seen(path), "text", strings.Replace(feeds, "a.example.org", "b.example.org", 1)); a.status != http.StatusUnprocessableEntity {
		t.Errorf("its key to another: %d", a.status)
	}
}

// TestSettingsForPrograms does the same by the API.
func TestSettingsForPrograms(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	token := b.makeToken(Scopes...)
	const path, text = "/settings/institutions.yaml", "source: s\ninstitutions:\n- {id: our_paper, kind: news, names: {en: [Our Paper]}}\n"
	put := func(token, text string, heads ...string) answer {
		t.Helper()
		return f.send(http.MethodPut, path, token, settings.MediaType, strings.NewReader(text), heads...)
	}
	wants := func(what string, a answer, status int, code string) {
		t.Helper()
		if a.status != status || !strings.Contains(a.body, `"code":"`+code+`"`) {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	for _, heads := range [][]string{nil, {"If-Match", "*"}, {"If-Match", `""`}, {"If-Match", `W/"x"`}, {"If-None-Match", `"x"`}, {"If-Match", `"x"`, "If-None-Match", "*"}} {
		wants("without what was read", put(token, text, heads...), http.StatusPreconditionRequired, "settings_unseen")
	}
	wants("faults", put(token, "a: b\nc: d\n", "If-None-Match", "*"), http.StatusUnprocessableEntity, "settings_faults")
	if a := put(token, "a: b\nc: d\n", "If-None-Match", "*"); !strings.Contains(a.body, "Line 1, column 1: ") || !strings.Contains(a.body, "Line 2, column 1: ") {
		t.Errorf("faults are not told with their lines: %s", a.body)
	}
	one := into[workspace.SharedFile](t, put(token, text, "If-None-Match", "*"))
	if one.Revision != 1 || one.SHA256 != settings.SHA256([]byte(text)) {
		t.Errorf("%+v", one)
	}
	got := f.program(http.MethodGet, apiPrefix+path, token, "")
	tag := got.header.Get("ETag")
	if got.body != text || tag != `"`+one.SHA256+`"` {
		t.Errorf("%q %s", got.body, tag)
	}
	wants("another was read", put(token, text, "If-None-Match", "*"), http.StatusPreconditionFailed, "settings_other")
	two := into[workspace.SharedFile](t, put(token, "# more\n"+text, "If-Match", tag))
	wants("the one before was read", put(token, text, "If-Match", tag), http.StatusPreconditionFailed, "settings_other")
	if list := into[[]workspace.SharedFile](t, f.program(http.MethodGet, apiPrefix+"/settings", token, "")); len(list) != 1 || list[0] != two {
		t.Errorf("%+v", list)
	}
	wants("a scope less", put(b.makeToken("read"), text, "If-None-Match", "*"), http.StatusForbidden, "scope")
	caseID, _ := b.newCase()
	wants("of some cases", f.program(http.MethodGet, apiPrefix+path, b.limitedToken(caseID), ""), http.StatusForbidden, "limited")
	wants("of some cases", put(b.limitedToken(caseID), text, "If-Match", `"`+two.SHA256+`"`), http.StatusForbidden, "limited")
	del := func(tag string) answer {
		return f.send(http.MethodDelete, path, token, "", http.NoBody, "If-Match", tag)
	}
	wants("remove another", del(tag), http.StatusPreconditionFailed, "settings_other")
	if a := del(`"` + two.SHA256 + `"`); a.status != http.StatusOK {
		t.Errorf("remove: %d %s", a.status, a.body)
	}
	wants("removed", f.program(http.MethodGet, apiPrefix+path, token, ""), http.StatusNotFound, "not_found")
}

// TestFaultsInWords: each fault of a value, and of the form of YAML, is said in
// both languages, with its place and its values.
func TestFaultsInWords(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "es"} {
		p := message.New(lang)
		for _, why := range settings.Whys {
			f := settings.Fault{Line: 1234, Column: 3, Kind: settings.Value, Why: why, Text: "planted English", Values: []any{
				"Value", "planted <value>", "Path", "planted <value>", "Name", "planted <value>", "Most", 5, "Years", 5, "Number", 5, "Days", 5, "Unit", "days", "Extension", 5,
			}}
			l := faultIn(p, &f)
			if !p.Has("web.settings.value."+why) || strings.Contains(l.String(), "no value") || l.English != "" || !strings.Contains(l.Place, "3:") {
				t.Errorf("%s: %s", lang, l)
			}
		}
		for _, form := range settings.Forms() {
			f := settings.Fault{Line: 1, Kind: settings.Syntax, Why: form, Text: "planted English"}
			if l := faultIn(p, &f); !p.Has("web.settings.form."+form) || l.English != "" || strings.Contains(l.Place, ",") {
				t.Errorf("%s: %s", lang, l)
			}
		}
		if l := faultIn(p, &settings.Fault{Kind: settings.Syntax, Text: "a rare fault"}); l.English != "a rare fault" || l.Place != "" || l.Words == "" {
			t.Errorf("%s: %s", lang, l)
		}
	}
}
