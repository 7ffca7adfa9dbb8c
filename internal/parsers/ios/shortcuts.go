package ios

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/links"
	"github.com/amparo-project/amparo/internal/format/plist"
)

// shortcuts reads what the app Shortcuts can do by itself.
type shortcuts struct{}

var shortcutsInfo = artifact.Info{
	Name:    "ios.shortcuts",
	Version: 1,
	Summary: "Shortcuts and automations of the owner, with their actions and the addresses in them.",
	Files:   onPhone("HomeDomain/Library/Shortcuts/Shortcuts.sqlite"),
	Kinds: []artifact.KindInfo{
		{
			Kind: "shortcut",
			Doc: "One shortcut (tables ZSHORTCUT and ZSHORTCUTACTIONS). Columns that are not listed are fields under their own names " +
				"unless they are NULL, 0 or empty; of bytes only the length is told.",
			Fields: []artifact.FieldInfo{
				{Name: "shortcut_id", Type: artifact.Text, Doc: "identifier of the shortcut, or the number of its row"},
				{Name: "shortcut_name", Type: artifact.Text, Doc: "name"},
				{Name: "description", Type: artifact.Text, Doc: "what it does, as the app says"},
				{Name: "parsed_actions", Type: artifact.Int, Doc: "how many actions it has"},
				{Name: "actions", Type: artifact.Strings, Doc: "identifiers of the actions, in order"},
				{Name: "action_urls", Type: artifact.Strings, Doc: "addresses in the parameters of the actions"},
				otherColumns,
			},
			Times: []string{"created", "modified", "last_run"},
		},
		{
			Kind: "automation",
			Doc: "What starts a shortcut by itself (table ZTRIGGER). Columns that are not listed are fields under their own names " +
				"unless they are NULL, 0 or empty; of bytes only the length is told.",
			Fields: []artifact.FieldInfo{
				{Name: "shortcut_name", Type: artifact.Text, Doc: "shortcut that it starts"},
				{Name: "enabled", Type: artifact.Int, Doc: "1: it is switched on"},
				{Name: "action_urls", Type: artifact.Strings, Doc: "addresses in what starts it"},
				otherColumns,
			},
		},
	},
	Caveats: []string{"Shortcuts that were removed are not here."},
	Refs: []string{
		"https://docs.mvt.re/en/latest/ios/records/",
		"https://github.com/mac4n6/APOLLO",
	},
}

// Info implements artifact.Parser.
func (shortcuts) Info() artifact.Info { return shortcutsInfo }

// Parse implements artifact.Parser.
func (shortcuts) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readShortcuts)
}

// shortcutActions is what is kept of the actions of a shortcut.
type shortcutActions struct {
	names []string
	urls  []string
	count int64
}

// A shortcutReader reads shortcuts with their actions.
type shortcutReader struct {
	*table
	actions                                      map[int64]*shortcutActions
	names                                        map[int64]string
	id, name, description, created, changed, ran int
}

func readShortcuts(r *reading) error {
	t, err := r.table("ZSHORTCUT")
	if err != nil {
		return err
	}
	s := &shortcutReader{table: t, actions: map[int64]*shortcutActions{}}
	if err := s.readActions(); err != nil {
		return err
	}
	if s.names, err = r.optional("ZSHORTCUT", "ZNAME").texts("ZNAME"); err != nil {
		return err
	}
	s.id, s.name, s.description = t.take("ZWORKFLOWID"), t.take("ZNAME"), t.take("ZACTIONSDESCRIPTION")
	s.created, s.changed, s.ran = t.take("ZCREATIONDATE"), t.take("ZMODIFICATIONDATE"), t.take("ZLASTRUNEVENTDATE")
	t.hide("Z_PK", "Z_ENT", "Z_OPT")
	t.seal(shortcutsInfo.Kinds[0])
	if err := t.each(s.shortcut); err != nil {
		return err
	}
	return s.readTriggers()
}

// readActions reads the actions of all shortcuts: a property list each.
func (s *shortcutReader) readActions() error {
	t := s.r.optional("ZSHORTCUTACTIONS")
	if t == nil {
		return nil
	}
	data, of := t.find("ZDATA"), t.find("ZSHORTCUT")
	return s.r.unjoined(t.each(func() error {
		blob := t.bytes(data)
		if len(blob) == 0 {
			return nil
		}
		a, err := s.parseActions(blob)
		if err != nil {
			if err := s.r.ProblemAt(t.location(), fmt.Errorf("actions: %w", err)); err != nil {
				return err
			}
		}
		s.actions[t.key(of)] = a
		return t.hold(append(a.names, a.urls...)...)
	}))
}

// parseActions takes a list of actions apart. What came before an error counts.
func (s *shortcutReader) parseActions(blob []byte) (*shortcutActions, error) {
	a := &shortcutActions{}
	list, err := plist.Parse(blob)
	if err != nil {
		return a, err
	}
	for action := range list.Items() {
		a.count++
		if id, ok := action.Get("WFWorkflowActionIdentifier").Str(); ok && len(a.names) < maxList {
			a.names = append(a.names, s.r.Cut(id))
		}
		tree, err := plist.Any(action.Get("WFWorkflowActionParameters"), treeLimits)
		if err != nil {
			return a, err
		}
		a.urls = s.urlsOf(tree, a.urls, maxNested)
	}
	return a, nil
}

// maxNested is how deep parameters are looked into; plist.Any bounds them too.
const maxNested = 40

// urlsOf appends the links in all texts of a tree, in a fixed order.
func (s *shortcutReader) urlsOf(v any, list []string, depth int) []string {
	if depth == 0 || len(list) >= maxList {
		return list
	}
	switch v := v.(type) {
	case string:
		s.r.found = links.Scan(v, s.r.found[:0])
		for _, l := range s.r.found {
			if len(list) < maxList {
				list = appendNew(list, s.r.Cut(l.URL))
			}
		}
	case []any:
		for _, e := range v {
			list = s.urlsOf(e, list, depth-1)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			list = s.urlsOf(v[key], list, depth-1)
		}
	}
	return list
}

func (s *shortcutReader) shortcut() error {
	rec := s.start("shortcut")
	rec.Set("shortcut_id", artifact.TextValue(firstText(s.text(s.id), fmt.Sprint(s.rowID()))))
	rec.Set("shortcut_name", s.value(s.name))
	rec.Set("description", s.value(s.description))
	if a := s.actions[s.rowID()]; a != nil {
		rec.Set("parsed_actions", artifact.IntValue(a.count))
		rec.Set("actions", artifact.StringsValue(a.names))
		rec.Set("action_urls", artifact.StringsValue(a.urls))
		for _, url := range a.urls {
			rec.Observe(artifact.URL, url, "action_urls")
		}
	}
	s.set(rec)
	rec.When("created", artifact.MacSeconds, s.number(s.created))
	rec.When("modified", artifact.MacSeconds, s.number(s.changed))
	rec.When("last_run", artifact.MacSeconds, s.number(s.ran))
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "shortcut ", rec.Text("shortcut_name")) }
	return s.give()
}

// readTriggers reads what starts shortcuts.
func (s *shortcutReader) readTriggers() error {
	t := s.r.optional("ZTRIGGER")
	if t == nil {
		return nil
	}
	of, enabled, data := t.take("ZSHORTCUT"), t.take("ZENABLED"), t.take("ZDATA")
	t.hide("Z_PK", "Z_ENT", "Z_OPT")
	t.seal(shortcutsInfo.Kinds[1])
	return t.each(func() error {
		rec := t.start("automation")
		rec.Set("shortcut_name", artifact.TextOrNull(s.names[t.key(of)]))
		rec.Set("enabled", t.value(enabled))
		s.setTrigger(rec, t.bytes(data))
		t.set(rec)
		rec.Summary = func(b []byte) []byte {
			return appendSummary(b, "automation of the shortcut ", rec.Text("shortcut_name"))
		}
		return t.give()
	})
}

// setTrigger notes the addresses in what starts an automation, where that is a
// property list.
func (s *shortcutReader) setTrigger(rec *artifact.Record, blob []byte) {
	list, err := plist.Parse(blob)
	if err != nil {
		return
	}
	tree, err := plist.Any(list, treeLimits)
	if err != nil {
		return
	}
	urls := s.urlsOf(tree, nil, maxNested)
	rec.Set("action_urls", artifact.StringsValue(urls))
	for _, url := range urls {
		rec.Observe(artifact.URL, url, "action_urls")
	}
}
