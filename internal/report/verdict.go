package report

import "github.com/amparo-project/amparo/internal/finding"

// verdict is the answer in plain words.
type verdict struct {
	Class, Title string
	Text         []string
}

func (v *view) verdict() verdict {
	run := &v.res.Run
	n := func(s finding.Severity) int64 { return run.Totals.BySeverity[s.String()] }
	var out verdict
	switch {
	case n(finding.Critical) > 0:
		out = verdict{Class: "critical", Title: v.Text("html.verdict_critical"), Text: []string{
			v.Text("html.verdict_critical_1"), v.Text("html.verdict_critical_2"), v.Text("html.verdict_keep"),
		}}
	case n(finding.High)+n(finding.Medium) > 0:
		out = verdict{Class: "high", Title: v.Text("html.verdict_unusual"), Text: []string{
			v.unusual(), v.Text("html.verdict_keep"),
		}}
	default:
		out = v.nothing()
	}
	out.Text = append(out.Text, v.Text("html.no_proof"))
	// What weakens the answer comes before the answer.
	if !compared(run) {
		out.Text = append([]string{v.Text("html.verdict_no_sets")}, out.Text...)
	}
	if !run.Complete {
		out.Text = append([]string{v.Text("summary.incomplete")}, out.Text...)
	}
	return out
}

// unusual says what high and medium findings are. An indicator that is past
// its date, or that fits a name which was cut, is high and yet published.
func (v *view) unusual() string {
	for i := range v.res.Groups {
		g := &v.res.Groups[i]
		if g.Severity >= finding.Medium && len(g.Findings) > 0 && g.Findings[0].Indicator != nil {
			return v.Text("html.verdict_unusual_published")
		}
	}
	if !compared(&v.res.Run) {
		return v.Text("html.verdict_unusual_unchecked")
	}
	return v.Text("html.verdict_unusual_1")
}

// nothing is the verdict where nothing was found. Its title must not comfort
// where little was looked for.
func (v *view) nothing() verdict {
	out := verdict{Class: "none", Title: v.Text("html.verdict_none"), Text: []string{v.Text("html.verdict_none_1")}}
	if !compared(&v.res.Run) {
		out = verdict{Class: "none", Title: v.Text("html.verdict_unchecked"), Text: []string{v.Text("html.verdict_none_unchecked")}}
	}
	if !v.res.Run.Complete {
		out.Title = v.Text("html.verdict_incomplete")
	}
	return out
}

// compared reports whether the run had any published indicator.
func compared(run *finding.Run) bool {
	for i := range run.Indicators {
		if run.Indicators[i].Count > 0 {
			return true
		}
	}
	return false
}
