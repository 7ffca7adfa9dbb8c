package pipeline

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"time"
)

// activity counts the events of one task by day: with those of all tasks,
// enough for a picture of years without reading the timeline again.
type activity struct {
	day  int64 // days since 1970 of the count at hand
	n    *int64
	days map[int64]*int64
}

func newActivity() *activity { return &activity{days: map[int64]*int64{}} }

func (a *activity) count(at time.Time) {
	if day := at.Unix() / secondsPerDay; a.n == nil || day != a.day {
		a.day = day
		if a.n = a.days[day]; a.n == nil {
			a.n = new(int64)
			a.days[day] = a.n
		}
	}
	*a.n++
}

const secondsPerDay = 86400

// Day is one day of activity.json: the events of each artifact on it.
type Day struct {
	Day    string           `json:"day"` // 2006-01-02, UTC
	Counts map[string]int64 `json:"counts"`
}

// writeActivity writes activity.json: days in order, only those with events.
func writeActivity(w io.Writer, sources []source) error {
	days := map[int64]map[string]int64{}
	for _, from := range sources {
		if from.days == nil {
			continue
		}
		for day, n := range from.days.days {
			if days[day] == nil {
				days[day] = map[string]int64{}
			}
			days[day][from.artifact] += *n
		}
	}
	out := struct {
		Days []Day `json:"days"`
	}{Days: []Day{}}
	for _, day := range slices.Sorted(maps.Keys(days)) {
		out.Days = append(out.Days, Day{dayName(day), days[day]})
	}
	return json.NewEncoder(w).Encode(out)
}

func dayName(day int64) string { return time.Unix(day*secondsPerDay, 0).UTC().Format(time.DateOnly) }
