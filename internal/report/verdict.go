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
			v.Text("html.verdict_unusual_1"), v.Text("html.verdict_keep"),
		}}
	default:
		out = verdict{Class: "none", Title: v.Text("html.verdict_none"), Text: []string{v.Text("html.verdict_none_1")}}
	}
	out.Text = append(out.Text, v.Text("html.no_proof"))
	// What weakens the answer comes before the answer.
	if len(run.Indicators) == 0 {
		out.Text = append([]string{v.Text("html.verdict_no_sets")}, out.Text...)
	}
	if !run.Complete {
		out.Text = append([]string{v.Text("summary.incomplete")}, out.Text...)
	}
	return out
}
