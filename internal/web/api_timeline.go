package web

import (
	"context"
	"net/http"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/report"
)

// timelineQuery is a span of a timeline. The code of the page reads it from
// the query, as it does for people.
type timelineQuery struct {
	InRun
	From     string `query:"from" maxLength:"40" doc:"milliseconds since 1970, or a time such as 2021-07-18T09:30"`
	To       string `query:"to" maxLength:"40"`
	Artifact string `query:"artifact" maxLength:"200"`
	After    int    `query:"after" minimum:"0" doc:"the cursor that the part before ended with"`
}

// eventsAnswer is a part of a timeline.
type eventsAnswer struct {
	From   int64         `json:"from" doc:"milliseconds since 1970"`
	To     int64         `json:"to"`
	Events int64         `json:"events" doc:"of the whole timeline"`
	Items  []eventAnswer `json:"items"`
	Next   string        `json:"next,omitempty" doc:"query of the next part"`
}

type eventAnswer struct {
	Time      string   `json:"time"`
	Event     string   `json:"event"`
	Summary   string   `json:"summary"`
	Artifact  string   `json:"artifact"`
	Path      string   `json:"path" doc:"in the evidence"`
	Place     string   `json:"place,omitempty" doc:"table and row"`
	Recovered bool     `json:"recovered,omitempty"`
	Findings  []string `json:"findings,omitempty"`
}

// hitsAnswer is what was found in all records of a check.
type hitsAnswer struct {
	Items   []hitAnswer `json:"items"`
	More    bool        `json:"more" doc:"there are others"`
	Stopped bool        `json:"stopped" doc:"it took too long: not all was read"`
}

type hitAnswer struct {
	Artifact string        `json:"artifact"`
	Time     string        `json:"time,omitempty"`
	Fields   []report.Pair `json:"fields"`
	More     int           `json:"more_fields,omitempty"`
}

func (a *api) timeline() {
	add(a, ScopeRead, http.MethodGet, "/runs/{run}/timeline", "list-events", "Events of a check in a span of time",
		func(ctx context.Context, _ *examine.Space, in *timelineQuery) (eventsAnswer, error) {
			d, err := callerOf(ctx).at("run", in.Run).timelineData()
			out := eventsAnswer{From: d.Span.From, To: d.Span.To, Events: d.Events, Items: []eventAnswer{}, Next: d.More}
			for i := range d.Rows {
				r := &d.Rows[i]
				e := eventAnswer{r.Time, r.Event, r.Summary, r.Artifact, r.Path, r.Place, r.Recovered, nil}
				for _, f := range r.Findings {
					e.Findings = append(e.Findings, f.ID)
				}
				out.Items = append(out.Items, e)
			}
			return out, err
		})
	add(a, ScopeRead, http.MethodGet, "/runs/{run}/timeline/counts", "count-events", "How many events lie where in a span of time",
		func(ctx context.Context, _ *examine.Space, in *struct {
			InRun
			From  string `query:"from" maxLength:"40" doc:"milliseconds since 1970, or a time such as 2021-07-18T09:30"`
			To    string `query:"to" maxLength:"40"`
			Parts int    `query:"parts" minimum:"1" maximum:"4096"`
		},
		) (timelineCounts, error) {
			return callerOf(ctx).at("run", in.Run).countsData()
		})
	add(a, ScopeRead, http.MethodGet, "/runs/{run}/search", "search-records", "Look for a text in every record of a check",
		func(ctx context.Context, _ *examine.Space, in *struct {
			InRun
			Text string `query:"q" required:"true" minLength:"1" maxLength:"1000"`
		},
		) (hitsAnswer, error) {
			d, err := callerOf(ctx).at("run", in.Run).searchData()
			out := hitsAnswer{Items: []hitAnswer{}, More: d.More, Stopped: d.Stopped}
			for i := range d.Hits {
				h := &d.Hits[i]
				out.Items = append(out.Items, hitAnswer{h.Artifact, h.Time, append([]report.Pair{}, h.Fields...), h.More})
			}
			return out, err
		})
}
