package web

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/web/webtest"
	"github.com/amparo-project/amparo/internal/workspace"
)

var tags = regexp.MustCompile(`<[^>]*>`)

// TestSearch looks for words in a check, a phone, a case and all cases; marks
// them; goes on where a part ends; and tells nobody what was looked for.
func TestSearch(t *testing.T) {
	if testing.Short() {
		t.Skip("volume")
	}
	f := newFixture(t)
	b := f.member()
	w, err := webtest.Populate(t.Context(), f.manager(), webtest.Size{Cases: 2, Devices: 2, Findings: 3, Messages: 100}, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &w.Cases[0]
	run, device := "/runs/"+c.Runs[0], "/cases/"+c.ID+"/devices/"+c.Devices[1]
	for _, s := range []struct {
		path        string
		runs        []string
		least, most int
	}{
		{run + "/search?q=donde+estas", c.Runs[:1], 1, 50},
		{run + "/search?q=%22estas+donde%22", nil, 0, 0},
		{run + "/search?q=dond*", c.Runs[:1], 1, 50},
		{run + "/search?q=donde&artifact=ios.calls", nil, 0, 0},
		{run + "/search?q=donde&from=2036-01-01", nil, 0, 0},
		{run + "/search?q=ond&exact=1", c.Runs[:1], 1, 200},
		{run + "/search?q=ond", nil, 0, 0},
		{device + "/search?q=donde", c.Runs[1:2], 1, 50},
		{"/cases/" + c.ID + "/search?q=donde", c.Runs, 1, 20},
		{"/search?q=donde", append(append([]string{}, c.Runs...), w.Cases[1].Runs...), 1, 40},
	} {
		hits, runs := 0, map[string]bool{}
		for at := s.path; at != ""; {
			a := b.get(at)
			if a.status != http.StatusOK {
				t.Fatalf("%s: %d", at, a.status)
			}
			hits += strings.Count(a.body, "<article")
			for _, m := range regexp.MustCompile(`/runs/(R-\w+)/timeline\?from`).FindAllStringSubmatch(a.body, -1) {
				runs[m[1]] = true
			}
			if strings.Contains(a.body, "<article") && !strings.Contains(a.body, "<mark>") {
				t.Errorf("%s: nothing is marked", at)
			}
			at = ""
			if m := regexp.MustCompile(`data-next="([^"]+)"`).FindStringSubmatch(a.body); m != nil {
				u, _, _ := strings.Cut(s.path, "?")
				at = u + html.UnescapeString(m[1])
			}
		}
		if hits < s.least || hits > s.most {
			t.Errorf("%s: %d hits, want %d to %d", s.path, hits, s.least, s.most)
		}
		for _, id := range s.runs {
			if !runs[id] {
				t.Errorf("%s: nothing of run %s", s.path, id)
			}
		}
		if len(runs) > len(s.runs) {
			t.Errorf("%s: hits of %d runs, want %d", s.path, len(runs), len(s.runs))
		}
	}
	f.nextHits(b, run)
	for _, bad := range []string{"?q=a&after=x", "?q=a&after=-1", "?q=a&after=9", "?q=a&after=0.0.0.0.0", "?q=a&from=yesterday"} {
		if a := b.get(run + "/search" + bad); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d", bad, a.status)
		}
	}
	luz := f.otherMember("luz")
	for _, path := range []string{run + "/search?q=donde", device + "/search?q=donde", device + "/timeline", "/cases/" + c.ID + "/search?q=donde"} {
		if a := luz.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s of somebody else: %d", path, a.status)
		}
	}
	if a := luz.get("/search?q=donde"); a.status != http.StatusOK || strings.Contains(a.body, "<article") {
		t.Errorf("a search of who has no case: %d", a.status)
	}
	acts, err := f.manager().Acts(t.Context(), "", workspace.Page{Limit: workspace.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	searched := 0
	for _, a := range acts.Items {
		if strings.Contains(a.Entry, "case.searched") || strings.Contains(a.Opening.Detail, " search") {
			searched++
		}
		if strings.Contains(a.Opening.Detail, "donde") {
			t.Errorf("the ledger says what was looked for: %s", a.Opening.Detail)
		}
	}
	if searched < 3 { // once an hour for each thing that is looked at
		t.Errorf("%d searches are in the ledger", searched)
	}
}

// nextHits goes through the hits of a word that many records have: none comes
// twice.
func (f *fixture) nextHits(b *browser, run string) {
	f.t.Helper()
	seen, pages := map[string]bool{}, 0
	for at := run + "/search?q=i*"; at != ""; pages++ {
		body := b.get(at).body
		for _, m := range regexp.MustCompile(`(?s)<article.*?</article>`).FindAllString(body, -1) {
			text := tags.ReplaceAllString(m, " ")
			if seen[text] {
				f.t.Errorf("a hit comes twice: %.200s", text)
			}
			seen[text] = true
		}
		at = ""
		if m := regexp.MustCompile(`class="actions more"><a class="button plain" href="([^"]+)"`).FindStringSubmatch(body); m != nil {
			at = html.UnescapeString(m[1])
		}
	}
	if pages < 2 || len(seen) < maxHits {
		f.t.Errorf("%d hits on %d pages", len(seen), pages)
	}
}

// TestSearchOfAnOldCheck looks in a check that has no index yet: it is read as
// it lies, and the index is made meanwhile.
func TestSearchOfAnOldCheck(t *testing.T) {
	f := newFixture(t)
	b := f.member()
	w, err := webtest.Populate(t.Context(), f.manager(), webtest.Size{Cases: 1, Devices: 1, Messages: 100}, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.s.house.db.Pool.ExecContext(t.Context(), "DELETE FROM bundle_batch WHERE bundle LIKE 'I-%'"); err != nil {
		t.Fatal(err)
	}
	at := "/runs/" + w.Cases[0].Runs[0] + "/search?q=" + url.QueryEscape("Dónde")
	first := b.get(at)
	if !strings.Contains(first.body, "is being made") || !strings.Contains(first.body, "<mark>Dónde</mark>") {
		t.Errorf("%d %.2000s", first.status, first.body)
	}
	l, err := f.manager().Jobs(t.Context(), workspace.JobFilter{}, workspace.Page{})
	i := slices.IndexFunc(l.Items, func(j workspace.Job) bool { return j.Kind == workspace.JobIndex })
	if err != nil || i < 0 {
		t.Fatalf("%+v %v", l.Items, err)
	}
	if j := f.job(b, l.Items[i].ID); j.State != workspace.JobDone {
		t.Fatalf("%+v", j)
	}
	if second := b.get(at); strings.Contains(second.body, "is being made") || !strings.Contains(second.body, "<mark>Dónde</mark>") {
		t.Errorf("%d", second.status)
	}
}
