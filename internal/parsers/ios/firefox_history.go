package ios

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// firefoxHistory reads the pages that were visited in Firefox: browser.db of
// old versions, places.db since 2022. An updated phone has both.
type firefoxHistory struct{}

var firefoxHistoryInfo = artifact.Info{
	Name:    "ios.firefox_history",
	Version: 1,
	Summary: "Pages visited in Firefox, with their redirects, searches and the tabs of other devices.",
	Files: append(onPhone("AppDomainGroup-*/profile.*/browser.db", "AppDomainGroup-*/profile.*/places.db"),
		"private/var/mobile/profile.*/browser.db", "private/var/mobile/profile.*/places.db"),
	Kinds: []artifact.KindInfo{
		{
			Kind:   "visit",
			Doc:    "One visit of a page.",
			Fields: firefoxVisitFields,
			Times:  []string{"visit"},
		},
		{
			Kind: "page",
			Doc:  "A page that is known without a visit: a bookmark, or one whose visits were deleted.",
			Fields: []artifact.FieldInfo{
				{Name: "id", Type: artifact.Int, Doc: "row of the page"},
				{Name: "url", Type: artifact.Text, Doc: "address of the page; deleted pages have none"},
				{Name: "title", Type: artifact.Text, Doc: "title of the page"},
				{Name: "preview_image_url", Type: artifact.Text, Doc: "address of a picture of the page (places.db)"},
				{Name: "is_deleted", Type: artifact.Int, Doc: "1 if it was deleted (browser.db)"},
				otherColumns,
			},
			Times: []string{"last_visit", "last_visit_elsewhere", "modified"},
		},
		{
			Kind: "deleted_visit",
			Doc:  "A visit that was deleted and is still to be deleted on other devices (places.db).",
			Fields: []artifact.FieldInfo{
				{Name: "url", Type: artifact.Text, Doc: "address of the page"},
				otherColumns,
			},
			Times: []string{"visit"},
		},
		{
			Kind: "view",
			Doc:  "How long a page was looked at, and the search that led to it (places.db).",
			Fields: []artifact.FieldInfo{
				{Name: "url", Type: artifact.Text, Doc: "address of the page"},
				{Name: "title", Type: artifact.Text, Doc: "title of the page"},
				{Name: "referrer_url", Type: artifact.Text, Doc: "page that led to it"},
				{Name: "term", Type: artifact.Text, Doc: "what had been searched for"},
				{Name: "view_ms", Type: artifact.Int, Doc: "milliseconds that it was looked at"},
				otherColumns,
			},
			Times: []string{"created", "updated"},
		},
		{
			Kind: "typed",
			Doc:  "What was typed into the address bar, with the page that was chosen (places.db).",
			Fields: []artifact.FieldInfo{
				{Name: "input", Type: artifact.Text, Doc: "what was typed"},
				{Name: "url", Type: artifact.Text, Doc: "address of the page"},
				otherColumns,
			},
		},
		{
			Kind: "listed",
			Doc:  "An address in another list of browser.db: tabs of other devices, pages sent here, top sites.",
			Fields: []artifact.FieldInfo{
				{Name: "url", Type: artifact.Text, Doc: "address of the page"},
				{Name: "title", Type: artifact.Text, Doc: "title of the page"},
				{Name: "list", Type: artifact.Text, Doc: "name of the list: tabs, queue, cached_top_sites…"},
				{Name: "links", Type: artifact.Strings, Doc: "further addresses: the icon, a picture, the tab's own history"},
				otherColumns,
			},
			Times: []string{"last_used", "pinned", "visit", "visit_elsewhere"},
		},
	},
	Caveats: []string{
		"A visit by another device of the same account is here too: is_local is 0.",
		"Private tabs leave nothing here.",
	},
	Refs: []string{
		"https://github.com/mozilla/application-services/blob/main/components/places/sql/create_shared_schema.sql",
		"https://github.com/mozilla-mobile/firefox-ios/blob/v100.0/Storage/SQL/BrowserSchema.swift",
		"https://docs.mvt.re/en/latest/ios/records/",
	},
}

var firefoxVisitFields = []artifact.FieldInfo{
	{Name: "id", Type: artifact.Int, Doc: "row of the page"},
	{Name: "visit_id", Type: artifact.Int, Doc: "row of the visit"},
	{Name: "url", Type: artifact.Text, Doc: "address of the page"},
	{Name: "title", Type: artifact.Text, Doc: "title of the page"},
	{Name: "visit_count", Type: artifact.Int, Doc: "visits of the page on this phone (places.db)"},
	{Name: "typed_count", Type: artifact.Int, Doc: "how often its address was typed (places.db)"},
	{Name: "type", Type: artifact.Text, Doc: "how one came to the page: link, typed, bookmark, permanent_redirect…"},
	{Name: "is_local", Type: artifact.Int, Doc: "1 for a visit on this phone, 0 for one on another device"},
	{Name: "redirect_source", Type: artifact.Int, Doc: "from_visit: the visit that led here, by a link or a redirect (places.db)"},
	{Name: "redirect_source_url", Type: artifact.Text, Doc: "address of that visit"},
	{Name: "redirect_chain", Type: artifact.Strings, Doc: "addresses from the first to this one, where redirects led on at least twice"},
	otherColumns,
}

// Info implements artifact.Parser.
func (firefoxHistory) Info() artifact.Info { return firefoxHistoryInfo }

// Parse implements artifact.Parser.
func (firefoxHistory) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readFirefoxHistory)
}

// A firefoxLayout says how one of the two databases names things.
type firefoxLayout struct {
	visits, pages        string // tables
	page, at, kind, from string // columns of the visits
	names                webPageColumns
	kinds                []string // words for the kinds of visits
}

var firefoxLayouts = []firefoxLayout{
	{
		visits: "moz_historyvisits", pages: "moz_places", page: "place_id", at: "visit_date", kind: "visit_type", from: "from_visit",
		names: webPageColumns{"url", "title", "visit_count_local", "typed", "last_visit_date_local"},
		kinds: []string{
			"unknown", "link", "typed", "bookmark", "embed", "permanent_redirect", "temporary_redirect", "download", "framed_link",
			"reload", "update_place",
		},
	},
	{
		visits: "visits", pages: "history", page: "siteID", at: "date", kind: "type",
		names: webPageColumns{url: "url", title: "title"},
		kinds: []string{
			"unknown", "link", "typed", "bookmark", "embed", "permanent_redirect", "temporary_redirect", "download", "framed_link",
			"recently_closed",
		},
	},
}

// firefoxEpoch tells seconds, milliseconds and microseconds apart: the tables
// of Firefox have all three, and no instant of one is plausible in another.
func firefoxEpoch(raw artifact.Value) artifact.Epoch {
	switch f, _ := raw.Float(); {
	case math.Abs(f) >= 1e14:
		return artifact.UnixMicroseconds
	case math.Abs(f) >= 1e11:
		return artifact.UnixMilliseconds
	default:
		return artifact.UnixSeconds
	}
}

// A firefoxReader reads visits, joined to pages and to each other.
type firefoxReader struct {
	*table
	r       *reading
	layout  firefoxLayout
	pages   map[int64]*webPage
	steps   steps
	summary func([]byte) []byte

	page, at, kind, from int
}

func readFirefoxHistory(r *reading) error {
	f := &firefoxReader{r: r}
	f.summary = f.summarize
	for _, layout := range firefoxLayouts {
		if f.table = r.optional(layout.visits); f.table != nil {
			f.layout = layout
			break
		}
	}
	if f.table == nil {
		return f.withoutVisits()
	}
	for _, read := range []func() error{f.join, f.visits, f.unvisited, f.deleted, f.views, f.typed, f.lists} {
		if err := read(); err != nil {
			return err
		}
	}
	return nil
}

// withoutVisits reads the browser.db of a version that keeps its history in
// places.db.
func (f *firefoxReader) withoutVisits() error {
	f.layout = firefoxLayouts[1]
	for _, l := range firefoxLists {
		if f.r.optional(l.table) != nil {
			return f.lists()
		}
	}
	return fmt.Errorf("%w: no table moz_historyvisits or visits", limit.ErrUnsupported)
}

func (f *firefoxReader) join() (err error) {
	l := &f.layout
	if f.pages, err = f.r.optional(l.pages).webPages(l.names); err != nil {
		return err
	}
	if l.from == "" {
		return nil
	}
	f.steps, err = f.r.optional(l.visits, l.page, l.from, l.kind).visits(l.page, l.from, l.kind)
	return err
}

func (f *firefoxReader) visits() error {
	l := &f.layout
	f.page, f.at, f.kind, f.from = f.take(l.page), f.take(l.at), f.take(l.kind), f.take("from_visit")
	f.hide("id")
	f.field("is_local", "is_local")
	f.seal(firefoxHistoryInfo.Kinds[0])
	return f.each(f.visit)
}

func (f *firefoxReader) visit() error {
	rec := f.start("visit")
	page := f.key(f.page)
	p := pageOf(f.pages, page)
	p.visited = true
	rec.Set("id", artifact.IntValue(page))
	rec.Set("visit_id", artifact.IntValue(f.rowID()))
	p.set(rec)
	rec.Set("type", f.named(f.kind, f.layout.kinds))
	f.before(rec)
	f.set(rec)
	f.when(rec, "visit", f.number(f.at))
	rec.Summary = f.summary
	return f.give()
}

// when sets a time in whichever unit it is.
func (f *firefoxReader) when(rec *artifact.Record, meaning string, raw artifact.Value) {
	rec.When(meaning, firefoxEpoch(raw), raw)
}

// before resolves the visit that led to this one.
func (f *firefoxReader) before(rec *artifact.Record) {
	from := f.key(f.from)
	if from == 0 {
		return
	}
	rec.Set("redirect_source", artifact.IntValue(from))
	if s := f.steps.find(from); s != nil {
		rec.Set("redirect_source_url", artifact.TextOrNull(pageOf(f.pages, s.page).url))
	}
	self := f.steps.find(f.rowID())
	if self == nil || !firefoxRedirect(self) {
		return
	}
	rec.Set("redirect_chain", artifact.StringsValue(urlsOf(f.pages, f.steps.back(self, firefoxRedirect))))
}

// firefoxRedirect reports whether a visit is that of a permanent or a
// temporary redirect.
func firefoxRedirect(s *step) bool { return s.kind == 5 || s.kind == 6 }

// unvisited gives the pages that no visit names.
func (f *firefoxReader) unvisited() error {
	t := f.r.optional(f.layout.pages)
	if t == nil {
		return nil
	}
	url, title := t.take("url"), t.take("title")
	local, remote := t.take("last_visit_date_local"), t.take("last_visit_date_remote")
	modified, image := t.take("local_modified"), t.take("preview_image_url")
	t.hide("id", "url_hash")
	t.field("is_deleted", "is_deleted")
	t.seal(firefoxHistoryInfo.Kinds[1])
	return t.each(func() error {
		if p := f.pages[t.rowID()]; p != nil && p.visited {
			return nil
		}
		rec := t.start("page")
		rec.Set("id", artifact.IntValue(t.rowID()))
		t.url(rec, "url", url)
		rec.Set("title", t.number(title))
		t.url(rec, "preview_image_url", image)
		t.set(rec)
		f.when(rec, "last_visit", t.number(local))
		f.when(rec, "last_visit_elsewhere", t.number(remote))
		f.when(rec, "modified", t.number(modified))
		rec.Summary = f.summary
		return t.give()
	})
}

// firefoxSummaries begin the line of a record by its kind.
var firefoxSummaries = map[artifact.Kind]string{
	"visit": "visit of ", "page": "page known without a visit: ", "deleted_visit": "visit deleted: ", "view": "view of ",
	"typed": "typed for ", "listed": "listed: ",
}

func (f *firefoxReader) summarize(b []byte) []byte {
	rec := &f.r.Rec
	detail := firstText(rec.Text("title"), rec.Text("term"), rec.Text("input"))
	return appendSummary(b, firefoxSummaries[rec.Kind], rec.Text("url"), " ", detail)
}
