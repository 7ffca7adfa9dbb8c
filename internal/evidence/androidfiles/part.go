package androidfiles

import (
	"bytes"
	"io"
	"path"
	"strings"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/format/dumpsys"
)

// part is a section of a report, as a file of its own. It implements
// evidence.Part.
type part struct {
	*io.SectionReader
	t       *text
	section dumpsys.Section
}

func newPart(t *text, sec dumpsys.Section) *part {
	return &part{io.NewSectionReader(t.file, sec.Offset, sec.Length), t, sec}
}

// Stored implements evidence.File: the section lies in the report's file.
func (p *part) Stored() (string, int64, func() (io.ReadCloser, error)) { return p.t.file.Stored() }

// Whole implements evidence.Part.
func (p *part) Whole() (string, string, int64) { return p.t.path, p.section.Name, p.section.Offset }

// Close implements evidence.File: the report is closed with the source.
func (p *part) Close() error { return nil }

// IsReport reports whether a file is a report with sections by its name.
func IsReport(name string) bool {
	base := path.Base(name)
	lower := strings.ToLower(base)
	if !strings.HasSuffix(lower, ".txt") && !strings.HasSuffix(lower, ".log") {
		return false
	}
	for _, start := range []string{"bugreport", "dumpstate", "dumpsys"} {
		if rest, ok := strings.CutPrefix(lower, start); ok && (rest[0] == '.' || rest[0] == '-' || rest[0] == '_') {
			// dumpstate_log.txt and dumpstate-stats.txt are the log of its making.
			return !strings.Contains(lower, "dumpstate_log") && !strings.HasPrefix(lower, "dumpstate-stats")
		}
	}
	return false
}

// IsMainReport reports whether a file of that name is a bugreport by itself,
// without its archive: bugreport-….txt, dumpstate.txt, dumpState_….log.
func IsMainReport(name string) bool {
	return IsReport(name) && !strings.HasPrefix(strings.ToLower(path.Base(name)), "dumpsys")
}

// services are the first words of what a service prints, for a file that has
// them without the heading: the output of "dumpsys NAME".
var services = []struct{ start, name string }{
	{"ACCESSIBILITY MANAGER (dumpsys accessibility)", "accessibility"},
	{"Current AppOps Service state:", "appops"},
	{"Battery History", "batterystats"},
	{"Applications Database Info:", "dbinfo"},
	{"ADB MANAGER STATE (dumpsys adb)", "adb"},
	{"ChangeId(", "platform_compat"},
	{"Activity Resolver Table:", "package"},
	{"Database versions:", "package"},
	{"Verifiers:", "package"},
	{"Current Device Policy Manager state:", "device_policy"},
	{"ACTIVITY MANAGER", "activity"},
	{"Current Notification Manager state:", "notification"},
	{"NETWORK STATS", "netstats"},
	{"Accounts:", "account"},
}

// whole makes one section of a report without headings, where its first words
// or its name tell the service.
func whole(name string, f evidence.File) []dumpsys.Section {
	head := make([]byte, min(f.Size(), 4096))
	n, err := f.ReadAt(head, 0)
	if n == 0 && err != nil {
		return nil
	}
	head = head[:n]
	all := func(service string) []dumpsys.Section {
		return []dumpsys.Section{{Name: "dumpsys/" + service, Length: f.Size(), Lines: int64(bytes.Count(head, []byte{'\n'}))}}
	}
	for _, s := range services {
		for line := range bytes.Lines(head) {
			if bytes.HasPrefix(line, []byte(s.start)) {
				return all(s.name)
			}
		}
	}
	base := path.Base(name)
	service := strings.TrimSuffix(strings.TrimPrefix(base, "dumpsys"), path.Ext(base))
	if service = strings.Trim(service, "_-. "); service != "" && strings.HasPrefix(base, "dumpsys") {
		return all(service)
	}
	return nil
}
