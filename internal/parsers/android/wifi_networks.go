package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// wifiNetworks reads the networks that the phone knows.
type wifiNetworks struct{}

// Info implements artifact.Parser.
func (wifiNetworks) Info() artifact.Info {
	return artifact.Info{
		Name: "android.wifi_networks", Version: 1, Summary: "Wi-Fi networks that the phone knows, and which app added them.",
		Files: []string{"**/dumpsys/wifi"},
		Kinds: []artifact.KindInfo{{Kind: "network", Doc: "A network that is configured.", Fields: []artifact.FieldInfo{
			intField("id", "its number"), textField("ssid", "its name"), textField("bssid", "the access point, where it is fixed"),
			boolField("hidden", "whether it hides its name"), boolField("connected_before", "whether the phone was ever in it"),
			textField("creator", "the app that added it"), textField("changed_by", "the app that changed it last"), textField("key_management", "WPA_PSK, NONE…"),
		}}},
		Caveats: []string{"Names of networks may be left out of a report by the phone."},
		Refs:    []string{"https://android.googlesource.com/platform/packages/modules/Wifi/+/refs/heads/main/framework/java/android/net/wifi/WifiConfiguration.java"},
	}
}

// Parse implements artifact.Parser.
func (wifiNetworks) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var w wifiReading
	return readLines(ctx, in, w.line, w.last)
}

// wifiReading is the network whose details stand in the lines that follow.
type wifiReading struct {
	inside, open bool
	head         string
	values       map[string]string
	offset, end  int64
}

func (w *wifiReading) line(r *lineReading) error {
	text, _ := r.body()
	switch {
	case strings.Contains(text, "Configured networks Begin"):
		w.inside = true
	case strings.Contains(text, "Configured networks End"):
		w.inside = false
		return w.last(r)
	case !w.inside:
	case strings.HasPrefix(text, "ID: ") || strings.HasPrefix(text, "* ID: ") || strings.HasPrefix(text, "- DSBLE ID: "):
		err := w.last(r)
		w.open, w.head, w.values, w.offset, w.end = true, text, map[string]string{}, r.Offset, r.Offset+r.Length
		return err
	case w.open:
		w.detail(text)
		w.end = r.Offset + r.Length
	}
	return nil
}

func (w *wifiReading) detail(text string) {
	for _, key := range []string{"cname", "lname"} {
		if v, ok := valueOf(text, key); ok && w.values[key] == "" {
			w.values[key] = v
		}
	}
	if v, ok := strings.CutPrefix(text, "hasEverConnected: "); ok {
		w.values["connected"] = v
	}
	if v, ok := strings.CutPrefix(text, "KeyMgmt: "); ok {
		v, _, _ = strings.Cut(v, " Protocols:")
		w.values["key"] = v
	}
}

// labelled returns what follows "LABEL: " up to the next label in capitals.
func labelled(text, label string) string {
	_, rest, ok := strings.Cut(text, label+": ")
	if !ok {
		return ""
	}
	if strings.HasPrefix(rest, `"`) {
		if end := strings.IndexByte(rest[1:], '"'); end >= 0 {
			return rest[1 : 1+end]
		}
	}
	rest, _, _ = strings.Cut(rest, " ")
	if rest == "null" {
		return ""
	}
	return rest
}

func (w *wifiReading) last(r *lineReading) error {
	if !w.open {
		return nil
	}
	w.open = false
	rec := r.Start("network")
	rec.Loc.Offset, rec.Loc.Length = w.offset, w.end-w.offset
	setNumber(rec, "id", labelled(w.head, "ID"))
	rec.Set("ssid", artifact.TextOrNull(labelled(w.head, "SSID")))
	rec.Set("bssid", artifact.TextOrNull(labelled(w.head, "BSSID")))
	setBool(rec, "hidden", labelled(w.head, "HIDDEN"))
	setBool(rec, "connected_before", w.values["connected"])
	for _, by := range [][2]string{{"creator", "cname"}, {"changed_by", "lname"}} {
		name := w.values[by[1]]
		rec.Set(by[0], artifact.TextOrNull(name))
		if !strings.Contains(name, ":") {
			rec.Observe(artifact.AppID, name, by[0])
		}
	}
	rec.Set("key_management", artifact.TextOrNull(w.values["key"]))
	return r.Give()
}
