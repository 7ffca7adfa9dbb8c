package android

import (
	"bytes"
	"regexp"
	"strconv"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
)

// kernelLine takes a line of the kernel's own log, as last_kmsg, pstore and
// dmesg have it: "<6>[   58.202578] c2    486 text", without the level where it
// was left out (printk, Documentation/core-api/printk-basics.rst).
func kernelLine(line []byte, e *logEntry) bool {
	*e = logEntry{tag: []byte("kernel")}
	if number, rest, ok := bytes.Cut(line, []byte{'>'}); ok && len(number) > 1 && len(number) < 5 && number[0] == '<' {
		n, err := strconv.ParseUint(string(number[1:]), 10, 16)
		if err != nil {
			return false
		}
		e.level, line = []byte{'0' + byte(n&7)}, rest // the rest of the number says who wrote it
	}
	if len(line) < 4 || line[0] != '[' {
		return false
	}
	end := bytes.IndexByte(line, ']')
	if end < 0 {
		return false
	}
	e.stamp = bytes.TrimSpace(line[1:end])
	if len(e.stamp) == 0 || len(bytes.Trim(e.stamp, "0123456789.")) != 0 {
		return false
	}
	e.text = bytes.TrimSpace(line[end+1:])
	return true
}

// kernel takes an entry of the kernel's log.
func (l *logcatReading) kernel(s *section, e *logEntry) error {
	l.entries++
	event := ""
	switch {
	case bytes.Contains(e.text, []byte("avc: ")) && bytes.Contains(e.text, []byte("denied")):
		event = "denial"
	case bytes.Contains(e.text, []byte("Kernel panic")) || bytes.Contains(e.text, []byte("Unable to handle kernel")):
		event = "kernel_crash"
	case bytes.HasPrefix(e.text, []byte("Linux version ")):
		event = "boot"
	}
	named := mayName(e.text)
	if event == "" && !named {
		return nil
	}
	return l.entry(s, e, event, named)
}

// auditStamp is the time that the kernel gives with a refused access, in
// seconds since 1970.
var auditStamp = regexp.MustCompile(`audit\((\d{9,11})\.(\d{3}):\d+\)`)

// kernelTime sets the time of an entry whose stamp counts from the start of the
// phone: that of the audit in it, if there is one. When a phone started whose
// log outlived it is not told.
func kernelTime(rec *artifact.Record, text string) {
	m := auditStamp.FindStringSubmatch(text)
	if m == nil {
		return
	}
	sec, err := strconv.ParseInt(m[1], 10, 64)
	ms, err2 := strconv.ParseInt(m[2], 10, 64)
	if err == nil && err2 == nil {
		rec.WhenAt("logged", time.Unix(sec, ms*int64(time.Millisecond)).UTC())
	}
}
