package ios

import (
	"context"
	"fmt"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/plist"
)

// webkitSessionLog reads the property list that WebKit kept domains in before
// it had a database for them.
type webkitSessionLog struct{}

var webkitSessionLogInfo = artifact.Info{
	Name:    "ios.webkit_session_resource_log",
	Version: 1,
	Summary: "Domains that Safari and apps loaded something from, as older versions of iOS kept them, with their redirects.",
	Files: append(onPhone(
		"*/Library/WebKit/WebsiteData/ResourceLoadStatistics/full_browsing_session_resourceLog.plist",
		"*/SystemData/com.apple.SafariViewService/Library/WebKit/WebsiteData/full_browsing_session_resourceLog.plist",
		"*/SystemData/com.apple.SafariViewService/Library/WebKit/WebsiteData/ResourceLoadStatistics/full_browsing_session_resourceLog.plist",
		"HomeDomain/Library/WebClips/*/Storage/full_browsing_session_resourceLog.plist",
	), "private/var/mobile/Library/WebKit/WebsiteData/ResourceLoadStatistics/full_browsing_session_resourceLog.plist"),
	Kinds: []artifact.KindInfo{{
		Kind: "domain",
		Doc:  "A domain that was seen, with those that it had to do with.",
		Fields: []artifact.FieldInfo{
			{Name: "origin", Type: artifact.Text, Doc: "the domain"},
			{Name: "redirect_source", Type: artifact.Strings, Doc: "domains that redirected to it"},
			{Name: "redirect_destination", Type: artifact.Strings, Doc: "domains that it redirected to"},
			{Name: "subframe_under_origin", Type: artifact.Strings, Doc: "domains whose pages showed it in a frame"},
			{Name: "subresource_under_origin", Type: artifact.Strings, Doc: "domains whose pages loaded something from it"},
			{Name: "subresource_redirect_source", Type: artifact.Strings, Doc: "domains of resources that were redirected to it"},
			{Name: "subresource_redirect_destination", Type: artifact.Strings, Doc: "domains that its resources were redirected to"},
			{Name: "link_decoration_source", Type: artifact.Strings, Doc: "domains whose links to it carried something to recognize the user by"},
			{Name: "script_origin", Type: artifact.Strings, Doc: "domains that its pages loaded scripts from"},
			{Name: "storage_access_under_origin", Type: artifact.Strings, Doc: "domains under which it could use its cookies"},
			{Name: "user_interaction", Type: artifact.Bool, Doc: "whether the user tapped or typed on a page of it"},
			{Name: "other", Type: artifact.Tree, Doc: "what else the list says of it"},
		},
		Times: []string{"most_recent_interaction", "last_seen"},
	}},
	Caveats: []string{"iOS 13 and later keep a database instead: see ios.webkit_resource_load_statistics."},
	Refs: []string{
		"https://github.com/WebKit/WebKit/blob/safari-607-branch/Source/WebCore/loader/ResourceLoadStatistics.cpp",
		"https://docs.mvt.re/en/latest/ios/records/",
	},
}

// Info implements artifact.Parser.
func (webkitSessionLog) Info() artifact.Info { return webkitSessionLogInfo }

// Parse implements artifact.Parser.
func (webkitSessionLog) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readPropertyList(ctx, in, func(r *listReading) error {
		i := -1
		for entry := range r.root.Get("browsingStatistics").Items() {
			i++
			keyPath := fmt.Sprintf("browsingStatistics/%d", i)
			if err := r.sessionDomain(keyPath, entry); err != nil {
				return err
			}
		}
		return nil
	})
}

// sessionOrigins are the keys of the domain itself, by version.
var sessionOrigins = []string{"PrevalentResourceOrigin", "PrevalentResourceDomain"}

// sessionLists are the lists of domains in an entry, by version.
var sessionLists = []struct {
	field string
	keys  []string
}{
	{"redirect_source", []string{"topFrameUniqueRedirectsFrom"}},
	{"redirect_destination", []string{"topFrameUniqueRedirectsTo"}},
	{"subframe_under_origin", []string{"subframeUnderTopFrameOrigins", "subframeUnderTopFrameDomains"}},
	{"subresource_under_origin", []string{"subresourceUnderTopFrameOrigins", "subresourceUnderTopFrameDomains"}},
	{"subresource_redirect_source", []string{"subresourceUniqueRedirectsFrom"}},
	{"subresource_redirect_destination", []string{"subresourceUniqueRedirectsTo"}},
	{"link_decoration_source", []string{"topFrameLinkDecorationsFrom"}},
	{"script_origin", []string{"topFrameLoadedThirdPartyScripts"}},
	{"storage_access_under_origin", []string{"storageAccessUnderTopFrameOrigins", "storageAccessUnderTopFrameDomains"}},
}

// sessionKnown are the keys of an entry that have a place of their own.
var sessionKnown = func() map[string]bool {
	known := map[string]bool{"hadUserInteraction": true, "mostRecentUserInteraction": true, "lastSeen": true}
	for _, key := range sessionOrigins {
		known[key] = true
	}
	for _, l := range sessionLists {
		for _, key := range l.keys {
			known[key] = true
		}
	}
	return known
}()

func (r *listReading) sessionDomain(keyPath string, entry plist.Value) error {
	rec := r.start("domain", keyPath, entry)
	for _, key := range sessionOrigins {
		if v := entry.Get(key); v.Kind() != plist.Invalid {
			if err := r.set("origin", keyPath+"/"+key, v); err != nil {
				return err
			}
			rec.Observe(artifact.Domain, r.text(v), "origin")
			break
		}
	}
	for _, l := range sessionLists {
		r.sessionList(l.field, entry, l.keys)
	}
	if err := r.set("user_interaction", keyPath+"/hadUserInteraction", entry.Get("hadUserInteraction")); err != nil {
		return err
	}
	if err := r.sessionRest(keyPath, entry); err != nil {
		return err
	}
	r.sessionTime("most_recent_interaction", entry.Get("mostRecentUserInteraction"))
	r.sessionTime("last_seen", entry.Get("lastSeen"))
	rec.Summary = r.summarizeSession
	return r.Give()
}

// sessionList sets a list of domains, and notes each. An element is a
// dictionary with the domain under "origin", or under "domain" in newer
// versions.
func (r *listReading) sessionList(field string, entry plist.Value, keys []string) {
	var domains []string
	for _, key := range keys {
		for element := range entry.Get(key).Items() {
			if len(domains) >= maxList {
				r.Rec.Truncated = true
				break
			}
			domain := firstText(r.text(element.Get("origin")), r.text(element.Get("domain")), r.text(element))
			domains = appendNew(domains, domain)
		}
	}
	r.Rec.Set(field, artifact.StringsValue(domains))
	for _, domain := range domains {
		r.Rec.Observe(artifact.Domain, domain, field)
	}
}

// sessionRest keeps what has no place of its own.
func (r *listReading) sessionRest(keyPath string, entry plist.Value) error {
	rest := map[string]any{}
	for key, v := range entry.All() {
		if sessionKnown[key] || len(rest) >= maxList {
			continue
		}
		value, err := plist.Any(v, treeLimits)
		if err != nil {
			if err := r.problem(keyPath+"/"+key, err); err != nil {
				return err
			}
			continue
		}
		rest[r.Cut(key)] = value
	}
	if len(rest) > 0 {
		r.Rec.Set("other", artifact.TreeValue(rest))
	}
	return nil
}

// sessionTime sets a time in seconds. WebKit writes -1 for none.
func (r *listReading) sessionTime(meaning string, v plist.Value) {
	value, err := r.value(v)
	if f, ok := value.Float(); err != nil || ok && (f == 0 || f == -1) {
		return
	}
	r.Rec.When(meaning, artifact.UnixSeconds, value)
}

func (r *listReading) summarizeSession(b []byte) []byte {
	b = appendSummary(b, "domain seen: ", r.Rec.Text("origin"))
	if to := r.Rec.Get("redirect_destination").Strings(); len(to) > 0 {
		b = appendSummary(append(b, ' '), "which redirected to ", to[0])
	}
	return b
}
