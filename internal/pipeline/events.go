package pipeline

import (
	"encoding/binary"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/extsort"
)

// maxSummary bounds one line of the timeline, in bytes.
const maxSummary = 400

// eventSink turns the times of records into events for the timeline's sorter.
type eventSink struct {
	sorter       *extsort.Sorter // nil: events are only counted
	since, until time.Time
	task         uint32
	seq          uint64
	path         string
	words        *vocabulary
	days         *activity // of the events that the timeline takes
	buf          []byte
	summary      []byte
	names        []byte // of what happened

	events   int64
	from, to time.Time
}

// add takes the events of one record.
func (s *eventSink) add(r *artifact.Record) {
	first := true
	for i := range r.Times {
		t := &r.Times[i]
		if t.At.IsZero() || told(r.Times[:i], t.At) {
			continue
		}
		s.note(t.At)
		if s.sorter == nil || s.outside(t.At) {
			continue
		}
		if first {
			s.describe(r)
			first = false
		}
		s.put(r, t.At, s.meanings(r.Times[i:]))
	}
}

// told reports whether an earlier time of the record is the same instant:
// what happened to a record at one time is one event.
func told(earlier []artifact.Time, at time.Time) bool {
	for i := range earlier {
		if earlier[i].At.Equal(at) {
			return true
		}
	}
	return false
}

// meanings joins the meanings of all times that are the first's instant:
// "created, modified".
func (s *eventSink) meanings(times []artifact.Time) []byte {
	s.names = appendMeaning(s.names[:0], &times[0])
	for i := range times[1:] {
		if t := &times[i+1]; t.At.Equal(times[0].At) {
			s.names = appendMeaning(append(s.names, ", "...), t)
		}
	}
	return s.names
}

// unknownZone marks an event whose time is that of a clock in a time zone that
// the evidence does not tell.
const unknownZone = " (time zone unknown)"

func appendMeaning(b []byte, t *artifact.Time) []byte {
	b = append(b, t.Meaning...)
	if t.Epoch == artifact.LocalCalendar {
		b = append(b, unknownZone...)
	}
	return b
}

func (s *eventSink) note(at time.Time) {
	s.events++
	if s.from.IsZero() || at.Before(s.from) {
		s.from = at
	}
	if at.After(s.to) {
		s.to = at
	}
}

func (s *eventSink) outside(at time.Time) bool {
	return !s.since.IsZero() && at.Before(s.since) || !s.until.IsZero() && !at.Before(s.until)
}

func (s *eventSink) describe(r *artifact.Record) {
	s.summary = r.AppendSummary(s.summary[:0])
	s.summary = s.summary[:min(len(s.summary), maxSummary)]
}

// put hands one event to the sorter. The key orders events by time, then by
// task and by the order in which the parser gave them, so that every run of
// the same evidence gives the same timeline.
func (s *eventSink) put(r *artifact.Record, at time.Time, meanings []byte) {
	s.seq++
	var key [20]byte
	binary.BigEndian.PutUint64(key[:], uint64(at.UnixNano())^(1<<63))
	binary.BigEndian.PutUint32(key[8:], s.task)
	binary.BigEndian.PutUint64(key[12:], s.seq)

	s.days.count(at)
	b := appendWord(s.words, meaningSlot, s.buf[:0], meanings)
	b = appendWord(s.words, tableSlot, b, r.Loc.Table)
	path := ""
	if r.Loc.Path != s.path {
		path = r.Loc.Path
	}
	b = appendWord(s.words, pathSlot, b, path)
	b = appendWord(s.words, stateSlot, b, string(r.Loc.State))
	b = appendText(b, s.summary)
	row := byte(0)
	if r.Loc.Row {
		row = 1
	}
	b = append(b, row)
	b = binary.AppendVarint(b, r.Loc.RowID)
	b = binary.AppendVarint(b, r.Loc.Offset)
	b = binary.AppendVarint(b, r.Loc.Length)
	s.buf = b
	s.sorter.Put(key[:], b)
}

func appendText[T string | []byte](b []byte, s T) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// event is one event as read back from the sorter. Its slices are valid as
// long as the item's.
type event struct {
	at                          time.Time
	task                        uint32
	meaning, table, path, state *word
	summary                     []byte
	row                         bool
	rowid, offset, length       int64
}

// decode reads an item that put wrote. The sorter gives back what it took, so
// there is nothing to go wrong but the disk, which the sorter tells.
func (e *event) decode(it extsort.Item, sources []source) {
	ns := int64(binary.BigEndian.Uint64(it.Key) ^ (1 << 63))
	e.at = time.Unix(0, ns).UTC()
	e.task = binary.BigEndian.Uint32(it.Key[8:])
	words, b := sources[e.task].words, it.Payload
	e.meaning, b = words.read(b)
	e.table, b = words.read(b)
	e.path, b = words.read(b)
	e.state, b = words.read(b)
	n, k := binary.Uvarint(b)
	e.summary = b[k : k+int(n)]
	b = b[k+int(n):]
	e.row = b[0] == 1
	b = b[1:]
	for _, field := range []*int64{&e.rowid, &e.offset, &e.length} {
		n, k := binary.Varint(b)
		*field = n
		b = b[k:]
	}
}
