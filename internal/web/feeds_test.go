package web

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/web/webtest"
)

// TestUpdateFeeds asks for news: once at a time, with its progress, what came,
// and a calm word where there is no network.
func TestUpdateFeeds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	asked, go1 := 0, make(chan struct{})
	f.s.o.Update = func(_ context.Context, _ *examine.Space, said func(int, *FeedResult)) error {
		asked++
		said(2, nil)
		said(2, &FeedResult{Name: webtest.Payload, State: "changed", Count: 12, Added: 3, Removed: 1, Examples: []string{webtest.Payload}})
		<-go1
		said(2, &FeedResult{Name: "second", State: "failed", Why: webtest.Payload})
		return nil
	}
	b := f.member()
	b.has("/indicators", "only when you press the button")
	b.good("update", b.post("/indicators/update"))
	b.good("update again", b.post("/indicators/update"))
	for range 100 {
		if strings.Contains(b.get("/indicators").body, "1 of 2") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	b.has("/indicators", "1 of 2", `data-poll`)
	close(go1)
	f.s.updating.all.Wait()
	page := b.look("/indicators")
	if asked != 1 || !strings.Contains(page, webtest.Marker) || !strings.Contains(page, "second: could not be asked") || strings.Contains(page, "data-poll") {
		t.Errorf("asked %d times: %s", asked, page[strings.Index(page, `id="update"`):])
	}
	f.s.o.Update = func(context.Context, *examine.Space, func(int, *FeedResult)) error { return errors.New("no network") }
	b.good("update", b.post("/indicators/update"))
	f.s.updating.all.Wait()
	b.has("/indicators", "Perhaps this machine is offline")
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
