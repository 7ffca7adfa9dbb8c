package ios

import (
	"cmp"
	"slices"

	"github.com/amparo-project/amparo/internal/artifact"
)

// url gives a column that holds an address to the field called name, and
// notes it as a URL. A value of another type is kept as it is.
func (t *table) url(rec *artifact.Record, name string, column int) {
	if address := t.text(column); address != "" {
		setURL(rec, name, address)
		return
	}
	rec.Set(name, t.number(column))
}

// setURL is url for an address that is at hand.
func setURL(rec *artifact.Record, name, address string) {
	rec.Set(name, artifact.TextOrNull(address))
	rec.Observe(artifact.URL, address, name)
}

// A step is what a chain of visits needs of each, in 32 bytes: a visit may
// refer to one that lies anywhere in the table.
type step struct {
	visit, page, from int64
	kind              int64 // as the browser stores it
}

// steps are visits by their number, sorted once all are there.
type steps []step

func (s steps) sort() {
	byVisit := func(a, b step) int { return cmp.Compare(a.visit, b.visit) }
	if !slices.IsSortedFunc(s, byVisit) {
		slices.SortStableFunc(s, byVisit)
	}
}

// find returns a visit, nil for 0 and for one that is gone.
func (s steps) find(visit int64) *step {
	i, ok := slices.BinarySearchFunc(s, visit, func(a step, id int64) int { return cmp.Compare(a.visit, id) })
	if !ok || visit == 0 {
		return nil
	}
	return &s[i]
}

// back returns the pages from the first visit of a chain of redirects to the
// last, which is given, if they are at least three. It ends where a visit is
// no redirect, and where it would come back to itself.
func (s steps) back(last *step, redirected func(*step) bool) []int64 {
	var seen, pages []int64
	for v := last; v != nil && len(pages) < maxChain && !slices.Contains(seen, v.visit); v = s.find(v.from) {
		seen, pages = append(seen, v.visit), append(pages, v.page)
		if !redirected(v) {
			break
		}
	}
	if len(pages) < 3 {
		return nil
	}
	slices.Reverse(pages)
	return pages
}

// visits reads the visits of a table by the names of its columns.
func (t *table) visits(page, from, kind string) (steps, error) {
	var all steps
	iPage, iFrom, iKind := t.find(page), t.find(from), t.find(kind)
	err := t.each(func() error {
		all = append(all, step{visit: t.rowID(), page: t.key(iPage), from: t.key(iFrom), kind: t.key(iKind)})
		return t.hold()
	})
	all.sort()
	return all, t.r.unjoined(err)
}

// A webPage is what a browser's table of pages says of one address.
type webPage struct {
	url, title    string
	visits, typed artifact.Value
	last          artifact.Value
	visited       bool // a visit names it
}

// webPageColumns are the names that a browser gives to the columns of a
// webPage, "" for one that it lacks.
type webPageColumns struct{ url, title, visits, typed, last string }

// webPages reads a browser's table of pages; there are none without it.
func (t *table) webPages(names webPageColumns) (map[int64]*webPage, error) {
	if t == nil {
		return nil, nil
	}
	pages := map[int64]*webPage{}
	url, title := t.find(names.url), t.find(names.title)
	visits, typed, last := t.find(names.visits), t.find(names.typed), t.find(names.last)
	err := t.each(func() error {
		p := &webPage{url: t.plain(url), title: t.plain(title), visits: t.value(visits), typed: t.number(typed), last: t.number(last)}
		pages[t.rowID()] = p
		return t.hold(p.url, p.title)
	})
	return pages, t.r.unjoined(err)
}

// set gives a page's address, title and numbers to a record.
func (p *webPage) set(rec *artifact.Record) {
	setURL(rec, "url", p.url)
	rec.Set("title", artifact.TextOrNull(p.title))
	rec.Set("visit_count", p.visits)
	rec.Set("typed_count", p.typed)
}

// urlsOf returns the addresses of pages.
func urlsOf(pages map[int64]*webPage, ids []int64) []string {
	var list []string
	for _, id := range ids {
		if p := pages[id]; p != nil {
			list = append(list, p.url)
		} else {
			list = append(list, "")
		}
	}
	return list
}

// pageOf returns a page, an empty one where it is gone.
func pageOf(pages map[int64]*webPage, id int64) *webPage {
	if p := pages[id]; p != nil {
		return p
	}
	return new(webPage)
}
