package ios

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
)

// chromeFavicon reads the icons of pages that Chrome keeps, which often stay
// when the history is gone.
type chromeFavicon struct{}

var chromeFaviconInfo = artifact.Info{
	Name:    "ios.chrome_favicon",
	Version: 1,
	Summary: "Icons of pages that Chrome showed, which may outlive the history.",
	Files:   onPhone("AppDomain-*/Library/Application Support/Google/Chrome/*/Favicons"),
	Kinds: []artifact.KindInfo{
		{
			Kind: "favicon",
			Doc:  "The icon of one page.",
			Fields: []artifact.FieldInfo{
				{Name: "url", Type: artifact.Text, Doc: "address of the page"},
				{Name: "icon_url", Type: artifact.Text, Doc: "address of the icon"},
				{Name: "icon_id", Type: artifact.Int, Doc: "favicons.id"},
				{Name: "bitmaps", Type: artifact.Int, Doc: "pictures of the icon, in all sizes"},
				otherColumns,
			},
			Times: []string{"updated", "requested"},
		},
		{
			Kind: "icon",
			Doc:  "An icon whose page is gone.",
			Fields: []artifact.FieldInfo{
				{Name: "icon_url", Type: artifact.Text, Doc: "address of the icon"},
				{Name: "icon_id", Type: artifact.Int, Doc: "favicons.id"},
				{Name: "bitmaps", Type: artifact.Int, Doc: "pictures of the icon, in all sizes"},
				otherColumns,
			},
			Times: []string{"updated", "requested"},
		},
	},
	Caveats: []string{"An icon may come from a bookmark or another device of the same account: the page need not have been visited."},
	Refs: []string{
		"https://chromium.googlesource.com/chromium/src/+/main/components/favicon/core/favicon_database.cc",
		"https://docs.mvt.re/en/latest/ios/records/",
	},
}

// Info implements artifact.Parser.
func (chromeFavicon) Info() artifact.Info { return chromeFaviconInfo }

// Parse implements artifact.Parser.
func (chromeFavicon) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readChromeFavicons)
}

// A chromeIcons reads pages with their icons, each in some sizes.
type chromeIcons struct {
	r       *reading
	icons   map[int64]string
	used    map[int64]bool
	bitmaps side // by icon: when it was updated, and when asked for
	summary func([]byte) []byte
}

func readChromeFavicons(r *reading) error {
	t, err := r.table("icon_mapping")
	if err != nil {
		return err
	}
	c := &chromeIcons{r: r, used: map[int64]bool{}}
	c.summary = c.summarize
	if c.icons, err = r.optional("favicons", "url").texts("url"); err != nil {
		return err
	}
	if b := r.optional("favicon_bitmaps", "icon_id", "last_updated", "last_requested"); b != nil {
		icon := b.find("icon_id")
		if err := b.side(&c.bitmaps, []string{"last_updated", "last_requested"}, func() int64 { return b.key(icon) }); err != nil {
			return err
		}
	}
	if err := c.pages(t); err != nil {
		return err
	}
	return c.rest()
}

func (c *chromeIcons) pages(t *table) error {
	page, icon := t.take("page_url"), t.take("icon_id")
	t.hide("id")
	t.seal(chromeFaviconInfo.Kinds[0])
	return t.each(func() error {
		rec, id := t.start("favicon"), t.key(icon)
		if _, known := c.icons[id]; known {
			c.used[id] = true
		}
		t.url(rec, "url", page)
		setURL(rec, "icon_url", c.icons[id])
		c.icon(rec, id)
		t.set(rec)
		return t.give()
	})
}

// rest gives the icons that no page names.
func (c *chromeIcons) rest() error {
	t := c.r.optional("favicons")
	if t == nil {
		return nil
	}
	url := t.take("url")
	t.hide("id", "last_updated")
	t.seal(chromeFaviconInfo.Kinds[1])
	return t.each(func() error {
		if c.used[t.rowID()] {
			return nil
		}
		rec := t.start("icon")
		t.url(rec, "icon_url", url)
		c.icon(rec, t.rowID())
		t.set(rec)
		return t.give()
	})
}

// icon sets what the pictures of an icon tell. Most have one time in all.
func (c *chromeIcons) icon(rec *artifact.Record, id int64) {
	rec.Set("icon_id", artifact.IntValue(id))
	rows := c.bitmaps.find(id)
	rec.Set("bitmaps", artifact.IntValue(int64(len(rows))))
	rec.Summary = c.summary
	for _, row := range rows {
		var v [2]artifact.Value
		c.bitmaps.read(row, v[:])
		c.when(rec, "updated", v[0])
		c.when(rec, "requested", v[1])
	}
}

// when sets a time, once for all pictures that have it.
func (c *chromeIcons) when(rec *artifact.Record, meaning string, v artifact.Value) {
	if n, ok := v.Int(); ok && n == 0 || len(rec.Times) >= maxIconTimes {
		return
	}
	at, _ := artifact.WebKitMicroseconds.At(v)
	for _, t := range rec.Times {
		if t.Meaning == meaning && t.At.Equal(at) {
			return
		}
	}
	rec.When(meaning, artifact.WebKitMicroseconds, v)
}

// maxIconTimes is more than the sizes that an icon is kept in.
const maxIconTimes = 32

func (c *chromeIcons) summarize(b []byte) []byte {
	rec := &c.r.Rec
	if rec.Kind == "icon" {
		return appendSummary(b, "icon without a page: ", rec.Text("icon_url"))
	}
	return appendSummary(b, "icon of ", rec.Text("url"), " from ", rec.Text("icon_url"))
}
