package ios

import "github.com/amparo-project/amparo/internal/artifact"

// deleted gives the visits that were deleted.
func (f *firefoxReader) deleted() error {
	t := f.r.optional("moz_historyvisit_tombstones")
	if t == nil {
		return nil
	}
	page, at := t.take("place_id"), t.take("visit_date")
	t.seal(firefoxHistoryInfo.Kinds[2])
	return t.each(func() error {
		rec := t.start("deleted_visit")
		setURL(rec, "url", pageOf(f.pages, t.key(page)).url)
		t.set(rec)
		f.when(rec, "visit", t.number(at))
		rec.Summary = f.summary
		return t.give()
	})
}

// views gives how long pages were looked at, and what had been searched for.
func (f *firefoxReader) views() error {
	t := f.r.optional("moz_places_metadata")
	if t == nil {
		return nil
	}
	terms, err := f.r.optional("moz_places_metadata_search_queries", "term").texts("term")
	if err != nil {
		return err
	}
	page, referrer, query := t.take("place_id"), t.take("referrer_place_id"), t.take("search_query_id")
	title, created, updated := t.take("title"), t.take("created_at"), t.take("updated_at")
	t.hide("id")
	t.field("total_view_time", "view_ms")
	t.seal(firefoxHistoryInfo.Kinds[3])
	return t.each(func() error {
		rec := t.start("view")
		p := pageOf(f.pages, t.key(page))
		setURL(rec, "url", p.url)
		rec.Set("title", artifact.TextOrNull(firstText(t.text(title), p.title)))
		setURL(rec, "referrer_url", pageOf(f.pages, t.key(referrer)).url)
		rec.Set("term", artifact.TextOrNull(terms[t.key(query)]))
		t.set(rec)
		f.when(rec, "created", t.number(created))
		f.when(rec, "updated", t.number(updated))
		rec.Summary = f.summary
		return t.give()
	})
}

// typed gives what was typed into the address bar.
func (f *firefoxReader) typed() error {
	t := f.r.optional("moz_inputhistory")
	if t == nil {
		return nil
	}
	page, input := t.take("place_id"), t.take("input")
	t.seal(firefoxHistoryInfo.Kinds[4])
	return t.each(func() error {
		rec := t.start("typed")
		rec.Set("input", t.number(input))
		setURL(rec, "url", pageOf(f.pages, t.key(page)).url)
		t.set(rec)
		rec.Summary = f.summary
		return t.give()
	})
}

// firefoxLists are further tables of browser.db with addresses, and what
// their times mean.
var firefoxLists = []struct {
	table string
	times map[string]string
}{
	{"tabs", map[string]string{"last_used": "last_used"}},
	{"queue", nil},
	{"pinned_top_sites", map[string]string{"pinDate": "pinned"}},
	{"cached_top_sites", map[string]string{"localVisitDate": "visit", "remoteVisitDate": "visit_elsewhere"}},
	{"highlights", map[string]string{"visitDate": "visit"}},
	{"activity_stream_blocklist", nil},
	{"page_metadata", nil},
}

// firefoxTimes are the columns with times, in the order in which records have
// them.
var firefoxTimes = []string{"last_used", "pinDate", "localVisitDate", "remoteVisitDate", "visitDate"}

// lists gives the addresses of those tables.
func (f *firefoxReader) lists() error {
	if f.layout.visits != "visits" {
		return nil
	}
	for _, l := range firefoxLists {
		if t := f.r.optional(l.table); t != nil {
			if err := f.list(t, l.times); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *firefoxReader) list(t *table, times map[string]string) error {
	url, title := t.take("url"), t.take("title")
	more := []int{t.find("iconURL"), t.find("media_url"), t.find("history")} // the last is a list in JSON
	if url < 0 {
		url = t.take("site_url")
	}
	at := make([]int, len(firefoxTimes))
	for i, name := range firefoxTimes {
		at[i] = -1
		if times[name] != "" {
			at[i] = t.take(name)
		}
	}
	t.hide("id")
	t.seal(firefoxHistoryInfo.Kinds[5])
	return t.each(func() error {
		rec := t.start("listed")
		t.url(rec, "url", url)
		rec.Set("title", t.number(title))
		rec.Set("list", artifact.TextValue(t.name))
		t.set(rec)
		var links []string
		for _, column := range more {
			links = f.r.addLinks(links, t.text(column))
		}
		setLinks(rec, links)
		for i, column := range at {
			f.when(rec, times[firefoxTimes[i]], t.number(column))
		}
		rec.Summary = f.summary
		return t.give()
	})
}
