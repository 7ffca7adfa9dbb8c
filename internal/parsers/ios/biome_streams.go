package ios

import (
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// A biomeField is a field of the messages of a stream.
type biomeField struct {
	path    []int32 // numbers of the fields that lead to it
	name    string
	kind    artifact.ValueKind
	doc     string
	observe func(rec *artifact.Record, value, field string)
	time    string // meaning, of a time
	epoch   artifact.Epoch
}

func biomeText(name, doc string, path ...int32) biomeField {
	return biomeField{path: path, name: name, kind: artifact.Text, doc: doc}
}

func biomeInt(name, doc string, path ...int32) biomeField {
	return biomeField{path: path, name: name, kind: artifact.Int, doc: doc}
}

func biomeApp(path ...int32) biomeField {
	return biomeField{path: path, name: "bundle_id", kind: artifact.Text, doc: "app", observe: observeApp}
}

func biomeURL(path ...int32) biomeField {
	return biomeField{path: path, name: "url", kind: artifact.Text, doc: "address of a page", observe: observeURL}
}

func biomeDomain(path ...int32) biomeField {
	return biomeField{path: path, name: "domain", kind: artifact.Text, doc: "domain of a page", observe: observeHost}
}

func biomePath(path ...int32) biomeField {
	return biomeField{path: path, name: "path", kind: artifact.Text, doc: "path of a file", observe: observeFile}
}

func biomeMac(meaning string, path ...int32) biomeField {
	return biomeField{path: path, time: meaning, epoch: artifact.MacSeconds}
}

func biomeUnix(meaning string, path ...int32) biomeField {
	return biomeField{path: path, time: meaning, epoch: artifact.UnixSeconds}
}

// observeFile notes a file.
func observeFile(rec *artifact.Record, value, field string) {
	rec.Observe(artifact.FilePath, devicePath(value), field)
	rec.Observe(artifact.FileName, fileName(value), field)
}

var (
	biomeState = func(path ...int32) biomeField {
		return biomeInt("state", "1 for a beginning, 0 for an end, in some streams other numbers", path...)
	}
	biomeItemID = func(path ...int32) biomeField { return biomeText("item_id", "identifier of the event", path...) }
)

// biomeEvents are the events of iOS 15 and 16 that kept the form of
// knowledgeC: streams whose names begin with "_DKEvent.".
var biomeEvents = []biomeField{
	biomeMac("start", 2), biomeMac("end", 3), biomeText("value", "what the event is about", 4, 3), biomeItemID(5), biomeMac("event", 8),
}

// biomeStreams are the streams that are understood.
var biomeStreams = map[string][]biomeField{
	"App.InFocus": {
		biomeText("launch_reason", "why an app came to the front", 1), biomeState(3), biomeMac("event", 4), biomeApp(6),
		biomeText("app_version", "version of the app", 9), biomeText("app_build", "build of the app", 10),
	},
	"App.WebUsage": {
		biomeItemID(1), biomeMac("event", 2), biomeState(3), biomeURL(4), biomeDomain(5), biomeApp(6),
	},
	"App.MediaUsage": {
		biomeState(1), biomeApp(2), biomeUnix("event", 6), biomeItemID(8),
	},
	"App.Intent": {
		biomeMac("event", 1), biomeApp(2), biomeText("source", "where the event comes from", 3), biomeText("intent_class", "kind of thing that was done", 4),
		biomeText("intent_verb", "what was done", 5), biomeItemID(9), biomeText("group_id", "conversation or the like", 12),
	},
	"App.DocumentInteraction": {
		biomePath(2, 1), biomeText("content_type", "type of the file", 3), biomeApp(4, 1), biomeURL(4, 2),
	},
	"Device.Wireless.Bluetooth": {
		biomeText("address", "address of a device", 1), biomeText("name", "name of a device or network", 2), biomeState(4),
	},
	"Device.Wireless.WiFi": {
		biomeText("name", "name of a device or network", 1), biomeState(2),
	},
	"Media.NowPlaying": {
		biomeMac("event", 2), biomeState(3), biomeText("album", "album", 4), biomeText("artist", "artist", 5), biomeText("title", "title", 8), biomeApp(15),
	},
	"Notification.Delivery": {biomeItemID(1), biomeApp(2), biomeUnix("event", 3)},
	"Notification.Usage":    {biomeMac("event", 2), biomeState(3), biomeApp(4), biomeItemID(5)},
	"Safari.Navigations":    {biomeDomain(1), biomeUnix("end", 2), biomeURL(8)},
	"Safari.PageLoad":       {biomeDomain(1)},
	"ScreenTime.AppUsage":   {biomeState(1), biomeUnix("event", 2), biomeApp(3)},
	"Screenshots.Screenshot": {
		biomePath(1, 4, 1),
	},
	"UserFocus.ComputedMode": {biomeText("mode", "mode of focus", 6), biomeItemID(1), biomeState(2)},
}

// biomeFieldsOf returns the fields of a stream, nil for one that is not known.
func biomeFieldsOf(stream string) []biomeField {
	if strings.HasPrefix(stream, "_DKEvent.") {
		if strings.HasPrefix(stream, "_DKEvent.App.") {
			return biomeAppEvents
		}
		return biomeEvents
	}
	return biomeStreams[stream]
}

// biomeAppEvents are those of them that are about an app.
var biomeAppEvents = []biomeField{
	biomeMac("start", 2), biomeMac("end", 3), biomeApp(4, 3), biomeItemID(5), biomeText("launch_reason", "why an app came to the front", 7, 2, 3), biomeMac("event", 8),
}

// biomeEventFields describes the fields of all streams, each once.
func biomeEventFields() []artifact.FieldInfo {
	var all []artifact.FieldInfo
	seen := map[string]bool{"": true}
	for _, name := range []string{
		"App.InFocus", "App.WebUsage", "App.MediaUsage", "App.Intent", "App.DocumentInteraction", "Device.Wireless.Bluetooth",
		"Device.Wireless.WiFi", "Media.NowPlaying", "Notification.Delivery", "Notification.Usage", "Safari.Navigations",
		"Safari.PageLoad", "ScreenTime.AppUsage", "Screenshots.Screenshot", "UserFocus.ComputedMode", "_DKEvent.", "_DKEvent.App.",
	} {
		for _, f := range biomeFieldsOf(name) {
			if !seen[f.name] {
				seen[f.name] = true
				all = append(all, artifact.FieldInfo{Name: f.name, Type: f.kind, Doc: f.doc})
			}
		}
	}
	return all
}
