package ios

import (
	"context"
	"iter"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// knowledgeC reads what the phone noted of its own use to make suggestions:
// which app was in front, which pages were shown, when it was unlocked.
type knowledgeC struct{}

var knowledgeCInfo = artifact.Info{
	Name:    "ios.knowledgec",
	Version: 1,
	Summary: "Use of the phone as it noted itself: apps in front, pages, notifications, locks, power and Bluetooth.",
	Files:   []string{"**/knowledgeC.db"},
	Kinds: []artifact.KindInfo{{
		Kind:   "event",
		Doc:    "One event of a stream.",
		Fields: knowledgeFields(),
		Times:  []string{"start", "end", "created"},
	}},
	Caveats: []string{
		"iOS keeps about four weeks; since iOS 16 most streams lie in Biome instead.",
		"Metadata that is not listed here is not read, nor are donated interactions.",
		"Events may come from another device of the same account: device_id then differs.",
	},
	Refs: []string{
		"https://github.com/mac4n6/APOLLO",
		"https://www.mac4n6.com/blog/2018/8/5/knowledge-is-power-using-the-knowledgecdb-database-on-macos-and-ios-to-determine-precise-user-and-application-usage",
	},
}

// A knowledgeColumn is a column of ZSTRUCTUREDMETADATA, or of ZSOURCE.
type knowledgeColumn struct {
	column, field string
	kind          artifact.ValueKind
	doc           string
	observe       func(rec *artifact.Record, value, field string)
}

// knowledgeMetadata are the columns that say more of an event.
var knowledgeMetadata = []knowledgeColumn{
	{"Z_DKDIGITALHEALTHMETADATAKEY__WEBDOMAIN", "web_domain", artifact.Text, "domain of a page", observeHost},
	{"Z_DKDIGITALHEALTHMETADATAKEY__WEBPAGEURL", "url", artifact.Text, "address of a page", observeURL},
	{"Z_DKSAFARIHISTORYMETADATAKEY__TITLE", "page_title", artifact.Text, "title of a page", nil},
	{"Z_DKAPPLICATIONMETADATAKEY__LAUNCHREASON", "launch_reason", artifact.Text, "why an app came to the front", nil},
	{"Z_DKAPPLICATIONMETADATAKEY__PROCESSIDENTIFIER", "pid", artifact.Int, "number of the process", nil},
	{"Z_DKAPPLICATIONMETADATAKEY__EXTENSIONCONTAININGBUNDLEIDENTIFIER", "extension_app", artifact.Text, "app that an extension belongs to", observeApp},
	{"Z_DKAPPLICATIONMETADATAKEY__EXTENSIONHOSTIDENTIFIER", "extension_host", artifact.Text, "app that runs an extension", observeApp},
	{"Z_DKAPPINSTALLMETADATAKEY__TITLE", "app_title", artifact.Text, "name of an app that was installed", nil},
	{"Z_DKAPPINSTALLMETADATAKEY__ISINSTALL", "is_install", artifact.Int, "1 for an installation", nil},
	{"Z_DKAPPINSTALLMETADATAKEY__PRIMARYCATEGORY", "app_category", artifact.Text, "its category", nil},
	{"Z_DKAPPLICATIONACTIVITYMETADATAKEY__ACTIVITYTYPE", "activity_type", artifact.Text, "kind of activity in an app", nil},
	{"Z_DKAPPLICATIONACTIVITYMETADATAKEY__TITLE", "activity_title", artifact.Text, "title of the activity", nil},
	{"Z_DKAPPLICATIONACTIVITYMETADATAKEY__USERACTIVITYREQUIREDSTRING", "activity_string", artifact.Text, "what the app needs to go on", nil},
	{"Z_DKAPPLICATIONACTIVITYMETADATAKEY__ITEMRELATEDCONTENTURL", "activity_url", artifact.Text, "address of what the activity is about", observeURL},
	{"Z_DKLOCATIONAPPLICATIONACTIVITYMETADATAKEY__URL", "place_url", artifact.Text, "address of the page of a place", observeURL},
	{"Z_DKAPPMEDIAUSAGEMETADATAKEY__URL", "media_page", artifact.Text, "address of a page that played something", observeURL},
	{"Z_DKAPPMEDIAUSAGEMETADATAKEY__MEDIAURL", "media_url", artifact.Text, "address of what it played", observeURL},
	{"Z_DKNOTIFICATIONUSAGEMETADATAKEY__BUNDLEID", "notification_app", artifact.Text, "app that notified", observeApp},
	{"Z_DKNOTIFICATIONUSAGEMETADATAKEY__IDENTIFIER", "notification_id", artifact.Text, "identifier of a notification", nil},
	{"Z_DKBULLETINBOARDMETADATAKEY__TITLE", "notification_title", artifact.Text, "title of a notification", nil},
	{"Z_DKBULLETINBOARDMETADATAKEY__MESSAGE", "notification_text", artifact.Text, "text of a notification", nil},
	{"Z_DKINTENTMETADATAKEY__INTENTCLASS", "intent_class", artifact.Text, "kind of thing that was done in an app", nil},
	{"Z_DKINTENTMETADATAKEY__INTENTVERB", "intent_verb", artifact.Text, "what was done", nil},
	{"Z_DKINTENTMETADATAKEY__DONATEDBYSIRI", "by_siri", artifact.Int, "1 where Siri did it", nil},
	{"Z_DKBLUETOOTHMETADATAKEY__ADDRESS", "bluetooth_address", artifact.Text, "address of a device", nil},
	{"Z_DKBLUETOOTHMETADATAKEY__NAME", "bluetooth_name", artifact.Text, "name of a device", nil},
	{"Z_DKAUDIOMETADATAKEY__PORTNAME", "audio_port", artifact.Text, "where sound came from or went to", nil},
	{"Z_DKNOWPLAYINGMETADATAKEY__TITLE", "playing_title", artifact.Text, "what was played", nil},
	{"Z_DKNOWPLAYINGMETADATAKEY__ARTIST", "playing_artist", artifact.Text, "who by", nil},
	{"Z_DKLOCATIONAPPLICATIONACTIVITYMETADATAKEY__LATITUDE", "latitude", artifact.Float, "place", nil},
	{"Z_DKLOCATIONAPPLICATIONACTIVITYMETADATAKEY__LONGITUDE", "longitude", artifact.Float, "place", nil},
}

// knowledgeSources are the columns that say where an event comes from.
var knowledgeSources = []knowledgeColumn{
	{"ZBUNDLEID", "source_app", artifact.Text, "app that the event comes from", observeApp},
	{"ZITEMID", "source_item", artifact.Text, "its identifier there", nil},
	{"ZGROUPID", "source_group", artifact.Text, "its group there", nil},
	{"ZDEVICEID", "device_id", artifact.Text, "device that the event comes from", nil},
}

func knowledgeFields() []artifact.FieldInfo {
	fields := []artifact.FieldInfo{
		{Name: "stream", Type: artifact.Text, Doc: "stream: /app/inFocus, /device/isLocked…"},
		{Name: "value", Type: artifact.Text, Doc: "what the event is about, mostly an app"},
		{Name: "value_integer", Type: artifact.Int, Doc: "the same as a number: 1 for locked, plugged in…"},
		{Name: "value_double", Type: artifact.Float, Doc: "the same as a number with a fraction"},
		{Name: "seconds_from_gmt", Type: artifact.Int, Doc: "time zone of the phone, in seconds"},
		{Name: "uuid", Type: artifact.Text, Doc: "identifier of the event"},
	}
	for _, list := range [][]knowledgeColumn{knowledgeMetadata, knowledgeSources} {
		for _, c := range list {
			fields = append(fields, artifact.FieldInfo{Name: c.field, Type: c.kind, Doc: c.doc})
		}
	}
	return fields
}

// Info implements artifact.Parser.
func (knowledgeC) Info() artifact.Info { return knowledgeCInfo }

// Parse implements artifact.Parser.
func (knowledgeC) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readKnowledge)
}

// A knowledgeSide is a table that events refer to.
type knowledgeSide struct {
	side
	columns []knowledgeColumn
	values  []artifact.Value
	key     int // column of the event
}

// A knowledgeReader reads events, joined to their metadata and source.
type knowledgeReader struct {
	*table
	metadata, source knowledgeSide
	summary          func([]byte) []byte

	stream, content, whole, double, gmt, uuid, from, to, created int
}

func readKnowledge(r *reading) error {
	t, err := r.table("ZOBJECT")
	if err != nil {
		return err
	}
	k := &knowledgeReader{
		table: t, stream: t.find("ZSTREAMNAME"), content: t.find("ZVALUESTRING"), whole: t.find("ZVALUEINTEGER"),
		double: t.find("ZVALUEDOUBLE"), gmt: t.find("ZSECONDSFROMGMT"), uuid: t.find("ZUUID"),
		from: t.find("ZSTARTDATE"), to: t.find("ZENDDATE"), created: t.find("ZCREATIONDATE"),
	}
	k.metadata = knowledgeSide{columns: knowledgeMetadata, key: t.find("ZSTRUCTUREDMETADATA")}
	k.source = knowledgeSide{columns: knowledgeSources, key: t.find("ZSOURCE")}
	k.summary = k.summarize
	if err := k.metadata.read(r, "ZSTRUCTUREDMETADATA"); err != nil {
		return err
	}
	if err := k.source.read(r, "ZSOURCE"); err != nil {
		return err
	}
	return t.each(k.event)
}

// read reads the table that events refer to.
func (s *knowledgeSide) read(r *reading, name string) error {
	names := make([]string, len(s.columns))
	for i := range s.columns {
		names[i] = s.columns[i].column
	}
	s.values = make([]artifact.Value, len(s.columns))
	t := r.optional(name, names...)
	if t == nil {
		return nil
	}
	return t.side(&s.side, names, t.rowID)
}

// set sets what a row of the other table says.
func (s *knowledgeSide) set(rec *artifact.Record, id int64) {
	if id == 0 || !s.first(id, s.values) {
		return
	}
	for i := range s.columns {
		c, v := &s.columns[i], s.values[i]
		text, isText := v.Str()
		if v.Kind() == artifact.Bytes || isText && text == "" {
			continue
		}
		rec.Set(c.field, v)
		if isText && c.observe != nil {
			c.observe(rec, text, c.field)
		}
	}
}

// event gives one row of ZOBJECT that is an event: what events refer to lies
// in the same table, and has no stream.
func (k *knowledgeReader) event() error {
	stream := k.text(k.stream)
	if stream == "" {
		return nil
	}
	rec := k.start("event")
	rec.Set("stream", artifact.TextValue(stream))
	if value := k.plain(k.content); value != "" {
		rec.Set("value", artifact.TextValue(value))
		observeKnowledge(rec, stream, value)
	}
	// Where the value is a text, the number is but its hash.
	if k.empty(k.content) {
		rec.Set("value_integer", k.value(k.whole))
		if !k.empty(k.double) {
			rec.Set("value_double", k.value(k.double))
		}
	}
	rec.Set("seconds_from_gmt", k.value(k.gmt))
	rec.Set("uuid", artifact.TextOrNull(k.text(k.uuid)))
	k.metadata.set(rec, k.key(k.metadata.key))
	k.source.set(rec, k.key(k.source.key))
	rec.When("start", artifact.MacSeconds, k.number(k.from))
	rec.When("end", artifact.MacSeconds, k.number(k.to))
	rec.When("created", artifact.MacSeconds, k.number(k.created))
	rec.Summary = k.summary
	return k.give()
}

// observeKnowledge notes the value of an event: an address where it looks
// like one, and else an app in the streams of apps.
func observeKnowledge(rec *artifact.Record, stream, value string) {
	switch {
	case strings.Contains(value, "://"):
		rec.Observe(artifact.URL, value, "value")
	case strings.HasPrefix(stream, "/app/"), strings.HasPrefix(stream, "/widgets/"), strings.HasPrefix(stream, "/media/"):
		observeApp(rec, value, "value")
	}
}

func (k *knowledgeReader) summarize(b []byte) []byte {
	rec := &k.r.Rec
	parts := []string{rec.Text("stream")}
	for _, field := range []string{"value", "url", "notification_app", "intent_class", "bluetooth_name", "app_title"} {
		if s := rec.Text(field); s != "" {
			parts = append(parts, " ", s)
		}
	}
	if n, ok := rec.Get("value_integer").Int(); ok {
		parts = append(parts, " = ", strconv.FormatInt(n, 10))
	}
	return appendSummary(b, parts...)
}
