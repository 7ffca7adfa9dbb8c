package browsertest

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// serveAs serves the workspace to another member of it.
func serveAs(t *testing.T, c checked, name string) *served {
	t.Helper()
	return serve(t, c.home, "--identity-file", filepath.Join(filepath.Dir(c.home), name+".age"))
}

// TestRolesInBrowser shows each role its pages, in both languages: what a role
// may not do is not offered, and who comes by its address is told whom to ask.
func TestRolesInBrowser(t *testing.T) {
	c := together(t)
	at := "/cases/" + c.caseID
	for _, role := range []struct {
		name          string
		offered, not  []string // paths that the page of the case leads to
		refused, path string   // what the role is told at a path that is not theirs
	}{
		{"luz", []string{at + "/evidence", at + "/person"}, []string{at + "/members", at + "/close"}, "analyst", at + "/members"},
		{"abogada", []string{at + "/account"}, []string{at + "/evidence", at + "/members", at + "/close"}, "counsel", at + "/evidence"},
		{"sol", []string{at + "/account"}, []string{at + "/evidence", at + "/person", at + "/members", at + "/close"}, "reader", at + "/evidence"},
	} {
		t.Run(role.name, func(t *testing.T) {
			s := serveAs(t, c, role.name)
			ctx := browser(t)
			quiet(t, ctx, s.base)
			run(t, ctx, chromedp.EmulateViewport(1200, 900))
			open(t, ctx, s)
			for _, lang := range []string{"en", "es"} {
				speak(t, ctx, s, lang)
				run(t, ctx, chromedp.Navigate(s.base+at), chromedp.WaitReady("main", chromedp.ByQuery))
				accessible(t, ctx, "web "+lang+" case as "+role.name)
				for _, path := range append(role.offered, role.not...) {
					want := strings.Contains(strings.Join(role.offered, " "), path)
					if got := ask[bool](t, ctx, `document.querySelector('[href="`+path+`"], [action="`+path+`"]') !== null`); got != want {
						t.Errorf("%s: the case offers %s: %v, want %v", role.name, path, got, want)
					}
				}
				run(t, ctx, chromedp.Navigate(s.base+role.path), chromedp.WaitReady("main", chromedp.ByQuery))
				accessible(t, ctx, "web "+lang+" refused as "+role.name)
				if got := ask[string](t, ctx, `document.querySelector("main").textContent`); !strings.Contains(got, "ana") || lang == "en" && !strings.Contains(got, role.refused) {
					t.Errorf("%s is not told their role, or whom to ask: %s", role.name, got)
				}
				if lang == "es" && role.name == "sol" {
					screen(t, ctx, "web-refused-es")
				}
			}
			s.stop()
		})
	}
}

// speak changes the language.
func speak(t *testing.T, ctx context.Context, s *served, lang string) {
	t.Helper()
	if ask[string](t, ctx, `document.documentElement.lang`) != lang {
		submit(t, ctx, `button[value=`+lang+`]`)
	}
}

// TestOwnPageInBrowser is what the person concerned sees: their page, on a phone
// and on a screen, in both languages; nothing of the other person; and the way
// to withdraw their consent, to its end.
func TestOwnPageInBrowser(t *testing.T) {
	c := together(t)
	s := serveAs(t, c, "hector")
	ctx := browser(t)
	quiet(t, ctx, s.base)
	run(t, ctx, chromedp.EmulateViewport(390, 844))
	open(t, ctx, s)
	for _, shot := range []struct {
		lang, scheme, file string
		width, height      int64
	}{
		{"es", "light", "web-yours-phone-es", 390, 844},
		{"es", "dark", "", 390, 844},
		{"es", "light", "web-yours-es", 1000, 1100},
		{"en", "dark", "web-yours-dark", 1000, 1100},
	} {
		run(t, ctx, chromedp.EmulateViewport(shot.width, shot.height),
			emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: shot.scheme}}),
			chromedp.Navigate(s.base+"/"), chromedp.WaitReady("main", chromedp.ByQuery))
		speak(t, ctx, s, shot.lang)
		if at := ask[string](t, ctx, `location.pathname`); at != "/yours" {
			t.Fatalf("the person concerned begins at %s", at)
		}
		what := "web yours " + shot.lang + " " + shot.scheme
		accessible(t, ctx, what)
		if wide := ask[int](t, ctx, `document.scrollingElement.scrollWidth - window.innerWidth`); wide > 0 {
			t.Errorf("%s: %d pixels wider than the window: %s", what, wide, ask[string](t, ctx, widest))
		}
		text := ask[string](t, ctx, `document.body.textContent`)
		for _, other := range []string{"ibis", "Somebody Else", "A journalist in Oaxaca"} {
			if strings.Contains(text, other) {
				t.Errorf("%s shows %q", what, other)
			}
		}
		if !strings.Contains(text, "the old iPhone") || !strings.Contains(text, "ana") {
			t.Errorf("%s shows neither the phone nor whom to ask: %s", what, text)
		}
		if shot.file != "" {
			screen(t, ctx, shot.file)
		}
	}
	// The consent is withdrawn: what was handed over is gone, and the page says so.
	submit(t, ctx, `a[href*="/withdraw/"]`)
	accessible(t, ctx, "web withdraw by the person")
	if strings.Contains(ask[string](t, ctx, `document.querySelector("main").textContent`), "Oaxaca") {
		t.Error("the page of withdrawing shows the title of the case")
	}
	run(t, ctx, chromedp.Click("#sure", chromedp.ByQuery))
	submit(t, ctx, "button.danger")
	if at := ask[string](t, ctx, `location.pathname`); at != "/yours" {
		t.Errorf("after withdrawing the person is at %s", at)
	}
	accessible(t, ctx, "web yours after withdrawing")
	if text := ask[string](t, ctx, `document.querySelector("main").textContent`); !strings.Contains(text, "was erased") {
		t.Errorf("the page does not say that it was erased: %s", text)
	}
}

// TestMembersInBrowser shares a case, changes a role and removes somebody.
func TestMembersInBrowser(t *testing.T) {
	c := together(t)
	at := "/cases/" + c.caseID + "/members"
	s := serve(t, c.home)
	ctx := browser(t)
	quiet(t, ctx, s.base)
	run(t, ctx, chromedp.EmulateViewport(1200, 1000))
	open(t, ctx, s)
	roleOf := func(name string) string {
		return ask[string](t, ctx, `[...document.querySelectorAll("tbody tr")].find(r => r.cells[0].textContent.includes("`+name+`"))?.cells[1].textContent.trim() ?? ""`)
	}
	run(t, ctx, chromedp.Navigate(s.base+at), chromedp.WaitReady("main", chromedp.ByQuery))
	accessible(t, ctx, "web members")
	if !strings.HasPrefix(roleOf("hector"), "person concerned") || roleOf("ana") != "owner" {
		t.Errorf("hector is %q, ana is %q", roleOf("hector"), roleOf("ana"))
	}
	form := func(name, action string) string {
		return `tr:has(input[value=` + name + `]) form[action="` + at + "/" + action + `"]`
	}
	run(t, ctx, chromedp.Evaluate(`document.querySelector('tr:has(input[value=luz]) details').open = true; document.querySelector('`+form("luz", "role")+` select[name=role]').value = "reader"`, nil))
	accessible(t, ctx, "web members, open")
	screen(t, ctx, "web-members")
	submit(t, ctx, form("luz", "role")+" button")
	if got := roleOf("luz"); got != "reader" {
		t.Errorf("luz is %q", got)
	}
	// The last owner stays one.
	run(t, ctx, chromedp.Evaluate(`document.querySelector('tr:has(input[value=ana]) details').open = true`, nil))
	submit(t, ctx, form("ana", "remove")+" button")
	if got := ask[string](t, ctx, `document.querySelector(".problem")?.textContent ?? ""`); !strings.Contains(got, "keeps an owner") {
		t.Errorf("removing the last owner says %q", got)
	}
	run(t, ctx, chromedp.Navigate(s.base+at), chromedp.WaitReady("main", chromedp.ByQuery), chromedp.Evaluate(`document.querySelector('tr:has(input[value=sol]) details').open = true`, nil))
	submit(t, ctx, form("sol", "remove")+" button")
	if got := roleOf("sol"); got != "" {
		t.Errorf("sol is still %q", got)
	}
	// And is taken in again, on a phone, in Spanish and in the dark.
	run(t, ctx, chromedp.EmulateViewport(360, 740), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
	speak(t, ctx, s, "es")
	accessible(t, ctx, "web members es")
	if wide := ask[int](t, ctx, `document.scrollingElement.scrollWidth - window.innerWidth`); wide > 0 {
		t.Errorf("members: %d pixels wider than the window: %s", wide, ask[string](t, ctx, widest))
	}
	screen(t, ctx, "web-members-phone-es")
	run(t, ctx, chromedp.SetValue("#member", "sol", chromedp.ByQuery), chromedp.SetValue("#role-new", "counsel", chromedp.ByQuery))
	submit(t, ctx, `form[action="`+at+`"] button`)
	if got := roleOf("sol"); got != "asesoría jurídica" {
		t.Errorf("sol is %q", got)
	}
}
