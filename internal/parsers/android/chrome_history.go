package android

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
)

// chromeHistory reads the history of Chrome and of browsers that are made of
// it: Brave, Edge, Samsung Internet.
type chromeHistory struct{}

var chromeHistoryInfo = artifact.Info{
	Name:    "android.chrome_history",
	Version: 1,
	Summary: "Pages visited in Chrome, Brave, Edge and Samsung Internet, and what was downloaded.",
	Files:   []string{"**/app_chrome/*/History", "**/app_sbrowser/*/History", "**/browser_history/*/*/History"},
	Kinds: withGaps([]artifact.KindInfo{
		{
			Kind: "visit",
			Doc:  "One visit of a page.",
			Fields: []artifact.FieldInfo{
				{Name: "url", Type: artifact.Text, Doc: "address"},
				{Name: "title", Type: artifact.Text, Doc: "title"},
				{Name: "visit_count", Type: artifact.Int, Doc: "visits in all"},
				{Name: "typed_count", Type: artifact.Int, Doc: "how often the address was typed"},
				{Name: "transition", Type: artifact.Int, Doc: "how one came to the page, as Chrome codes it"},
				{Name: "from_url", Type: artifact.Text, Doc: "page that led here, by a link or a redirect"},
			},
			Times: []string{"visit"},
		},
		{
			Kind: "page",
			Doc:  "A page that is known without a visit.",
			Fields: []artifact.FieldInfo{
				{Name: "url", Type: artifact.Text, Doc: "address"},
				{Name: "title", Type: artifact.Text, Doc: "title"},
				{Name: "visit_count", Type: artifact.Int, Doc: "visits in all"},
			},
			Times: []string{"last_visit"},
		},
		{
			Kind: "download",
			Doc:  "A file that was downloaded.",
			Fields: []artifact.FieldInfo{
				{Name: "path", Type: artifact.Text, Doc: "where it was put"},
				{Name: "referrer", Type: artifact.Text, Doc: "page that it was found on"},
				{Name: "tab_url", Type: artifact.Text, Doc: "page that was shown"},
				{Name: "urls", Type: artifact.Strings, Doc: "addresses that it came from, with their redirects"},
				{Name: "mime_type", Type: artifact.Text, Doc: "kind of file"},
				{Name: "bytes", Type: artifact.Int, Doc: "size"},
			},
			Times: []string{"started", "ended"},
		},
	}),
	Caveats: []string{"Visits are deleted after 90 days. Incognito tabs leave nothing here."},
	Refs: []string{
		"https://chromium.googlesource.com/chromium/src/+/main/components/history/core/browser/visit_database.cc",
		"https://github.com/mvt-project/androidqf (modules/browser_history.go)",
	},
}

// Info implements artifact.Parser.
func (chromeHistory) Info() artifact.Info { return chromeHistoryInfo }

// Parse implements artifact.Parser.
func (chromeHistory) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, func(d *dbReading) error {
		h := &history{d: d, pages: map[int64]*page{}, visits: map[int64]int64{}}
		return h.read()
	})
}

// A page is a row of urls.
type page struct {
	url, title            string
	count, typed, last    int64
	hasCount, hasTyped, v bool // v: a visit of it was given
}

// maxHeldPages bounds the pages and visits that are held to join them.
const maxHeldPages = 2 << 20

// A history is what is held of one while it is read.
type history struct {
	d      *dbReading
	pages  map[int64]*page
	visits map[int64]int64 // page by visit
}

func (h *history) read() error {
	err := h.d.need("urls", "id url title visit_count typed_count last_visit_time", func(r *dbRow) error {
		id := r.row.RowID()
		if len(h.pages) >= maxHeldPages {
			return nil
		}
		p := &page{url: r.text("url"), title: r.text("title")}
		p.count, p.hasCount = r.int("visit_count")
		p.typed, p.hasTyped = r.int("typed_count")
		p.last, _ = r.int("last_visit_time")
		h.pages[id] = p
		return nil
	})
	if err != nil {
		return err
	}
	if _, err = h.d.each("visits", "url", func(r *dbRow) error {
		if u, ok := r.int("url"); ok && len(h.visits) < maxHeldPages {
			h.visits[r.row.RowID()] = u
		}
		return nil
	}); err != nil {
		return err
	}
	h.d.numbered("visits", artifact.WebKitMicroseconds)
	if _, err = h.d.each("visits", "url visit_time from_visit transition", h.visit); err != nil {
		return err
	}
	if _, err = h.d.each("urls", "url title visit_count last_visit_time", h.unvisited); err != nil {
		return err
	}
	return h.downloads()
}

func (h *history) visit(r *dbRow) error {
	rec := r.start("visit")
	id, _ := r.int("url")
	if p := h.pages[id]; p != nil {
		p.v = true
		h.d.set("url", p.url)
		h.d.set("title", p.title)
		if p.hasCount {
			rec.Set("visit_count", artifact.IntValue(p.count))
		}
		if p.hasTyped {
			rec.Set("typed_count", artifact.IntValue(p.typed))
		}
	}
	r.setInt("transition", "transition")
	if from, ok := r.int("from_visit"); ok {
		if p := h.pages[h.visits[from]]; p != nil && from > 0 {
			h.d.set("from_url", p.url)
			rec.Observe(artifact.URL, rec.Text("from_url"), "from_url")
		}
	}
	r.when("visit", "visit_time", artifact.WebKitMicroseconds)
	rec.Observe(artifact.URL, rec.Text("url"), "url")
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "visited ", rec.Text("url"), " ", rec.Text("title")) }
	return h.d.Give()
}

func (h *history) unvisited(r *dbRow) error {
	if p := h.pages[r.row.RowID()]; p != nil && p.v {
		return nil
	}
	rec := r.start("page")
	r.set("url", "url")
	r.set("title", "title")
	r.setInt("visit_count", "visit_count")
	r.when("last_visit", "last_visit_time", artifact.WebKitMicroseconds)
	rec.Observe(artifact.URL, rec.Text("url"), "url")
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "knows page ", rec.Text("url")) }
	return h.d.Give()
}

func (h *history) downloads() error {
	chains := map[int64][]string{}
	if _, err := h.d.each("downloads_url_chains", "id url", func(r *dbRow) error {
		id, ok := r.int("id")
		if ok && len(chains) < maxHeldPages && len(chains[id]) < maxTexts {
			chains[id] = append(chains[id], r.text("url"))
		}
		return nil
	}); err != nil {
		return err
	}
	_, err := h.d.each("downloads", "target_path referrer tab_url mime_type total_bytes start_time end_time", func(r *dbRow) error {
		rec := r.start("download")
		r.set("path", "target_path")
		r.set("referrer", "referrer")
		r.set("tab_url", "tab_url")
		h.d.list("urls", chains[r.row.RowID()])
		r.set("mime_type", "mime_type")
		r.setInt("bytes", "total_bytes")
		r.when("started", "start_time", artifact.WebKitMicroseconds)
		r.when("ended", "end_time", artifact.WebKitMicroseconds)
		for _, field := range []string{"referrer", "tab_url"} {
			rec.Observe(artifact.URL, rec.Text(field), field)
		}
		for _, url := range rec.Get("urls").Strings() {
			rec.Observe(artifact.URL, url, "urls")
		}
		rec.Observe(artifact.FilePath, rec.Text("path"), "path")
		rec.Summary = func(b []byte) []byte { return appendSummary(b, "downloaded ", rec.Text("path")) }
		return h.d.Give()
	})
	return err
}
