// Package timeline answers what a person asks of the events of one check while
// they zoom: how many of each artifact lie in each part of a span, and which
// they are. An index of some seventeen bytes an event is in memory; the events
// themselves stay where the result folder is.
//
// Start with Read.
package timeline

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/amparo-project/amparo/internal/limit"
)

// Bounds of what is read. A result folder is ours, but it may have travelled.
const (
	MaxEvents = 50_000_000
	maxLine   = 4 * limit.MiB
	maxLanes  = 1 << 15
	maxName   = 128 // of an artifact, in bytes; what is longer is forged, and cut
)

// An Index knows the time, the artifact and the place of every event, in the
// order of time. It does not change: goroutines may share it.
type Index struct {
	lanes  []string // names of artifacts, in order
	times  []int64  // milliseconds since 1970, ascending
	lane   []uint16 // of each event; its highest bit marks a recovered row
	offset []int64  // of each event's line in timeline.jsonl
}

const recoveredBit = 1 << 15

// Read makes the index of timeline.jsonl, which is in the order of time.
// Errors wrap limit.ErrCorrupt and name the line.
func Read(r io.Reader) (*Index, error) {
	x := &Index{}
	byName := map[string]uint16{}
	sc := bufio.NewReaderSize(r, 256*limit.KiB)
	var at int64
	for n := 1; ; n++ {
		line, err := sc.ReadSlice('\n')
		whole := int64(len(line))
		if errors.Is(err, bufio.ErrBufferFull) {
			if line, whole, err = longLine(sc, line); err != nil {
				return nil, fmt.Errorf("timeline, line %d: %w", n, err)
			}
		}
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return x.sorted(), nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("timeline, line %d: %w", n, err)
		}
		if err := x.add(line, at, byName); err != nil {
			return nil, fmt.Errorf("timeline, line %d: %w", n, err)
		}
		at += whole
	}
}

// longLine reads the rest of a line that is longer than the buffer.
func longLine(r *bufio.Reader, begun []byte) ([]byte, int64, error) {
	line := slices.Clone(begun)
	for {
		more, err := r.ReadSlice('\n')
		line = append(line, more...)
		switch {
		case len(line) > maxLine:
			return nil, 0, fmt.Errorf("%w: longer than %d bytes", limit.ErrLimit, maxLine)
		case errors.Is(err, bufio.ErrBufferFull):
		case err == nil || errors.Is(err, io.EOF):
			return line, int64(len(line)), nil
		default:
			return nil, 0, err
		}
	}
}

func (x *Index) add(line []byte, at int64, byName map[string]uint16) error {
	t, name, recovered, err := head(line)
	if err != nil {
		return err
	}
	if len(x.times) == MaxEvents {
		return fmt.Errorf("%w: more than %d events", limit.ErrLimit, MaxEvents)
	}
	name = name[:min(len(name), maxName)]
	lane, ok := byName[string(name)]
	if !ok {
		if len(byName) == maxLanes-1 {
			return fmt.Errorf("%w: more than %d artifacts", limit.ErrLimit, maxLanes-1)
		}
		lane = uint16(len(byName))
		byName[string(name)] = lane
		x.lanes = append(x.lanes, string(name))
	}
	if recovered {
		lane |= recoveredBit
	}
	x.times, x.lane, x.offset = append(x.times, t), append(x.lane, lane), append(x.offset, at)
	return nil
}

// Beginnings of what the pipeline writes, in its order. Within a value of JSON
// a quotation mark has a backslash before it: none of these is found in one.
var (
	timeKey     = []byte(`{"time":"`)
	artifactKey = []byte(`","artifact":"`)
	stateKey    = []byte(`"state":"`)
)

// head reads what the index needs of a line, without the rest.
func head(line []byte) (ms int64, artifact []byte, recovered bool, err error) {
	rest, ok := bytes.CutPrefix(line, timeKey)
	stamp, rest, cut := bytes.Cut(rest, artifactKey)
	end := bytes.IndexByte(rest, '"')
	if !ok || !cut || end < 0 || bytes.IndexByte(rest[:end], '\\') >= 0 {
		return slowHead(line)
	}
	t, err := time.Parse(time.RFC3339Nano, string(stamp))
	if err != nil {
		return 0, nil, false, fmt.Errorf("%w: %w", limit.ErrCorrupt, err)
	}
	state := ""
	if i := bytes.LastIndex(rest, stateKey); i >= 0 {
		value := rest[i+len(stateKey):]
		state = string(value[:max(0, bytes.IndexByte(value, '"'))])
	}
	return t.UnixMilli(), rest[:end], isRecovered(state), nil
}

// slowHead reads a line that another program wrote.
func slowHead(line []byte) (ms int64, artifact []byte, recovered bool, err error) {
	var e Event
	if err := json.Unmarshal(line, &e); err != nil {
		return 0, nil, false, fmt.Errorf("%w: %w", limit.ErrCorrupt, err)
	}
	return e.Time.UnixMilli(), []byte(e.Artifact), e.Recovered(), nil
}

// isRecovered reports whether a state is of a row that is no longer in its
// table.
func isRecovered(state string) bool { return state != "" && state != "live" && state != "wal" }

// sorted puts events in order where the file is not: it may be forged.
func (x *Index) sorted() *Index {
	if slices.IsSorted(x.times) {
		return x
	}
	order := make([]int, len(x.times))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case x.times[a] < x.times[b]:
			return -1
		case x.times[a] > x.times[b]:
			return 1
		}
		return 0
	})
	out := &Index{lanes: x.lanes, times: make([]int64, len(order)), lane: make([]uint16, len(order)), offset: make([]int64, len(order))}
	for i, from := range order {
		out.times[i], out.lane[i], out.offset[i] = x.times[from], x.lane[from], x.offset[from]
	}
	return out
}

// Len is the number of events.
func (x *Index) Len() int { return len(x.times) }

// Bytes is about what the index takes in memory.
func (x *Index) Bytes() int64 { return int64(len(x.times)) * 18 }

// Span returns the times of the first and the last event, in milliseconds; of
// an empty index zero.
func (x *Index) Span() (from, to int64) {
	if len(x.times) == 0 {
		return 0, 0
	}
	return x.times[0], x.times[len(x.times)-1]
}

// A Lane is how many events of an artifact lie in each part of a span.
type Lane struct {
	Artifact  string  `json:"artifact"`
	Total     int64   `json:"total"`
	Counts    []int32 `json:"counts"`
	Recovered []int32 `json:"recovered,omitempty"` // of them; nil: none
}

// MaxBuckets bounds into how many parts a span is cut.
const MaxBuckets = 2000

// Count cuts the span from ≤ time ≤ to into n parts and counts. Artifacts
// without an event in it are left out. All of a million events take some
// milliseconds.
func (x *Index) Count(from, to int64, n int) []Lane {
	n = max(1, min(n, MaxBuckets))
	all := make([]Lane, len(x.lanes))
	width := float64(n) / float64(max(1, to-from+1))
	for i := x.first(from); i < len(x.times) && x.times[i] <= to; i++ {
		lane := &all[x.lane[i]&^recoveredBit]
		if lane.Counts == nil {
			lane.Counts = make([]int32, n)
		}
		b := min(n-1, int(float64(x.times[i]-from)*width))
		lane.Counts[b]++
		lane.Total++
		if x.lane[i]&recoveredBit != 0 {
			if lane.Recovered == nil {
				lane.Recovered = make([]int32, n)
			}
			lane.Recovered[b]++
		}
	}
	out := all[:0]
	for i := range all {
		if all[i].Counts != nil {
			all[i].Artifact = x.lanes[i]
			out = append(out, all[i])
		}
	}
	slices.SortFunc(out, func(a, b Lane) int {
		if a.Artifact < b.Artifact {
			return -1
		}
		return 1
	})
	return out
}

// first is the number of the first event at a time or later.
func (x *Index) first(at int64) int {
	i, _ := slices.BinarySearch(x.times, at)
	return i
}

// Rows returns the numbers of the events of a span, from the number after on,
// at most n of them; artifact narrows it unless it is "". more says that there
// are others.
func (x *Index) Rows(from, to int64, artifact string, after, n int) (rows []int, more bool) {
	want := -1
	if artifact != "" {
		if want = slices.Index(x.lanes, artifact); want < 0 {
			return nil, false
		}
	}
	for i := max(x.first(from), after); i < len(x.times) && x.times[i] <= to; i++ {
		if want >= 0 && int(x.lane[i]&^recoveredBit) != want {
			continue
		}
		if len(rows) == n {
			return rows, true
		}
		rows = append(rows, i)
	}
	return rows, false
}

// An Event is a line of timeline.jsonl.
type Event struct {
	Time     time.Time `json:"time"`
	Artifact string    `json:"artifact"`
	Event    string    `json:"event"`
	Summary  string    `json:"summary"`
	Where    struct {
		Path   string `json:"path"`
		Table  string `json:"table"`
		RowID  *int64 `json:"rowid"`
		Offset int64  `json:"offset"`
		State  string `json:"state"`
	} `json:"provenance"`
}

// Recovered reports whether the event is of a row that is no longer in its
// table.
func (e *Event) Recovered() bool { return isRecovered(e.Where.State) }

// Event reads one event of timeline.jsonl by its number.
func (x *Index) Event(file io.ReaderAt, row int) (Event, error) {
	var e Event
	if row < 0 || row >= len(x.offset) {
		return e, fmt.Errorf("%w: no event %d", limit.ErrCorrupt, row)
	}
	r := bufio.NewReader(io.NewSectionReader(file, x.offset[row], maxLine))
	line, err := r.ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return e, err
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return e, fmt.Errorf("timeline, event %d: %w: %w", row, limit.ErrCorrupt, err)
	}
	return e, nil
}
