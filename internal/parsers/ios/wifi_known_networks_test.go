package ios

import (
	"testing"
	"time"

	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const wifiPath = "private/var/preferences/com.apple.wifi.known-networks.plist"

func wifiSamples(tb testing.TB) []artifacttest.Sample {
	at := func(n int) time.Time { return time.Date(2023, 5, 1, 10, n, 0, 0, time.UTC) }
	modern := map[string]any{
		"wifi.network.ssid.Café": map[string]any{
			"AddedAt": at(1), "UpdatedAt": at(2), "JoinedByUserAt": at(3), "JoinedBySystemAt": at(4), "Hidden": false, "SSID": []byte("Café"),
			"SupportedSecurityTypes": "WPA2 Personal", "AddReason": "WiFi Settings", "CaptiveProfile": map[string]any{"CaptiveNetwork": true},
			"BSSList": []any{
				map[string]any{
					"BSSID": "76:a7:41:e7:7c:9d", "Channel": 1, "ChannelFlags": 10, "LastAssociatedAt": at(5),
					"LocationLatitude": 19.43, "LocationLongitude": -99.13, "LocationAccuracy": 65.0, "LocationTimestamp": at(6),
				},
			},
			"__OSSpecific__": map[string]any{"BSSID": "76:a7:41:e7:7c:9d", "CHANNEL": 1, "prevJoined": at(7), "networkUsage": 2262.5, "WiFiNetworkPasswordModificationDate": at(8)},
		},
		"wifi.network.ssid.odd": map[string]any{"SSID": []byte{0xff, 0xfe}, "BundleID": "org.example.hotspot"},
	}
	old := map[string]any{
		"AllowEnable": 1, "Version": 20,
		"List of known networks": []any{
			map[string]any{
				"SSID_STR": "Casa", "SSID": []byte("Casa"), "BSSID": "0:1:2:3:4:5", "CHANNEL": 6, "HIDDEN_NETWORK": 1, "lastJoined": at(1), "lastAutoJoined": at(2),
				"addedAt": at(3), "lastUpdated": at(4), "networkUsage": 17, "WiFiNetworkPasswordModificationDate": at(5),
			},
		},
	}
	private := map[string]any{"List of scanned networks with private mac": []any{map[string]any{
		"SSID_STR": "Vecino", "BSSID": "a:b:c:d:e:f", "PRIVATE_MAC_ADDRESS": map[string]any{"PRIVATE_MAC_ADDRESS_IN_USE": []byte{2, 0, 0, 0, 0, 1}}, "addedAt": at(1),
	}}}
	bad := map[string]any{
		"a":                      map[string]any{"SSID": 7, "AddedAt": "then", "BSSList": "none", "Hidden": "x", "__OSSpecific__": []any{1}},
		"b":                      map[string]any{"SSID": "text", "AddedAt": 5, "BSSList": []any{1, "x", map[string]any{"Channel": "x", "LastAssociatedAt": time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)}}},
		"List of known networks": []any{"x", map[string]any{}},
	}
	return []artifacttest.Sample{
		listSample(tb, "modern", wifiPath, oracle.BinaryFormat, modern),
		listSample(tb, "ios13", "SystemPreferencesDomain/SystemConfiguration/com.apple.wifi.plist", oracle.XMLFormat, old),
		listSample(tb, "private_mac", "private/var/preferences/com.apple.wifi-private-mac-networks.plist", oracle.BinaryFormat, private),
		withBadValues(listSample(tb, "bad", wifiPath, oracle.BinaryFormat, bad)),
	}
}

func TestWiFiKnownNetworks(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, wifiKnownNetworks{}, "testdata/wifi_known_networks", wifiSamples(t)...)
}

func FuzzWiFiKnownNetworks(f *testing.F) {
	artifacttest.Fuzz(f, wifiKnownNetworks{}, wifiSamples(f)...)
}

func TestRealWiFiKnownNetworks(t *testing.T) {
	t.Parallel()
	data := readEvidence(t, "plaso", "ios", "com.apple.wifi.known-networks.plist")
	recs, errs := artifacttest.Parse(t, wifiKnownNetworks{}, artifacttest.Sample{Path: wifiPath, Files: map[string][]byte{wifiPath: data}})
	if len(recs) != 10 || len(errs) != 0 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	first := recs[0]
	if first.Text("ssid") != "Matt_Foley" || len(first.Times) != 6 || first.Times[0] != (artifact.Time{
		Meaning: "added", At: time.Date(2023, 4, 15, 13, 53, 47, first.Times[0].At.Nanosecond(), time.UTC), Epoch: artifact.Calendar,
	}) {
		t.Errorf("%v %v", first.Fields, first.Times)
	}
	settings := unzipEvidence(t, "testdata.appleWifiPlist.appleWifiBSSList.josh_ios15_ffs.zip")["com.apple.wifi.plist"]
	recs, errs = artifacttest.Parse(t, wifiKnownNetworks{}, artifacttest.Sample{Path: wifiPath, Files: map[string][]byte{wifiPath: settings}})
	if len(recs) != 0 || len(errs) != 0 {
		t.Errorf("settings alone: %d records, errors %v", len(recs), errs)
	}
}
