package web

import (
	"fmt"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/web/webtest"
	"github.com/amparo-project/amparo/internal/workspace"
)

// TestSourcesAreLinked: what a concern rests on is linked for who may open it, and
// named alone for others.
func TestSourcesAreLinked(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	w, err := webtest.Populate(t.Context(), f.manager(), webtest.Size{Cases: 2, Devices: 1, Findings: 3, Messages: 100}, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	c, other := &w.Cases[0], &w.Cases[1]
	luz := f.otherMember("luz")
	if err := f.manager().ShareCase(t.Context(), c.ID, "luz", workspace.RoleCounsel, ""); err != nil {
		t.Fatal(err)
	}
	at := "/cases/" + c.ID
	own, foreign := c.FindingsOf[c.Runs[0]][0], other.FindingsOf[other.Runs[0]][0]
	event := fmt.Sprintf(`{"person": "heron-0-0", "from": "2016-06", "how": "lure", "outcome": "attempt", "threat": "Pegasus", "operator": "RECKLESS-1", "certainty": "certain",
		"impersonates": [{"kind": "embassy", "country": "US", "name": "US embassy"}], "sources": [{"evidence": %q, "run": %q, "finding": %q}, {"evidence": %q, "run": %q, "finding": %q},
		{"evidence": %q, "title": "The phone"}, {"run": %q, "finding": "F-../../settings"}]}`,
		c.Evidence[0], c.Runs[0], own, other.Evidence[0], other.Runs[0], foreign, c.Evidence[0], c.Runs[0])
	b.good("event", b.multipart(at+"/facts/file", "kind", "event", "@event.json", event))
	links := map[string]string{
		"the finding": `href="/runs/` + c.Runs[0] + "/findings/" + own + `"`, "the evidence": `href="/evidence/` + c.Evidence[0] + `">` + c.Evidence[0] + "</a>, The phone",
		"the finding of another case": `href="/runs/` + other.Runs[0] + "/findings/" + foreign + `"`,
	}
	page := b.has(at+"/concerns?every=1", links["the finding"], links["the evidence"], links["the finding of another case"])
	if strings.Contains(page, `findings/F-..`) {
		t.Error("what is no finding is linked")
	}
	page = luz.has(at+"/concerns?every=1", links["the finding"], links["the evidence"], foreign)
	if strings.Contains(page, links["the finding of another case"]) {
		t.Error("a finding that nobody shared is linked")
	}
}
