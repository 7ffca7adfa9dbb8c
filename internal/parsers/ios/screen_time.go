package ios

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
)

// screenTime reads how long apps and sites were used, by the hour.
type screenTime struct{}

var screenTimeInfo = artifact.Info{
	Name:    "ios.screen_time",
	Version: 1,
	Summary: "How long apps and sites were used in each hour, and how often they notified, as Screen Time counts it.",
	Files:   []string{"**/RMAdminStore-Local.sqlite", "**/RMAdminStore-Cloud.sqlite"},
	Kinds: []artifact.KindInfo{
		{
			Kind: "usage",
			Doc:  "Use of an app or a site within an hour.",
			Fields: append([]artifact.FieldInfo{
				{Name: "bundle_id", Type: artifact.Text, Doc: "app"},
				{Name: "domain", Type: artifact.Text, Doc: "site"},
				{Name: "seconds", Type: artifact.Int, Doc: "how long"},
				{Name: "category", Type: artifact.Text, Doc: "category, as Apple's code: DH1002"},
			}, screenTimeFields...),
			Times: []string{"hour"},
		},
		{
			Kind: "counted",
			Doc:  "How often an app notified, and how often the phone was picked up for it, within an hour.",
			Fields: append([]artifact.FieldInfo{
				{Name: "bundle_id", Type: artifact.Text, Doc: "app"},
				{Name: "notifications", Type: artifact.Int, Doc: "number of notifications"},
				{Name: "pickups", Type: artifact.Int, Doc: "number of times that the phone was picked up for it"},
			}, screenTimeFields...),
			Times: []string{"hour"},
		},
	},
	Caveats: []string{
		"Only where Screen Time is on; iOS 17 and later keep most of it in Biome.",
		"Hours of other devices of the family or the account are here too: device tells them apart.",
	},
	Refs: []string{
		"https://github.com/mac4n6/APOLLO",
		"https://github.com/log2timeline/plaso/blob/main/plaso/parsers/sqlite_plugins/ios_screentime.py",
	},
}

var screenTimeFields = []artifact.FieldInfo{
	{Name: "device", Type: artifact.Text, Doc: "name of the device"},
	{Name: "device_id", Type: artifact.Text, Doc: "identifier of the device"},
	{Name: "given_name", Type: artifact.Text, Doc: "name of the user"},
	{Name: "family_name", Type: artifact.Text, Doc: "family name of the user"},
	{Name: "apple_id", Type: artifact.Text, Doc: "Apple ID of the user"},
}

// Info implements artifact.Parser.
func (screenTime) Info() artifact.Info { return screenTimeInfo }

// Parse implements artifact.Parser.
func (screenTime) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readScreenTime)
}

// A screenTimeReader follows the keys from an item to its hour, device and
// user: item, category, block, usage.
type screenTimeReader struct {
	r                                           *reading
	categories, blocks, usages, devices, people side
	category, block, usage, device, person      []artifact.Value
	summary                                     func([]byte) []byte
}

func readScreenTime(r *reading) error {
	items, err := r.table("ZUSAGETIMEDITEM")
	if err != nil {
		return err
	}
	s := &screenTimeReader{r: r}
	s.summary = s.summarize
	for _, part := range []struct {
		table   string
		side    *side
		values  *[]artifact.Value
		columns []string
	}{
		{"ZUSAGECATEGORY", &s.categories, &s.category, []string{"ZBLOCK", "ZIDENTIFIER"}},
		{"ZUSAGEBLOCK", &s.blocks, &s.block, []string{"ZUSAGE", "ZSTARTDATE"}},
		{"ZUSAGE", &s.usages, &s.usage, []string{"ZDEVICE", "ZUSER"}},
		{"ZCOREDEVICE", &s.devices, &s.device, []string{"ZNAME", "ZIDENTIFIER"}},
		{"ZCOREUSER", &s.people, &s.person, []string{"ZGIVENNAME", "ZFAMILYNAME", "ZAPPLEID"}},
	} {
		*part.values = make([]artifact.Value, len(part.columns))
		if t := r.optional(part.table, part.columns...); t != nil {
			if err := t.side(part.side, part.columns, t.rowID); err != nil {
				return err
			}
		}
	}
	if err := s.readItems(items); err != nil {
		return err
	}
	if t := r.optional("ZUSAGECOUNTEDITEM"); t != nil {
		return s.readCounted(t)
	}
	return nil
}

func (s *screenTimeReader) readItems(t *table) error {
	app, domain := t.find("ZBUNDLEIDENTIFIER"), t.find("ZDOMAIN")
	seconds, category := t.find("ZTOTALTIMEINSECONDS"), t.find("ZCATEGORY")
	return t.each(func() error {
		rec := t.start("usage")
		s.app(rec, t.plain(app))
		if name := t.plain(domain); name != "" {
			rec.Set("domain", artifact.TextValue(name))
			rec.Observe(artifact.Domain, name, "domain")
		}
		rec.Set("seconds", t.value(seconds))
		s.categories.first(t.key(category), s.category)
		rec.Set("category", notEmpty(s.category[1]))
		s.hour(rec, s.category[0])
		return t.give()
	})
}

func (s *screenTimeReader) readCounted(t *table) error {
	app, block := t.find("ZBUNDLEIDENTIFIER"), t.find("ZBLOCK")
	notifications, pickups := t.find("ZNUMBEROFNOTIFICATIONS"), t.find("ZNUMBEROFPICKUPS")
	return t.each(func() error {
		rec := t.start("counted")
		s.app(rec, t.plain(app))
		rec.Set("notifications", t.value(notifications))
		rec.Set("pickups", t.value(pickups))
		s.hour(rec, t.value(block))
		return t.give()
	})
}

func (s *screenTimeReader) app(rec *artifact.Record, app string) {
	if app != "" {
		rec.Set("bundle_id", artifact.TextValue(app))
		rec.Observe(artifact.AppID, app, "bundle_id")
	}
}

// hour sets what the block of an item says: when, on which device, by whom.
func (s *screenTimeReader) hour(rec *artifact.Record, block artifact.Value) {
	rec.Summary = s.summary
	if !s.blocks.first(rowOf(block), s.block) {
		return
	}
	rec.When("hour", artifact.MacSeconds, s.block[1])
	if !s.usages.first(rowOf(s.block[0]), s.usage) {
		return
	}
	if s.devices.first(rowOf(s.usage[0]), s.device) {
		rec.Set("device", notEmpty(s.device[0]))
		rec.Set("device_id", notEmpty(s.device[1]))
	}
	if s.people.first(rowOf(s.usage[1]), s.person) {
		rec.Set("given_name", notEmpty(s.person[0]))
		rec.Set("family_name", notEmpty(s.person[1]))
		rec.Set("apple_id", notEmpty(s.person[2]))
		observeAddress(rec, rec.Text("apple_id"), "apple_id")
	}
}

// rowOf returns the row that a value names, 0 for none.
func rowOf(v artifact.Value) int64 {
	n, _ := v.Int()
	return n
}

// notEmpty returns v, Null for an empty text and for bytes.
func notEmpty(v artifact.Value) artifact.Value {
	if s, ok := v.Str(); ok {
		return artifact.TextOrNull(s)
	}
	if v.Kind() == artifact.Bytes {
		return artifact.Value{}
	}
	return v
}

func (s *screenTimeReader) summarize(b []byte) []byte {
	rec := &s.r.Rec
	name := firstText(rec.Text("bundle_id"), rec.Text("domain"), "something without a name")
	if rec.Kind == "counted" {
		return appendSummary(b, "notifications and pickups: ", name)
	}
	return appendSummary(b, "used ", name, " ", rec.Text("domain"))
}
