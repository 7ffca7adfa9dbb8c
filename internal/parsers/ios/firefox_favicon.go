package ios

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
)

// firefoxFavicon reads the icons of pages that Firefox kept until 2022.
type firefoxFavicon struct{}

var firefoxFaviconInfo = artifact.Info{
	Name:    "ios.firefox_favicon",
	Version: 1,
	Summary: "Icons of pages that Firefox showed, which may outlive the history.",
	Files:   append(onPhone("AppDomainGroup-*/profile.*/browser.db"), "private/var/mobile/profile.*/browser.db"),
	Kinds: []artifact.KindInfo{{
		Kind: "favicon",
		Doc:  "The icon of one page, or one whose page is gone.",
		Fields: []artifact.FieldInfo{
			{Name: "id", Type: artifact.Int, Doc: "favicons.id"},
			{Name: "url", Type: artifact.Text, Doc: "address of the icon"},
			{Name: "history_id", Type: artifact.Int, Doc: "history.id: the page"},
			{Name: "history_url", Type: artifact.Text, Doc: "address of the page"},
			{Name: "history_title", Type: artifact.Text, Doc: "title of the page"},
			{Name: "site_url", Type: artifact.Text, Doc: "address of a page that need not be in the history"},
			{Name: "width", Type: artifact.Int, Doc: "width in pixels"},
			{Name: "height", Type: artifact.Int, Doc: "height in pixels"},
			{Name: "type", Type: artifact.Int, Doc: "kind of the icon, as a number"},
			otherColumns,
		},
		Times: []string{"icon"},
	}},
	Caveats: []string{
		"An icon may come from a bookmark or another device of the same account: the page need not have been visited.",
		"Newer versions of Firefox keep icons elsewhere: an empty result there says nothing.",
	},
	Refs: []string{
		"https://github.com/mozilla-mobile/firefox-ios/blob/v100.0/Storage/SQL/BrowserSchema.swift",
		"https://docs.mvt.re/en/latest/ios/records/",
	},
}

// Info implements artifact.Parser.
func (firefoxFavicon) Info() artifact.Info { return firefoxFaviconInfo }

// Parse implements artifact.Parser.
func (firefoxFavicon) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readFirefoxFavicons)
}

// A firefoxIcons reads icons, each with the pages that had it.
type firefoxIcons struct {
	*table
	pages   map[int64]*webPage
	sites   pairs // from icons to pages of the history
	urls    side  // by icon: pages by their address
	summary func([]byte) []byte

	icons, at int
}

func readFirefoxFavicons(r *reading) error {
	t := r.optional("favicons")
	if t == nil { // a version that keeps them elsewhere
		return nil
	}
	f := &firefoxIcons{table: t, icons: t.take("url"), at: t.take("date")}
	f.summary = f.summarize
	t.hide("id")
	t.fields(map[string]string{"width": "width", "height": "height", "type": "type"})
	t.seal(firefoxFaviconInfo.Kinds[0])
	if err := f.join(); err != nil {
		return err
	}
	return t.each(f.icon)
}

func (f *firefoxIcons) join() (err error) {
	if f.pages, err = f.r.optional("history").webPages(webPageColumns{url: "url", title: "title"}); err != nil {
		return err
	}
	if sites := f.r.optional("favicon_sites", "faviconID", "siteID"); sites != nil {
		if err := sites.links(&f.sites, "faviconID", "siteID"); err != nil {
			return err
		}
	}
	urls := f.r.optional("favicon_site_urls", "faviconID", "site_url")
	if urls == nil {
		return nil
	}
	icon := urls.find("faviconID")
	return urls.side(&f.urls, []string{"site_url"}, func() int64 { return urls.key(icon) })
}

// icon gives a record for each page that has an icon, and one for an icon
// that none has.
func (f *firefoxIcons) icon() error {
	id, alone := f.rowID(), true
	for _, site := range f.sites.find(id) {
		alone = false
		if err := f.give(func(rec *artifact.Record) { f.visited(rec, site.to) }); err != nil {
			return err
		}
	}
	for _, row := range f.urls.find(id) {
		alone = false
		var v [1]artifact.Value
		f.urls.read(row, v[:])
		if err := f.give(func(rec *artifact.Record) { f.named(rec, v[0]) }); err != nil {
			return err
		}
	}
	if alone {
		return f.give(func(*artifact.Record) {})
	}
	return nil
}

// give gives a record of the icon with the page that set tells of.
func (f *firefoxIcons) give(page func(*artifact.Record)) error {
	rec := f.start("favicon")
	rec.Set("id", artifact.IntValue(f.rowID()))
	f.url(rec, "url", f.icons)
	page(rec)
	f.set(rec)
	raw := f.number(f.at)
	rec.When("icon", firefoxEpoch(raw), raw)
	rec.Summary = f.summary
	return f.table.give()
}

// visited sets a page of the history.
func (f *firefoxIcons) visited(rec *artifact.Record, id int64) {
	p := pageOf(f.pages, id)
	rec.Set("history_id", artifact.IntValue(id))
	setURL(rec, "history_url", p.url)
	rec.Set("history_title", artifact.TextOrNull(p.title))
}

// named sets a page by its address.
func (f *firefoxIcons) named(rec *artifact.Record, address artifact.Value) {
	rec.Set("site_url", address)
	url, _ := address.Str()
	rec.Observe(artifact.URL, url, "site_url")
}

func (f *firefoxIcons) summarize(b []byte) []byte {
	rec := &f.r.Rec
	page := firstText(rec.Text("history_url"), rec.Text("site_url"))
	return appendSummary(b, "icon of ", page, " from ", rec.Text("url"))
}
