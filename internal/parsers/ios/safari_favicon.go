package ios

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
)

// safariFavicon reads the icons of pages that Safari keeps.
type safariFavicon struct{}

var safariFaviconInfo = artifact.Info{
	Name:    "ios.safari_favicon",
	Version: 1,
	Summary: "Icons of pages that Safari showed, which may outlive the history.",
	Files: onPhone(
		"HomeDomain/Library/Image Cache/Favicons/Favicons.db", "*/Library/Image Cache/Favicons/Favicons.db",
	),
	Kinds: []artifact.KindInfo{
		{
			Kind: "favicon",
			Doc:  "The icon of one page.",
			Fields: []artifact.FieldInfo{
				{Name: "url", Type: artifact.Text, Doc: "address of the page"},
				{Name: "icon_url", Type: artifact.Text, Doc: "address of the icon"},
				{Name: "type", Type: artifact.Text, Doc: "valid, or rejected: an icon that Safari could not use"},
				otherColumns,
			},
			Times: []string{"icon"},
		},
		{
			Kind: "icon",
			Doc:  "An icon whose page is gone.",
			Fields: []artifact.FieldInfo{
				{Name: "icon_url", Type: artifact.Text, Doc: "address of the icon"},
				otherColumns,
			},
			Times: []string{"icon"},
		},
	},
	Caveats: []string{
		"An icon may come from a bookmark, a suggestion or another device: the page need not have been visited.",
		"Backups do not hold these files; a dump of the file system does.",
	},
	Refs: []string{
		"https://docs.mvt.re/en/latest/ios/records/",
		"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/safariFavicons.py",
	},
}

// Info implements artifact.Parser.
func (safariFavicon) Info() artifact.Info { return safariFaviconInfo }

// Parse implements artifact.Parser.
func (safariFavicon) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readSafariFavicons)
}

// A safariIcon is what icon_info says of one icon.
type safariIcon struct {
	url  string
	at   artifact.Value
	used bool
}

// A safariIcons reads pages with their icons.
type safariIcons struct {
	r       *reading
	icons   map[string]*safariIcon
	summary func([]byte) []byte
}

func readSafariFavicons(r *reading) error {
	pages, err := r.table("page_url")
	if err != nil {
		return err
	}
	s := &safariIcons{r: r, icons: map[string]*safariIcon{}}
	s.summary = s.summarize
	for _, read := range []func() error{s.read, func() error { return s.pages(pages) }, s.rest, s.rejected} {
		if err := read(); err != nil {
			return err
		}
	}
	return nil
}

func (s *safariIcons) read() error {
	t := s.r.optional("icon_info", "uuid", "url", "timestamp")
	if t == nil {
		return nil
	}
	id, url, at := t.find("uuid"), t.find("url"), t.find("timestamp")
	err := t.each(func() error {
		icon := &safariIcon{url: t.plain(url), at: t.number(at)}
		s.icons[t.plain(id)] = icon
		return t.hold(icon.url, t.plain(id))
	})
	return s.r.unjoined(err)
}

func (s *safariIcons) pages(t *table) error {
	url, id := t.take("url"), t.find("uuid")
	t.seal(safariFaviconInfo.Kinds[0])
	return t.each(func() error {
		rec := t.start("favicon")
		t.url(rec, "url", url)
		if icon := s.icons[t.plain(id)]; icon != nil {
			icon.used = true
			setURL(rec, "icon_url", icon.url)
			rec.When("icon", artifact.MacSeconds, icon.at)
		}
		rec.Set("type", artifact.TextValue("valid"))
		t.set(rec)
		rec.Summary = s.summary
		return t.give()
	})
}

// rest gives the icons that no page names.
func (s *safariIcons) rest() error {
	t := s.r.optional("icon_info")
	if t == nil {
		return nil
	}
	url, id, at := t.take("url"), t.find("uuid"), t.take("timestamp")
	t.seal(safariFaviconInfo.Kinds[1])
	return t.each(func() error {
		if icon := s.icons[t.plain(id)]; icon != nil && icon.used {
			return nil
		}
		rec := t.start("icon")
		t.url(rec, "icon_url", url)
		t.set(rec)
		rec.When("icon", artifact.MacSeconds, t.number(at))
		rec.Summary = s.summary
		return t.give()
	})
}

func (s *safariIcons) rejected() error {
	t := s.r.optional("rejected_resources")
	if t == nil {
		return nil
	}
	page, icon, at := t.take("page_url"), t.take("icon_url"), t.take("timestamp")
	t.seal(safariFaviconInfo.Kinds[0])
	return t.each(func() error {
		rec := t.start("favicon")
		t.url(rec, "url", page)
		t.url(rec, "icon_url", icon)
		rec.Set("type", artifact.TextValue("rejected"))
		t.set(rec)
		rec.When("icon", artifact.MacSeconds, t.number(at))
		rec.Summary = s.summary
		return t.give()
	})
}

func (s *safariIcons) summarize(b []byte) []byte {
	rec := &s.r.Rec
	if rec.Kind == "icon" {
		return appendSummary(b, "icon without a page: ", rec.Text("icon_url"))
	}
	return appendSummary(b, "icon of ", rec.Text("url"), " from ", rec.Text("icon_url"), " ", rec.Text("type"))
}
