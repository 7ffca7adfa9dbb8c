package testevidence

import (
	"fmt"
	"time"
)

const (
	historyDomain = "HomeDomain"
	historyPath   = "Library/Safari/History.db"
	tabsDomain    = "AppDomain-com.apple.mobilesafari"
	tabsPath      = "Library/Safari/BrowserState.db"
)

// A historyWriter writes History.db.
type historyWriter struct {
	b              *builder
	d              *database
	r              random
	items          int64
	visits         int64
	item, visitRow *insert
}

// history writes sixteen visits, of ten pages, for every hundred messages.
func (b *builder) history() error {
	d := b.create(historyDomain, historyPath, "history", 4096)
	w := &historyWriter{b: b, d: d, r: d.r}
	w.item = d.insert("history_items", "id", "url", "domain_expansion", "visit_count", "daily_visit_counts", "should_recompute_derived_visit_counts", "visit_count_score")
	w.visitRow = d.insert("history_visits", "id", "history_item", "@visit_time", "title", "load_successful", "redirect_source", "redirect_destination", "origin", "generation", "score")
	pages, n := b.o.Messages/10, b.o.Messages*16/100
	for i := range pages {
		w.page(fmt.Sprintf("https://%s/%d?ref=%s", pick(w.r, sites), i, w.r.token(8)), 1+w.r.IntN(5))
	}
	c := newClock(w.r, n)
	for w.visits < int64(n) {
		w.visit(1+w.r.Int64N(int64(pages)), c.next(), 0, 0)
	}
	if b.o.Plant {
		w.plant()
	}
	if b.o.Decoys {
		w.decoys()
	}
	return d.close()
}

func (w *historyWriter) page(url string, visits int) int64 {
	w.items++
	w.item.row(w.items, url, nil, visits, []byte{0x64, 0, 0, 0}, 0, 100)
	return w.items
}

func (w *historyWriter) visit(page int64, at time.Time, source, destination int64) int64 {
	w.visits++
	var from, to any
	if source != 0 {
		from = source
	}
	if destination != 0 {
		to = destination
	}
	w.visitRow.row(w.visits, page, macTime(at), "Página", 1, from, to, 0, 1, 100)
	return w.visits
}

// redirect writes a visit at a time that was led on to another page after it.
func (w *historyWriter) redirect(from, to string, at time.Time, after time.Duration) (begin, second int64) {
	a, b := w.page(from, 1), w.page(to, 1)
	next := w.visits + 2
	begin = w.visit(a, at, 0, next)
	return begin, w.visit(b, at.Add(after), next-1, 0)
}

// plant writes the injected redirect of 2019 that Amnesty published, and a
// visit of a listed site.
func (w *historyWriter) plant() {
	const injected = "https://bun54l2b67.get1tn0w.free247downloads.com:30495/szev4hz"
	from, to := w.redirect("http://yahoo.fr/", injected, w.b.pegasus(2*time.Minute), 250*time.Millisecond)
	w.trace(Trace{Name: "safari_redirect", RowID: to, Value: injected, Indicator: "free247downloads.com", Match: "parent"})
	w.b.ledger.plant(Trace{
		Name: "safari_fast_redirect", Artifact: "ios.safari_history", Path: historyDomain + "/" + historyPath, Table: "history_visits",
		RowID: from, Value: "http://yahoo.fr/", Rule: "safari_fast_redirect", Severity: "medium", Source: amnesty2021,
	})
	const listed = "https://opposedarrangement.net/Pn5qRz"
	id := w.visit(w.page(listed, 1), w.b.pegasus(3*time.Minute), 0, 0)
	w.trace(Trace{Name: "safari_visit", RowID: id, Value: listed, Indicator: "opposedarrangement.net"})
}

func (w *historyWriter) trace(t Trace) {
	t.Artifact, t.Path, t.Table = "ios.safari_history", historyDomain+"/"+historyPath, "history_visits"
	w.b.planted(t)
}

// decoys are the redirects of ordinary browsing, and addresses that hold a
// listed name without leading there.
func (w *historyWriter) decoys() {
	for _, d := range []struct {
		name, from, to string
		after          time.Duration
	}{
		{"decoy_redirect_to_https", "http://www.example.org/a", "https://www.example.org/a", 120 * time.Millisecond},
		{"decoy_redirect_shortener", "http://short.example.com/x1", "https://a.b.c.example.net:8081/aB3xY9", 1500 * time.Millisecond},
		{"decoy_redirect_plain_path", "http://example.edu/", "https://www.example.net/inicio/index.html", 200 * time.Millisecond},
	} {
		id, _ := w.redirect(d.from, d.to, w.r.between(first, last), d.after)
		w.decoy(Trace{Name: d.name, RowID: id, Value: d.from + " to " + d.to, Rule: "safari_fast_redirect"})
	}
	for _, d := range []struct{ name, url, resembles string }{
		{"decoy_safari_in_query", "https://search.example.com/?q=https://urlpush.net/a", "urlpush.net"},
		{"decoy_safari_in_path", "https://web.example.org/archive/http://urlpush.net/", "urlpush.net"},
		{"decoy_safari_parent", "https://www.malaymoil.com/", "e5.malaymoil.com"},
		{"decoy_safari_longer_suffix", "https://urlpush.net.example.com/", "urlpush.net"},
	} {
		id := w.visit(w.page(d.url, 1), w.r.between(first, last), 0, 0)
		w.decoy(Trace{Name: d.name, RowID: id, Value: d.url, Indicator: d.resembles})
	}
}

func (w *historyWriter) decoy(t Trace) {
	t.Artifact, t.Path, t.Table = "ios.safari_history", historyDomain+"/"+historyPath, "history_visits"
	w.b.ledger.decoy(t)
}

// tabs writes twenty open tabs; one of them once showed a listed page.
func (b *builder) tabs() error {
	d := b.create(tabsDomain, tabsPath, "tabs", 4096)
	r := d.r
	window := r.uuid()
	d.insert("browser_windows", "id", "uuid").row(1, window)
	tab := d.insert("tabs", "id", "uuid", "title", "url", "user_visible_url", "order_index", "@last_viewed_time", "opened_from_link", "private_browsing", "browser_window_uuid", "browser_window_id")
	session := d.insert("tab_sessions", "id", "tab_uuid", "session_data", "uncompressed_session_data_size")
	const listed = "https://ideas-telcel.com.mx/5706662s"
	for i := 1; i <= 20; i++ {
		id, url := r.uuid(), r.link()
		before := r.link()
		if b.o.Plant && i == 7 {
			before = listed
			b.planted(Trace{
				Name: "safari_tab", Artifact: "ios.safari_browser_state", Path: tabsDomain + "/" + tabsPath, Table: "tabs", RowID: 7,
				Value: listed, Indicator: "ideas-telcel.com.mx",
			})
		}
		data := sessionData(before, url)
		tab.row(i, id, "Página", url, url, i-1, macTime(r.between(last.AddDate(0, -1, 0), last)), 0, 0, window, 1)
		session.row(i, id, data, len(data)-4)
	}
	return d.close()
}

// sessionData is the history of a tab: four bytes and a property list, as in
// BrowserState.db of iOS 14.
func sessionData(urls ...string) []byte {
	var entries []any
	for _, u := range urls {
		entries = append(entries, dict{{"SessionHistoryEntryURL", u}, {"SessionHistoryEntryOriginalURL", u}, {"SessionHistoryEntryTitle", "Página"}})
	}
	list := binaryPlist(dict{
		{"SessionHistory", dict{{"SessionHistoryCurrentIndex", len(urls) - 1}, {"SessionHistoryEntries", entries}, {"SessionHistoryVersion", 1}}},
		{"RenderTreeSize", 500},
		{"IsAppInitiated", true},
	})
	return append([]byte{0, 0, 0, 2}, list...)
}
