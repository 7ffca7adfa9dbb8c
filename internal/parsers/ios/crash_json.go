package ios

import (
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
)

// bodyMembers are the fields of members of a body that is JSON (iOS 15 and
// later), in the words of Apple's documentation.
var bodyMembers = [][2]string{
	{"procName", "process"},
	{"procPath", "path"},
	{"pid", "pid"},
	{"userID", "user_id"},
	{"procRole", "role"},
	{"parentProc", "parent"},
	{"parentPid", "parent_pid"},
	{"responsibleProc", "responsible"},
	{"responsiblePid", "responsible_pid"},
	{"coalitionName", "coalition"},
	{"modelCode", "model"},
	{"product", "model"},
	{"crashReporterKey", "reporter_key"},
	{"incident", "incident_id"},
	{"build", "os_version"},
	{"isSimulated", "simulated"},
	{"faultingThread", "thread"},
}

// nestedMembers are those of the objects within it.
var nestedMembers = []struct {
	object  string
	members [][2]string
}{
	{"bundleInfo", [][2]string{{"CFBundleIdentifier", "bundle_id"}, {"CFBundleShortVersionString", "version"}}},
	{"exception", [][2]string{
		{"type", "exception_type"},
		{"signal", "exception_signal"},
		{"codes", "exception_codes"},
		{"subtype", "exception_subtype"},
		{"message", "exception_message"},
	}},
	{"exceptionReason", [][2]string{{"composed_message", "exception_message"}}},
	{"termination", [][2]string{
		{"namespace", "termination_namespace"},
		{"code", "termination_code"},
		{"indicator", "termination_indicator"},
		{"byProc", "terminated_by"},
	}},
}

// Bounds of what is kept of one report: the stack of a recursion without end
// has thousands of frames, and tells no more than its first.
const (
	maxFrames     = 64
	maxImages     = 4096 // looked at; a process loads about 600
	maxKept       = 512  // of those that are listed
	maxInfoLines  = 16
	maxReasonText = 16
)

func (c *crashReport) readJSON(body map[string]ips.Value) {
	for _, m := range bodyMembers {
		c.set(m[1], c.Scalar(body[m[0]]))
	}
	for _, nested := range nestedMembers {
		object := body[nested.object].Map()
		for _, m := range nested.members {
			c.set(m[1], c.Scalar(object[m[0]]))
		}
	}
	c.text("os_version", osVersion(body["osVersion"]))
	c.text("termination_reason", joined(body["termination"].Get("reasons"), body["termination"].Get("details")))
	c.set("application_info", artifact.StringsValue(c.information(body["asi"])))
	c.crashed, c.launched = body["captureTime"].Text(), body["procLaunch"].Text()
	if c.reported == "" {
		c.reported = firstText(body["timestamp"].Text(), body["date"].Text())
	}
	names := c.readImages(body["usedImages"])
	c.readThread(body["threads"], names)
	c.set("exception_frames", artifact.StringsValue(c.frames(body["lastExceptionBacktrace"], names)))
}

// osVersion puts the version of a body into the words of the header.
func osVersion(v ips.Value) string {
	train, build := v.Get("train").Text(), v.Get("build").Text()
	if build == "" {
		return train
	}
	return train + " (" + build + ")"
}

// joined puts the texts of lists into one.
func joined(lists ...ips.Value) string {
	var parts []string
	for _, list := range lists {
		for v := range list.Elements() {
			if s := v.Text(); s != "" && len(parts) < maxReasonText {
				parts = append(parts, s)
			}
		}
	}
	return strings.Join(parts, "; ")
}

// information reads what libraries wrote down: lists of lines by library.
func (c *crashReport) information(v ips.Value) []string {
	var lines []string
	for library, list := range v.Members() {
		for line := range list.Elements() {
			if len(lines) == maxInfoLines {
				return lines
			}
			lines = append(lines, c.Cut(library+": "+line.Text()))
		}
	}
	return lines
}

// readImages notes the files that the process had loaded, and returns their
// names by index.
func (c *crashReport) readImages(v ips.Value) []string {
	var names []string
	for image := range v.Elements() {
		if len(names) == maxImages {
			c.Rec.Truncated = true
			break
		}
		name, path, uuid := "", "", ""
		for key, v := range image.Members() {
			switch key {
			case "name":
				name = v.Text()
			case "path":
				path = v.Text()
			case "uuid":
				uuid = v.Text()
			}
		}
		names = append(names, name)
		c.image(path, uuid)
	}
	return names
}

// systemImages begin the paths of what every process loads. They lie on the
// volume of the system, which is sealed.
var systemImages = []string{"/System/", "/usr/lib/", "/private/preboot/Cryptexes/", "/Developer/"}

// image counts a file that was loaded, and lists it unless it is the
// system's.
func (c *crashReport) image(path, uuid string) {
	c.imageCount++
	for _, prefix := range systemImages {
		if strings.HasPrefix(path, prefix) {
			return
		}
	}
	if path == "" || len(c.images) == maxKept {
		return
	}
	c.images, c.uuids = append(c.images, c.Cut(path)), append(c.uuids, c.Cut(uuid))
}

// readThread reads the thread that crashed: the one that says so, or that the
// body numbers.
func (c *crashReport) readThread(threads ips.Value, names []string) {
	faulting, numbered := c.values["thread"].Int()
	number := int64(0)
	for thread := range threads.Elements() {
		if thread.Get("triggered").Bool() || numbered && number == faulting {
			c.set("thread", artifact.IntValue(number))
			c.text("thread_name", firstText(thread.Get("name").Text(), thread.Get("queue").Text()))
			frames := thread.Get("frames")
			c.set("frames", artifact.StringsValue(c.frames(frames, names)))
			n := int64(0)
			for range frames.Elements() {
				n++
			}
			c.set("frame_count", artifact.IntValue(n))
			return
		}
		number++
	}
}

// frames writes the first frames of a stack.
func (c *crashReport) frames(list ips.Value, names []string) []string {
	var frames []string
	for f := range list.Elements() {
		if len(frames) == maxFrames {
			break
		}
		m := f.Map()
		image := "?"
		if i, ok := m["imageIndex"].Int(); ok && i >= 0 && i < int64(len(names)) {
			image = firstText(names[i], "?")
		}
		frames = append(frames, c.Cut(frameText(image, m)))
	}
	return frames
}

// frameText writes a frame as crash reports of text do, without addresses,
// which differ from one start to the next: image, function, offset.
func frameText(image string, m map[string]ips.Value) string {
	if symbol := m["symbol"].Text(); symbol != "" {
		at, _ := m["symbolLocation"].Int()
		return image + " " + symbol + " + " + strconv.FormatInt(at, 10)
	}
	at, _ := m["imageOffset"].Int()
	return image + " + " + strconv.FormatInt(at, 10)
}
