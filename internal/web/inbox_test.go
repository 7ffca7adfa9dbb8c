package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// section returns the part of a page below a heading.
func section(page, id string) string {
	_, after, ok := strings.Cut(page, `<h2 id="`+id+`">`)
	if !ok {
		return ""
	}
	before, _, _ := strings.Cut(after, "</section>")
	return before
}

// TestInbox looks at what failed, and what is new since.
func TestInbox(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	caseID, device := b.newCase()
	page := b.get("/cases").body
	if section(page, "news") != "" || section(page, "failed") != "" {
		t.Error("on the first visit there is no visit before it")
	}
	// A job that fails: what is taken is no evidence.
	j := f.job(b, b.post("/cases/"+caseID+"/evidence/path", "device", device, "path", t.TempDir()).location)
	if j.State != workspace.JobFailed {
		t.Fatalf("%+v", j)
	}
	f.later(50 * time.Minute)
	b.get("/cases")
	f.later(50 * time.Minute)
	if got := section(b.get("/cases").body, "news"); got != "" {
		t.Error("who looks within the hour is still on the same visit")
	}
	run := f.checked(b, f.backup(), "")
	f.later(100 * time.Minute)
	b.enter()
	if a := b.post("/unlock", "passphrase", goodPassphrase); a.status != http.StatusSeeOther {
		t.Fatal(a.status)
	}
	page = b.get("/cases").body
	if got := section(page, "failed"); !strings.Contains(got, "/jobs/"+j.ID) {
		t.Errorf("failed: %q", got)
	}
	got := section(page, "news")
	if !strings.Contains(got, "/runs/"+run) || strings.Contains(got, "case made") {
		t.Errorf("news: %q: the check that ended is new, what one did oneself is not", got)
	}
	f.later(8 * 24 * time.Hour)
	b.enter()
	b.post("/unlock", "passphrase", goodPassphrase)
	page = b.get("/cases").body
	if section(page, "failed") != "" || !strings.Contains(section(page, "news"), "Nothing that others did") {
		t.Error("after a week there is nothing new")
	}
}

// TestRecognise says of files whether they hold indicators, and keeps none.
func TestRecognise(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	stix := `{"type":"bundle","id":"bundle--1","objects":[{"type":"indicator","id":"indicator--1","pattern":"[domain-name:value='one.example']","pattern_type":"stix"}]}`
	for name, c := range map[string]struct {
		file, text string
		want       string
	}{
		"a STIX bundle": {"@brought.stix2", stix, `"count":1,"offer":"This file holds 1 indicator`},
		"a broken one":  {"@brought.stix2", stix[:80], `"count":0`},
		"an archive":    {"@a.zip", "PK\x03\x04 and no more", `"count":0`},
		"nothing":       {"@a.txt", "", `"count":0`},
		"no file":       {"text", "one.example", `"count":0`},
	} {
		a := b.multipart("/indicators/recognise", c.file, c.text)
		if a.status != http.StatusOK || !strings.Contains(a.body, c.want) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if page := b.get("/indicators").body; strings.Contains(page, "one.example") || strings.Contains(page, "brought.stix2") {
		t.Error("what was recognised is kept")
	}
}
