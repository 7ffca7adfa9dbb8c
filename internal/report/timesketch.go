package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"time"

	"github.com/amparo-project/amparo/internal/finding"
)

// timelineEvent is a line of timeline.jsonl.
type timelineEvent struct {
	Time     time.Time          `json:"time"`
	Artifact string             `json:"artifact"`
	Event    string             `json:"event"`
	Summary  string             `json:"summary"`
	Where    finding.Provenance `json:"provenance"`
}

// sketchEvent is a line that Timesketch takes: "message", "datetime" and
// "timestamp_desc" are what it asks for, "tag" is shown beside an event
// (https://timesketch.org/guides/user/import-from-json-csv/).
type sketchEvent struct {
	Message   string   `json:"message"`
	Datetime  string   `json:"datetime"`
	Meaning   string   `json:"timestamp_desc"`
	DataType  string   `json:"data_type"`
	Device    string   `json:"device,omitempty"`
	Path      string   `json:"source_file"`
	Table     string   `json:"table,omitempty"`
	RowID     *int64   `json:"rowid,omitempty"`
	Offset    int64    `json:"offset,omitempty"`
	State     string   `json:"state,omitempty"`
	Tags      []string `json:"tag,omitempty"`
	Findings  []string `json:"finding,omitempty"`
	Indicator string   `json:"indicator,omitempty"`
	Threat    string   `json:"threat,omitempty"`
}

// place is what ties an event to the findings of its record.
type place struct {
	path, table, state string
	row, offset        int64
}

func placeOf(p *finding.Provenance) place {
	at := place{path: p.Path, table: p.Table, row: -1, offset: -1}
	if p.State != "live" {
		at.state = p.State
	}
	if p.RowID != nil {
		at.row = *p.RowID
	} else {
		at.offset = p.Offset
	}
	return at
}

// marks are the findings of one record.
type marks struct {
	private           bool // its values may not be passed on
	severity          finding.Severity
	ids               []string
	indicator, threat string
}

// Timesketch writes the timeline of the result folder as JSON lines for
// Timesketch. Events of records with findings are tagged with the severity.
func Timesketch(w io.Writer, res *Result) error {
	found := map[place]*marks{}
	if err := res.eachFinding(func(f *finding.Finding) error { noteFinding(found, f); return nil }); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	device := firstOf(res.Run.Evidence.Device.ModelName, res.Run.Evidence.Device.Model)
	err := res.eachLine("timeline.jsonl", func(n int, line []byte) error {
		var e timelineEvent
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("read %s, line %d: %w", filepath.Join(res.Dir, "timeline.jsonl"), n, err)
		}
		return enc.Encode(e.sketch(device, found[placeOf(&e.Where)]))
	})
	if err != nil {
		return err
	}
	return out.Flush()
}

func noteFinding(found map[place]*marks, f *finding.Finding) {
	at := placeOf(&f.Where)
	m := found[at]
	if m == nil {
		m = &marks{}
		found[at] = m
	}
	m.severity = max(m.severity, f.Severity)
	m.ids = append(m.ids, f.ID)
	if f.Indicator != nil && f.Indicator.Private {
		m.private = true
	}
	if f.Indicator != nil && m.indicator == "" {
		m.indicator, m.threat = f.Indicator.Value, f.Indicator.Threat
	}
}

func (e *timelineEvent) sketch(device string, m *marks) *sketchEvent {
	s := &sketchEvent{
		Message: visible(e.Summary), Datetime: e.Time.UTC().Format("2006-01-02T15:04:05.000000+00:00"), Meaning: e.Event,
		DataType: "amparo:" + e.Artifact, Device: device, Path: e.Where.Path, Table: e.Where.Table, RowID: e.Where.RowID,
		Offset: e.Where.Offset, State: e.Where.State,
	}
	if s.Message == "" {
		s.Message = e.Artifact + " " + e.Event + " " + strconv.FormatInt(e.Where.Offset, 10)
	}
	if m != nil {
		s.Tags, s.Findings = []string{"amparo", "amparo-" + m.severity.String()}, m.ids
		s.Indicator, s.Threat = m.indicator, m.threat
		if m.private {
			s.Message = "(withheld)"
		}
	}
	return s
}
