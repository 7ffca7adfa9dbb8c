package ios

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/plist"
)

// wifiKnownNetworks reads the Wi-Fi networks that the phone knows.
type wifiKnownNetworks struct{}

var wifiKnownNetworksInfo = artifact.Info{
	Name:    "ios.wifi_known_networks",
	Version: 1,
	Summary: "Wi-Fi networks that the phone knows, when it joined them, and their access points.",
	Files: []string{
		"**/com.apple.wifi.known-networks.plist", "**/com.apple.wifi.plist", "**/com.apple.wifi-private-mac-networks.plist",
	},
	Kinds: []artifact.KindInfo{
		{
			Kind: "network",
			Doc:  "A network.",
			Fields: []artifact.FieldInfo{
				{Name: "ssid", Type: artifact.Text, Doc: "name of the network"},
				{Name: "ssid_bytes", Type: artifact.Bytes, Doc: "its name where that is no text"},
				{Name: "list", Type: artifact.Text, Doc: "list that it stands in"},
				{Name: "bssid", Type: artifact.Text, Doc: "access point that was used last"},
				{Name: "channel", Type: artifact.Int, Doc: "its channel"},
				{Name: "security", Type: artifact.Text, Doc: "protection of the network"},
				{Name: "hidden", Type: artifact.Bool, Doc: "it does not tell its name"},
				{Name: "captive", Type: artifact.Bool, Doc: "it asks to sign in on a page"},
				{Name: "add_reason", Type: artifact.Text, Doc: "how it came into the list"},
				{Name: "added_by", Type: artifact.Text, Doc: "app or profile that added it"},
				{Name: "private_address", Type: artifact.Text, Doc: "address that the phone used there"},
				{Name: "usage", Type: artifact.Float, Doc: "seconds that it was used"},
			},
			Times: []string{"added", "updated", "joined_by_user", "joined_by_system", "joined_before", "password_changed"},
		},
		{
			Kind: "access_point",
			Doc:  "An access point of a network that the phone was connected to.",
			Fields: []artifact.FieldInfo{
				{Name: "ssid", Type: artifact.Text, Doc: "name of the network"},
				{Name: "bssid", Type: artifact.Text, Doc: "address of the access point"},
				{Name: "channel", Type: artifact.Int, Doc: "its channel"},
				{Name: "latitude", Type: artifact.Float, Doc: "where the phone was"},
				{Name: "longitude", Type: artifact.Float, Doc: "where the phone was"},
				{Name: "accuracy", Type: artifact.Float, Doc: "metres that this may be wrong by"},
			},
			Times: []string{"last_associated", "located"},
		},
	},
	Caveats: []string{
		"A network that was synchronized from another device of the account is listed like one that was joined here.",
		"com.apple.wifi.plist holds networks before iOS 14 alone.",
	},
	Refs: []string{
		"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/appleWifiPlist.py",
		"https://github.com/log2timeline/plaso/blob/main/plaso/parsers/plist_plugins/ios_wifi_known_networks.py",
	},
}

// Info implements artifact.Parser.
func (wifiKnownNetworks) Info() artifact.Info { return wifiKnownNetworksInfo }

// Parse implements artifact.Parser.
func (wifiKnownNetworks) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readPropertyList(ctx, in, readWiFi)
}

// wifiLists are the lists of the older files.
var wifiLists = []string{"List of known networks", "List of scanned networks with private mac"}

func readWiFi(r *listReading) error {
	for key, v := range r.root.All() {
		// Since iOS 14 each network is a dictionary under a key of its own.
		if v.Kind() == plist.Dict && v.Get("SSID").Kind() != plist.Invalid {
			if err := r.wifiNetwork(key, "", v); err != nil {
				return err
			}
		}
	}
	for _, list := range wifiLists {
		n := 0
		for v := range r.root.Get(list).Items() {
			if err := r.wifiNetwork(list+"/"+strconv.Itoa(n), list, v); err != nil {
				return err
			}
			n++
		}
	}
	return nil
}

// wifiNetwork gives a network, and its access points.
func (r *listReading) wifiNetwork(keyPath, list string, v plist.Value) error {
	rec := r.start("network", keyPath, v)
	ssid := r.wifiName(v)
	rec.Set("ssid", artifact.TextOrNull(ssid))
	if b, ok := v.Get("SSID").Bytes(); ok && ssid == "" && len(b) <= r.In.Limits.FieldLen {
		rec.Set("ssid_bytes", artifact.BytesValue(append([]byte(nil), b...)))
	}
	rec.Set("list", artifact.TextOrNull(list))
	own := v.Get("__OSSpecific__")
	rec.Set("bssid", artifact.TextOrNull(firstText(r.text(own.Get("BSSID")), r.text(v.Get("BSSID")))))
	rec.Set("channel", firstInt(own.Get("CHANNEL"), v.Get("CHANNEL")))
	rec.Set("security", artifact.TextOrNull(firstText(r.text(v.Get("SupportedSecurityTypes")), r.text(v.Get("SecurityMode")))))
	rec.Set("hidden", boolOf(v.Get("Hidden"), v.Get("HIDDEN_NETWORK")))
	rec.Set("captive", boolOf(v.Get("CaptiveProfile").Get("CaptiveNetwork"), v.Get("CaptiveNetwork")))
	rec.Set("add_reason", artifact.TextOrNull(r.text(v.Get("AddReason"))))
	rec.Set("added_by", artifact.TextOrNull(firstText(r.text(v.Get("BundleID")), r.text(own.Get("BundleID")), r.text(v.Get("BundleIdentifier")))))
	rec.Set("private_address", artifact.TextOrNull(wifiAddress(v.Get("PRIVATE_MAC_ADDRESS").Get("PRIVATE_MAC_ADDRESS_IN_USE"))))
	rec.Set("usage", firstReal(own.Get("networkUsage"), v.Get("networkUsage")))
	rec.Observe(artifact.AppID, rec.Text("added_by"), "added_by")
	r.wifiTimes(v, own)
	rec.Summary = r.summarizeWiFi
	if err := r.Give(); err != nil {
		return err
	}
	n := 0
	for point := range v.Get("BSSList").Items() {
		if err := r.wifiPoint(keyPath+"/BSSList/"+strconv.Itoa(n), ssid, point); err != nil {
			return err
		}
		n++
	}
	return nil
}

// wifiTimes sets the first date that is there, of each meaning.
func (r *listReading) wifiTimes(v, own plist.Value) {
	for _, t := range []struct {
		meaning string
		values  []plist.Value
	}{
		{"added", []plist.Value{v.Get("AddedAt"), v.Get("addedAt")}},
		{"updated", []plist.Value{v.Get("UpdatedAt"), v.Get("lastUpdated")}},
		{"joined_by_user", []plist.Value{v.Get("JoinedByUserAt"), v.Get("lastJoined")}},
		{"joined_by_system", []plist.Value{v.Get("JoinedBySystemAt"), v.Get("lastAutoJoined")}},
		{"joined_before", []plist.Value{own.Get("prevJoined"), v.Get("prevJoined")}},
		{"password_changed", []plist.Value{own.Get("WiFiNetworkPasswordModificationDate"), v.Get("WiFiNetworkPasswordModificationDate")}},
	} {
		for _, at := range t.values {
			if at.Kind() != plist.Invalid {
				r.when(t.meaning, at)
				break
			}
		}
	}
}

func (r *listReading) wifiPoint(keyPath, ssid string, v plist.Value) error {
	rec := r.start("access_point", keyPath, v)
	rec.Set("ssid", artifact.TextOrNull(ssid))
	rec.Set("bssid", artifact.TextOrNull(r.text(v.Get("BSSID"))))
	rec.Set("channel", firstInt(v.Get("Channel")))
	rec.Set("latitude", firstReal(v.Get("LocationLatitude")))
	rec.Set("longitude", firstReal(v.Get("LocationLongitude")))
	rec.Set("accuracy", firstReal(v.Get("LocationAccuracy")))
	r.when("last_associated", v.Get("LastAssociatedAt"))
	r.when("located", v.Get("LocationTimestamp"))
	rec.Summary = r.summarizeWiFi
	return r.Give()
}

// wifiName returns the name of a network, which is bytes in newer files.
func (r *listReading) wifiName(v plist.Value) string {
	if s := r.text(v.Get("SSID_STR")); s != "" {
		return s
	}
	if b, ok := v.Get("SSID").Bytes(); ok && utf8.Valid(b) {
		return r.Cut(string(b))
	}
	return r.text(v.Get("SSID"))
}

// wifiAddress writes the bytes of an address of a network card.
func wifiAddress(v plist.Value) string {
	if b, ok := v.Bytes(); ok && len(b) == 6 {
		return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5])
	}
	return ""
}

func firstInt(values ...plist.Value) artifact.Value {
	for _, v := range values {
		if n, ok := v.Int(); ok {
			return artifact.IntValue(n)
		}
	}
	return artifact.Value{}
}

// firstReal returns the first number, as one with a fraction.
func firstReal(values ...plist.Value) artifact.Value {
	for _, v := range values {
		if f, ok := v.Real(); ok {
			return artifact.FloatValue(f)
		}
		if n, ok := v.Int(); ok {
			return artifact.FloatValue(float64(n))
		}
	}
	return artifact.Value{}
}

// boolOf returns the first truth, which older files write as 0 and 1.
func boolOf(values ...plist.Value) artifact.Value {
	for _, v := range values {
		if b, ok := v.Bool(); ok {
			return artifact.BoolValue(b)
		}
		if n, ok := v.Int(); ok {
			return artifact.BoolValue(n != 0)
		}
	}
	return artifact.Value{}
}

func (r *listReading) summarizeWiFi(b []byte) []byte {
	rec := &r.Rec
	if rec.Kind == "access_point" {
		return appendSummary(b, "access point ", rec.Text("bssid"), " of Wi-Fi ", rec.Text("ssid"))
	}
	return appendSummary(b, "Wi-Fi ", firstText(rec.Text("ssid"), "without a name"), " ", rec.Text("bssid"))
}
