package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// Measures of the picture, in units of its own.
const (
	pictureLeft   = 190 // names of the lanes
	pictureWidth  = 760
	laneHeight    = 30
	barHeight     = 24
	pictureFooter = 26
	maxColumns    = 400
	maxMarks      = 400
)

// picture is the activity over time: a lane for each artifact, and the
// findings on it.
type picture struct {
	ID, Title, Desc, Intro, Caption, Span string
	MarksNote                             string
	ZoomIn, ZoomOut, Back, On, All        string
	From, To                              int64 // days since 1970; To is the day after the last
	Left, Width, Total, Height, AxisY     int
	Lanes                                 []lane
	Marks                                 []mark
	Ticks                                 []tick
	TableTitle, ArtifactHead              string
	Years                                 []string
	Rows                                  []yearRow
}

type lane struct {
	Name        string
	X2          int
	Base, TextY string
	Bars        []bar
}

// bar is a span of days; DX and DW are fractions of the whole, for the script.
type bar struct{ X, Y, W, H, DX, DW string }

type mark struct{ X, Y, DX, Target, Title, Severity string }

type tick struct{ X, Y, Anchor, Text string }

type yearRow struct {
	Name  string
	Cells []string
}

func number(f float64) string { return strconv.FormatFloat(math.Round(f*100)/100, 'f', -1, 64) }

// fraction keeps enough digits for a day in a century.
func fraction(f float64) string { return strconv.FormatFloat(f, 'f', 7, 64) }

func dayNumber(s string) (int64, bool) {
	t, err := time.Parse(time.DateOnly, s)
	return t.Unix() / 86400, err == nil
}

// picture draws the activity of the result, nil where nothing is dated.
func (v *view) picture() *picture {
	days := map[string]map[int64]int64{} // by artifact, then day
	from, to := int64(math.MaxInt64), int64(math.MinInt64)
	for _, d := range v.res.Activity {
		n, ok := dayNumber(d.Day)
		if !ok {
			continue
		}
		from, to = min(from, n), max(to, n+1)
		for name, count := range d.Counts {
			if days[name] == nil {
				days[name] = map[int64]int64{}
			}
			days[name][n] += count
		}
	}
	if len(days) == 0 {
		return nil
	}
	p := &picture{
		ID: "p" + v.Lang(), From: from, To: to, Left: pictureLeft, Width: pictureWidth, Total: pictureLeft + pictureWidth + 10,
		Title: v.Text("html.activity"), Intro: v.Text("html.activity_text"), Caption: v.Text("html.activity_keys"),
		ZoomIn: v.Text("html.zoom_in"), ZoomOut: v.Text("html.zoom_out"), Back: v.Text("html.earlier"), On: v.Text("html.later"), All: v.Text("html.whole"),
		Span: dayText(from) + " – " + dayText(to-1), TableTitle: v.Text("html.activity_table"), ArtifactHead: v.Text("html.col_artifact"),
	}
	p.Desc = v.Text("html.activity_desc", "From", dayText(from), "To", dayText(to-1))
	lanes := map[string]int{}
	for i, name := range slices.Sorted(maps.Keys(days)) {
		lanes[name] = i
		p.Lanes = append(p.Lanes, p.lane(v, name, i, days[name]))
	}
	p.AxisY = len(p.Lanes)*laneHeight + 20
	p.Height = len(p.Lanes)*laneHeight + pictureFooter
	p.marks(v, lanes)
	if all := findingsIn(v.res); int64(len(p.Marks)) < all {
		p.MarksNote = v.Text("html.activity_marks", "Shown", v.Number(int64(len(p.Marks))), "Count", v.Number(all))
	}
	p.ticks()
	p.table(v, days)
	return p
}

func dayText(day int64) string { return time.Unix(day*86400, 0).UTC().Format(time.DateOnly) }

// lane gathers days into at most maxColumns bars, whose height grows with the
// logarithm of the count: one message a day should show beside thousands.
func (p *picture) lane(v *view, name string, i int, days map[int64]int64) lane {
	per := (p.To - p.From + maxColumns - 1) / maxColumns
	columns := map[int64]int64{}
	most := int64(1)
	for day, n := range days {
		c := (day - p.From) / per
		columns[c] += n
		most = max(most, columns[c])
	}
	base := float64((i + 1) * laneHeight)
	l := lane{Name: artifactTitle(v.Printer, name), X2: p.Total, Base: number(base), TextY: number(base - 9)}
	whole := float64(p.To - p.From)
	for _, c := range slices.Sorted(maps.Keys(columns)) {
		x, w := float64(c*per)/whole, float64(min(per, p.To-p.From-c*per))/whole
		h := math.Max(2, barHeight*math.Log1p(float64(columns[c]))/math.Log1p(float64(most)))
		l.Bars = append(l.Bars, bar{
			X: number(pictureLeft + x*pictureWidth), W: number(math.Max(w*pictureWidth, 1)),
			Y: number(base - h), H: number(h), DX: fraction(x), DW: fraction(w),
		})
	}
	return l
}

// marks puts the findings that have a time on their lanes.
func (p *picture) marks(v *view, lanes map[string]int) {
	whole := float64(p.To-p.From) * 86400
	for i := range shownGroups(v.res) {
		g := &v.res.Groups[i]
		for j := range g.Findings {
			f := &g.Findings[j]
			lane, ok := lanes[f.Artifact]
			if f.Time == nil || !ok || len(p.Marks) == maxMarks {
				continue
			}
			x := float64(f.Time.Unix()-p.From*86400) / whole
			if x < 0 || x > 1 {
				continue
			}
			p.Marks = append(p.Marks, mark{
				X: number(pictureLeft + x*pictureWidth), Y: number(float64(lane*laneHeight) + laneHeight/2), DX: fraction(x),
				Severity: g.Severity.String(), Target: g.Key + "-" + v.Lang(),
				Title: fmt.Sprintf("%s, %s: %s", v.known("severity", g.Severity.String()), minute(*f.Time), v.title(f)),
			})
		}
	}
}

// findingsIn is how many findings a result has in all.
func findingsIn(res *Result) int64 {
	var n int64
	for i := range res.Groups {
		n += res.Groups[i].Count
	}
	return n
}

// ticks labels years where there are few, and else the ends and the middle.
func (p *picture) ticks() {
	y := strconv.Itoa(p.AxisY)
	for i := range 5 {
		f := float64(i) / 4
		anchor := "middle"
		switch i {
		case 0:
			anchor = "start"
		case 4:
			anchor = "end"
		}
		day := p.From + int64(f*float64(p.To-p.From))
		p.Ticks = append(p.Ticks, tick{number(pictureLeft + f*pictureWidth), y, anchor, dayText(min(day, p.To-1))})
	}
}

// maxYears is how many years the table has columns for. Phones know no more;
// a forged or damaged date can be of any year.
const maxYears = 40

// table is the picture as numbers: events by artifact and year. What came
// before the last maxYears is one column.
func (p *picture) table(v *view, days map[string]map[int64]int64) {
	first, last := yearOf(p.From), yearOf(p.To-1)
	if last-first >= maxYears {
		first = last - maxYears + 1
		p.Years = append(p.Years, "< "+strconv.Itoa(first+1))
	} else {
		p.Years = append(p.Years, strconv.Itoa(first))
	}
	for year := first + 1; year <= last; year++ {
		p.Years = append(p.Years, strconv.Itoa(year))
	}
	for _, name := range slices.Sorted(maps.Keys(days)) {
		counts := make([]int64, last-first+1)
		for day, n := range days[name] {
			counts[max(yearOf(day)-first, 0)] += n
		}
		row := yearRow{Name: artifactTitle(v.Printer, name)}
		for _, n := range counts {
			row.Cells = append(row.Cells, v.Number(n))
		}
		p.Rows = append(p.Rows, row)
	}
}

func yearOf(day int64) int { return time.Unix(day*86400, 0).UTC().Year() }
