package ios

import (
	"testing"
	"time"

	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

func profileSamples(tb testing.TB) []artifacttest.Sample {
	tb.Helper()
	path := profilesDomain + "profile-0123456789abcdef.stub"
	return []artifacttest.Sample{
		listSample(tb, "mdm", path, oracle.BinaryFormat, map[string]any{
			"PayloadUUID": "A1B2", "PayloadIdentifier": "com.example.mdm", "PayloadDisplayName": "Example MDM", "PayloadOrganization": "Example",
			"PayloadType": "Configuration", "PayloadVersion": 1, "PayloadRemovalDisallowed": true, "InstallDate": time.Date(2023, 2, 3, 4, 5, 6, 0, time.UTC),
			"PayloadContent": []any{
				map[string]any{"PayloadType": "com.apple.mdm", "PayloadUUID": "C3", "PayloadIdentifier": "com.example.mdm.1", "ServerURL": "https://mdm.example.com/s", "CheckInURL": "https://mdm.example.com/c"},
				map[string]any{"PayloadType": "com.apple.security.root", "PayloadUUID": "D4", "PayloadContent": []byte("a certificate")},
				map[string]any{"PayloadType": "com.apple.vpn.managed", "PayloadUUID": "E5", "VPN": map[string]any{"RemoteAddress": "vpn.example.com", "AuthName": "ana"}},
			},
		}),
		withBadValues(listSample(tb, "bad", path, oracle.XMLFormat, map[string]any{
			"PayloadUUID": 7, "PayloadContent": []any{"text", map[string]any{"PayloadType": []any{1}}}, "InstallDate": "soon", "PayloadRemovalDisallowed": "no",
		})),
		listSample(tb, "empty", path, oracle.XMLFormat, map[string]any{"PayloadContent": 1}),
	}
}

func TestConfigurationProfiles(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, configurationProfiles{}, "testdata/configuration_profiles", profileSamples(t)...)
}

func FuzzConfigurationProfiles(f *testing.F) {
	artifacttest.Fuzz(f, configurationProfiles{}, profileSamples(f)...)
}

func TestProfileObserved(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, configurationProfiles{}, profileSamples(t)[0])
	if len(recs) != 4 || len(errs) != 0 {
		t.Fatalf("%d records, %v", len(recs), errs)
	}
	compareObserved(t, recs[0], []artifact.Observable{
		{Type: artifact.ProfileID, Value: "A1B2", Field: "uuid"}, {Type: artifact.ProfileID, Value: "com.example.mdm", Field: "identifier"},
	})
	compareObserved(t, recs[3], []artifact.Observable{
		{Type: artifact.ProfileID, Value: "E5", Field: "uuid"}, {Type: artifact.Domain, Value: "vpn.example.com", Field: "servers"},
	})
}

func profileEventSamples(tb testing.TB) []artifacttest.Sample {
	tb.Helper()
	path := profilesDomain + "MCProfileEvents.plist"
	at := time.Date(2023, 2, 3, 4, 5, 6, 0, time.UTC)
	return []artifacttest.Sample{
		listSample(tb, "events", path, oracle.BinaryFormat, map[string]any{"ProfileEvents": []any{
			map[string]any{"com.example.mdm": map[string]any{"timestamp": at, "Operation": "install", "Process": "Preferences", "Source": 2}},
			map[string]any{"com.example.mdm": map[string]any{"timestamp": at.Add(time.Hour), "Operation": "remove", "Process": "profiled"}},
		}}),
		withBadValues(listSample(tb, "bad", path, oracle.XMLFormat, map[string]any{"ProfileEvents": []any{
			"text", map[string]any{"x": "text"}, map[string]any{"y": map[string]any{"timestamp": 7, "process": []any{}, "operation": 1}},
		}})),
	}
}

func TestProfileEvents(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, profileEvents{}, "testdata/profile_events", profileEventSamples(t)...)
}

func FuzzProfileEvents(f *testing.F) {
	artifacttest.Fuzz(f, profileEvents{}, profileEventSamples(f)...)
}

func lookupSamples(tb testing.TB) []artifacttest.Sample {
	tb.Helper()
	const path = "HomeDomain/Library/Preferences/com.apple.identityservices.idstatuscache.plist"
	return []artifacttest.Sample{
		listSample(tb, "ios13", path, oracle.BinaryFormat, map[string]any{
			"com.apple.madrid": map[string]any{
				"mailto:ana@example.org":        map[string]any{"LookupDate": 600000000.5, "IDStatus": 1},
				"mailto:evil\x00\x00@attack.er": map[string]any{"LookupDate": 600000100.0, "IDStatus": 2},
			},
			"com.apple.private.alloy.facetime": map[string]any{"mailto:ana@example.org": map[string]any{"LookupDate": 600000001.5, "IDStatus": 1}, "version": 2},
			"CacheVersion":                     3,
		}),
		withBadValues(listSample(tb, "bad", path, oracle.BinaryFormat, map[string]any{
			"s": map[string]any{"u": map[string]any{"LookupDate": "never", "IDStatus": []any{1}}, "": map[string]any{}}, "t": "text",
		})),
	}
}

func TestIDStatusCache(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, idStatusCache{}, "testdata/id_status_cache", lookupSamples(t)...)
}

func FuzzIDStatusCache(f *testing.F) { artifacttest.Fuzz(f, idStatusCache{}, lookupSamples(f)...) }

func locationSamples(tb testing.TB) []artifacttest.Sample {
	tb.Helper()
	const path = "RootDomain/Library/Caches/locationd/clients.plist"
	return []artifacttest.Sample{
		listSample(tb, "clients", path, oracle.BinaryFormat, map[string]any{
			"com.apple.Maps:": map[string]any{"BundleId": "com.apple.Maps", "BundlePath": "/Applications/Maps.app", "Authorization": 2, "LocationTimeStopped": 700000000.25, "Whitelisted": false},
			"/System/Library/LocationBundles/IonosphereHarvest.bundle:": map[string]any{
				"BundlePath": "/System/Library/LocationBundles/IonosphereHarvest.bundle", "Registered": "/System/Library/LocationBundles/IonosphereHarvest.bundle", "FenceTimeStopped": 700000001,
			},
			"SystemServices": 1,
		}),
		withBadValues(listSample(tb, "bad", path, oracle.BinaryFormat, map[string]any{
			"x": map[string]any{"BundleId": 7, "Executable": []any{"a"}, "VisitTimeStopped": "later", "ClientStorageToken": []byte{1, 2}}, "": map[string]any{},
		})),
	}
}

func TestLocationdClients(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, locationdClients{}, "testdata/locationd_clients", locationSamples(t)...)
}

func FuzzLocationdClients(f *testing.F) {
	artifacttest.Fuzz(f, locationdClients{}, locationSamples(f)...)
}
