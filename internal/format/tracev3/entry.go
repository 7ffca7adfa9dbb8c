package tracev3

import (
	"time"
)

// A Type says what an entry is.
type Type uint8

// The types of entries.
const (
	Activity Type = 2
	Trace    Type = 3
	Log      Type = 4
	Signpost Type = 6
	Loss     Type = 7
	// State is a dump of what a process keeps, such as the list of apps.
	State Type = 0x80
	// Simple is an entry whose text was made by its writer.
	Simple Type = 0x81
)

var typeNames = map[Type]string{
	Activity: "activity", Trace: "trace", Log: "log", Signpost: "signpost", Loss: "loss",
	State: "state", Simple: "simple",
}

// String returns the name of the type.
func (t Type) String() string {
	if s, ok := typeNames[t]; ok {
		return s
	}
	return "unknown"
}

// An Entry is one entry of a log. It is valid until the next.
type Entry struct {
	Offset int64 // in the file, of the chunk that holds it
	Length int64 // of that chunk
	Inner  int64 // in the content of that chunk, once unpacked
	Type   Type
	// Code is the level of a log entry, and the scope and part of a signpost.
	Code     byte
	Boot     UUID
	Ticks    uint64   // continuous time of the kernel
	Process  *Process // nil where the catalog does not have it
	Thread   uint64
	Activity uint64 // that the thread was in, 0 for none
	Parent   uint64 // of the activity that the entry begins
	New      uint64 // the activity that it begins
	TTL      uint8  // days that logd wanted to keep it
	Signpost uint64 // identifier of a signpost
	Lost     uint64 // entries lost, of a Loss
	Name     string // of a State

	s       *scanner
	flags   uint16
	sub     uint16
	dataRef uint16
	ref     uint64 // of the format string
	dynamic bool   // the format string is "%s"
	pc      uint64
	nameRef uint64
	image   UUID // that the entry names for itself
	args    []byte
	private []byte
	format  *format
	sender  *Image
	looked  bool
}

// Time returns when the entry was written, and false where the log does not
// tell.
func (e *Entry) Time() (time.Time, bool) {
	ns, ok := e.Nanoseconds()
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(0, ns).UTC(), true
}

// Nanoseconds is Time as nanoseconds since 1970.
func (e *Entry) Nanoseconds() (int64, bool) { return e.s.boot.nanoseconds(e.Ticks) }

var levels = map[byte]string{
	0: "default", 1: "info", 2: "debug", 3: "user_action", 0x10: "error", 0x11: "fault",
}

// Level returns the level of a log or trace entry, "" for the others.
func (e *Entry) Level() string {
	if e.Type != Log && e.Type != Trace {
		return ""
	}
	if s, ok := levels[e.Code]; ok {
		return s
	}
	return "default"
}

// Scope returns the scope of a signpost, thread, process or system, and
// whether it is an event, or the begin or end of an interval.
func (e *Entry) Scope() (scope, part string) {
	if e.Type != Signpost {
		return "", ""
	}
	scopes := map[byte]string{0x40: "thread", 0x80: "process", 0xc0: "system"}
	parts := map[byte]string{0: "event", 1: "begin", 2: "end"}
	return scopes[e.Code&0xc0], parts[e.Code&0x3f]
}

// Subsystem returns the subsystem and category that the entry was written
// to, "" where it names none.
func (e *Entry) Subsystem() (name, category string) {
	if e.Process == nil || e.flags&flagSubsystem == 0 || e.Type == Activity {
		return "", ""
	}
	return e.Process.subsystem(e.sub)
}

// ProcessImage returns the executable of the process.
func (e *Entry) ProcessImage() Image {
	if e.Process == nil {
		return Image{}
	}
	if e.s.strings == nil {
		return Image{ID: e.Process.Image}
	}
	return e.s.strings.image(e.Process.Image).image
}

// Sender returns the executable or library that wrote the entry.
func (e *Entry) Sender() Image {
	e.lookup()
	if e.sender == nil {
		return Image{}
	}
	return *e.sender
}

// FormatString returns the format string, and false where it was not found.
func (e *Entry) FormatString() (string, bool) {
	e.lookup()
	if e.format == nil {
		return "", false
	}
	return e.format.text, true
}

// SignpostName returns the name of a signpost, "" where it was not found.
func (e *Entry) SignpostName() string {
	if e.Type != Signpost || e.flags&flagName == 0 || e.s.strings == nil {
		return ""
	}
	f, _ := e.find(e.nameRef)
	if f == nil {
		return ""
	}
	return f.text
}

// dynamicFormat is the format of an entry whose text was made by its writer.
var dynamicFormat = compile("%s", nil)

// lookup finds the format string and the sender.
func (e *Entry) lookup() {
	if e.looked {
		return
	}
	e.looked = true
	if e.s.strings == nil || e.Type == Loss || e.Type >= State {
		return
	}
	if !e.dynamic {
		e.format, e.sender = e.find(e.ref)
		return
	}
	e.format = dynamicFormat
	_, e.sender = e.find(e.ref)
}

// find returns the string that the entry refers to by ref, in the file that
// its flags tell, and the image whose string it is.
func (e *Entry) find(ref uint64) (*format, *Image) {
	strs, p := e.s.strings, e.Process
	switch e.flags & flagsSource {
	case sourceShared, sourceLargeShared:
		if p == nil {
			return nil, nil
		}
		c := strs.cache(p.Cache)
		if f := c.format(strs, p.Cache, ref); f != nil && !e.dynamic {
			return f, f.image
		}
		if m := c.at(strs, p.Cache, e.pc); m != nil {
			return nil, m
		}
		return nil, c.at(strs, p.Cache, ref)
	case sourceRelative:
		return e.in(e.image, ref)
	case sourceAbsolute:
		if p == nil {
			return nil, nil
		}
		if id, ok := p.loadedAt(e.pc); ok {
			return e.in(id, ref)
		}
		return nil, nil
	}
	if p == nil {
		return nil, nil
	}
	return e.in(p.Image, ref)
}

func (e *Entry) in(id UUID, ref uint64) (*format, *Image) {
	u := e.s.strings.image(id)
	if ref > 0xffffffff || e.dynamic {
		return nil, &u.image
	}
	return u.format(e.s.strings, uint32(ref)), &u.image
}
