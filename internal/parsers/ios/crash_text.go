package ios

import (
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
)

// textKeys are the fields of lines of a body that is text: crashes before
// iOS 15, and reports of resources to this day.
var textKeys = map[string]string{
	"Path": "path", "Identifier": "bundle_id", "Version": "version", "Role": "role", "OS Version": "os_version",
	"Hardware Model": "model", "Hardware model": "model", "Incident Identifier": "incident_id", "CrashReporter Key": "reporter_key",
	"Exception Codes": "exception_codes", "Exception Subtype": "exception_subtype", "Exception Message": "exception_message",
	"Exception Note": "exception_message", "Termination Description": "termination_reason", "Event": "event",
	"Termination Signal": "termination_indicator", "UUID": "uuid", "Command": "process",
}

// numberedKeys are those of lines that name a process or group, and its
// number in brackets.
var numberedKeys = map[string][2]string{
	"Process": {"process", "pid"}, "Parent Process": {"parent", "parent_pid"}, "Parent": {"parent", "parent_pid"},
	"Responsible": {"responsible", "responsible_pid"}, "Coalition": {"coalition", ""}, "Terminating Process": {"terminated_by", ""},
}

// numberKeys are those of lines that hold a number.
var numberKeys = map[string]string{"PID": "pid", "UID": "user_id", "User ID": "user_id", "Triggered by Thread": "thread"}

// section is the part of a report's text that a line belongs to.
type section uint8

const (
	sectionKeys    section = iota // key and value
	sectionCrashed                // the stack of the thread that crashed
	sectionLast                   // the stack of the exception before it
	sectionThread                 // any other thread, or its registers
	sectionImages
)

func (c *crashReport) readText() {
	in := sectionKeys
	var frames, last []string
	count := int64(0)
	for l := range ips.Lines(c.report.Body) {
		if next, ok := c.section(l, in); ok {
			in = next
			continue
		}
		switch in {
		case sectionKeys:
			c.line(l)
		case sectionCrashed:
			if s := textFrame(l.Text); s != "" {
				count++
				frames = c.frame(frames, s)
			}
		case sectionLast:
			if s := textFrame(l.Text); s != "" {
				last = c.frame(last, s)
			}
		case sectionImages:
			if path, uuid, ok := textImage(l.Text); ok && c.imageCount < maxImages {
				c.image(path, uuid)
			}
		}
	}
	c.set("frames", artifact.StringsValue(frames))
	c.set("exception_frames", artifact.StringsValue(last))
	if count > 0 {
		c.set("frame_count", artifact.IntValue(count))
	}
}

func (c *crashReport) frame(list []string, s string) []string {
	if len(list) == maxFrames {
		return list
	}
	return append(list, c.Cut(s))
}

// section tells the line that begins a section of the text.
func (c *crashReport) section(l ips.Line, in section) (section, bool) {
	rest, isThread := strings.CutPrefix(l.Text, "Thread ")
	number, after, _ := strings.Cut(rest, " ")
	switch {
	case isThread && strings.HasPrefix(after, "name:"):
		crashed, known := c.values["thread"].Int()
		if n, err := strconv.ParseInt(number, 10, 64); err == nil && known && n == crashed {
			c.text("thread_name", l.Value)
		}
		return sectionThread, true
	case isThread && after == "Crashed:":
		if n, err := strconv.ParseInt(number, 10, 64); err == nil {
			c.set("thread", artifact.IntValue(n))
		}
		return sectionCrashed, true
	case isThread:
		return sectionThread, true
	case l.Key == "Last Exception Backtrace":
		return sectionLast, true
	case l.Key == "Binary Images" && l.Value == "":
		return sectionImages, true
	}
	return in, false
}

// line reads a line of key and value.
func (c *crashReport) line(l ips.Line) {
	if l.Value == "" {
		return
	}
	switch l.Key {
	case "Date/Time":
		c.crashed = l.Value
	case "Launch Time":
		c.launched = l.Value
	case "Exception Type":
		kind, signal, _ := strings.Cut(l.Value, " (")
		c.text("exception_type", kind)
		c.text("exception_signal", strings.TrimSuffix(signal, ")"))
	case "Termination Reason":
		c.termination(l.Value)
	default:
		c.plainLine(l)
	}
}

func (c *crashReport) plainLine(l ips.Line) {
	if field := textKeys[l.Key]; field != "" {
		c.text(field, l.Value)
		return
	}
	if fields, ok := numberedKeys[l.Key]; ok {
		name, n, numbered := ips.Numbered(l.Value)
		c.text(fields[0], name)
		if numbered && fields[1] != "" {
			c.set(fields[1], artifact.IntValue(n))
		}
		return
	}
	if field := numberKeys[l.Key]; field != "" {
		if n, err := strconv.ParseInt(l.Value, 10, 64); err == nil {
			c.set(field, artifact.IntValue(n))
		}
	}
}

// termination reads the two ways in which a reason is written: "Namespace
// SIGNAL, Code 0xb", and "SIGNAL 11 Segmentation fault: 11" since iOS 14.
func (c *crashReport) termination(s string) {
	c.text("termination_reason", s)
	namespace, rest, _ := strings.Cut(strings.TrimPrefix(s, "Namespace "), " ")
	c.text("termination_namespace", strings.TrimSuffix(strings.TrimSuffix(namespace, ","), ";"))
	rest = strings.TrimSpace(strings.TrimLeft(strings.TrimPrefix(rest, "Code "), "<"))
	code, _, _ := strings.Cut(rest, " ")
	if n, err := strconv.ParseUint(strings.Trim(code, ">,;"), 0, 64); err == nil {
		c.set("termination_code", artifact.IntValue(int64(n)))
	}
}

// textFrame writes a frame's line, "0   dyld   0x1acf7d5c0 0x1acf77000 + 26048",
// without its number and address; "" for a line that is none.
func textFrame(s string) string {
	f := strings.Fields(s)
	if len(f) < 3 {
		return ""
	}
	if _, err := strconv.ParseUint(f[0], 10, 32); err != nil {
		return ""
	}
	// Names of images may hold blanks: the address ends them.
	address := 2
	for address < len(f) && !strings.HasPrefix(f[address], "0x") {
		address++
	}
	if address == len(f) {
		return ""
	}
	rest := f[address+1:]
	if len(rest) > 0 && strings.HasPrefix(rest[0], "0x") {
		rest = rest[1:]
	}
	return strings.TrimSpace(strings.Join(f[1:address], " ") + " " + strings.Join(rest, " "))
}

// textImage reads a line of the list of images: "0x104 - 0x107 homed arm64
// <uuid> /path".
func textImage(s string) (path, uuid string, ok bool) {
	if !strings.HasPrefix(s, "0x") {
		return "", "", false
	}
	open := strings.LastIndexByte(s, '<')
	if open < 0 {
		return "", "", false
	}
	uuid, path, ok = strings.Cut(s[open+1:], ">")
	return strings.TrimSpace(path), uuid, ok
}
