package ios

import (
	"cmp"
	"context"
	"iter"
	"math"
	"slices"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/parsers/gap"
)

// safariHistory reads the pages that were visited in Safari.
type safariHistory struct{}

var safariHistoryInfo = artifact.Info{
	Name:    "ios.safari_history",
	Version: 1,
	Summary: "Pages visited in Safari, with their redirects.",
	Files:   onPhone(inSafari("History.db")...),
	Kinds: withGaps([]artifact.KindInfo{
		{
			Kind: "visit",
			Doc:  "One visit of a page.",
			Fields: []artifact.FieldInfo{
				{Name: "id", Type: artifact.Int, Doc: "history_items.id: the page"},
				{Name: "visit_id", Type: artifact.Int, Doc: "history_visits.id"},
				{Name: "url", Type: artifact.Text, Doc: "address of the page"},
				{Name: "title", Type: artifact.Text, Doc: "title of the page"},
				{Name: "visit_count", Type: artifact.Int, Doc: "visits of the page in all, as Safari counts"},
				{Name: "origin", Type: artifact.Text, Doc: "this_device, or other_device: one of the same iCloud account"},
				{Name: "load_successful", Type: artifact.Int, Doc: "1 if the page was loaded"},
				{Name: "redirect_source", Type: artifact.Int, Doc: "visit that led here by a redirect"},
				{Name: "redirect_source_url", Type: artifact.Text, Doc: "address of that visit"},
				{Name: "redirect_destination", Type: artifact.Int, Doc: "visit that this one led to by a redirect"},
				{Name: "redirect_destination_url", Type: artifact.Text, Doc: "address of that visit"},
				{Name: "redirect_ms", Type: artifact.Int, Doc: "milliseconds from this visit to that one"},
				{Name: "redirect_chain", Type: artifact.Strings, Doc: "addresses from the first to the last of a chain of at least three, on its first visit"},
				{Name: "url_recovered", Type: artifact.Bool, Doc: "true where the page was deleted, and its address recovered"},
				otherColumns,
			},
			Times: []string{"visit"},
		},
		{
			Kind: "page",
			Doc:  "A page that was deleted, recovered without any visit of it.",
			Fields: []artifact.FieldInfo{
				{Name: "id", Type: artifact.Int, Doc: "history_items.id: the page, unless the number was overwritten"},
				{Name: "url", Type: artifact.Text, Doc: "address of the page"},
				{Name: "visit_count", Type: artifact.Int, Doc: "visits of the page in all, as Safari counts"},
			},
		},
		{
			Kind: "tombstone",
			Doc:  "History that was deleted and is still to be deleted on other devices.",
			Fields: []artifact.FieldInfo{
				{Name: "url", Type: artifact.Text, Doc: "address, or hash of it, where the deletion names one"},
				otherColumns,
			},
			Times: []string{"start", "end"},
		},
	}),
	Caveats: []string{
		"Private browsing leaves nothing here.",
		"A visit by another device of the same account is here too: see origin.",
	},
	Refs: []string{
		"https://www.amnesty.org/en/latest/research/2021/07/forensic-methodology-report-how-to-catch-nso-groups-pegasus/",
		"https://docs.mvt.re/en/latest/ios/records/",
	},
}

// Info implements artifact.Parser.
func (safariHistory) Info() artifact.Info { return safariHistoryInfo }

// Parse implements artifact.Parser.
func (safariHistory) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readSafariHistory)
}

var visitOrigins = []string{"this_device", "other_device"}

// A page is what history_items says of one address.
type page struct {
	url    string
	visits artifact.Value
	gone   bool // the page was deleted, and its row recovered
}

// A gonePage is a deleted page, and where its row was found.
type gonePage struct {
	page
	id  int64
	loc artifact.Location
}

// A hop is what a redirect needs of a visit.
type hop struct {
	visit, item int64
	source, to  int64 // visits, 0: none
	at          float64
	atKnown     bool
}

// A historyReader reads visits, joined to pages and to each other.
type historyReader struct {
	*table
	pages   map[int64]page
	gone    []gonePage
	told    map[int64]bool // deleted pages that a visit told of
	hops    []hop          // by visit
	summary func([]byte) []byte

	item, at, title, source, destination, origin int
}

func readSafariHistory(r *reading) error {
	t, err := r.table("history_visits")
	if err != nil {
		return err
	}
	h := &historyReader{
		table: t, item: t.take("history_item"), at: t.take("visit_time"), title: t.take("title"),
		source: t.take("redirect_source"), destination: t.take("redirect_destination"), origin: t.take("origin"),
	}
	t.hide("id")
	t.field("load_successful", "load_successful")
	t.seal(safariHistoryInfo.Kinds[0])
	h.summary = h.summarize
	if err := h.readPages(); err != nil {
		return err
	}
	if err := h.readHops(); err != nil {
		return err
	}
	t.numbered(h.at, gap.In(artifact.MacSeconds))
	if err := t.each(h.visit); err != nil {
		return err
	}
	if err := h.givePages(); err != nil {
		return err
	}
	return readTombstones(r)
}

func (h *historyReader) readPages() error {
	items := h.r.optional("history_items", "url", "visit_count")
	h.pages = map[int64]page{}
	if items == nil {
		return nil
	}
	items.ever = true
	h.told = map[int64]bool{}
	url, count := items.find("url"), items.find("visit_count")
	err := items.each(func() error {
		p := page{url: items.plain(url), visits: items.value(count)}
		if items.recovered() {
			h.lost(p, items.location())
		} else {
			h.pages[items.rowID()] = p
		}
		return items.hold(p.url)
	})
	return h.r.unjoined(err)
}

// lost keeps a page that was deleted. An earlier state of one that stands
// there, with the same address, says nothing new.
func (h *historyReader) lost(p page, loc artifact.Location) {
	p.gone = true
	if now, ok := h.pages[loc.RowID]; loc.Row && ok {
		if now.url == p.url {
			return
		}
	} else if loc.Row {
		h.pages[loc.RowID] = p
	}
	h.gone = append(h.gone, gonePage{p, loc.RowID, loc})
}

// givePages gives the deleted pages that no visit told of.
func (h *historyReader) givePages() error {
	for i := range h.gone {
		p := &h.gone[i]
		if p.loc.Row && h.told[p.id] && h.pages[p.id].url == p.url {
			continue
		}
		rec := &h.r.Rec
		rec.Reset("page")
		rec.Loc = p.loc
		if p.loc.Row {
			rec.Set("id", artifact.IntValue(p.id))
		}
		rec.Set("url", artifact.TextOrNull(p.url))
		rec.Observe(artifact.URL, p.url, "url")
		rec.Set("visit_count", p.visits)
		rec.Summary = h.summary
		if err := h.r.give(); err != nil {
			return err
		}
	}
	return nil
}

// readHops keeps every visit, in 48 bytes: one that a redirect led to does not
// always say where it came from.
func (h *historyReader) readHops() error {
	t := h.r.optional("history_visits", "history_item", "visit_time", "redirect_source", "redirect_destination")
	item, at, source, to := t.find("history_item"), t.find("visit_time"), t.find("redirect_source"), t.find("redirect_destination")
	err := t.each(func() error {
		one := hop{visit: t.rowID(), item: t.key(item), source: t.key(source), to: t.key(to)}
		one.at, one.atKnown = t.raw(at).AsFloat()
		h.hops = append(h.hops, one)
		return t.hold()
	})
	byVisit := func(a, b hop) int { return cmp.Compare(a.visit, b.visit) }
	if !slices.IsSortedFunc(h.hops, byVisit) {
		slices.SortStableFunc(h.hops, byVisit)
	}
	return h.r.unjoined(err)
}

func (h *historyReader) hop(visit int64) *hop {
	i, ok := slices.BinarySearchFunc(h.hops, visit, func(a hop, id int64) int { return cmp.Compare(a.visit, id) })
	if !ok || visit == 0 {
		return nil
	}
	return &h.hops[i]
}

func (h *historyReader) visit() error {
	rec := h.start("visit")
	item := h.key(h.item)
	p := h.pages[item]
	rec.Set("id", artifact.IntValue(item))
	if !h.row.RowIDLost() {
		rec.Set("visit_id", artifact.IntValue(h.rowID()))
	}
	rec.Set("url", artifact.TextOrNull(p.url))
	rec.Observe(artifact.URL, p.url, "url")
	if p.gone {
		rec.Set("url_recovered", artifact.BoolValue(true))
		h.told[item] = true
	}
	rec.Set("title", h.number(h.title))
	rec.Set("visit_count", p.visits)
	rec.Set("origin", h.named(h.origin, visitOrigins))
	h.redirects(rec)
	h.set(rec)
	rec.When("visit", artifact.MacSeconds, h.number(h.at))
	rec.Summary = h.summary
	return h.give()
}

// redirects resolves the visits before and after this one.
func (h *historyReader) redirects(rec *artifact.Record) {
	if h.empty(h.source) && h.empty(h.destination) {
		return
	}
	if id := h.key(h.source); id != 0 {
		rec.Set("redirect_source", artifact.IntValue(id))
		if from := h.hop(id); from != nil {
			rec.Set("redirect_source_url", artifact.TextOrNull(h.pages[from.item].url))
		}
	}
	id := h.key(h.destination)
	if id == 0 {
		return
	}
	rec.Set("redirect_destination", artifact.IntValue(id))
	to, self := h.hop(id), h.hop(h.rowID())
	if to == nil || self == nil {
		return
	}
	rec.Set("redirect_destination_url", artifact.TextOrNull(h.pages[to.item].url))
	if ms := (to.at - self.at) * 1000; to.atKnown && self.atKnown && math.Abs(ms) < 1e15 {
		rec.Set("redirect_ms", artifact.IntValue(int64(math.Round(ms))))
	}
	if self.source == 0 {
		rec.Set("redirect_chain", artifact.StringsValue(h.chain(self)))
	}
}

// maxChain is longer than any chain that a browser follows.
const maxChain = 32

// chain returns the addresses from a first visit on, if they are at least
// three. It ends where it would come back to itself.
func (h *historyReader) chain(from *hop) []string {
	var seen []int64
	var list []string
	for next := from; next != nil && len(list) < maxChain && !slices.Contains(seen, next.visit); next = h.hop(next.to) {
		seen = append(seen, next.visit)
		list = append(list, h.pages[next.item].url)
	}
	if len(list) < 3 {
		return nil
	}
	return list
}

func (h *historyReader) summarize(b []byte) []byte {
	rec := &h.r.Rec
	return appendSummary(b, "visit of ", rec.Text("url"), " ", rec.Text("title"))
}

func readTombstones(r *reading) error {
	t := r.optional("history_tombstones")
	if t == nil {
		return nil
	}
	start, end, url := t.take("start_time"), t.take("end_time"), t.take("url")
	t.hide("id")
	t.seal(safariHistoryInfo.Kinds[1])
	return t.each(func() error {
		rec := t.start("tombstone")
		rec.Set("url", t.number(url))
		rec.Observe(artifact.URL, t.text(url), "url")
		t.set(rec)
		rec.When("start", artifact.MacSeconds, t.number(start))
		rec.When("end", artifact.MacSeconds, t.number(end))
		rec.Summary = func(b []byte) []byte { return appendSummary(b, "history deleted ", r.Rec.Text("url")) }
		return t.give()
	})
}
