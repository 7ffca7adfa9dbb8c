package tombstone

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// The forms of the lines that hold more than one value.
var (
	pidLine    = regexp.MustCompile(`^pid: (\d+), tid: (\d+), name: (.*?)\s+>>> (.*) <<<$`)
	signalLine = regexp.MustCompile(`^signal (-?\d+) \(([^)]*)\), code (-?\d+) \(([A-Z0-9_?]+)(?: from pid (-?\d+), uid (-?\d+))?\)(?:, fault addr (\S+))?`)
	frameLine  = regexp.MustCompile(`^#\d+ +pc ([0-9a-f]+) +(\S.*)$`)
	buildID    = regexp.MustCompile(` \(BuildId: ([0-9a-f]+)\)`)
	function   = regexp.MustCompile(` \((.+)\+(\d+)\)$`)
	inArchive  = regexp.MustCompile(` \(offset 0x[0-9a-f]+\)`)
	mapLine    = regexp.MustCompile(`^(?:--->)?\s*[0-9a-f']+-[0-9a-f']+ [r-][w-]([xs-]).? +[0-9a-f]+ +[0-9a-f]+  (/.*)$`)
	openLine   = regexp.MustCompile(`^fd \d+: (.*?)(?: \((?:unowned|owned by .*)\))?$`)
	logLine    = regexp.MustCompile(`^(\d\d-\d\d \d\d:\d\d:\d\d\.\d+)\s+(\d+)\s+(\d+) [A-Z] (.*?)\s*: (.*)$`)
	loadBias   = regexp.MustCompile(` \(load bias 0x[0-9a-f]+\)`)
)

// A part is what a line of the text belongs to.
type part uint8

const (
	head part = iota
	backtrace
	memoryMap
	openFiles
	log
	other
)

// A textReading is where the reading of a text has come to.
type textReading struct {
	t      *Tombstone
	in     part
	first  bool // in the part of the thread that crashed
	buffer string
	mapped set
	abort  bool // the message of an abort goes on
}

func (t *Tombstone) readText(data []byte) {
	r := &textReading{t: t, first: true}
	for len(data) > 0 {
		line := data
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			line, data = data[:i], data[i+1:]
		} else {
			data = nil
		}
		r.line(strings.ToValidUTF8(strings.TrimRight(string(line), "\r"), "\ufffd"))
	}
	t.Mapped = r.mapped.list
}

// line takes one line. What begins a part also ends the one before.
func (r *textReading) line(s string) {
	trimmed := strings.TrimSpace(s)
	switch {
	case r.abort:
		r.abortMessage(s)
	case strings.HasPrefix(s, "--- --- --- "), s == "--- --- ---":
		r.first, r.in = false, other
	case trimmed == "backtrace:":
		r.in = backtrace
	case strings.HasPrefix(s, "memory map"):
		r.in = memoryMap
	case strings.HasPrefix(s, "open files:"):
		r.in = openFiles
	case strings.HasPrefix(s, "stack:"), strings.HasPrefix(s, "memory near "):
		r.in = other
	case strings.HasPrefix(s, "--------- "):
		r.in = log
		r.buffer = s[strings.LastIndexByte(s, ' ')+1:]
	default:
		r.inPart(trimmed)
	}
}

func (r *textReading) inPart(s string) {
	switch r.in {
	case head:
		r.head(s)
	case backtrace:
		if m := frameLine.FindStringSubmatch(s); m != nil && r.first {
			r.t.Backtrace = appendMax(r.t, r.t.Backtrace, textFrame(m), maxFrames)
		}
	case memoryMap:
		if m := mapLine.FindStringSubmatch(s); m != nil && m[1] == "x" {
			name := loadBias.ReplaceAllString(buildID.ReplaceAllString(m[2], ""), "")
			r.mapped.add(r.t, name, maxMapped)
		}
	case openFiles:
		if m := openLine.FindStringSubmatch(s); m != nil {
			r.t.OpenFiles = appendMax(r.t, r.t.OpenFiles, m[1], maxOpen)
		}
	case log:
		if m := logLine.FindStringSubmatch(s); m != nil {
			l := Log{Buffer: r.buffer, Timestamp: m[1], PID: number(m[2]), TID: number(m[3]), Tag: m[4], Message: m[5]}
			r.t.Logs = appendMax(r.t, r.t.Logs, l, maxLogs)
		}
	case other:
		if !r.first && pidLine.MatchString(s) {
			r.t.Threads++
		}
	}
}

// head reads a line of the head of the file.
func (r *textReading) head(s string) {
	t := r.t
	if m := pidLine.FindStringSubmatch(s); m != nil {
		t.PID, t.TID, t.ThreadName, t.BinaryPath = number(m[1]), number(m[2]), m[3], m[4]
		t.Threads = 1
		return
	}
	if m := signalLine.FindStringSubmatch(s); m != nil {
		r.signal(m)
		return
	}
	key, value, ok := strings.Cut(s, ": ")
	if !ok {
		return
	}
	switch key {
	case "Build fingerprint":
		t.BuildFingerprint = strings.Trim(value, "'")
	case "Revision":
		t.Revision = strings.Trim(value, "'")
	case "ABI":
		t.Arch = strings.Trim(value, "'")
	case "Timestamp":
		t.Timestamp = value
	case "Process uptime":
		t.Uptime = number(strings.TrimSuffix(value, "s"))
	case "Cmdline":
		t.CommandLine = []string{value}
	case "uid":
		t.UID = number(value)
	case "Cause":
		t.Causes = appendMax(t, t.Causes, value, maxCauses)
	case "Abort message":
		r.abortMessage(value)
	}
}

// abortMessage gathers a message, which may go on over lines up to a quote.
func (r *textReading) abortMessage(s string) {
	t := r.t
	if r.abort {
		t.AbortMessage += "\n" + s
	} else {
		t.AbortMessage = strings.TrimPrefix(s, "'")
	}
	const registers = "    r0 "
	if r.abort = !strings.HasSuffix(t.AbortMessage, "'") && len(t.AbortMessage) < 64<<10 && !strings.HasPrefix(s, registers); !r.abort {
		t.AbortMessage = strings.TrimSuffix(t.AbortMessage, "'")
	}
}

func (r *textReading) signal(m []string) {
	s := &r.t.Signal
	s.Number, s.Name, s.Code, s.CodeName = number(m[1]), m[2], number(m[3]), m[4]
	if m[5] != "" {
		s.Sender, s.SenderPID, s.SenderUID = true, number(m[5]), number(m[6])
	}
	if strings.HasPrefix(m[7], "0x") {
		s.FaultAddress = m[7]
	}
}

func textFrame(m []string) (f Frame) {
	f.PC, _ = strconv.ParseUint(m[1], 16, 64)
	f.File = m[2]
	if id := buildID.FindStringSubmatch(f.File); id != nil {
		f.BuildID = id[1]
		f.File = buildID.ReplaceAllString(f.File, "")
	}
	f.File = inArchive.ReplaceAllString(f.File, "")
	if fn := function.FindStringSubmatchIndex(f.File); fn != nil {
		f.Function = f.File[fn[2]:fn[3]]
		f.Offset, _ = strconv.ParseUint(f.File[fn[4]:fn[5]], 10, 64)
		f.File = f.File[:fn[0]]
	}
	return f
}

func number(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
