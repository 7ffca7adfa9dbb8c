package web

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/link"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/web/webtest"
	"github.com/amparo-project/amparo/internal/workspace"
)

// linkedPerson is a case of a person whose phone has the planted messages.
func (b *browser) linkedPerson(purposes ...string) (caseID, person string) {
	b.f.t.Helper()
	caseID, device := b.newCase()
	person = b.person(caseID)
	form := []string{"person", person, "until", "2099-12-31", "given_by", "heron", "@form.pdf", "signed"}
	for _, p := range purposes {
		form = append(form, "purpose", p)
	}
	b.good("consent", b.multipart("/cases/"+caseID+"/consent", form...))
	a := b.post("/cases/"+caseID+"/evidence/path", "device", device, "path", b.f.backup())
	b.f.job(b, a.location)
	return caseID, person
}

// TestLinks compares people of two cases, follows an edge to its values, and
// holds what is shown to the consents of the moment.
func TestLinks(t *testing.T) {
	f := newFixture(t)
	b := f.member()
	f.indicators(b)
	first, _ := b.linkedPerson("analysis", "linking")
	second, _ := b.linkedPerson("analysis", "linking")
	b.has("/links", "Compare people", "linking: 2")
	if a := b.get("/links/file/json?case="); a.status != http.StatusSeeOther {
		t.Errorf("a file of nothing: %d", a.status)
	}
	b.good("compare", b.post("/links", "case", ""))
	page := b.has("/links", "<svg", "published indicator", `id="matrix"`, `id="pairs"`, "no proof")
	edge := strings.ReplaceAll(regexp.MustCompile(`/links\?operator=L-[0-9a-f]+&amp;who=P-\w+`).FindString(page), "&amp;", "&")
	b.has(edge, `id="behind"`, "published indicator")
	b.has("/links?kind=indicator", "<svg")
	if page := b.get("/links?kind=cert_hash").body; strings.Contains(page, "<svg") || !strings.Contains(page, "Nothing ties") {
		t.Error("a kind that nobody shares leaves people tied")
	}
	if page := b.get("/links?least=1000").body; strings.Contains(page, "<svg") {
		t.Error("a strength that nothing has leaves people tied")
	}
	for format, begins := range map[string]string{"json": "{", "graphml": "<?xml", "html": "<!DOCTYPE html>"} {
		if a := b.get("/links/file/" + format + "?case="); a.status != http.StatusOK || !strings.HasPrefix(a.body, begins) {
			t.Errorf("%s: %d %.40s", format, a.status, a.body)
		}
	}
	// Another member has not compared anybody, and sees none of this.
	if page := f.otherMember("luz").get("/links").body; strings.Contains(page, "<svg") {
		t.Error("another member sees the graph")
	}
	// Consent withdrawn: the graph that was made by it is gone at once.
	b.good("compare", b.post("/links", "case", first))
	b.has("/links?case="+first, "<svg")
	for _, k := range regexp.MustCompile(`/withdraw/K-\w+`).FindAllString(b.get("/cases/"+second).body, -1) {
		b.good("withdraw", b.post("/cases/"+second+k, "sure", "yes"))
	}
	for _, path := range []string{"/links", "/links?case=" + first} {
		if page := b.get(path).body; strings.Contains(page, "<svg") || !strings.Contains(page, "Nobody was compared") {
			t.Errorf("%s shows what was compared under a consent that was withdrawn", path)
		}
	}
}

// aGraph is a world of n people and k operators, with text that attacks its
// reader in all of it.
func aGraph(n, k int) *workspace.Linked {
	at := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	g := &link.Graph{People: n}
	id := func(i int) string { return fmt.Sprintf("P-%012d", i) }
	for c := range k {
		x := link.Cluster{ID: fmt.Sprintf("L-%012x", c), First: at, Last: at, More: 3}
		var who []string
		for i := c; i < n; i += k {
			x.People = append(x.People, link.Member{ID: id(i), Case: "C-1", Name: webtest.Payload})
			who = append(who, id(i))
			if i >= k {
				g.Edges = append(g.Edges, link.Edge{A: id(i - k), B: id(i), Score: 0.6 + float64(i%7)/3, Ties: []link.Tie{{Kind: link.Host, Value: webtest.Payload, Weight: 0.5, Days: 3}}})
			}
		}
		for v := range 5 {
			x.Values = append(x.Values, link.Value{Kind: link.Host, Value: fmt.Sprint(webtest.Payload, v), Weight: 0.1 * float64(v), People: who})
		}
		g.Clusters = append(g.Clusters, x)
	}
	return &workspace.Linked{Graph: g, Made: "2026-05-01T12:00:00.000000Z", NoConsent: 1}
}

// TestLinksOfThousand looks at a graph of a thousand people: the page is bounded
// and says what it leaves out, and hostile text does nothing.
func TestLinksOfThousand(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it is of volume")
	}
	f := newFixture(t)
	b := f.member()
	sp := f.s.sessions.get(b.cookies()[0].Value).unlocked()
	basis, _, err := sp.LinkBasis(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	f.s.compared.put(comparedGraph{sp.Member().ID, "", basis, f.now(), aGraph(1000, 40)})
	page := b.look("/links")
	if len(page) > 1<<20 {
		t.Errorf("the page has %d bytes", len(page))
	}
	for _, want := range []string{"Only the 120 strongest of 1,000 lines", "People 1 to 50 of 300", "Further operators (28)", "Further pairs, in the files: 860"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	// Every person is in some part of the matrix.
	seen := map[string]bool{}
	for _, column := range []int{0, 12, 24, 36} {
		for from := 0; from < 300; from += 50 {
			part := b.get(fmt.Sprintf("/links?from=%d&columns=%d", from, column)).body
			part = part[strings.Index(part, `id="matrix"`):strings.Index(part, `id="pairs"`)]
			for _, id := range regexp.MustCompile(`P-\d{12}`).FindAllString(part, -1) {
				seen[id] = true
			}
		}
	}
	if len(seen) != 1000 {
		t.Errorf("the matrix shows %d people", len(seen))
	}
	b.look("/links?who=P-000000000001")
	b.look("/links?operator=L-000000000001&who=P-000000000001&from=99999&columns=99999&least=x")
	f.later(comparedLife + time.Minute)
	b.post("/unlock", "passphrase", goodPassphrase)
	if strings.Contains(b.get("/links").body, "<svg") {
		t.Error("the graph is kept longer than said")
	}
}

// TestLinksPicture draws the same each time, whatever the order of clusters.
func TestLinksPicture(t *testing.T) {
	t.Parallel()
	g := aGraph(30, 5).Graph
	names := namesOf(g, map[string]string{"C-1": "A case"})
	p := drawLinks(g, names, printer())
	if len(p.People) != 30 || len(p.Clusters) != 5 || len(p.Lines) != 30 || p.Cut != "" {
		t.Errorf("%d people, %d operators, %d lines, %q", len(p.People), len(p.Clusters), len(p.Lines), p.Cut)
	}
	for range 5 {
		if again := drawLinks(g, names, printer()); fmt.Sprint(*again) != fmt.Sprint(*p) {
			t.Fatal("the same graph is drawn in another way")
		}
	}
	if drawLinks(&link.Graph{}, names, printer()) != nil {
		t.Error("nothing is drawn as something")
	}
}

func printer() *message.Printer { return message.New("en") }
