package ios

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// crashReports reads what the phone wrote down of processes that crashed, and
// the header of every other report of the same folder.
type crashReports struct{}

var crashReportsInfo = artifact.Info{
	Name:    "ios.crash_reports",
	Version: 1,
	Summary: "Reports of crashes: which process, from which file, why, in which code, and when.",
	Files: []string{
		"**/*.ips", "**/*.ips.synced", "**/*.ips.beta", "**/*.ips.beta.synced", "**/*.crash", "**/*.crash.synced",
	},
	Kinds: []artifact.KindInfo{
		{
			Kind:   "crash",
			Doc:    "A process that crashed or was ended by force.",
			Fields: append(append([]artifact.FieldInfo(nil), reportFields...), crashFields...),
			Times:  []string{"crashed", "launched", "reported"},
		},
		{
			Kind:   "report",
			Doc:    "Any other report, such as one of much use of the processor, a panic or a list of processes.",
			Fields: reportFields,
			Times:  []string{"happened", "launched", "reported"},
		},
	},
	Caveats: []string{
		"Processes crash on healthy phones too; iOS also keeps no more than a number of reports of each, and sends old ones away.",
		"Images of the system's own folders, which every process loads, are counted and not listed.",
		"Of a stack, at most 64 frames are listed.",
	},
	Refs: []string{
		"https://developer.apple.com/documentation/xcode/interpreting-the-json-format-of-a-crash-report",
		"https://developer.apple.com/documentation/xcode/examining-the-fields-in-a-crash-report",
	},
}

// reportFields are what any report may tell.
var reportFields = []artifact.FieldInfo{
	{Name: "bug_type", Type: artifact.Text, Doc: "type of report: 109 and 309 crash, 210 panic, 288 stacks, 298 memory, 202 processor use…"},
	{Name: "name", Type: artifact.Text, Doc: "name in the header"},
	{Name: "process", Type: artifact.Text, Doc: "name of the process"},
	{Name: "path", Type: artifact.Text, Doc: "file that it ran from"},
	{Name: "pid", Type: artifact.Int, Doc: "number of the process"},
	{Name: "bundle_id", Type: artifact.Text, Doc: "identifier of the app or program"},
	{Name: "version", Type: artifact.Text, Doc: "its version"},
	{Name: "uuid", Type: artifact.Text, Doc: "UUID of its file"},
	{Name: "parent", Type: artifact.Text, Doc: "process that started it"},
	{Name: "parent_pid", Type: artifact.Int, Doc: "its number"},
	{Name: "responsible", Type: artifact.Text, Doc: "process on whose behalf it ran"},
	{Name: "responsible_pid", Type: artifact.Int, Doc: "its number"},
	{Name: "coalition", Type: artifact.Text, Doc: "group of processes that it belongs to"},
	{Name: "user_id", Type: artifact.Int, Doc: "user that it ran as: 0 root, 501 mobile"},
	{Name: "event", Type: artifact.Text, Doc: "what happened, in reports of resources: cpu usage, wakeups…"},
	{Name: "os_version", Type: artifact.Text, Doc: "version and build of iOS"},
	{Name: "model", Type: artifact.Text, Doc: "model of the phone: iPhone14,2"},
	{Name: "incident_id", Type: artifact.Text, Doc: "identifier of the report"},
	{Name: "reporter_key", Type: artifact.Text, Doc: "identifier of the phone among crash reports"},
	{Name: "timestamp", Type: artifact.Text, Doc: "time of the report as it is written, with the offset of the phone's clock"},
}

// crashFields are what a crash tells beside them.
var crashFields = []artifact.FieldInfo{
	{Name: "role", Type: artifact.Text, Doc: "how the process ran: Foreground, Background…"},
	{Name: "exception_type", Type: artifact.Text, Doc: "EXC_BAD_ACCESS, EXC_CRASH…"},
	{Name: "exception_signal", Type: artifact.Text, Doc: "SIGSEGV, SIGABRT…"},
	{Name: "exception_codes", Type: artifact.Text, Doc: "codes of the processor"},
	{Name: "exception_subtype", Type: artifact.Text, Doc: "KERN_INVALID_ADDRESS at…"},
	{Name: "exception_message", Type: artifact.Text, Doc: "words of the system on it"},
	{Name: "termination_namespace", Type: artifact.Text, Doc: "part of the system that ended the process: SIGNAL, SPRINGBOARD, CODESIGNING…"},
	{Name: "termination_code", Type: artifact.Int, Doc: "its code"},
	{Name: "termination_indicator", Type: artifact.Text, Doc: "its code in words"},
	{Name: "termination_reason", Type: artifact.Text, Doc: "its reasons"},
	{Name: "terminated_by", Type: artifact.Text, Doc: "process that ended it"},
	{Name: "application_info", Type: artifact.Strings, Doc: "what libraries wrote down before they gave up"},
	{Name: "simulated", Type: artifact.Bool, Doc: "the process was not ended: the report is of a fault it survived"},
	{Name: "thread", Type: artifact.Int, Doc: "number of the thread that crashed"},
	{Name: "thread_name", Type: artifact.Text, Doc: "its name or queue"},
	{Name: "frames", Type: artifact.Strings, Doc: "its stack, innermost first: image, function and offset"},
	{Name: "frame_count", Type: artifact.Int, Doc: "number of its frames"},
	{Name: "exception_frames", Type: artifact.Strings, Doc: "stack of the exception that led to the crash"},
	{Name: "images", Type: artifact.Strings, Doc: "files loaded from elsewhere than the system's folders"},
	{Name: "image_uuids", Type: artifact.Strings, Doc: "their UUIDs, in the same order"},
	{Name: "image_count", Type: artifact.Int, Doc: "number of all files loaded"},
}

// Info implements artifact.Parser.
func (crashReports) Info() artifact.Info { return crashReportsInfo }

// Parse implements artifact.Parser.
func (crashReports) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readReport(ctx, in, func(r *reportReading) error {
		c := &crashReport{reportReading: r, values: map[string]artifact.Value{}}
		return c.read()
	})
}

// A crashReport is one report, whose values are gathered from header and body
// before the record is made: both formats name the same things.
type crashReport struct {
	*reportReading
	values map[string]artifact.Value // by field

	reported, crashed, launched string
	images, uuids               []string
	imageCount                  int
}

func (c *crashReport) read() error {
	c.Rec.Reset("report")
	c.readHeader()
	root, isJSON := c.report.JSON()
	if isJSON {
		c.readJSON(root.Map())
	} else {
		c.readText()
	}
	if len(c.values) == 0 {
		return fmt.Errorf("read %s: %w: neither header nor text of a report", c.In.Path, limit.ErrUnsupported)
	}
	if err := c.emit(); err != nil {
		return err
	}
	if !isJSON {
		return nil
	}
	return c.damage(root)
}

// set gives a field its value, unless it has one: the header is read first,
// and says the same as the body in fewer words.
func (c *crashReport) set(field string, v artifact.Value) {
	if _, there := c.values[field]; !there && v.Kind() != artifact.Null {
		c.values[field] = v
	}
}

// text is set for a text.
func (c *crashReport) text(field, s string) { c.set(field, artifact.TextOrNull(c.Cut(s))) }

// headerMembers are the fields of members of the header.
var headerMembers = map[string]string{
	"name": "name", "bundleID": "bundle_id", "app_version": "version", "slice_uuid": "uuid",
	"os_version": "os_version", "incident_id": "incident_id", "timestamp": "timestamp",
}

func (c *crashReport) readHeader() {
	for key, v := range c.report.Header.Members() {
		if field := headerMembers[key]; field != "" {
			c.set(field, c.Scalar(v))
		}
	}
	c.text("bug_type", c.report.Header.Get("bug_type").Plain())
	c.text("name", c.report.Text("app_name"))
	c.reported = c.report.Text("timestamp")
}

// isCrash tells a crash from other reports by what it holds: types of reports
// come and go with versions of iOS.
func (c *crashReport) isCrash() bool {
	for _, field := range []string{"exception_type", "exception_signal", "termination_namespace", "thread"} {
		if _, ok := c.values[field]; ok {
			_, named := c.values["process"]
			return named
		}
	}
	return false
}

func (c *crashReport) emit() error {
	kind, happened := crashReportsInfo.Kinds[1], "happened"
	if c.isCrash() {
		kind, happened = crashReportsInfo.Kinds[0], "crashed"
	}
	cut := c.Rec.Truncated
	rec := c.Start(kind.Kind, 0, c.In.Size)
	rec.Truncated = cut
	if c.imageCount > 0 {
		c.set("images", artifact.StringsValue(c.images))
		c.set("image_uuids", artifact.StringsValue(c.uuids))
		c.set("image_count", artifact.IntValue(int64(c.imageCount)))
	}
	for _, f := range kind.Fields {
		rec.Set(f.Name, c.values[f.Name])
	}
	c.when(happened, c.crashed)
	c.when("launched", c.launched)
	c.when("reported", c.reported)
	c.observe()
	rec.Summary = c.summarize
	return c.Give()
}

// observedFields are what indicators may name, field by field.
var observedFields = []struct {
	field string
	types artifact.ObservableType
}{
	{"name", artifact.Process},
	{"process", artifact.Process},
	{"path", artifact.FilePath},
	{"bundle_id", artifact.AppID},
	{"parent", artifact.Process},
	{"responsible", artifact.Process},
	{"coalition", artifact.AppID},
	{"terminated_by", artifact.Process},
}

func (c *crashReport) observe() {
	for _, o := range observedFields {
		text := c.Rec.Text(o.field)
		if o.types == artifact.AppID && !strings.Contains(text, ".") {
			continue // programs without a bundle are called by their name there
		}
		c.Rec.Observe(o.types, text, o.field)
	}
	for _, image := range c.Rec.Get("images").Strings() {
		c.Rec.Observe(artifact.FilePath, image, "images")
	}
}

func (c *crashReport) summarize(b []byte) []byte {
	rec := &c.Rec
	process := firstText(rec.Text("process"), rec.Text("name"), "?")
	if rec.Kind == "crash" {
		return appendSummary(b, "crash: ", process, " ", rec.Text("exception_type"), " ", rec.Text("exception_signal"),
			" ", rec.Text("termination_namespace"), " ", rec.Text("path"))
	}
	return appendSummary(b, "report ", rec.Text("bug_type"), ": ", process, " ", rec.Text("event"), " ", rec.Text("path"))
}
