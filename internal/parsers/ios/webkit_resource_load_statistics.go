package ios

import (
	"context"
	"iter"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
)

// webkitStatistics reads the domains that WebKit saw in Safari and in the web
// views of apps: it keeps them to tell trackers from other sites.
type webkitStatistics struct{}

var webkitStatisticsInfo = artifact.Info{
	Name:    "ios.webkit_resource_load_statistics",
	Version: 1,
	Summary: "Domains that Safari and apps loaded something from, and which led to which.",
	Files: append(onPhone(
		"*/Library/WebKit/WebsiteData/ResourceLoadStatistics/observations.db",
		"*/Library/WebKit/*/WebsiteData/ResourceLoadStatistics/observations.db",
		"*/Library/WebKit/WebsiteDataStore/*/ResourceLoadStatistics/observations.db",
		"*/SystemData/com.apple.SafariViewService/Library/WebKit/WebsiteData/observations.db",
		"*/SystemData/com.apple.SafariViewService/Library/WebKit/WebsiteData/ResourceLoadStatistics/observations.db",
	),
		"private/var/mobile/Library/WebKit/WebsiteData/ResourceLoadStatistics/observations.db",
		"private/var/mobile/Library/WebKit/*/WebsiteData/ResourceLoadStatistics/observations.db"),
	Kinds: []artifact.KindInfo{
		{
			Kind: "domain",
			Doc:  "A domain that was seen.",
			Fields: []artifact.FieldInfo{
				{Name: "domain_id", Type: artifact.Int, Doc: "ObservedDomains.domainID"},
				{Name: "registrable_domain", Type: artifact.Text, Doc: "domain as one can register it: example.co.uk"},
				{Name: "had_user_interaction", Type: artifact.Int, Doc: "1 if the user tapped or typed on a page of it"},
				{Name: "top_level", Type: artifact.Bool, Doc: "true where pages of it were shown themselves, and not as a part of others alone"},
				otherColumns,
			},
			Times: []string{"last_seen", "most_recent_user_interaction", "most_recent_web_push_interaction"},
		},
		{
			Kind: "relation",
			Doc:  "What one domain had to do with another.",
			Fields: []artifact.FieldInfo{
				{Name: "relation", Type: artifact.Text, Doc: "redirect, subresource_redirect, subframe, subresource, script, link_decoration or storage_access"},
				{Name: "from_domain", Type: artifact.Text, Doc: "domain that redirected, or whose page showed the other"},
				{Name: "to_domain", Type: artifact.Text, Doc: "domain that was redirected to, or that was shown within a page of the other"},
				{Name: "from_domain_id", Type: artifact.Int, Doc: "number of the first domain, if its row is gone"},
				{Name: "to_domain_id", Type: artifact.Int, Doc: "number of the second domain, if its row is gone"},
				otherColumns,
			},
			Times: []string{"updated"},
		},
		{
			Kind: "operating_date",
			Doc:  "A day on which WebKit was used, of the last weeks.",
			Fields: []artifact.FieldInfo{
				{Name: "year", Type: artifact.Int, Doc: "year"},
				{Name: "month", Type: artifact.Int, Doc: "month; January is 0"},
				{Name: "month_day", Type: artifact.Int, Doc: "day of the month"},
				otherColumns,
			},
			Times: []string{"used"},
		},
	},
	Caveats: []string{
		"WebKit keeps the last time alone, and rounds last_seen down.",
		"A domain whose pages were only loaded as a part of others is here too: had_user_interaction is 0 then.",
	},
	Refs: []string{
		"https://github.com/WebKit/WebKit/blob/main/Source/WebKit/NetworkProcess/Classifier/ResourceLoadStatisticsStore.cpp",
		"https://docs.mvt.re/en/latest/ios/records/",
	},
}

// Info implements artifact.Parser.
func (webkitStatistics) Info() artifact.Info { return webkitStatisticsInfo }

// Parse implements artifact.Parser.
func (webkitStatistics) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readWebkitStatistics)
}

// webkitRelations are the tables that relate two domains, with the columns
// from the first to the second. The tables "From" tell what those called "To"
// do, of the other end: WebKit deletes each with the domain that it belongs to.
var webkitRelations = []struct{ table, relation, from, to string }{
	{"TopFrameUniqueRedirectsTo", "redirect", "sourceDomainID", "toDomainID"},
	{"TopFrameUniqueRedirectsToSinceSameSiteStrictEnforcement", "redirect", "sourceDomainID", "toDomainID"},
	{"TopFrameUniqueRedirectsFrom", "redirect", "fromDomainID", "targetDomainID"},
	{"SubresourceUniqueRedirectsTo", "subresource_redirect", "subresourceDomainID", "toDomainID"},
	{"SubresourceUniqueRedirectsFrom", "subresource_redirect", "fromDomainID", "subresourceDomainID"},
	{"TopFrameLinkDecorationsFrom", "link_decoration", "fromDomainID", "toDomainID"},
	{"TopFrameLoadedThirdPartyScripts", "script", "topFrameDomainID", "subresourceDomainID"},
	{"SubframeUnderTopFrameDomains", "subframe", "topFrameDomainID", "subFrameDomainID"},
	{"SubresourceUnderTopFrameDomains", "subresource", "topFrameDomainID", "subresourceDomainID"},
	{"StorageAccessUnderTopFrameDomains", "storage_access", "topLevelDomainID", "domainID"},
}

// A statisticsReader reads domains and what they have to do with each other.
type statisticsReader struct {
	*table
	domains map[int64]string
	top     map[int64]bool // domains of pages that were shown themselves
	summary func([]byte) []byte

	domain, seen, used, pushed int
}

func readWebkitStatistics(r *reading) error {
	t, err := r.table("ObservedDomains")
	if err != nil {
		return err
	}
	s := &statisticsReader{
		table: t, domain: t.take("registrableDomain"), seen: t.take("lastSeen"), used: t.take("mostRecentUserInteractionTime"),
		pushed: t.take("mostRecentWebPushInteractionTime"),
	}
	t.hide("domainID")
	t.field("hadUserInteraction", "had_user_interaction")
	t.seal(webkitStatisticsInfo.Kinds[0])
	s.summary = s.summarize
	if s.domains, err = r.optional("ObservedDomains", "registrableDomain").texts("registrableDomain"); err != nil {
		return err
	}
	for _, read := range []func() error{s.topLevel, func() error { return t.each(s.observed) }, s.relations, s.dates} {
		if err := read(); err != nil {
			return err
		}
	}
	return nil
}

func (s *statisticsReader) topLevel() error {
	t := s.r.optional("TopLevelDomains", "topLevelDomainID")
	if t == nil {
		return nil
	}
	s.top = map[int64]bool{}
	id := t.find("topLevelDomainID")
	err := t.each(func() error {
		s.top[t.key(id)] = true
		return t.hold()
	})
	return s.r.unjoined(err)
}

func (s *statisticsReader) observed() error {
	rec := s.start("domain")
	rec.Set("domain_id", artifact.IntValue(s.rowID()))
	rec.Set("registrable_domain", s.number(s.domain))
	rec.Observe(artifact.Domain, s.text(s.domain), "registrable_domain")
	if s.top[s.rowID()] {
		rec.Set("top_level", artifact.BoolValue(true))
	}
	s.set(rec)
	rec.When("last_seen", artifact.UnixSeconds, s.instant(s.seen))
	rec.When("most_recent_user_interaction", artifact.UnixSeconds, s.instant(s.used))
	rec.When("most_recent_web_push_interaction", artifact.UnixSeconds, s.instant(s.pushed))
	rec.Summary = s.summary
	return s.give()
}

// instant returns a time, Null also for the -1 that WebKit writes for none.
func (t *table) instant(column int) artifact.Value {
	if n, ok := t.integer(column); ok && n == -1 {
		return artifact.Value{}
	}
	return t.number(column)
}

func (s *statisticsReader) relations() error {
	for _, rel := range webkitRelations {
		t := s.r.optional(rel.table)
		if t == nil {
			continue
		}
		from, to, at := t.take(rel.from), t.take(rel.to), t.take("lastUpdated")
		t.seal(webkitStatisticsInfo.Kinds[1])
		err := t.each(func() error {
			rec := t.start("relation")
			rec.Set("relation", artifact.TextValue(rel.relation))
			s.end(rec, "from_domain", t, from)
			s.end(rec, "to_domain", t, to)
			t.set(rec)
			rec.When("updated", artifact.UnixSeconds, t.instant(at))
			rec.Summary = s.summary
			return t.give()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// end sets the domain at one end of a relation, its number where it is gone.
// Only redirects are matched again: where one led is worth a match, while a
// domain that hundreds of pages loaded is told of once, by its own record.
func (s *statisticsReader) end(rec *artifact.Record, field string, t *table, column int) {
	if domain := s.domains[t.key(column)]; domain != "" {
		rec.Set(field, artifact.TextValue(domain))
		if rec.Text("relation") == "redirect" {
			rec.Observe(artifact.Domain, domain, field)
		}
		return
	}
	rec.Set(field+"_id", t.number(column))
}

// dates gives the days on which WebKit was used.
func (s *statisticsReader) dates() error {
	t := s.r.optional("OperatingDates")
	if t == nil {
		return nil
	}
	year, month, day := t.find("year"), t.find("month"), t.find("monthDay")
	t.fields(map[string]string{"year": "year", "month": "month", "monthDay": "month_day"})
	t.seal(webkitStatisticsInfo.Kinds[2])
	return t.each(func() error {
		rec := t.start("operating_date")
		t.set(rec)
		y, okY := t.integer(year)
		m, okM := t.integer(month)
		d, okD := t.integer(day)
		if okY && okM && okD && y > 0 && y < 10_000 && m >= 0 && m < 12 && d > 0 && d < 32 {
			rec.WhenAt("used", time.Date(int(y), time.Month(m+1), int(d), 0, 0, 0, 0, time.UTC))
		}
		rec.Summary = s.summary
		return t.give()
	})
}

func (s *statisticsReader) summarize(b []byte) []byte {
	rec := &s.r.Rec
	if rec.Kind == "operating_date" {
		return appendSummary(b, "WebKit was used on this day")
	}
	if rec.Kind == "domain" {
		return appendSummary(b, "domain seen: ", rec.Text("registrable_domain"))
	}
	return appendSummary(b, rec.Text("relation"), " from ", rec.Text("from_domain"), " to ", rec.Text("to_domain"))
}
