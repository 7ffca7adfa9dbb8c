package report

import (
	"strconv"
	"strings"
)

// colours of severities and grades, dark enough to read when printed in grey.
var colours = map[string][3]int{
	"critical": {155, 17, 40}, "high": {176, 74, 0}, "medium": {122, 92, 0}, "low": {60, 90, 110}, "info": {90, 90, 90},
}

func (p *paper) colour(class string) {
	c := colours[class]
	p.pdf.SetTextColor(c[0], c[1], c[2])
	p.pdf.SetDrawColor(c[0], c[1], c[2])
	p.pdf.SetFillColor(c[0], c[1], c[2])
}

func (p *paper) plain() {
	p.pdf.SetTextColor(0, 0, 0)
	p.pdf.SetDrawColor(0, 0, 0)
}

// verdict writes the answer, with a bar of its colour beside it.
func (p *paper) verdict() {
	p.pdf.Ln(3)
	top, page := p.pdf.GetY(), p.pdf.PageNo()
	p.pdf.SetLeftMargin(margin)
	p.font("sans", "B", 12.5)
	p.text(p.v.Verdict.Title, 5)
	p.pdf.Ln(1)
	for _, s := range p.v.Verdict.Text {
		p.font("sans", "", bodySize)
		p.text(s, 5)
		p.pdf.Ln(1)
	}
	if p.pdf.PageNo() == page {
		p.colour(p.v.Verdict.Class)
		p.pdf.Rect(margin, top, 1.6, p.pdf.GetY()-top, "F")
		p.plain()
	}
}

func (p *paper) help() {
	p.section(p.v.T("html.help"))
	p.para(p.v.T("html.help_text"))
	p.bullets([]string{
		"Access Now Digital Security Helpline: accessnow.org/help", "Amnesty International Security Lab: securitylab.amnesty.org/get-help",
		"The Citizen Lab: citizenlab.ca",
	})
}

// course writes the courses of events.
func (p *paper) course() {
	if len(p.v.Chains) == 0 {
		return
	}
	p.section(p.v.T("chain.title"))
	p.para(p.v.T("chain.intro"))
	for i := range p.v.Chains {
		p.chain(&p.v.Chains[i])
	}
	if p.v.MoreChains != "" {
		p.soft(p.v.MoreChains)
	}
}

func (p *paper) chain(c *chainView) {
	p.room(35)
	p.pdf.Ln(2)
	p.font("sans", "B", 10)
	p.colour(c.Class)
	p.text(c.Grade+"   "+c.Span, 0)
	p.plain()
	for _, s := range nonEmpty(c.Text, c.Threats) {
		p.para(s)
	}
	for i := range c.Stages {
		s := &c.Stages[i]
		p.room(10)
		p.font("sans", "B", smallSize+0.5)
		p.text(s.Symbol+" "+s.Name, 2)
		p.font("sans", "", smallSize)
		p.text(s.State, 6)
		for _, t := range s.Traces {
			p.text("– "+joined(": ", t.Time, t.Text)+" ("+t.Artifact+", "+t.ID+")", 6)
		}
		if s.More != "" {
			p.text(s.More, 6)
		}
	}
	if len(c.Reasons) > 0 {
		p.pdf.Ln(1)
		p.font("sans", "B", smallSize+0.5)
		p.text(c.Why, 2)
		p.bullets(c.Reasons)
	}
}

func joined(between, a, b string) string {
	if a == "" {
		return b
	}
	return a + between + b
}

func (p *paper) findings() {
	p.section(p.v.T("html.findings"))
	if len(p.v.Groups) == 0 {
		p.para(p.v.T("html.no_findings"))
	}
	for i := range p.v.Groups {
		p.group(&p.v.Groups[i])
	}
	if p.v.MoreGroups != "" {
		p.para(p.v.MoreGroups)
	}
}

func (p *paper) group(g *groupView) {
	p.room(40)
	p.pdf.Ln(2.5)
	p.font("sans", "B", 10)
	p.colour(g.Severity)
	p.text(g.Symbol+" "+g.SeverityName, 0)
	p.plain()
	p.font("sans", "B", 10)
	p.text(g.Title, 0)
	p.pdf.Bookmark(printable(g.SeverityName+": "+g.Title), 1, -1)
	p.pdf.Ln(0.8)
	p.pairs(g.Facts)
	p.pdf.Ln(1)
	for _, t := range g.Text {
		p.font("sans", "B", smallSize+0.5)
		p.text(t.Name, 0)
		p.font("sans", "", smallSize+0.5)
		p.text(t.Value, 0)
		p.pdf.Ln(0.6)
	}
	for i := range g.Findings {
		p.finding(&g.Findings[i])
	}
	if g.More != "" {
		p.soft(g.More)
	}
}

func (p *paper) finding(f *findingView) {
	p.heading(strings.Join(nonEmpty(f.Name, f.Time, f.Artifact), ", "))
	p.pairs(f.Fields)
	p.pdf.Ln(1)
	p.font("sans", "B", smallSize)
	p.text(f.WalkTitle, 0)
	for n, step := range f.Walk {
		p.font("sans", "", smallSize)
		p.text(strconv.Itoa(n+1)+". "+step.Name, 2)
		if step.Value != "" {
			p.code("$ " + step.Value)
		}
	}
	if f.Hex != "" {
		p.code(f.Hex)
	}
}

// activity draws the picture of the page, a lane an artifact.
func (p *paper) activity() {
	p.section(p.v.T("html.activity"))
	pic := p.v.Picture
	if pic == nil {
		p.para(p.v.T("html.no_activity"))
		return
	}
	p.para(pic.Intro)
	d := &drawing{paper: p, scale: textWidth / float64(pic.Total)}
	d.draw(pic)
	p.soft(pic.Caption)
	if pic.MarksNote != "" {
		p.soft(pic.MarksNote)
	}
}

// drawing puts the lanes of a picture onto pages.
type drawing struct {
	*paper
	scale float64
}

func (d *drawing) draw(pic *picture) {
	height := laneHeight * d.scale
	marks := map[int][]mark{}
	for _, m := range pic.Marks {
		lane := int(coordinate(m.Y)) / laneHeight
		marks[lane] = append(marks[lane], m)
	}
	for i := range pic.Lanes {
		d.room(height + lineOf(smallSize)*2)
		d.lane(&pic.Lanes[i], marks[i], d.pdf.GetY(), float64(i*laneHeight))
		d.pdf.SetY(d.pdf.GetY() + height)
	}
	d.font("sans", "", codeSize)
	y := d.pdf.GetY()
	for _, t := range pic.Ticks {
		d.pdf.SetXY(margin+coordinate(t.X)*d.scale-12, y)
		d.pdf.CellFormat(24, lineOf(codeSize), t.Text, "", 0, map[string]string{"start": "L", "end": "R"}[t.Anchor]+"C", false, 0, "")
	}
	d.pdf.SetXY(margin, y+lineOf(smallSize)+1)
}

// lane draws one lane, whose top is at y on the page and at top in the picture.
func (d *drawing) lane(l *lane, marks []mark, y, top float64) {
	height := laneHeight * d.scale
	d.pdf.SetDrawColor(220, 220, 220)
	d.pdf.Line(margin, y+height, pageWidth-margin, y+height)
	d.font("sans", "", codeSize)
	d.pdf.SetXY(margin, y+height-lineOf(codeSize))
	d.pdf.CellFormat(pictureLeft*d.scale-1, lineOf(codeSize), printable(l.Name), "", 0, "L", false, 0, "")
	d.pdf.SetFillColor(120, 140, 165)
	for _, b := range l.Bars {
		d.pdf.Rect(margin+coordinate(b.X)*d.scale, y+(coordinate(b.Y)-top)*d.scale, max(coordinate(b.W)*d.scale, 0.15), coordinate(b.H)*d.scale, "F")
	}
	for _, m := range marks {
		d.colour(m.Severity)
		d.pdf.Circle(margin+coordinate(m.X)*d.scale, y+(coordinate(m.Y)-top)*d.scale, 0.9, "F")
	}
	d.plain()
	d.pdf.SetXY(margin, y)
}

// coordinate reads a number of the picture, which this package wrote.
func coordinate(s string) float64 {
	f, _ := strconv.ParseFloat(s, 64) // written by number
	return f
}

func (p *paper) coverage() {
	p.section(p.v.T("html.coverage"))
	p.para(p.v.T("html.coverage_text"))
	var rows []pair
	for _, c := range p.v.Coverage {
		value := c.State
		if c.Records != "0" {
			value += "; " + p.v.T("html.col_records") + ": " + c.Records
		}
		if c.Span != "-" && c.Span != "" {
			value += "; " + c.Span
		}
		if c.Problems != "" {
			value += "; " + c.Problems
		}
		rows = append(rows, pair{c.Title, value})
	}
	p.pairs(rows)
	p.heading(p.v.T("html.missing"))
	p.bullets(p.v.Missing)
	if len(p.v.Problems) > 0 {
		p.heading(p.v.T("html.problems"))
		p.bullets(p.v.Problems)
	}
}

func (p *paper) proof() {
	p.section(p.v.T("html.proof"))
	p.pairs(p.v.Run)
	p.heading(p.v.T("html.sets"))
	if len(p.v.Sets) == 0 {
		p.para(p.v.T("html.no_sets"))
	}
	var rows []pair
	for _, s := range p.v.Sets {
		rows = append(rows, pair{joined(", ", s.Name, s.File), s.Count + "; SHA-256 " + s.SHA256})
	}
	p.pairs(rows)
	p.heading(p.v.T("html.rules"))
	p.pairs(p.v.Rules)
	p.heading(p.v.T("html.hashes"))
	p.para(p.v.T("html.hashes_text"))
	p.pairs(p.v.Hashes)
	if p.v.MoreHashes != "" {
		p.soft(p.v.MoreHashes)
	}
	p.pdf.Ln(4)
	p.soft(p.v.T("html.footer"))
}
