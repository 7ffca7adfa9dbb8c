package web

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/web/webtest"
	"github.com/amparo-project/amparo/internal/workspace"
)

// feedFrom installs a set as it came of a feed that Amparo knows.
func (f *fixture) feedFrom(s feed.Source) {
	f.t.Helper()
	err := f.s.o.Change(f.t.Context(), f.manager(), func(st *feed.Store) error {
		e := s.NewEntry()
		e.File = "list.csv"
		d, err := st.Draft(strings.NewReader("type,value\ndomain,evil.example\n"), e, 1<<20)
		if err != nil {
			return err
		}
		defer d.Discard()
		return st.Put(d, e)
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// TestSwitchFeedsByPage: managers switch feeds off for all servers and workers, one
// by one or all that Amparo knows; what came of one stays, and says so.
func TestSwitchFeedsByPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	predator, known := feed.BuiltIn()[1], len(feed.BuiltIn())
	f.feedFrom(predator)
	b.has("/indicators", fmt.Sprint(known, " feeds are asked for news."), "The workspace keeps none yet", `aria-label="Switch off: Predator"`)
	b.good("off", b.post("/indicators/feeds", "feed", predator.Address, "on", "0"))
	page := b.has("/indicators", fmt.Sprint(known-1, " feeds are asked for news. 1 is switched off."), "Predator is not asked any more. What came of it stays", `<span class="tag">not asked any more</span>`, `aria-label="Ask again: Predator"`)
	if strings.Contains(page, "The workspace keeps none yet") {
		t.Error("the workspace keeps it now")
	}
	b.has(regexp.MustCompile(`/indicators/sets/pred[^"]+`).FindString(page), "The feed of this set is switched off")
	if a := b.get("/settings/feeds.yaml/file"); a.body != "not_asked:\n  - Predator\n" {
		t.Errorf("%q", a.body)
	}
	b.good("off again", b.post("/indicators/feeds", "feed", "Predator", "on", "0"))
	b.good("all off", b.post("/indicators/feeds", "feed", feed.AllBuiltIn, "on", "0"))
	page = b.has("/indicators", "0 feeds are asked for news.", "Ask those again that Amparo knows")
	if strings.Contains(page, `aria-label="Ask again:`) {
		t.Error("one is offered alone, and all are off")
	}
	for name, want := range map[string]string{"Cellebrite": "switched off with all", "Preditor": "No feed is called so"} {
		if a := b.post("/indicators/feeds", "feed", name, "on", "1"); a.status != http.StatusConflict && a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	luz := f.otherMember("luz")
	if page := luz.has("/indicators", "0 feeds are asked"); strings.Contains(page, `action="/indicators/feeds"`) {
		t.Error("who is no manager is offered it")
	}
	if a := luz.post("/indicators/feeds", "feed", feed.AllBuiltIn, "on", "1"); a.status != http.StatusForbidden {
		t.Errorf("who is no manager: %d", a.status)
	}
	b.good("all on", b.post("/indicators/feeds", "feed", feed.AllBuiltIn, "on", "1"))
	b.good("on", b.post("/indicators/feeds", "feed", predator.Address, "on", "1"))
	b.has("/indicators", fmt.Sprint(known, " feeds are asked"), "is asked again")

	// A name of no feed, as an older version knew it, costs nothing and is said.
	err := f.manager().ChangeShared(t.Context(), workspace.SharedFeeds, func([]byte) ([]byte, map[string]any, error) {
		return []byte("not_asked: [" + fmt.Sprintf("%q", "was"+webtest.Payload) + "]\n"), nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.look("/indicators")
	b.has("/indicators", fmt.Sprint(known, " feeds are asked"), "no feed is called so:", webtest.Marker, "Take the name out")
	if page := b.has("/settings/feeds.yaml", "Line 1, ", "There are:", "Predator; RCS Lab"); strings.Contains(page, "does not read the file") {
		t.Error("what reads it goes on")
	}
}

// TestFeedsOfAMachine: a file that lies on the server's machine is not passed over
// unseen, and one that does not read costs no page.
func TestFeedsOfAMachine(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(f.home, "feeds.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("feeds: [{name: Ours, address: https://a.example/x}]\n")
	if page := b.has("/indicators", "The machine has a feeds.yaml of its own", "Ours"); strings.Contains(page, `action="/indicators/feeds"`) {
		t.Error("it is offered")
	}
	if a := b.post("/indicators/feeds", "feed", "Ours", "on", "0"); a.status != http.StatusConflict || !strings.Contains(a.body, "feeds.yaml of its own") {
		t.Errorf("%d", a.status)
	}
	write("feeds: [{name: Predator, address: https://a.example/x}]\nnot_asked: [Predator]\n")
	b.has("/indicators", "several feeds are called so: none of them is")
	write("feeds: [")
	b.has("/indicators", "feeds.yaml does not read")
	into[[]setAnswer](t, f.program(http.MethodGet, apiPrefix+"/indicators", b.makeToken("read"), ""))
}

// TestSwitchFeedsByAPI does what the page does.
func TestSwitchFeedsByAPI(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	f.feedFrom(feed.BuiltIn()[1])
	all := b.makeToken("read", "manage")
	turn := func(token, name string, on bool) answer {
		return f.program(http.MethodPut, apiPrefix+"/indicators/feeds", token, fmt.Sprintf(`{"feed":%q,"on":%t}`, name, on))
	}
	for _, want := range []bool{true, false} {
		if got := into[switchAnswer](t, turn(all, "predator", false)); got.Changed != want || got.Off() != 1 {
			t.Errorf("%+v", got)
		}
	}
	l := into[feed.Feeds](t, f.program(http.MethodGet, apiPrefix+"/indicators/feeds", all, ""))
	if x := l.Feeds[1]; x.Name != "Predator" || x.Asked || x.Origin != feed.OfAmparo || x.Set == "" || x.Count != 1 {
		t.Errorf("%+v", x)
	}
	sets := into[[]setAnswer](t, f.program(http.MethodGet, apiPrefix+"/indicators", all, ""))
	if len(sets) != 1 || !sets[0].NotAsked {
		t.Errorf("%+v", sets)
	}
	a := turn(all, "Preditor", false)
	if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `"code":"feeds_no_feed"`) || !strings.Contains(a.body, "Predator; ") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := turn(b.makeToken("read", "hunt"), "Predator", true); a.status != http.StatusForbidden {
		t.Errorf("a token without the scope: %d", a.status)
	}
}

// TestNoFeedIsAsked: an update where all feeds are switched off ends at once, and says
// so.
func TestNoFeedIsAsked(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.s.o.Update = func(_ context.Context, _ *examine.Space, _ string, fn func(job.Asking) error) error {
		return fn(&someFeeds{wait: func(context.Context, int) error { return nil }})
	}
	b := f.member()
	b.good("update", b.post("/indicators/update"))
	for until := time.Now().Add(2 * time.Minute); !strings.Contains(b.get("/indicators").body, "all feeds are switched off, and none was asked"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			page := b.get("/indicators").body
			t.Fatal(page[strings.Index(page, `id="update"`):strings.Index(page, `id="asked"`)])
		}
	}
}
