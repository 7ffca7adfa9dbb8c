package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/rule"
)

// SummaryOptions says how the summary is shown.
type SummaryOptions struct {
	Width int    // columns of the terminal, 0: 100
	Dir   string // the result folder, "" where there is none
}

// maxGroups keeps the summary to one screen.
const maxGroups = 5

// Summary writes what a check found, on one screen: the phone, the gravest
// course of events, the findings, what was read and what was missing, and
// where help is.
func Summary(w io.Writer, run *finding.Run, groups []Group, p *message.Printer, o SummaryOptions) error {
	if o.Width <= 0 {
		o.Width = 100
	}
	s := &summary{run: run, groups: groups, Printer: p, o: o}
	s.device()
	s.chains()
	s.findings()
	s.line("")
	s.coverage()
	s.closing()
	_, err := io.WriteString(w, s.b.String())
	return err
}

type summary struct {
	run    *finding.Run
	groups []Group
	*message.Printer
	o SummaryOptions
	b strings.Builder
}

func (s *summary) line(text string) { s.b.WriteString(text + "\n") }

func (s *summary) device() {
	e := &s.run.Evidence
	s.line(DeviceLine(&e.Device))
	var parts []string
	if e.Device.LastBackup != nil {
		parts = append(parts, s.Text("summary.backup_of", "Time", minute(*e.Device.LastBackup)))
	}
	if e.Device.Serial != "" {
		parts = append(parts, s.Text("summary.serial", "Serial", short(e.Device.Serial, 40)))
	}
	if e.Acquired != nil {
		parts = append(parts, s.Text("summary.acquired", "Time", minute(*e.Acquired)))
	}
	switch {
	case !isBackup(e):
		parts = append(parts, kindOf(s.Printer, e))
	case e.Encrypted:
		parts = append(parts, s.Text("summary.encrypted"))
	default:
		parts = append(parts, s.Text("summary.plain"))
	}
	if d := e.Device; d.Outdated != nil && *d.Outdated {
		parts = append(parts, s.Text("summary.outdated", "Newest", d.NewestKnown, "AsOf", d.VersionsAsOf))
	}
	s.line(strings.Join(parts, "; "))
	if e.Device.Patch != nil {
		s.line(s.Text("summary.patch", "Patch", patchText(s.Printer, &e.Device)))
	}
	s.line("")
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// coverage lists what was read; what is absent goes into one line.
func (s *summary) coverage() {
	w := tabwriter.NewWriter(&s.b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.Text("summary.artifact"), s.Text("summary.files"), s.Text("summary.records"), s.Text("summary.span"), s.Text("summary.state"))
	var absent, elsewhere []string
	shown, whole := s.shownCoverage()
	for i := range s.run.Coverage {
		c := &s.run.Coverage[i]
		if c.State == finding.Absent {
			if c.Elsewhere {
				elsewhere = append(elsewhere, c.Artifact)
			} else {
				absent = append(absent, c.Artifact)
			}
			continue
		}
		if !shown[c.Artifact] {
			continue
		}
		state := s.Or("state.", visible(string(c.State)))
		if c.Lost > 0 {
			state += " (" + s.Count("summary.lost", c.Lost) + ")"
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\n", c.Artifact, len(c.Files), s.Number(c.Records), span(c.From, c.To), state)
	}
	_ = w.Flush() // into memory
	if len(whole) > 0 {
		s.wrap(s.Count("summary.more_read", int64(len(whole)), "List", strings.Join(whole, ", ")))
	}
	switch more := len(absent) - maxAbsent; {
	case len(absent) == 0:
	case more > 0 && s.o.Dir != "": // the report has them all
		s.wrap(s.Count("summary.absent_many", int64(more), "List", strings.Join(absent[:maxAbsent], ", ")))
	default:
		s.wrap(s.Text("summary.absent", "List", strings.Join(absent, ", ")))
	}
	s.artifactProblems()
	if len(elsewhere) > 0 {
		s.wrap(s.Count("summary.elsewhere", int64(len(elsewhere))))
	}
	for _, problem := range s.run.Evidence.Problems[:min(len(s.run.Evidence.Problems), 3)] {
		s.wrap("! " + placed(short(strings.TrimSpace(problem.Path+" "+problem.Place), 100), short(problem.Error, 200)))
	}
	t := &s.run.Totals
	s.line(s.Text("summary.totals", "Records", s.Number(t.Records), "Events", s.Number(t.Events), "Files", s.Number(t.Files),
		"Size", size(t.Bytes), "Seconds", seconds(s.run.Ended.Sub(s.run.Started))))
	s.line("")
}

// maxAbsent artifacts are named one by one where a report lists them all.
const maxAbsent = 24

// seconds has two digits that say something.
func seconds(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.2f", d.Seconds())
	}
	return fmt.Sprintf("%.1f", d.Seconds())
}

// artifactProblems tells why something of an artifact was lost, the first
// reason of each, and the rules that failed: what they look for may be there.
func (s *summary) artifactProblems() {
	untold := 0
	for i, told := 0, 0; i < len(s.run.Coverage); i++ {
		c := &s.run.Coverage[i]
		first := true
		for _, p := range c.Errors {
			switch {
			case p.Rule != "":
				s.wrap("! " + c.Artifact + ": " + short(visible(p.Error), 200))
			case !first || c.State == finding.Absent:
			case told == maxProblems:
				first = false
				untold++
			default:
				first = false
				told++
				s.wrap("! " + placed(short(strings.TrimSpace(c.Artifact+": "+p.Path+" "+p.Place), 160), short(p.Error, 200)))
			}
		}
	}
	if untold > 0 {
		s.wrap("! " + s.Count("summary.more_problems", int64(untold)))
	}
}

// maxProblems of artifacts are told one by one.
const maxProblems = 5

// maxRows of artifacts keep the summary to one screen.
const maxRows = 14

// shownCoverage chooses the artifacts that get a line: all that lost something
// first, then those with most records. The others, which were read whole, are
// named.
func (s *summary) shownCoverage() (shown map[string]bool, whole []string) {
	var rows []*finding.Coverage
	for i := range s.run.Coverage {
		if c := &s.run.Coverage[i]; c.State != finding.Absent {
			rows = append(rows, c)
		}
	}
	slices.SortStableFunc(rows, func(a, b *finding.Coverage) int {
		return cmp.Or(cmp.Compare(btoi(b.State != finding.Read), btoi(a.State != finding.Read)), cmp.Compare(b.Records, a.Records))
	})
	shown = map[string]bool{}
	for i, c := range rows {
		if i < maxRows || c.State != finding.Read {
			shown[c.Artifact] = true
		} else {
			whole = append(whole, c.Artifact)
		}
	}
	slices.Sort(whole)
	return shown, whole
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func span(from, to *time.Time) string {
	if from == nil || to == nil {
		return "-"
	}
	a, b := from.UTC().Format(time.DateOnly), to.UTC().Format(time.DateOnly)
	if a == b {
		return a
	}
	return a + " – " + b
}

func size(n int64) string {
	if n < 10<<20 {
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%d MB", n/1e6)
}

func (s *summary) findings() {
	var counts []string
	for _, sev := range finding.Severities {
		if n := s.run.Totals.BySeverity[sev.String()]; n > 0 {
			counts = append(counts, s.Or("severity.", sev.String())+" "+s.Number(n))
		}
	}
	if len(counts) == 0 {
		s.line(s.Text("summary.nothing"))
		return
	}
	s.line(s.Text("summary.findings", "Counts", strings.Join(counts, ", ")))
	rules, _ := rulesOf(s.run) // the texts of the rules; a broken set has failed the check itself
	s.sortGroups()
	shown := 0
	for i := range s.groups {
		if shown == maxGroups {
			s.line("  " + s.Count("summary.more", int64(len(s.groups)-shown)))
			break
		}
		shown++
		s.group(&s.groups[i], rules)
	}
}

// sortGroups puts the gravest findings first, and of those the ones that belong
// to the gravest course of events.
func (s *summary) sortGroups() {
	inCourse := map[string]bool{}
	if len(s.run.Chains) > 0 {
		for i := range s.run.Chains[0].Stages {
			for _, t := range s.run.Chains[0].Stages[i].Traces {
				inCourse[t.Finding] = true
			}
		}
	}
	belongs := func(g *Group) int {
		return btoi(slices.ContainsFunc(g.Findings, func(f finding.Finding) bool { return inCourse[f.ID] }))
	}
	s.groups = slices.Clone(s.groups)
	slices.SortStableFunc(s.groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(belongs(&b), belongs(&a)))
	})
}

func (s *summary) group(g *Group, rules *rule.Set) {
	f := &g.Findings[0]
	when := "-"
	if g.First != nil {
		when = minute(*g.First)
	}
	times := ""
	if g.Count > 1 {
		times = " ×" + s.Number(g.Count)
	}
	s.line(fmt.Sprintf("  %-8s %s  %s%s  %s", strings.ToUpper(s.Or("severity.", g.Severity.String())), when, f.Artifact, times, f.ID))
	const indent = "           "
	s.line(indent + short(what(s.Printer, f, rules), max(s.o.Width, 80)-len(indent)))
}

// what says in one sentence what matched, and in whose report it was published.
func what(p *message.Printer, f *finding.Finding, rules *rule.Set) string {
	return withRecovered(p, whatLive(p, f, rules), &f.Where)
}

func whatLive(p *message.Printer, f *finding.Finding, rules *rule.Set) string {
	if m := f.Indicator; m != nil && m.Private {
		return p.Text("finding.private", "Set", short(m.Set, 80), "Match", match(p, m.Match))
	}
	if m := f.Indicator; m != nil {
		return noted(p, m) + p.Text("summary.indicator", "Observed", short(m.Observed, 60), "Match", match(p, m.Match), "Value", short(m.Value, 60),
			"Threat", short(firstOf(m.Threat, m.Set), 40), "Set", short(m.Set, 40))
	}
	if f.Lure != nil {
		return LureTitle(p, f.Lure) + ": " + short(f.Lure.Host, 80)
	}
	title := f.Title
	if rules != nil {
		if r := rules.Rule(f.Rule); r != nil {
			title = r.Title.In(p.Lang())
		}
	}
	if f.Reason != "" {
		title += ": " + short(f.Reason, 120)
	}
	return title
}

// noted says before a match what makes it weigh less, or who can say more.
func noted(p *message.Printer, m *finding.Matched) string {
	if m.Broad {
		return p.Text("finding.broad_short") + " "
	}
	return ""
}

// match names a way of matching in the person's language.
func match(p *message.Printer, how string) string {
	return p.Or("match.", how)
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (s *summary) closing() {
	if !s.run.Complete {
		s.wrap(s.Text("summary.incomplete"))
	}
	s.wrap(s.Text("summary.no_proof"))
	s.wrap(s.Text("summary.help"))
	if s.o.Dir == "" {
		return
	}
	s.line("")
	s.line(s.Text("summary.report", "Dir", s.o.Dir))
	if len(s.groups) > 0 {
		s.line(s.Text("summary.explain", "ID", s.groups[0].Findings[0].ID, "Dir", s.o.Dir))
	}
}

// wrap writes a paragraph within the width.
func (s *summary) wrap(text string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > s.o.Width {
			s.line(line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	s.line(line)
}
