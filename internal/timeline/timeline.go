// Package timeline answers what a person asks of the events of a check, or of
// all checks of a phone, while they zoom: how many of each artifact lie in each
// part of a span, and which they are. An index of some six bytes an event lies
// beside the result; little of it is read for an answer, and the events
// themselves stay where the result folder is.
//
// Start with Build and Open.
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

// ReadEvent reads the event whose line begins at an offset of timeline.jsonl.
func ReadEvent(file io.ReaderAt, offset int64) (Event, error) {
	var e Event
	r := bufio.NewReader(io.NewSectionReader(file, offset, maxLine))
	line, err := r.ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return e, err
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return e, fmt.Errorf("timeline, byte %d: %w: %w", offset, limit.ErrCorrupt, err)
	}
	return e, nil
}
