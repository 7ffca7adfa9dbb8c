package ios

import (
	"fmt"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/plist"
)

// A bookmarkReader reads the table bookmarks of SafariTabs.db, where iOS 15
// and later keep tabs. A tab is a row with an address; the folder that it lies
// in is its group. Times are not in columns but in two property lists:
// https://github.com/abrignoni/iLEAPP/pull/1822.
type bookmarkReader struct {
	*table
	groups  map[int64]string // titles of folders
	private map[int64]bool   // folders of private windows
	local   plist.Value      // local_attributes of the row
	extra   plist.Value      // extra_attributes of the row
	summary func([]byte) []byte

	title, url, parent, localList, extraList, modified, closed int
}

func readBookmarkTabs(t *table) error {
	b := &bookmarkReader{
		table: t, groups: map[int64]string{}, private: map[int64]bool{},
		title: t.take("title"), url: t.take("url"), parent: t.take("parent"),
		localList: t.take("local_attributes"), extraList: t.take("extra_attributes"),
		modified: t.take("last_modified"), closed: t.take("date_closed"),
	}
	t.hide("id")
	t.seal(safariBrowserStateInfo.Kinds[0])
	b.summary = b.summarize
	if err := b.readGroups(); err != nil {
		return err
	}
	if err := b.readPrivate(); err != nil {
		return err
	}
	return t.each(b.tab)
}

// readGroups keeps the titles of folders.
func (b *bookmarkReader) readGroups() error {
	t := b.r.optional(b.name, "title", "url", "type")
	title, url, kind := t.find("title"), t.find("url"), t.find("type")
	err := t.each(func() error {
		if t.empty(kind) || !t.empty(url) {
			return nil
		}
		s := t.text(title)
		b.groups[t.rowID()] = s
		return t.hold(s)
	})
	return b.r.unjoined(err)
}

// readPrivate keeps which folders hold the tabs of private windows.
func (b *bookmarkReader) readPrivate() error {
	t := b.r.optional("windows", "private_tab_group_id")
	if t == nil {
		return nil
	}
	group := t.find("private_tab_group_id")
	err := t.each(func() error {
		if id := t.key(group); id != 0 {
			b.private[id] = true
			return t.hold()
		}
		return nil
	})
	return b.r.unjoined(err)
}

// tab gives one row, unless it is a folder.
func (b *bookmarkReader) tab() error {
	rec := b.start("tab")
	var err error
	if b.local, err = b.list(b.localList); err == nil {
		b.extra, err = b.list(b.extraList)
	}
	if err != nil {
		return err
	}
	localURL, _ := b.extra.Get("LocalURL").Str()
	if b.empty(b.url) && localURL == "" {
		return nil
	}
	b.describe(rec, localURL)
	b.set(rec)
	b.times(rec)
	rec.Summary = b.summary
	return b.give()
}

func (b *bookmarkReader) describe(rec *artifact.Record, localURL string) {
	rec.Set("tab_title", b.number(b.title))
	rec.Set("tab_url", b.number(b.url))
	rec.Observe(artifact.URL, b.text(b.url), "tab_url")
	localURL = b.r.Cut(localURL)
	rec.Set("tab_visible_url", artifact.TextOrNull(localURL))
	rec.Observe(artifact.URL, localURL, "tab_visible_url")
	folder := b.key(b.parent)
	rec.Set("tab_group", artifact.TextOrNull(b.groups[folder]))
	if b.private[folder] {
		rec.Set("private_browsing", artifact.IntValue(1))
	}
	if link, ok := b.local.Get("OpenedFromLink").Bool(); ok {
		rec.Set("opened_from_link", artifact.IntValue(int64(btoi(link))))
	}
	// The state of WebKit is not documented: where it is no session of the
	// kind that BrowserState.db has, its length is told.
	if state, ok := b.local.Get("SessionState").Bytes(); ok {
		s, err := parseSession(state, b.r.In.Limits.FieldLen)
		if err != nil || len(s.urls) == 0 {
			rec.Set("session_state_length", artifact.IntValue(int64(len(state))))
		}
		s.set(rec)
	}
}

// times sets the dates of the two lists, and those of the columns that newer
// versions leave empty.
func (b *bookmarkReader) times(rec *artifact.Record) {
	for _, d := range []struct {
		meaning string
		value   plist.Value
	}{
		{"last_viewed", b.extra.Get("DateLastViewed")},
		{"last_visit", b.local.Get("LastVisitTime")},
		{"added", b.extra.Get("com.apple.Bookmark").Get("DateAdded")},
		{"closed", b.local.Get("DateClosed")},
	} {
		if at, ok := d.value.Time(); ok {
			rec.WhenAt(d.meaning, at)
		}
	}
	rec.When("last_modified", artifact.MacSeconds, b.number(b.modified))
	rec.When("closed", artifact.MacSeconds, b.number(b.closed))
}

// list reads a column that holds a property list. One that cannot be read is
// told of, and costs no more than itself.
func (b *bookmarkReader) list(column int) (plist.Value, error) {
	data := b.bytes(column)
	if len(data) == 0 {
		return plist.Value{}, nil
	}
	v, err := plist.Parse(data)
	if err != nil {
		return plist.Value{}, b.r.ProblemAt(b.location(), fmt.Errorf("%s: %w", b.columns[column].name, err))
	}
	return v, nil
}

func (b *bookmarkReader) summarize(line []byte) []byte {
	rec := &b.r.Rec
	return appendSummary(line, "tab ", firstText(rec.Text("tab_url"), rec.Text("tab_visible_url")), " ", rec.Text("tab_title"))
}
