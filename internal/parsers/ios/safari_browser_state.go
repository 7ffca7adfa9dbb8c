package ios

import (
	"context"
	"fmt"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/plist"
	"github.com/amparo-project/amparo/internal/limit"
)

// safariBrowserState reads the tabs that were open in Safari.
type safariBrowserState struct{}

var safariBrowserStateInfo = artifact.Info{
	Name:    "ios.safari_browser_state",
	Version: 1,
	Summary: "Tabs that were open in Safari, each with the pages one could go back to.",
	Files:   onPhone(append(inSafari("BrowserState.db"), "HomeDomain/Library/Safari/SafariTabs.db", "*/Library/Safari/SafariTabs.db")...),
	Kinds: []artifact.KindInfo{{
		Kind: "tab",
		Doc:  "One tab.",
		Fields: []artifact.FieldInfo{
			{Name: "tab_title", Type: artifact.Text, Doc: "title of the page"},
			{Name: "tab_url", Type: artifact.Text, Doc: "address of the page"},
			{Name: "tab_visible_url", Type: artifact.Text, Doc: "address as Safari showed it"},
			{Name: "tab_group", Type: artifact.Text, Doc: "title of the group of tabs that it is in (SafariTabs.db)"},
			{Name: "private_browsing", Type: artifact.Int, Doc: "1 for a private tab"},
			{Name: "opened_from_link", Type: artifact.Int, Doc: "1 if a link opened it"},
			{Name: "session_urls", Type: artifact.Strings, Doc: "addresses of the tab's own history, oldest first"},
			{Name: "session_titles", Type: artifact.Strings, Doc: "titles of that history"},
			{Name: "session_state_length", Type: artifact.Int, Doc: "bytes of a tab's own history that could not be read (SafariTabs.db)"},
			otherColumns,
		},
		Times: []string{"last_viewed", "last_visit", "added", "closed", "last_modified"},
	}},
	Caveats: []string{"iOS 15 and later keep tabs in SafariTabs.db. Whether a backup holds that file depends on the version."},
	Refs:    []string{"https://docs.mvt.re/en/latest/ios/records/", "https://github.com/abrignoni/iLEAPP/pull/1822"},
}

// Info implements artifact.Parser.
func (safariBrowserState) Info() artifact.Info { return safariBrowserStateInfo }

// Parse implements artifact.Parser.
func (safariBrowserState) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readTabs)
}

// A tabReader reads the table tabs, joined to tab_sessions.
type tabReader struct {
	*table
	sessions map[string]session
	summary  func([]byte) []byte

	title, url, visible, viewed, uuid, inline int
}

// A session is the history of one tab.
type session struct{ urls, titles []string }

func readTabs(r *reading) error {
	t := r.optional("tabs")
	if t == nil {
		if t = r.optional("bookmarks"); t != nil {
			return readBookmarkTabs(t)
		}
		return fmt.Errorf("%w: no table tabs or bookmarks", limit.ErrUnsupported)
	}
	tabs := &tabReader{
		table: t, title: t.take("title"), url: t.take("url"), visible: t.take("user_visible_url"),
		viewed: t.take("last_viewed_time"), uuid: t.take("uuid"), inline: t.take("session_data"),
		sessions: map[string]session{},
	}
	t.fields(map[string]string{"private_browsing": "private_browsing", "opened_from_link": "opened_from_link"})
	t.hide("id")
	t.seal(safariBrowserStateInfo.Kinds[0])
	tabs.summary = tabs.summarize
	if err := tabs.readSessions(); err != nil {
		return err
	}
	return t.each(tabs.tab)
}

// readSessions reads the histories, which newer versions keep apart.
func (t *tabReader) readSessions() error {
	from := t.r.optional("tab_sessions", "tab_uuid", "session_data")
	if from == nil {
		return nil
	}
	uuid, data := from.find("tab_uuid"), from.find("session_data")
	err := from.each(func() error {
		s, err := parseSession(from.bytes(data), t.r.In.Limits.FieldLen)
		if err != nil {
			if err := t.r.ProblemAt(from.location(), err); err != nil {
				return err
			}
		}
		id := from.text(uuid)
		t.sessions[id] = s
		return from.hold(append(append(s.urls, s.titles...), id)...)
	})
	return t.r.unjoined(err)
}

// parseSession reads session_data: four bytes, then a property list with
// SessionHistory and its entries.
func parseSession(data []byte, maxText int) (s session, err error) {
	if len(data) == 0 {
		return s, nil
	}
	if len(data) < 4 {
		return s, fmt.Errorf("session data of %d bytes: %w", len(data), limit.ErrCorrupt)
	}
	root, err := plist.Parse(data[4:])
	if err != nil {
		if root, err = plist.Parse(data); err != nil {
			return s, fmt.Errorf("session data: %w", err)
		}
	}
	for entry := range root.Get("SessionHistory").Get("SessionHistoryEntries").Items() {
		if len(s.urls) == maxList {
			break
		}
		url, _ := entry.Get("SessionHistoryEntryURL").Str()
		original, _ := entry.Get("SessionHistoryEntryOriginalURL").Str()
		title, _ := entry.Get("SessionHistoryEntryTitle").Str()
		for _, u := range []string{original, url} {
			if len(u) <= maxText {
				s.urls = appendNew(s.urls, u)
			}
		}
		if len(title) <= maxText {
			s.titles = appendNew(s.titles, title)
		}
	}
	return s, nil
}

func (t *tabReader) tab() error {
	rec := t.start("tab")
	s, ok := t.sessions[t.text(t.uuid)]
	if !ok && !t.empty(t.inline) {
		var err error
		if s, err = parseSession(t.bytes(t.inline), t.r.In.Limits.FieldLen); err != nil {
			if err := t.r.ProblemAt(t.location(), err); err != nil {
				return err
			}
		}
	}
	rec.Set("tab_title", t.number(t.title))
	rec.Set("tab_url", t.number(t.url))
	rec.Observe(artifact.URL, t.text(t.url), "tab_url")
	rec.Set("tab_visible_url", t.number(t.visible))
	rec.Observe(artifact.URL, t.text(t.visible), "tab_visible_url")
	s.set(rec)
	t.set(rec)
	rec.When("last_viewed", artifact.MacSeconds, t.number(t.viewed))
	rec.Summary = t.summary
	return t.give()
}

// set sets the history of a tab.
func (s *session) set(rec *artifact.Record) {
	rec.Set("session_urls", artifact.StringsValue(s.urls))
	rec.Set("session_titles", artifact.StringsValue(s.titles))
	for _, u := range s.urls {
		rec.Observe(artifact.URL, u, "session_urls")
	}
}

func (t *tabReader) summarize(b []byte) []byte {
	rec := &t.r.Rec
	return appendSummary(b, "tab ", rec.Text("tab_url"), " ", rec.Text("tab_title"))
}
