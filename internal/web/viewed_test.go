package web

import (
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/workspace"
)

// TestViewedInWords: whatever can be looked at is said in words, in both
// languages; the ledger keeps the address.
func TestViewedInWords(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	pages := []string{"search", "timeline", "/yours"}
	for _, r := range routes {
		if method, path, _ := strings.Cut(r.pattern, " "); r.need.level == isMember && r.need.looks(method) {
			pages = append(pages, path)
		}
	}
	_, a := f.s.newAPI()
	for name, op := range operationsOf(a) {
		if method, path, _ := strings.Cut(name, " "); operationNeeds[op.OperationID].looks(method) {
			pages = append(pages, apiPrefix+path)
		}
	}
	if len(pages) < 80 {
		t.Fatalf("%d pages: the test proves little", len(pages))
	}
	for _, lang := range []string{"en", "es"} {
		q := &request{Printer: message.New(lang)}
		for _, page := range pages {
			if words := q.viewed(page); words == "" || strings.Contains(words, "program") != strings.HasPrefix(page, apiPrefix) {
				t.Errorf("%s: %s: %q", lang, page, words)
			}
		}
		if words := q.viewed("/of/another/{version}"); words != "" {
			t.Errorf("%s: %q", lang, words)
		}
	}
	_, parts := (&request{Printer: message.New("es")}).actParts(map[string]any{"bytes": 2094452.0, "files": 60.0}, false, nil, nil)
	if len(parts) != 2 || parts[0].Value != "2094452" || parts[1].Name != "archivos" {
		t.Errorf("%v", parts)
	}
	b := f.member()
	caseID, _ := b.newCase()
	b.get("/cases/" + caseID)
	b.get("/cases/" + caseID + "/facts")
	if page := b.has("/ledger", "its facts and events", "/cases/{case}/facts</span>"); strings.Contains(page, `<span class="mono">/cases/{case}`) {
		t.Error("an address stands without words")
	}
	l, err := f.manager().Acts(t.Context(), "", workspace.Page{Limit: workspace.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	kept := false
	for _, act := range l.Items {
		kept = kept || strings.Contains(act.Opening.Detail, `"/cases/{case}/facts"`)
	}
	if !kept {
		t.Error("the ledger has no address any more")
	}
}
