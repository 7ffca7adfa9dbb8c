package report

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/amparo-project/amparo/internal/finding"
)

func makePage(t *testing.T, run finding.Run, list []finding.Finding, lang string) string {
	t.Helper()
	res, err := Load(writeResult(t, run, list))
	if err != nil {
		t.Fatal(err)
	}
	var a, b bytes.Buffer
	if err := HTML(&a, res, Options{Lang: lang}); err != nil {
		t.Fatal(err)
	}
	if err := HTML(&b, res, Options{Lang: lang}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same result gave two pages")
	}
	return a.String()
}

// each calls fn with every element of the page.
func each(t *testing.T, page string, fn func(n *html.Node)) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			fn(n)
		}
	}
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// helpSites are the only addresses outside the page that it links to.
var helpSites = []string{"https://www.accessnow.org/help/", "https://securitylab.amnesty.org/get-help/", "https://citizenlab.ca/"}

func TestPageLoadsNothingAndRunsOnlyItsOwn(t *testing.T) {
	t.Parallel()
	page := makePage(t, sampleRun(), sampleFindings(), "en")
	ids, scripts := map[string]bool{}, 0
	each(t, page, func(n *html.Node) {
		if id := attribute(n, "id"); id != "" {
			if ids[id] {
				t.Errorf("id %s is there twice", id)
			}
			ids[id] = true
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || a.Key == "srcset" {
				t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			}
		}
		switch n.Data {
		case "script":
			scripts++
		case "a":
			if href := attribute(n, "href"); !strings.HasPrefix(href, "#") && !slices.Contains(helpSites, href) {
				t.Errorf("a link to %s", href)
			}
		case "link", "img", "iframe", "object", "embed", "base":
			t.Errorf("the page has a <%s>", n.Data)
		}
	})
	if scripts != 1 {
		t.Errorf("%d scripts: text of the evidence became one", scripts)
	}
	if !strings.Contains(page, `content="default-src &#39;none&#39;;`) {
		t.Error("no policy")
	}
	for _, hash := range []string{hashOf(styleCSS), hashOf(zoomJS)} {
		if !strings.Contains(page, strings.ReplaceAll(hash, "+", "&#43;")) {
			t.Errorf("the policy lacks %s", hash)
		}
	}
	if strings.ContainsAny(page, "\x1b\u202e\u200b") {
		t.Error("what evidence hides reaches the page")
	}
	each(t, page, func(n *html.Node) {
		if href := attribute(n, "href"); n.Data == "a" && strings.HasPrefix(href, "#") && !ids[href[1:]] {
			t.Errorf("a link to %s, which is not there", href)
		}
	})
}

// TestPolicyFitsWhatThePageHolds: a template that changed a byte of the style
// or the script would leave the page bare.
func TestPolicyFitsWhatThePageHolds(t *testing.T) {
	t.Parallel()
	page := makePage(t, sampleRun(), nil, "es")
	for tag, want := range map[string]string{"style": styleCSS, "script": zoomJS} {
		part := regexp.MustCompile(`(?s)<` + tag + `>(.*)</` + tag + `>`).FindStringSubmatch(page)
		if part == nil || part[1] != want {
			t.Errorf("<%s> is not what was hashed", tag)
		}
	}
}

func TestHeadingsGoDownOneByOne(t *testing.T) {
	t.Parallel()
	level := 0
	each(t, makePage(t, sampleRun(), sampleFindings(), "en"), func(n *html.Node) {
		if len(n.Data) != 2 || n.Data[0] != 'h' || n.Data[1] < '1' || n.Data[1] > '6' {
			return
		}
		next := int(n.Data[1] - '0')
		if next > level+1 {
			t.Errorf("h%d follows h%d", next, level)
		}
		level = next
	})
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	counts := func(sev string) map[string]int64 { return map[string]int64{sev: 1} }
	for _, tt := range []struct {
		name   string
		change func(*finding.Run)
		en, es string
	}{
		{"critical", func(r *finding.Run) { r.Totals.BySeverity = counts("critical") }, "Published traces of spyware were found", "Se encontraron rastros publicados"},
		{"medium", func(r *finding.Run) { r.Totals.BySeverity = counts("medium") }, "Unusual things were found", "cosas poco comunes"},
		{"nothing", func(r *finding.Run) { r.Totals.BySeverity = counts("info") }, "No traces were found in what was read", "No se encontraron rastros en lo que se leyó"},
		{"interrupted", func(r *finding.Run) { r.Complete = false }, "did not come to its end", "no llegó a su fin"},
		{"no_indicators", func(r *finding.Run) { r.Indicators = nil }, "No published indicators were used", "no se usaron indicadores publicados"},
	} {
		run := sampleRun()
		tt.change(&run)
		page := makePage(t, run, nil, "en")
		for _, want := range []string{tt.en, tt.es, "No finding is no proof of a clean phone", "no prueba que un teléfono esté limpio"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: %q is missing", tt.name, want)
			}
		}
	}
}

func TestLanguageThatShowsFirst(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "es"} {
		page := makePage(t, sampleRun(), nil, lang)
		if !strings.Contains(page, `<html lang="`+lang+`">`) || !strings.Contains(page, `id="lang-`+lang+`" checked`) {
			t.Errorf("%s does not show first", lang)
		}
	}
}

func TestLongValuesAreCut(t *testing.T) {
	t.Parallel()
	list := sampleFindings()[:1]
	list[0].Indicator.Observed = strings.Repeat("x", 1<<20)
	if page := makePage(t, sampleRun(), list, "en"); len(page) > 300_000 || !strings.Contains(page, "cut: it has 1,048,576 bytes") {
		t.Errorf("a page of %d bytes", len(page))
	}
}
