package web

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/timeline"
	"github.com/amparo-project/amparo/internal/workspace"
)

// timelineData is the course of all events of a check, or of all checks of a
// phone, and those of a span.
type timelineData struct {
	scope
	Span     span // what is shown
	All      span // of all events
	Events   int64
	Lanes    []laneLine
	Artifact string // of the table; "": all
	Rows     []eventLine
	More     string // the page after
	Earlier  string // spans to go to, as queries
	Later    string
	In, Out  string
}

// span is a span of time, in milliseconds since 1970.
type span struct{ From, To int64 }

func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000") }

// FromText and ToText are the ends as a form shows them.
func (s span) FromText() string { return stamp(s.From) }

// ToText is the end.
func (s span) ToText() string { return stamp(s.To) }

type laneLine struct {
	timeline.Lane
	Title string
	Bars  []bar
}

// bar is a part of a lane, as a drawing without script has it.
type bar struct {
	X, Height int // of a hundred parts; of a lane's height
	Recovered bool
	From, To  int64
}

type eventLine struct {
	Time, Event, Summary, Artifact, Title, Path, Place string
	Recovered                                          bool
	Findings                                           []workspace.Finding
}

// theSpan reads a span of the query, within that of all events.
func (q *request) theSpan(all span) (span, error) {
	s := all
	v := q.r.URL.Query()
	for name, to := range map[string]*int64{"from": &s.From, "to": &s.To} {
		text := v.Get(name)
		if text == "" {
			continue
		}
		ms, err := parseStamp(text)
		if err != nil {
			return s, badRequest{err}
		}
		*to = ms
	}
	if s.From > s.To {
		s.From, s.To = s.To, s.From
	}
	return s, nil
}

// parseStamp reads milliseconds, or a time as a form has it.
func parseStamp(text string) (int64, error) {
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		return ms, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999", "2006-01-02 15:04:05.999", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly, time.RFC3339Nano} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UnixMilli(), nil
		}
	}
	return 0, errors.New("a time that is none")
}

// maxTitle is how much of a name that may be forged is shown, in bytes.
const maxTitle = 120

// shownEvents is how many events the table shows at once.
const shownEvents = 100

// stillBars is into how many parts a drawing without script is cut.
const stillBars = 100

func (q *request) timelinePage() error {
	d, err := q.timelineData()
	if err != nil {
		return err
	}
	return q.render("timeline", q.Text("web.timeline.title"), d, inSection("cases"))
}

func (q *request) timelineData() (d timelineData, err error) {
	if d.scope, err = q.theScope(); err != nil {
		return d, err
	}
	ts, err := q.timelines(d.Runs)
	if err != nil {
		return d, err
	}
	defer ts.close()
	d.Events, d.Artifact = ts.parts.Len(), q.r.URL.Query().Get("artifact")
	d.All.From, d.All.To = ts.parts.Span()
	if d.Span, err = q.theSpan(d.All); err != nil {
		return d, err
	}
	if err := q.viewedScope(&d.scope, "timeline"); err != nil {
		return d, err
	}
	lanes, err := ts.parts.Count(d.Span.From, d.Span.To, stillBars)
	if err != nil {
		return d, err
	}
	for _, lane := range lanes {
		d.Lanes = append(d.Lanes, laneLine{lane, cut(maxTitle, report.ArtifactTitle(q.Printer, lane.Artifact)), barsOf(&lane, d.Span)})
	}
	if err := q.rows(&d, ts); err != nil {
		return d, err
	}
	d.moves()
	return d, nil
}

// barsOf draws a lane in parts of a hundred.
func barsOf(lane *timeline.Lane, s span) []bar {
	var out []bar
	most := int32(1)
	for _, n := range lane.Counts {
		most = max(most, n)
	}
	width := (s.To - s.From + 1) / int64(len(lane.Counts))
	for i, n := range lane.Counts {
		if n == 0 {
			continue
		}
		b := bar{X: i, Height: int(3 + 13*n/most), From: s.From + int64(i)*width, To: s.From + int64(i+1)*width}
		b.Recovered = lane.Recovered != nil && lane.Recovered[i] > 0
		out = append(out, b)
	}
	return out
}

// timelines are the open timelines of some runs.
type timelines struct {
	runs  []workspace.Run
	list  []*examine.Timeline
	parts timeline.Parts
}

func (t *timelines) close() {
	for _, x := range t.list {
		_ = x.Close() // only read
	}
}

func (q *request) timelines(runs []workspace.Run) (*timelines, error) {
	t := &timelines{runs: runs}
	for i := range runs {
		x, err := q.space.Timeline(q.ctx(), &runs[i])
		if err != nil {
			t.close()
			return nil, err
		}
		t.list, t.parts = append(t.list, x), append(t.parts, x.Part)
	}
	return t, nil
}

// place is where an event of a finding lies: its run, its record's time and
// artifact.
type place struct {
	run      string
	at       int64
	artifact string
}

// maxMarked bounds the findings that a page of events marks.
const maxMarked = 1000

// findingsBetween are the findings of some runs by the time of their record.
func (q *request) findingsBetween(runs []workspace.Run, from, to int64) (map[place][]workspace.Finding, error) {
	out := map[place][]workspace.Finding{}
	since, until := time.UnixMilli(from).UTC().Format(timeLayout), time.UnixMilli(to+1).UTC().Format(timeLayout)
	for i := range runs {
		l, err := q.space.Findings(q.ctx(), workspace.FindingFilter{Run: runs[i].ID, Since: since, Until: until}, workspace.Page{Limit: maxMarked})
		if err != nil {
			return nil, err
		}
		for _, f := range l.Items {
			t, err := time.Parse(timeLayout, f.Time)
			if err != nil {
				continue
			}
			k := place{f.Run, t.UnixMilli(), f.Artifact}
			out[k] = append(out[k], f)
		}
	}
	return out, nil
}

// cursor reads the numbers that a list of events goes on from, one for each
// timeline.
func (q *request) cursor(n int) ([]int64, error) {
	text := q.r.URL.Query().Get("after")
	if text == "" {
		return nil, nil
	}
	var out []int64
	for _, part := range strings.SplitN(text, ".", n+1) {
		v, err := strconv.ParseInt(part, 10, 64)
		if err != nil || v < 0 || len(out) == n {
			return nil, badRequest{errors.New("a part of a list that is none")}
		}
		out = append(out, v)
	}
	return out, nil
}

// rows reads the events of the span.
func (q *request) rows(d *timelineData, ts *timelines) error {
	after, err := q.cursor(len(ts.parts))
	if err != nil {
		return err
	}
	rows, next, err := ts.parts.Rows(d.Span.From, d.Span.To, d.Artifact, after, shownEvents)
	if err != nil || len(rows) == 0 {
		return err
	}
	found, err := q.findingsBetween(ts.runs, rows[0].At, rows[len(rows)-1].At)
	if err != nil {
		return err
	}
	for _, row := range rows {
		e, err := timeline.ReadEvent(ts.list[row.Part].Events, row.Offset)
		if err != nil {
			return err
		}
		d.Rows = append(d.Rows, q.eventLine(&e, ts.runs[row.Part].ID, found))
	}
	if next != nil {
		text := make([]string, len(next))
		for i, n := range next {
			text[i] = strconv.FormatInt(n, 10)
		}
		v := q.r.URL.Query()
		v.Set("after", strings.Join(text, "."))
		d.More = v.Encode()
	}
	return nil
}

func (q *request) eventLine(e *timeline.Event, run string, found map[place][]workspace.Finding) eventLine {
	line := eventLine{
		Time: e.Time.UTC().Format("2006-01-02 15:04:05.000"), Event: cut(maxTitle, e.Event), Summary: cut(600, e.Summary), Artifact: e.Artifact,
		Title: cut(maxTitle, report.ArtifactTitle(q.Printer, e.Artifact)), Path: e.Where.Path, Place: e.Where.Table, Recovered: e.Recovered(),
		Findings: found[place{run, e.Time.UnixMilli(), e.Artifact}],
	}
	if e.Where.RowID != nil {
		line.Place += " " + strconv.FormatInt(*e.Where.RowID, 10)
	}
	return line
}

// moves are the spans beside the one that is shown, for links.
func (d *timelineData) moves() {
	w := d.Span.To - d.Span.From
	query := func(from, to int64) string {
		v := url.Values{"from": {strconv.FormatInt(from, 10)}, "to": {strconv.FormatInt(to, 10)}}
		if d.Artifact != "" {
			v.Set("artifact", d.Artifact)
		}
		return v.Encode()
	}
	d.Earlier, d.Later = query(d.Span.From-w/2, d.Span.To-w/2), query(d.Span.From+w/2, d.Span.To+w/2)
	d.In, d.Out = query(d.Span.From+w/4, d.Span.To-w/4), query(d.Span.From-w/2, d.Span.To+w/2)
}

func cmpOr(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// timelineCounts is what the picture is drawn of.
type timelineCounts struct {
	From  int64       `json:"from"`
	To    int64       `json:"to"`
	Lanes []laneCount `json:"lanes"`
	Marks []mark      `json:"marks"`
}

type laneCount struct {
	timeline.Lane
	Title string `json:"title"`
}

type mark struct {
	At       int64  `json:"at"`
	Artifact string `json:"artifact"`
	Severity string `json:"severity"`
}

// maxMarks of a span are drawn.
const maxMarks = 5000

// timelineCounts answers how many events lie where, for the picture.
func (q *request) timelineCounts() error {
	out, err := q.countsData()
	if err != nil {
		return err
	}
	return q.answer(out)
}

func (q *request) countsData() (timelineCounts, error) {
	d, err := q.theScope()
	if err != nil {
		return timelineCounts{}, err
	}
	ts, err := q.timelines(d.Runs)
	if err != nil {
		return timelineCounts{}, err
	}
	defer ts.close()
	var s span
	s.From, s.To = ts.parts.Span()
	if s, err = q.theSpan(s); err != nil {
		return timelineCounts{}, err
	}
	n, err := strconv.Atoi(cmpOr(q.r.URL.Query().Get("parts"), "600"))
	if err != nil || n < 1 || n > timeline.MaxBuckets {
		return timelineCounts{}, badRequest{errors.New("number of parts")}
	}
	out := timelineCounts{From: s.From, To: s.To, Lanes: []laneCount{}, Marks: []mark{}}
	lanes, err := ts.parts.Count(s.From, s.To, n)
	if err != nil {
		return out, err
	}
	for _, lane := range lanes {
		out.Lanes = append(out.Lanes, laneCount{lane, cut(maxTitle, report.ArtifactTitle(q.Printer, lane.Artifact))})
	}
	return out, q.marks(&out, d.Runs)
}

// marks adds the findings of a span.
func (q *request) marks(out *timelineCounts, runs []workspace.Run) error {
	since, until := time.UnixMilli(out.From).UTC().Format(timeLayout), time.UnixMilli(out.To+1).UTC().Format(timeLayout)
	for i := range runs {
		list, err := q.space.FindingTimes(q.ctx(), runs[i].ID, since, until, maxMarks-len(out.Marks))
		if err != nil {
			return err
		}
		for _, f := range list {
			if t, err := time.Parse(timeLayout, f.Time); err == nil {
				out.Marks = append(out.Marks, mark{t.UnixMilli(), f.Artifact, f.Severity.String()})
			}
		}
	}
	return nil
}
