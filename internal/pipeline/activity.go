package pipeline

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"time"
)

// activity counts events by day and artifact: enough for a picture of years
// without reading the timeline again.
type activity struct {
	day    int64 // days since 1970 of the count at hand
	counts map[string]int64
	days   map[int64]map[string]int64
}

func newActivity() *activity { return &activity{day: -1, days: map[int64]map[string]int64{}} }

// count has the form of a renderer that writes nothing.
func (a *activity) count(b []byte, e *event, from source) []byte {
	if day := e.at.Unix() / 86400; day != a.day {
		a.day = day
		if a.counts = a.days[day]; a.counts == nil {
			a.counts = map[string]int64{}
			a.days[day] = a.counts
		}
	}
	a.counts[from.artifact]++
	return b
}

// Day is one day of activity.json: the events of each artifact on it.
type Day struct {
	Day    string           `json:"day"` // 2006-01-02, UTC
	Counts map[string]int64 `json:"counts"`
}

// write writes activity.json: days in order, only those with events.
func (a *activity) write(w io.Writer) error {
	out := struct {
		Days []Day `json:"days"`
	}{Days: []Day{}}
	for _, day := range slices.Sorted(maps.Keys(a.days)) {
		out.Days = append(out.Days, Day{dayName(day), a.days[day]})
	}
	return json.NewEncoder(w).Encode(out)
}

func dayName(day int64) string { return time.Unix(day*86400, 0).UTC().Format(time.DateOnly) }
