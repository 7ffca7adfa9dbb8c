package web

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/web/webtest"
	"github.com/amparo-project/amparo/internal/workspace"
)

// someFeeds implements job.Asking.
type someFeeds struct {
	list []workspace.FeedResult
	wait func(ctx context.Context, i int) error
}

func (f *someFeeds) Feeds() []workspace.FeedResult { return f.list }

func (f *someFeeds) Ask(ctx context.Context, i int) (workspace.FeedResult, error) {
	return f.list[i], f.wait(ctx, i)
}

// TestUpdateFeeds asks for news: once at a time, with its progress, what came,
// and a calm word where there is no network.
func TestUpdateFeeds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	list := []workspace.FeedResult{
		{Name: webtest.Payload, Address: "a", State: "changed", Count: 12, Added: 3, Removed: 1, Examples: []string{webtest.Payload}},
		{Name: "second" + webtest.Payload, Address: "b", State: "failed", Why: webtest.Payload},
	}
	go1 := make(chan struct{})
	f.s.o.Update = func(_ context.Context, _ *examine.Space, _ string, fn func(job.Asking) error) error {
		return fn(&someFeeds{list, func(ctx context.Context, i int) error {
			if i == 0 {
				return nil
			}
			select {
			case <-go1:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}})
	}
	b := f.member()
	b.has("/indicators", "when somebody presses the button")
	shown := func(text string) string {
		t.Helper()
		for until := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
			page := b.get("/indicators").body
			if strings.Contains(page, text) {
				return page
			}
			if time.Now().After(until) {
				t.Fatalf("no %q: %s", text, page[strings.Index(page, `id="update"`):])
			}
		}
	}
	b.good("update", b.post("/indicators/update"))
	b.good("update again", b.post("/indicators/update"))
	shown("1 of 2")
	b.has("/indicators", "1 of 2", `data-poll`)
	at := regexp.MustCompile(`/jobs/J-[^"]+`).FindString(b.get("/indicators").body)
	if page := b.look("/jobs"); strings.Count(page, "Ask the feeds for news") != 1 {
		t.Error("the page of jobs has not one job")
	}
	b.look(at)
	close(go1)
	shown("Asked on")
	page := b.look("/indicators")
	if !strings.Contains(page, webtest.Marker) || !strings.Contains(page, "could not be asked") || strings.Contains(page, "data-poll") {
		t.Error(page[strings.Index(page, `id="update"`):])
	}
	b.look(at)
	list = []workspace.FeedResult{{Name: "one", Address: "c", State: "failed"}}
	b.good("update", b.post("/indicators/update"))
	shown("Perhaps there is no network")
}

// TestFeedsOrders sets the schedule, which is for managers, and orders hunts, which is
// for who may hunt.
func TestFeedsOrders(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	caseID, _ := b.newCase()
	b.has("/indicators", "only when somebody presses the button", "ordered in 0 of your cases")
	b.good("schedule", b.post("/indicators/schedule", "minutes", "60"))
	b.has("/indicators", "every hour", `<option value="60" selected>`)
	if a := b.post("/indicators/schedule", "minutes", "1"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("each minute: %d", a.status)
	}
	luz := f.otherMember("luz")
	if a := luz.post("/indicators/schedule", "minutes", "60"); a.status != http.StatusForbidden {
		t.Errorf("a schedule by who is no manager: %d", a.status)
	}
	if a := luz.post("/cases/"+caseID+"/hunts", "on", "1"); a.status != http.StatusForbidden && a.status != http.StatusNotFound {
		t.Errorf("hunts ordered in another's case: %d", a.status)
	}
	b.has("/cases/"+caseID, "Order hunts")
	b.good("order", b.post("/cases/"+caseID+"/hunts", "on", "1"))
	b.has("/cases/"+caseID, "with nobody signed in. This ends")
	b.has("/indicators", "ordered in one of your cases")
	b.good("end", b.post("/cases/"+caseID+"/hunts", "on", "0"))
	b.has("/indicators", "ordered in 0 of your cases")
	b.good("all", b.post("/indicators/hunts", "order", "1"))
	b.has("/indicators", "ordered in one of your cases")
	b.good("hunt", b.post("/indicators/hunts"))
	b.good("off", b.post("/indicators/schedule", "minutes", "0"))
	b.has("/indicators", "only when somebody presses the button")
}

// TestSetHistory shows an installed set with its versions.
func TestSetHistory(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	f.indicators(b)
	at := regexp.MustCompile(`/indicators/sets/[^"]+`).FindString(b.get("/indicators").body)
	b.has(at, "History", "SHA-256", "holds")
	if a := f.otherMember("luz").post("/indicators/sets/nothing/remove"); a.status != http.StatusNotFound {
		t.Errorf("a set that is none is taken out: %d", a.status)
	}
	defer func() {
		b.good("remove", b.post(at+"/remove"))
		if a := b.get(at); a.status != http.StatusNotFound {
			t.Errorf("a set that was taken out: %d", a.status)
		}
	}()
	if a := b.get("/indicators/sets/nothing"); a.status != http.StatusNotFound {
		t.Errorf("no set: %d", a.status)
	}
}

// TestCasesDue lists silence and dates of all accounts, of the member's cases
// alone, and anew when an account changes.
func TestCasesDue(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	caseID, _ := b.newCase()
	at := "/cases/" + caseID + "/account"
	if page := b.get("/cases").body; strings.Contains(page, "days of silence") {
		t.Error("silence where nothing was asked")
	}
	b.good("promise", b.multipart(at+"/promise", "authority", "PGR", "made", "2025-06-01", "due", "2025-07-01", "words", "w", "source", "s"))
	b.has("/cases", "days of silence", "PGR", "2025-07-01", "Promised for")
	b.good("promise", b.multipart(at+"/promise", "authority", "Army", "made", "2025-06-02", "words", "w", "source", "s"))
	b.has("/cases", "Army")
	b.has("/cases", "Army", "PGR")
	if page := f.otherMember("luz").get("/cases").body; strings.Contains(page, "PGR") {
		t.Error("another member sees the silence of a case that is not theirs")
	}
}
