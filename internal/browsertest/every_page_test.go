package browsertest

import (
	"context"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/amparo-project/amparo/internal/web"
	"github.com/amparo-project/amparo/internal/workspace"
)

// notHere are addresses that this test does not look at, each with the reason.
var notHere = map[string]string{
	"/":                                  "leads on",
	"/static/{hash}/{name}":              "files of pages",
	"/enter/{token}":                     "how each of these tests comes in",
	"/start":                             "TestFirstMinute",
	"/unlock":                            "how each of these tests comes in",
	"/signin":                            "TestTeam",
	"/signin/oidc":                       "leads to the provider",
	"/signin/oidc/back":                  "leads on",
	"/join/{token}":                      "TestTeam",
	"/me/oidc":                           "leads to the provider",
	"/me/oidc/tie":                       "leads on",
	"/yours":                             "TestOwnPageInBrowser",
	"/cases/{case}/out/public/{lang}":    "TestPublicPage; here it is a page of nobody, without scripts",
	"/runs/{run}/report":                 "TestReport",
	"/runs/{run}/report/{format}":        "a file",
	"/jobs/{job}/result":                 "a file",
	"/links/file/{format}":               "a file",
	"/ledger/key":                        "a file",
	"/ledger/checkpoint":                 "a file",
	"/ledger/consistency":                "a file",
	"/ledger/proof/{entry}":              "a file",
	"/evidence/{evidence}/proof/{entry}": "a file",
	"/settings/{file}/file":              "a file",
	"/runs/{run}/timeline/counts":        "JSON",
	"/cases/{case}/devices/{device}/timeline/counts": "JSON",
	"/cases/{case}/account/terms.ics":                "a file",
	"/cases/{case}/account/feed.atom":                "a file",
	"/cases/{case}/trade/report":                     "a file",
	"/cases/{case}/notices/{notice}/letter":          "a PDF",
}

// queries are what some pages are asked, to show what they are for.
var queries = map[string]string{
	"/search": "?q=http", "/cases/{case}/search": "?q=http", "/runs/{run}/search": "?q=http", "/cases/{case}/devices/{device}/search": "?q=http",
	"/indicators": "?q=smsmensaje.mx", "/ledger/verify": "?entry=3", "/cases/{case}/out/letter": "?to=PGR&from=us",
	"/cases/{case}/out/public": "?title=What+was+promised&publisher=A+helpline", "/cases/{case}/concerns": "?every=1",
}

// pictures are those that are kept, by language and page.
var pictures = map[string]string{
	"en /cases": "web-cases", "en /cases/{case}": "web-case", "es /cases/{case}": "web-case-phone-dark-es", "en /search": "web-search", "es /search": "web-search-phone-dark-es",
	"es /runs/{run}/findings/{finding}": "web-finding-phone-dark", "es /cases": "web-cases-phone-dark-es", "en /cases/{case}/trade/deal": "web-deal",
	"es /cases/{case}/entries/{entry}": "web-entry-phone-dark-es", "en /cases/{case}/concerns": "web-concerns",
}

// visitor looks at pages as a member.
type visitor struct {
	t      *testing.T
	ctx    context.Context
	s      *served
	values map[string]string
}

// holes are those of paths.
var holes = regexp.MustCompile(`\{(\w+)\}`)

// go to a page; it must answer.
func (v *visitor) visit(path string) {
	v.t.Helper()
	at := holes.ReplaceAllStringFunc(path, func(hole string) string {
		s := v.values[hole[1:len(hole)-1]]
		if s == "" {
			v.t.Fatalf("%s: nothing is known for %s: say what, or why it is not looked at", path, hole)
		}
		return s
	})
	res, err := chromedp.RunResponse(v.ctx, chromedp.Navigate(v.s.base+at+queries[path]))
	if err != nil {
		v.t.Fatalf("%s: %v", path, err)
	}
	if res.Status != 200 {
		v.t.Errorf("%s: %d", path, res.Status)
	}
	run(v.t, v.ctx, chromedp.WaitReady("main", chromedp.ByQuery))
}

// fits fails the test where a page is wider than the window, or sends too much.
func (v *visitor) fits(what string) {
	v.t.Helper()
	if wide := ask[int](v.t, v.ctx, `document.scrollingElement.scrollWidth - window.innerWidth`); wide > 0 {
		v.t.Errorf("%s: %d pixels wider than the window: %s", what, wide, ask[string](v.t, v.ctx, widest))
	}
	if broken := ask[[]string](v.t, v.ctx, squeezed); len(broken) > 0 {
		v.t.Errorf("%s: words are broken in their midst: %q", what, broken)
	}
	if weight := ask[float64](v.t, v.ctx, `performance.getEntriesByType("resource").filter(e => /\.(js|wasm)$/.test(e.name)).reduce((n, e) => n + e.decodedBodySize, 0)`); weight > 300<<10 {
		v.t.Errorf("%s sends %v bytes of script", what, weight)
	}
}

// squeezed are words in cells and buttons that go on in another line. Ids and what
// evidence says may.
const squeezed = `[...document.querySelectorAll("main td, main th, main button, main .button")].flatMap(e => {
	if (!e.checkVisibility() || e.closest(".hex, .grid")) { return []; }
	const range = document.createRange(), texts = document.createTreeWalker(e, NodeFilter.SHOW_TEXT);
	for (let n = texts.nextNode(); n; n = texts.nextNode()) {
		if (n.parentElement.closest(".mono, a, .id, .sr")) { continue; }
		for (const m of n.data.matchAll(/(?<![^\s(])\p{L}{3,14}(?![^\s.,:;)])/gu)) {
			range.setStart(n, m.index); range.setEnd(n, m.index + m[0].length);
			const boxes = range.getClientRects();
			if (boxes.length > 1 && boxes[0].top !== boxes[boxes.length - 1].top) { return [m[0] + " in " + e.textContent.trim().slice(0, 60)]; }
		}
	}
	return [];
}).slice(0, 5)`

// looks are the pages that a role may see.
func looks(r workspace.Role) (out []string) {
	for _, l := range web.Looks() {
		if notHere[l.Path] == "" && (l.Roles == nil || slices.Contains(l.Roles, r)) {
			out = append(out, l.Path)
		}
	}
	return out
}

// bones is a page without its words: what axe-core looks at, but for colours.
const bones = `(() => { const m = document.querySelector("main").cloneNode(true);
	return [...m.querySelectorAll("*")].map(e => e.tagName + "." + e.className + [...e.attributes].map(a => a.name).join()).filter((x, i, all) => x !== all[i - 1]).join("\n"); })()`

// shape is a language with a window and a scheme of colours.
type shape struct {
	lang, scheme  string
	width, height int64
}

func (v *visitor) take(s shape) {
	run(v.t, v.ctx, chromedp.EmulateViewport(s.width, s.height), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: s.scheme}}))
	speak(v.t, v.ctx, v.s, s.lang)
}

// TestEveryPage looks at every page as axe-core does: as the owner in English on
// a screen, in Spanish on a phone in the dark; and as each other role, where the
// page is built otherwise for it. A page that is neither looked at nor excused
// fails the test.
func TestEveryPage(t *testing.T) {
	c := whole(t)
	v := &visitor{t: t, values: map[string]string{
		"case": c.caseID, "evidence": c.evidence, "run": c.run, "device": c.device, "entry": c.entry, "notice": c.notice, "job": c.job, "form": "request", "file": "notices.yaml",
	}}
	pass := filepath.Join(filepath.Dir(c.home), "passphrase")
	v.values["finding"] = filepath.Base(c.findingOf(t, "ios.sms "))
	v.values["consent"] = regexp.MustCompile(`K-[0-9a-z]{12}`).FindString(amparo(t, "", "consent", "list", c.caseID, "--passphrase-file", pass))
	v.values["member"] = regexp.MustCompile(`M-[0-9a-z]+`).FindString(amparo(t, "", "workspace", "member", "list", "--json", "--passphrase-file", pass))
	seen := map[string][]string{} // bones by path
	v.s, v.ctx = serve(t, c.home), browser(t)
	quiet(t, v.ctx, v.s.base)
	run(t, v.ctx, chromedp.EmulateViewport(1200, 900))
	open(t, v.ctx, v.s)
	// They were here three days ago: what others did since is news.
	last := strconv.FormatInt(time.Now().AddDate(0, 0, -3).Unix(), 10)
	me := amparo(t, "", "workspace", "show", "--json", "--passphrase-file", pass)
	run(t, v.ctx, network.SetCookie("amparo_visit_"+regexp.MustCompile(`M-([0-9a-z]+)`).FindStringSubmatch(me)[1], last+"-"+last).WithURL(v.s.base+"/cases").WithPath("/cases"))
	v.visit("/indicators")
	v.values["set"] = filepath.Base(ask[string](t, v.ctx, `document.querySelector("a[href^='/indicators/sets/']").getAttribute("href")`))
	for _, sh := range []shape{{"en", "light", 1200, 900}, {"es", "dark", 360, 740}} {
		v.take(sh)
		for _, path := range looks(workspace.RoleOwner) {
			v.visit(path)
			what := sh.lang + " " + path
			if got := ask[string](t, v.ctx, `document.documentElement.lang`); got != sh.lang {
				t.Errorf("%s is in %q", what, got)
			}
			seen[path] = append(seen[path], ask[string](t, v.ctx, bones))
			accessible(t, v.ctx, what)
			v.fits(what)
			if file := pictures[what]; file != "" {
				screen(t, v.ctx, file)
			}
		}
	}
	run(t, v.ctx, chromedp.Navigate(v.s.base+"/nothing-here"), chromedp.WaitReady("main", chromedp.ByQuery))
	accessible(t, v.ctx, "es, a page that is none")
	v.s.stop()
	for role, name := range map[workspace.Role]string{workspace.RoleAnalyst: "luz", workspace.RoleCounsel: "abogada", workspace.RoleReader: "sol", workspace.RolePerson: "hector"} {
		v.s, v.ctx = serveAs(t, c, name), browser(t)
		quiet(t, v.ctx, v.s.base)
		run(t, v.ctx, chromedp.EmulateViewport(1200, 900))
		open(t, v.ctx, v.s)
		speak(t, v.ctx, v.s, "en")
		for _, path := range looks(role) {
			v.visit(path)
			if b := ask[string](t, v.ctx, bones); !slices.Contains(seen[path], b) {
				seen[path] = append(seen[path], b)
				accessible(t, v.ctx, path+" as "+string(role))
			}
		}
		v.s.stop()
	}
}

// TestNoPageIsForgotten holds what is excused to be an address.
func TestNoPageIsForgotten(t *testing.T) {
	known := map[string]bool{}
	for _, l := range web.Looks() {
		known[l.Path] = true
	}
	for _, list := range []map[string]string{notHere, queries} {
		for path := range list {
			if !known[path] {
				t.Errorf("%s is no address", path)
			}
		}
	}
}
