package ios

import (
	"testing"

	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const sessionLogPath = "AppDomain-com.apple.mobilesafari/Library/WebKit/WebsiteData/ResourceLoadStatistics/full_browsing_session_resourceLog.plist"

// sessionLogSamples have the keys that WebKit's ResourceLoadStatistics::encode
// writes, as of model version 12 and 15.
func sessionLogSamples(tb testing.TB) []artifacttest.Sample {
	counted := func(domain string) map[string]any { return map[string]any{"origin": domain, "count": 1} }
	old := map[string]any{
		"version": 12, "originsVisited": 2, "endOfGrandfatheringTimestamp": 0.0,
		"browsingStatistics": []any{
			map[string]any{
				"PrevalentResourceOrigin": "infection.example", "lastSeen": 1540000000.5, "hadUserInteraction": false, "mostRecentUserInteraction": -1.0,
				"grandfathered": false, "topFrameUniqueRedirectsFrom": []any{counted("bit.example")}, "topFrameUniqueRedirectsTo": []any{counted("news.example")},
				"subframeUnderTopFrameOrigins": []any{counted("news.example")}, "subresourceUnderTopFrameOrigins": []any{counted("other.example")},
				"isPrevalentResource": false, "dataRecordsRemoved": 0,
			},
			map[string]any{"PrevalentResourceOrigin": "example.org", "lastSeen": 1540000005.0, "hadUserInteraction": true, "mostRecentUserInteraction": 1540000006.0},
		},
	}
	later := map[string]any{
		"version": 15,
		"browsingStatistics": []any{map[string]any{
			"PrevalentResourceDomain": "example.org", "lastSeen": 1560000000.0, "hadUserInteraction": true, "mostRecentUserInteraction": 1560000000.0,
			"topFrameUniqueRedirectsTo":      []any{map[string]any{"domain": "redirected.example"}},
			"subframeUnderTopFrameDomains":   []any{map[string]any{"domain": "top.example"}},
			"topFrameLinkDecorationsFrom":    []any{map[string]any{"domain": "linking.example"}},
			"subresourceUniqueRedirectsFrom": []any{map[string]any{"domain": "ads.example"}},
		}},
	}
	bad := map[string]any{"browsingStatistics": []any{
		"text", 7,
		map[string]any{},
		map[string]any{
			"PrevalentResourceOrigin": 7, "lastSeen": "then", "hadUserInteraction": "yes", "mostRecentUserInteraction": []byte{1},
			"topFrameUniqueRedirectsTo": []any{"plain.example", 3, map[string]any{"origin": []byte{0xff}}, map[string]any{"origin": ""}}, "topFrameUniqueRedirectsFrom": "no list",
		},
	}}
	return []artifacttest.Sample{
		listSample(tb, "old", sessionLogPath, oracle.BinaryFormat, old),
		listSample(tb, "later", "private/var/mobile/Library/WebClips/A.webclip/Storage/full_browsing_session_resourceLog.plist", oracle.BinaryFormat, later),
		withBadValues(listSample(tb, "bad", sessionLogPath, oracle.BinaryFormat, bad)),
		listSample(tb, "empty", sessionLogPath, oracle.XMLFormat, map[string]any{"version": 1}),
	}
}

func TestWebkitSessionLog(t *testing.T) {
	t.Parallel()
	samples := sessionLogSamples(t)
	for _, s := range samples {
		if !artifact.MatchAny(webkitSessionLog{}.Info().Files, s.Path) {
			t.Errorf("%s is not read", s.Path)
		}
	}
	artifacttest.Run(t, webkitSessionLog{}, "testdata/webkit_session_resource_log", samples...)
}

func FuzzWebkitSessionLog(f *testing.F) {
	artifacttest.Fuzz(f, webkitSessionLog{}, sessionLogSamples(f)...)
}

func TestWebkitSessionLogObserves(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, webkitSessionLog{}, sessionLogSamples(t)[0])
	if len(recs) != 2 || len(errs) != 0 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	compareObserved(t, recs[0], []artifact.Observable{
		{Type: artifact.Domain, Value: "infection.example", Field: "origin"},
		{Type: artifact.Domain, Value: "bit.example", Field: "redirect_source"},
		{Type: artifact.Domain, Value: "news.example", Field: "redirect_destination"},
		{Type: artifact.Domain, Value: "news.example", Field: "subframe_under_origin"},
		{Type: artifact.Domain, Value: "other.example", Field: "subresource_under_origin"},
	})
}
