package ios

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/parsers/gap"
)

// chromeHistory reads the pages that were visited in Chrome, what was
// downloaded, and what was searched for.
type chromeHistory struct{}

var chromeHistoryInfo = artifact.Info{
	Name:    "ios.chrome_history",
	Version: 1,
	Summary: "Pages visited in Chrome, with their redirects, downloads and searches.",
	Files:   onPhone("AppDomain-*/Library/Application Support/Google/Chrome/*/History"),
	Kinds: withGaps([]artifact.KindInfo{
		{
			Kind:   "visit",
			Doc:    "One visit of a page.",
			Fields: chromeVisitFields,
			Times:  []string{"visit"},
		},
		{
			Kind: "page",
			Doc:  "A page that is known without a visit: its visits were deleted, or came from elsewhere.",
			Fields: []artifact.FieldInfo{
				{Name: "id", Type: artifact.Int, Doc: "urls.id"},
				{Name: "url", Type: artifact.Text, Doc: "address of the page"},
				{Name: "title", Type: artifact.Text, Doc: "title of the page"},
				{Name: "visit_count", Type: artifact.Int, Doc: "visits in all, as Chrome counts"},
				{Name: "typed_count", Type: artifact.Int, Doc: "how often its address was typed"},
			},
			Times: []string{"last_visit"},
		},
		chromeDownloadKind,
		{
			Kind: "search",
			Doc:  "What was searched for, with the page of results.",
			Fields: []artifact.FieldInfo{
				{Name: "term", Type: artifact.Text, Doc: "as it was typed"},
				{Name: "url", Type: artifact.Text, Doc: "address of the results"},
				{Name: "title", Type: artifact.Text, Doc: "title of the results"},
				{Name: "visit_count", Type: artifact.Int, Doc: "visits of the results in all"},
				{Name: "typed_count", Type: artifact.Int, Doc: "how often their address was typed"},
				otherColumns,
			},
			Times: []string{"last_visit"},
		},
		{
			Kind: "visited_link",
			Doc:  "A link that was followed, with the page that it stood on.",
			Fields: []artifact.FieldInfo{
				{Name: "url", Type: artifact.Text, Doc: "address that the link leads to"},
				{Name: "top_level_url", Type: artifact.Text, Doc: "page that was shown"},
				{Name: "frame_url", Type: artifact.Text, Doc: "page within it that the link stood on"},
				otherColumns,
			},
		},
	}),
	Caveats: []string{
		"Chrome deletes visits after 90 days. Incognito tabs leave nothing here.",
		"A visit by another device of the same account is here too: see originator_cache_guid and source.",
	},
	Refs: []string{
		"https://chromium.googlesource.com/chromium/src/+/main/components/history/core/browser/visit_database.cc",
		"https://chromium.googlesource.com/chromium/src/+/main/components/history/core/browser/download_database.cc",
		"https://chromium.googlesource.com/chromium/src/+/main/ui/base/page_transition_types.h",
		"https://docs.mvt.re/en/latest/ios/records/",
	},
}

var chromeVisitFields = []artifact.FieldInfo{
	{Name: "id", Type: artifact.Int, Doc: "urls.id: the page"},
	{Name: "visit_id", Type: artifact.Int, Doc: "visits.id"},
	{Name: "url", Type: artifact.Text, Doc: "address of the page"},
	{Name: "title", Type: artifact.Text, Doc: "title of the page"},
	{Name: "visit_count", Type: artifact.Int, Doc: "visits of the page in all, as Chrome counts"},
	{Name: "typed_count", Type: artifact.Int, Doc: "how often its address was typed"},
	{Name: "transition", Type: artifact.Text, Doc: "how one came to the page: link, typed, reload…"},
	{Name: "transition_qualifiers", Type: artifact.Strings, Doc: "more on that: server_redirect, from_address_bar…"},
	{Name: "source", Type: artifact.Text, Doc: "synced, browsed, extension or imported, where Chrome says so"},
	{Name: "redirect_source", Type: artifact.Int, Doc: "from_visit: the visit that led here, by a link or a redirect"},
	{Name: "redirect_source_url", Type: artifact.Text, Doc: "address of that visit"},
	{Name: "redirect_chain", Type: artifact.Strings, Doc: "addresses from the first to the last of a chain of redirects of at least three, on its last visit"},
	{Name: "opener_visit", Type: artifact.Int, Doc: "visit whose page opened this one in a new tab"},
	{Name: "opener_url", Type: artifact.Text, Doc: "address of that visit"},
	{Name: "external_referrer_url", Type: artifact.Text, Doc: "page of another app that led here"},
	{Name: "duration_us", Type: artifact.Int, Doc: "microseconds that the page was shown"},
	otherColumns,
}

// Info implements artifact.Parser.
func (chromeHistory) Info() artifact.Info { return chromeHistoryInfo }

// Parse implements artifact.Parser.
func (chromeHistory) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readChromeHistory)
}

// chromeTransitions are the words for the low byte of a transition.
var chromeTransitions = []string{
	"link", "typed", "auto_bookmark", "auto_subframe", "manual_subframe", "generated", "auto_toplevel", "form_submit",
	"reload", "keyword", "keyword_generated",
}

// chromeQualifiers are the words for its other bits.
var chromeQualifiers = []struct {
	bit  int64
	word string
}{
	{0x00200000, "from_api_3"},
	{0x00400000, "from_api_2"},
	{0x00800000, "blocked"},
	{0x01000000, "forward_back"},
	{0x02000000, "from_address_bar"},
	{0x04000000, "home_page"},
	{0x08000000, "from_api"},
	{0x10000000, "chain_start"},
	{0x20000000, "chain_end"},
	{0x40000000, "client_redirect"},
	{0x80000000, "server_redirect"},
}

const (
	chromeChainEnd   = 0x20000000
	chromeRedirected = 0xc0000000 // by the page or by the server
)

var chromeSources = map[int64]string{
	0: "synced", 1: "browsed", 2: "extension", 3: "imported_firefox", 4: "imported_ie", 5: "imported_safari", 6: "actor", 7: "imported_os",
}

// A chromeReader reads visits, joined to pages and to each other.
type chromeReader struct {
	*table
	pages   map[int64]*webPage
	steps   steps
	sources map[int64]int64
	summary func([]byte) []byte

	page, at, from, transition, opener, referrer int
}

func readChromeHistory(r *reading) error {
	t, err := r.table("visits")
	if err != nil {
		return err
	}
	c := &chromeReader{
		table: t, page: t.take("url"), at: t.take("visit_time"), from: t.take("from_visit"), transition: t.take("transition"),
		opener: t.take("opener_visit"), referrer: t.take("external_referrer_url"),
	}
	t.hide("id")
	t.field("visit_duration", "duration_us")
	t.seal(chromeHistoryInfo.Kinds[0])
	c.summary = c.summarize
	t.numbered(c.at, gap.In(artifact.WebKitMicroseconds))
	if err := c.join(); err != nil {
		return err
	}
	for _, read := range []func() error{
		func() error { return t.each(c.visit) }, c.unvisited, func() error { return readChromeDownloads(r) }, c.searches, c.visitedLinks,
	} {
		if err := read(); err != nil {
			return err
		}
	}
	return nil
}

// join reads what visits refer to.
func (c *chromeReader) join() (err error) {
	names := webPageColumns{"url", "title", "visit_count", "typed_count", "last_visit_time"}
	if c.pages, err = c.r.optional("urls").webPages(names); err != nil {
		return err
	}
	if c.steps, err = c.r.optional("visits", "url", "from_visit", "transition").visits("url", "from_visit", "transition"); err != nil {
		return err
	}
	c.sources = map[int64]int64{}
	t := c.r.optional("visit_source", "source")
	if t == nil {
		return nil
	}
	source := t.find("source")
	err = t.each(func() error {
		c.sources[t.rowID()] = t.key(source)
		return t.hold()
	})
	return c.r.unjoined(err)
}

func (c *chromeReader) visit() error {
	rec := c.start("visit")
	page := c.key(c.page)
	p := pageOf(c.pages, page)
	p.visited = true
	rec.Set("id", artifact.IntValue(page))
	rec.Set("visit_id", artifact.IntValue(c.rowID()))
	p.set(rec)
	c.how(rec)
	c.before(rec)
	c.url(rec, "external_referrer_url", c.referrer)
	c.set(rec)
	rec.When("visit", artifact.WebKitMicroseconds, c.number(c.at))
	rec.Summary = c.summary
	return c.give()
}

// how tells how one came to a page.
func (c *chromeReader) how(rec *artifact.Record) {
	n, ok := c.integer(c.transition)
	if !ok {
		rec.Set("transition", c.value(c.transition))
	} else {
		rec.Set("transition", artifact.IntValue(n))
		if kind := n & 0xff; kind < int64(len(chromeTransitions)) {
			rec.Fields[len(rec.Fields)-1].Value = artifact.TextValue(chromeTransitions[kind])
		}
	}
	var words []string
	for _, q := range chromeQualifiers {
		if n&q.bit != 0 {
			words = append(words, q.word)
		}
	}
	rec.Set("transition_qualifiers", artifact.StringsValue(words))
	if source, ok := c.sources[c.rowID()]; ok {
		if word := chromeSources[source]; word != "" {
			rec.Set("source", artifact.TextValue(word))
		} else {
			rec.Set("source", artifact.IntValue(source))
		}
	}
}

// before resolves the visits that led to this one.
func (c *chromeReader) before(rec *artifact.Record) {
	c.other(rec, "redirect_source", "redirect_source_url", c.key(c.from))
	c.other(rec, "opener_visit", "opener_url", c.key(c.opener))
	self := c.steps.find(c.rowID())
	if self == nil || self.kind&chromeChainEnd == 0 {
		return
	}
	chain := c.steps.back(self, func(s *step) bool { return s.kind&chromeRedirected != 0 })
	rec.Set("redirect_chain", artifact.StringsValue(urlsOf(c.pages, chain)))
}

// other sets the number and the address of another visit.
func (c *chromeReader) other(rec *artifact.Record, number, address string, visit int64) {
	if visit == 0 {
		return
	}
	rec.Set(number, artifact.IntValue(visit))
	if s := c.steps.find(visit); s != nil {
		rec.Set(address, artifact.TextOrNull(pageOf(c.pages, s.page).url))
	}
}

// unvisited gives the pages that no visit names.
func (c *chromeReader) unvisited() error {
	t := c.r.optional("urls", "id")
	if t == nil {
		return nil
	}
	return t.each(func() error {
		p := c.pages[t.rowID()]
		if p == nil || p.visited {
			return nil
		}
		rec := t.start("page")
		rec.Set("id", artifact.IntValue(t.rowID()))
		p.set(rec)
		rec.When("last_visit", artifact.WebKitMicroseconds, p.last)
		rec.Summary = c.summary
		return t.give()
	})
}

func (c *chromeReader) searches() error {
	t := c.r.optional("keyword_search_terms")
	if t == nil {
		return nil
	}
	term, page := t.take("term"), t.take("url_id")
	t.hide("lower_term", "normalized_term")
	t.seal(chromeHistoryInfo.Kinds[3])
	return t.each(func() error {
		rec := t.start("search")
		p := pageOf(c.pages, t.key(page))
		rec.Set("term", t.number(term))
		p.set(rec)
		t.set(rec)
		rec.When("last_visit", artifact.WebKitMicroseconds, p.last)
		rec.Summary = c.summary
		return t.give()
	})
}

func (c *chromeReader) visitedLinks() error {
	t := c.r.optional("visited_links")
	if t == nil {
		return nil
	}
	page, top, frame := t.take("link_url_id"), t.take("top_level_url"), t.take("frame_url")
	t.hide("id")
	t.seal(chromeHistoryInfo.Kinds[4])
	return t.each(func() error {
		rec := t.start("visited_link")
		setURL(rec, "url", pageOf(c.pages, t.key(page)).url)
		t.url(rec, "top_level_url", top)
		t.url(rec, "frame_url", frame)
		t.set(rec)
		rec.Summary = c.summary
		return t.give()
	})
}

// chromeSummaries begin the line of a record by its kind.
var chromeSummaries = map[artifact.Kind]string{
	"visit": "visit of ", "page": "page known without a visit: ", "search": "search for ", "visited_link": "link followed to ",
}

func (c *chromeReader) summarize(b []byte) []byte {
	rec := &c.r.Rec
	if rec.Kind == "search" {
		return appendSummary(b, chromeSummaries[rec.Kind], rec.Text("term"), " ", rec.Text("url"))
	}
	return appendSummary(b, chromeSummaries[rec.Kind], rec.Text("url"), " ", rec.Text("title"))
}
