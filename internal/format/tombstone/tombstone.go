// Package tombstone reads the files that Android's debuggerd writes of a
// process that crashed in native code: in text, as all versions do, and as the
// protocol buffer that Android 12 and later write beside it.
//
// Start with Parse, which tells the two apart. Both are described by
// https://cs.android.com/android/platform/superproject/main/+/main:system/core/debuggerd
// (proto/tombstone.proto, libdebuggerd/tombstone_proto_to_text.cpp).
package tombstone

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/limit"
)

// A Tombstone is what one file says. A value that it does not tell is empty.
type Tombstone struct {
	Protobuf         bool   // it was read from the protocol buffer
	Arch             string // of the process: arm, arm64, x86, x86_64, riscv64
	BuildFingerprint string // of the system: brand/product/device:version/build/number:type/keys
	Revision         string // of the hardware
	Timestamp        string // as written: 2023-04-12 12:32:40.518290770+0200
	PID, TID         int64  // the process and the thread that crashed
	UID              int64  // user of the process, -1 where it is not told
	SELinuxLabel     string
	CommandLine      []string // words of it; one word from a text, which joins them by blanks
	Uptime           int64    // seconds that the process ran, -1 where it is not told
	ThreadName       string   // name of the thread that crashed, cut to 15 bytes by the kernel
	BinaryPath       string   // what the text puts between >>> and <<<: the first word of the command line
	Signal           Signal
	AbortMessage     string
	Causes           []string // what debuggerd takes for the cause
	Details          []Detail // what the program left for this case
	Backtrace        []Frame  // of the thread that crashed
	Threads          int      // number of threads told of
	Mapped           []string // files that were mapped as code, each once, in their order
	OpenFiles        []string // files that were open, in the order of their numbers
	Logs             []Log    // the last lines of the process in the system's logs
	// Cut says that a list was longer than what is kept of it.
	Cut bool
	// Damage says why the file could not be read to its end, nil where it was.
	Damage error
}

// A Signal is what ended the process.
type Signal struct {
	Number   int64
	Name     string // SIGSEGV
	Code     int64
	CodeName string // SEGV_MAPERR
	// Sender says that another process sent it.
	Sender               bool
	SenderPID, SenderUID int64
	FaultAddress         string // in hex, "" where it has none
}

// A Detail is a name and a value that the program set to explain a crash.
type Detail struct{ Name, Value string }

// A Frame is one step of a backtrace.
type Frame struct {
	PC       uint64 // relative to the file
	File     string
	Function string
	Offset   uint64 // of PC from the function's start
	BuildID  string
}

// A Log is one line of the system's log, as the tombstone has it.
type Log struct {
	Buffer, Timestamp, Tag, Message string
	PID, TID                        int64
}

// Bounds of the lists that are kept. A process has a few hundred files mapped
// and open, and debuggerd itself ends a backtrace at 256 steps.
const (
	maxFrames  = 256
	maxMapped  = 4096
	maxOpen    = 4096
	maxLogs    = 4096
	maxCauses  = 64
	maxWords   = 4096
	maxDetails = 64
)

// stars begin a tombstone in text.
var stars = []byte("*** *** *** ***")

// Parse reads a tombstone. The error wraps limit.ErrUnsupported where data is
// none; damage inside of one is told by its Damage.
func Parse(data []byte) (*Tombstone, error) {
	t := &Tombstone{UID: -1, Uptime: -1}
	if bytes.Contains(data[:min(len(data), 4096)], stars) {
		t.readText(data)
	} else {
		t.Protobuf = true
		t.readProto(data)
	}
	if t.PID == 0 && t.BuildFingerprint == "" && t.Signal.Name == "" {
		return nil, errors.Join(fmt.Errorf("%w: no tombstone", limit.ErrUnsupported), t.Damage)
	}
	return t, nil
}

// Time returns the time of the crash, in the offset that the file tells. It
// reports false where there is none, or it has another form.
func (t *Tombstone) Time() (time.Time, bool) {
	for _, layout := range []string{"2006-01-02 15:04:05.999999999-0700", "2006-01-02 15:04:05-0700"} {
		if at, err := time.Parse(layout, t.Timestamp); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// Executable returns the file that the process ran from, as far as its command
// line tells; for an app that is its package, with the name of the process
// after a colon.
func (t *Tombstone) Executable() string {
	if t.BinaryPath != "" {
		return t.BinaryPath
	}
	if len(t.CommandLine) > 0 {
		return t.CommandLine[0]
	}
	return ""
}

// appendMax appends v unless list has max elements.
func appendMax[T any](t *Tombstone, list []T, v T, max int) []T {
	if len(list) >= max {
		t.Cut = true
		return list
	}
	return append(list, v)
}

// A set gathers texts, each once, in their order.
type set struct {
	seen map[string]bool
	list []string
}

func (s *set) add(t *Tombstone, v string, max int) {
	if v == "" || s.seen[v] {
		return
	}
	if len(s.list) >= max {
		t.Cut = true
		return
	}
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	s.seen[v] = true
	s.list = append(s.list, v)
}
