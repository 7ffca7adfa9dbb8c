package tombstone

import (
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/amparo-project/amparo/internal/limit"
)

// architectures are the names of the enumeration of that name.
var architectures = []string{"arm", "arm64", "x86", "x86_64", "riscv64", "none"}

// A field is one field of a message.
type field struct {
	num   protowire.Number
	value uint64 // of a varint or a fixed field
	bytes []byte // of a text or a message
}

func (f field) text() string { return strings.ToValidUTF8(string(f.bytes), "\ufffd") }
func (f field) int() int64   { return int64(int32(f.value)) }

// message calls each at every field of a message, in their order. Messages
// within are walked by whoever knows them, so that no message can nest deeper
// than the format does. Groups, which it does not have, end it.
func message(data []byte, each func(field)) error {
	for at := 0; at < len(data); {
		num, typ, n := protowire.ConsumeTag(data[at:])
		if n < 0 {
			return broken(at)
		}
		f := field{num: num}
		rest := data[at+n:]
		m := 0
		switch typ {
		case protowire.VarintType:
			f.value, m = protowire.ConsumeVarint(rest)
		case protowire.Fixed64Type:
			f.value, m = protowire.ConsumeFixed64(rest)
		case protowire.Fixed32Type:
			var v uint32
			v, m = protowire.ConsumeFixed32(rest)
			f.value = uint64(v)
		case protowire.BytesType:
			f.bytes, m = protowire.ConsumeBytes(rest)
		default:
			return fmt.Errorf("%w: a group at byte %d", limit.ErrCorrupt, at)
		}
		if m < 0 {
			return broken(at)
		}
		each(f)
		at += n + m
	}
	return nil
}

// broken tells of a field. What protowire says of it differs from build to build.
func broken(at int) error {
	return fmt.Errorf("%w: the field at byte %d is cut off or is none", limit.ErrCorrupt, at)
}

// inner walks a message within the file. Damage of one costs it alone.
func (t *Tombstone) inner(data []byte, each func(field)) {
	if err := message(data, each); err != nil && t.Damage == nil {
		t.Damage = err
	}
}

func (t *Tombstone) readProto(data []byte) {
	var mapped, threads set
	t.Arch = architectures[0] // what a varint of 0 would say is left out
	t.UID = 0
	err := message(data, func(f field) {
		switch f.num {
		case 1:
			t.Arch = strconv.FormatUint(f.value, 10)
			if f.value < uint64(len(architectures)) {
				t.Arch = architectures[f.value]
			}
		case 2:
			t.BuildFingerprint = f.text()
		case 3:
			t.Revision = f.text()
		case 4:
			t.Timestamp = f.text()
		case 5:
			t.PID = f.int()
		case 6:
			t.TID = f.int()
		case 7:
			t.UID = int64(uint32(f.value))
		case 8:
			t.SELinuxLabel = f.text()
		case 9:
			t.CommandLine = appendMax(t, t.CommandLine, f.text(), maxWords)
		case 10:
			t.inner(f.bytes, t.signalField)
		case 14:
			t.AbortMessage = f.text()
		case 20:
			t.Uptime = int64(uint32(f.value))
		default:
			t.listField(f, &mapped, &threads)
		}
	})
	t.Mapped = mapped.list
	t.Threads = len(threads.list)
	if t.Uptime < 0 {
		t.Uptime = 0
	}
	if err != nil {
		t.Damage = err
	}
}

// maxThreads bounds the numbers of threads that are kept to count them.
const maxThreads = 65536

func (t *Tombstone) listField(f field, mapped, threads *set) {
	switch f.num {
	case 15:
		t.inner(f.bytes, func(f field) {
			if f.num == 1 {
				t.Causes = appendMax(t, t.Causes, f.text(), maxCauses)
			}
		})
	case 16:
		t.threadEntry(f.bytes, threads)
	case 17:
		t.mapping(f.bytes, mapped)
	case 18:
		t.logBuffer(f.bytes)
	case 19:
		t.inner(f.bytes, func(f field) {
			if f.num == 2 {
				t.OpenFiles = appendMax(t, t.OpenFiles, f.text(), maxOpen)
			}
		})
	case 21:
		var d Detail
		t.inner(f.bytes, func(f field) {
			switch f.num {
			case 1:
				d.Name = f.text()
			case 2:
				d.Value = f.text()
			}
		})
		t.Details = appendMax(t, t.Details, d, maxDetails)
	}
}

func (t *Tombstone) signalField(f field) {
	s := &t.Signal
	switch f.num {
	case 1:
		s.Number = f.int()
	case 2:
		s.Name = f.text()
	case 3:
		s.Code = f.int()
	case 4:
		s.CodeName = f.text()
	case 5:
		s.Sender = f.value != 0
	case 6:
		s.SenderUID = f.int()
	case 7:
		s.SenderPID = f.int()
	case 8:
		if f.value != 0 && s.FaultAddress == "" {
			s.FaultAddress = "0x0"
		}
	case 9:
		s.FaultAddress = "0x" + strconv.FormatUint(f.value, 16)
	}
}

// threadEntry reads an entry of the map of threads: its number and the thread.
func (t *Tombstone) threadEntry(data []byte, threads *set) {
	var id int64
	var thread []byte
	t.inner(data, func(f field) {
		switch f.num {
		case 1:
			id = f.int()
		case 2:
			thread = f.bytes
		}
	})
	threads.add(t, strconv.FormatInt(id, 10), maxThreads)
	if id != t.TID || thread == nil {
		return
	}
	t.inner(thread, func(f field) {
		switch f.num {
		case 2:
			t.ThreadName = f.text()
		case 4:
			t.Backtrace = appendMax(t, t.Backtrace, t.frame(f.bytes), maxFrames)
		}
	})
}

func (t *Tombstone) frame(data []byte) (fr Frame) {
	t.inner(data, func(f field) {
		switch f.num {
		case 1:
			fr.PC = f.value
		case 4:
			fr.Function = f.text()
		case 5:
			fr.Offset = f.value
		case 6:
			fr.File = f.text()
		case 8:
			fr.BuildID = f.text()
		}
	})
	return fr
}

// mapping keeps the file of a mapping that may be executed.
func (t *Tombstone) mapping(data []byte, mapped *set) {
	var executable bool
	var name string
	t.inner(data, func(f field) {
		switch f.num {
		case 6:
			executable = f.value != 0
		case 7:
			name = f.text()
		}
	})
	if executable && strings.HasPrefix(name, "/") {
		mapped.add(t, name, maxMapped)
	}
}

func (t *Tombstone) logBuffer(data []byte) {
	var name string
	t.inner(data, func(f field) {
		switch f.num {
		case 1:
			name = f.text()
		case 2:
			l := Log{Buffer: name}
			t.inner(f.bytes, l.field)
			t.Logs = appendMax(t, t.Logs, l, maxLogs)
		}
	})
}

func (l *Log) field(f field) {
	switch f.num {
	case 1:
		l.Timestamp = f.text()
	case 2:
		l.PID = f.int()
	case 3:
		l.TID = f.int()
	case 5:
		l.Tag = f.text()
	case 6:
		l.Message = f.text()
	}
}
