package ios

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/plist"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

// analytics reads what the security framework counts of its own failures.
type analytics struct{}

var analyticsInfo = artifact.Info{
	Name:    "ios.analytics",
	Version: 1,
	Summary: "Events that the phone's security services noted of themselves: failures of trust, keychain and network.",
	Files:   analyticsFiles,
	Kinds: []artifact.KindInfo{{
		Kind: "event",
		Doc:  "An event.",
		Fields: []artifact.FieldInfo{
			{Name: "source_table", Type: artifact.Text, Doc: "hard_failures, soft_failures, notes, rockwell or all_events"},
			{Name: "*", Doc: "every key of the event, under its own name"},
		},
		Times: []string{"recorded"},
	}},
	Caveats: []string{"Of each table, iOS keeps the last thousand events."},
	Refs: []string{
		"https://docs.mvt.re/en/latest/ios/records/",
		"https://github.com/apple-oss-distributions/Security/blob/main/Analytics/SFAnalytics.m",
	},
}

var analyticsFiles = []string{"private/var/Keychains/Analytics/*.db"}

// analyticsTables are the tables of events. Which of them a database has
// depends on the version of iOS.
var analyticsTables = []string{"hard_failures", "soft_failures", "notes", "rockwell", "all_events"}

// Info implements artifact.Parser.
func (analytics) Info() artifact.Info { return analyticsInfo }

// Parse implements artifact.Parser.
func (analytics) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, func(r *reading) error {
		return eachAnalytics(r, func(e *analyticsEvent) error { return e.event() })
	})
}

// eachAnalytics calls f at each event of all tables.
func eachAnalytics(r *reading, f func(*analyticsEvent) error) error {
	found := false
	for _, name := range analyticsTables {
		t := r.optional(name, "id", "timestamp", "data")
		if t == nil {
			continue
		}
		found = true
		e := &analyticsEvent{table: t, timestamp: t.take("timestamp"), data: t.take("data")}
		if err := t.each(func() error { return f(e) }); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("%w: no table of events", limit.ErrUnsupported)
	}
	return nil
}

// An analyticsEvent reads rows of a table of events.
type analyticsEvent struct {
	*table
	timestamp, data int
}

// maxAnalyticsKeys bounds the keys of an event. They have about thirty.
const maxAnalyticsKeys = 256

// event gives a row with all its keys.
func (e *analyticsEvent) event() error {
	rec := e.start("event")
	rec.Set("source_table", artifact.TextValue(e.name))
	rec.When("recorded", artifact.UnixSeconds, e.number(e.timestamp))
	root, err := e.list()
	if err != nil {
		if err := e.r.ProblemAt(e.location(), err); err != nil {
			return err
		}
	}
	n := 0
	for key, v := range root.All() {
		if n++; n > maxAnalyticsKeys {
			rec.Truncated = true
			break
		}
		if err := e.key(rec, key, v); err != nil {
			return err
		}
	}
	kind := firstText(rec.Text("eventType"), rec.Text("eventClass"), e.name)
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "security service: ", kind) }
	return e.give()
}

// list returns the property list of the row, which is a dictionary; the zero
// Value where there is none.
func (e *analyticsEvent) list() (plist.Value, error) {
	data := e.bytes(e.data)
	if len(data) == 0 {
		return plist.Value{}, nil
	}
	root, err := plist.Parse(data)
	if err == nil && root.Kind() != plist.Dict {
		err = fmt.Errorf("%w: the event is no dictionary", limit.ErrCorrupt)
	}
	if err != nil {
		return plist.Value{}, err
	}
	return root, nil
}

// key sets one key of the event, and notes what an indicator may name.
func (e *analyticsEvent) key(rec *artifact.Record, key string, v plist.Value) error {
	list := &listReading{Reading: &input.Reading{In: e.r.In}}
	value, err := list.value(v)
	if err != nil {
		if err := e.r.ProblemAt(e.location(), err); err != nil {
			return err
		}
	}
	name := list.Cut(key)
	for name == "" || rec.Get(name).Kind() != artifact.Null {
		name += "_"
	}
	rec.Set(name, value)
	rec.Truncated = rec.Truncated || list.Rec.Truncated
	if text, ok := value.Str(); ok {
		observeFree(rec, text, name)
	}
	return nil
}

// observeFree notes a text that may be anything: the name of a process, a
// file, a host or a link.
func observeFree(rec *artifact.Record, text, field string) {
	switch {
	case strings.Contains(text, "://"):
		rec.Observe(artifact.URL, text, field)
	case strings.HasPrefix(text, "/"):
		rec.Observe(artifact.FilePath, text, field)
		rec.Observe(artifact.Process, fileName(text), field)
	default:
		rec.Observe(artifact.Process, text, field)
		if strings.Contains(text, ".") && !strings.ContainsAny(text, " \t\n/") {
			rec.Observe(artifact.Domain, text, field)
			rec.Observe(artifact.AppID, text, field)
		}
	}
}
