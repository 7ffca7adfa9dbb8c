package rule

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
)

// A Combination is the condition of a rule that looks at several records
// together: traces each of which is ordinary, and which mean something where
// those of different classes lie within minutes of each other.
type Combination struct {
	Window  Window `yaml:"window" json:"window"`   // from the first to the last
	Events  int    `yaml:"events" json:"events"`   // so many of a window are looked at, as published
	Classes int    `yaml:"classes" json:"classes"` // how many different ones are needed
	Parts   []Part `yaml:"parts" json:"parts"`
}

// A Part says which records a combination looks at, and what they are to it.
type Part struct {
	// Class names what the records are traces of. Records of a part without
	// one speak against the window that they lie in.
	Class     string          `yaml:"class" json:"class,omitempty"`
	Artifacts []string        `yaml:"artifacts" json:"artifacts"`
	Kinds     []artifact.Kind `yaml:"kinds" json:"kinds"`
	When      Source          `yaml:"when" json:"when"`
	Of        Source          `yaml:"of" json:"of"`       // what the event is of, as a text
	Times     []string        `yaml:"times" json:"times"` // meanings of the times that are events
	// Together are the meanings that must all lie in the window for whatever
	// has one of them there; otherwise the window does not count.
	Together []string `yaml:"together" json:"together,omitempty"`

	when *Condition
	of   *TextExpression
}

// A Window is a time span, written as "5m".
type Window time.Duration

// UnmarshalText reads a window.
func (w *Window) UnmarshalText(b []byte) error {
	d, err := time.ParseDuration(string(b))
	if err != nil || d <= 0 || d > maxWindow {
		return fmt.Errorf("%q is no window: write 5m or 1h, at most 24h", b)
	}
	*w = Window(d)
	return nil
}

// MarshalText writes a window.
func (w Window) MarshalText() ([]byte, error) { return []byte(time.Duration(w).String()), nil }

// Limits of a combination.
const (
	maxWindow = 24 * time.Hour
	maxParts  = 16
	maxEvents = 100
)

// complete refuses a combination with a part missing.
func (c *Combination) complete() error {
	if c.Window == 0 || c.Events < 2 || c.Events > maxEvents || c.Classes < 2 || len(c.Parts) == 0 || len(c.Parts) > maxParts {
		return fmt.Errorf("combine needs a window, 2 to %d events, at least 2 classes and 1 to %d parts", maxEvents, maxParts)
	}
	classes := map[string]bool{}
	for i := range c.Parts {
		p := &c.Parts[i]
		if len(p.Artifacts) == 0 || len(p.Kinds) == 0 || len(p.Times) == 0 || p.When.IsZero() || p.Of.IsZero() {
			return errors.New("a part needs artifacts, kinds, when, of and times")
		}
		for _, meaning := range p.Together {
			if !slices.Contains(p.Times, meaning) {
				return fmt.Errorf("together: %q is none of the times", meaning)
			}
		}
		if p.Class != "" {
			classes[p.Class] = true
		}
	}
	if len(classes) < c.Classes {
		return fmt.Errorf("%d classes are needed, and there are %d", c.Classes, len(classes))
	}
	return nil
}

// looksAt returns the artifacts and kinds of all parts.
func (c *Combination) looksAt() (artifacts []string, kinds []artifact.Kind) {
	for i := range c.Parts {
		artifacts = append(artifacts, c.Parts[i].Artifacts...)
		kinds = append(kinds, c.Parts[i].Kinds...)
	}
	slices.Sort(artifacts)
	slices.Sort(kinds)
	return slices.Compact(artifacts), slices.Compact(kinds)
}

func (c *Combination) compile(with *Compiler) (err error) {
	for i := range c.Parts {
		p := &c.Parts[i]
		if p.when, err = with.Condition(p.When.Text); err != nil {
			return placed("when", p.When, err)
		}
		if p.of, err = with.Text(p.Of.Text); err != nil {
			return placed("of", p.Of, err)
		}
	}
	return nil
}

// A Mark is one time of a record that a combination looks at.
type Mark struct {
	Rule    *Rule
	Part    int
	At      time.Time
	Meaning string
	Of      string
}

// Against reports that the mark speaks against its window.
func (m *Mark) Against() bool { return m.part().Class == "" }

// Class is what the mark is a trace of.
func (m *Mark) Class() string { return m.part().Class }

func (m *Mark) part() *Part { return &m.Rule.Combine.Parts[m.Part] }

// A Together is a window that a combination holds in.
type Together struct {
	First, Last int // of the marks
	Classes     []string
}

// Find returns the windows of sorted marks in which the combination holds. Of
// those that overlap the one with the most classes counts, the first of them.
func (c *Combination) Find(marks []Mark) []Together {
	var found []Together
	for i := range marks {
		last := c.end(marks, i)
		classes, ok := c.classes(marks[i : last+1])
		if !ok {
			continue
		}
		if n := len(found); n > 0 && found[n-1].Last >= i {
			if len(classes) > len(found[n-1].Classes) {
				found[n-1] = Together{i, last, classes}
			}
			continue
		}
		found = append(found, Together{i, last, classes})
	}
	return found
}

// end is the last mark of the window that begins with the mark i.
func (c *Combination) end(marks []Mark, i int) int {
	last := i
	for last+1 < len(marks) && last+1-i < c.Events && marks[last+1].At.Sub(marks[i].At) <= time.Duration(c.Window) {
		last++
	}
	return last
}

// classes returns the classes of a window, and whether they are enough and
// nothing speaks against them.
func (c *Combination) classes(window []Mark) ([]string, bool) {
	var classes []string
	for i := range window {
		m := &window[i]
		if m.Against() || !complete(window, m) {
			return nil, false
		}
		if !slices.Contains(classes, m.Class()) {
			classes = append(classes, m.Class())
		}
	}
	slices.Sort(classes)
	return classes, len(classes) >= c.Classes
}

// complete reports that a window has all the times of what m is of that must
// be there together.
func complete(window []Mark, m *Mark) bool {
	for _, meaning := range m.part().Together {
		if !slices.ContainsFunc(window, func(o Mark) bool { return o.Part == m.Part && o.Of == m.Of && o.Meaning == meaning }) {
			return false
		}
	}
	return true
}

// CompareMarks orders marks by time, then by what they are.
func CompareMarks(a, b *Mark) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Part, b.Part), strings.Compare(a.Of, b.Of), strings.Compare(a.Meaning, b.Meaning))
}

// Match says what the rule makes of a window. The record that its texts and
// severities look at has the kind "combination", the classes and how many
// events there are.
func (c *Combination) Match(s *Set, r *Rule, marks []Mark, found Together) (Match, error) {
	window := marks[found.First : found.Last+1]
	rec := &artifact.Record{Kind: "combination"}
	rec.Set("classes", artifact.StringsValue(found.Classes))
	rec.Set("events", artifact.IntValue(int64(len(window))))
	subject := newSubject(s.refs, s.names)
	subject.Set(rec)
	m := Match{Rule: r, Severity: r.Severity}
	err := r.describe(subject, &m)
	if m.Reason == "" {
		m.Reason = reasonOf(window)
	}
	return m, err
}

// reasonOf lists what happened in a window, each thing once with all its times.
func reasonOf(window []Mark) string {
	var parts []string
	done := map[string]bool{}
	for i := range window {
		m := &window[i]
		key := m.Class() + "\x00" + m.Of
		if done[key] {
			continue
		}
		done[key] = true
		var times []string
		for k := i; k < len(window); k++ {
			if o := &window[k]; o.Class() == m.Class() && o.Of == m.Of {
				times = append(times, o.Meaning+" "+o.At.UTC().Format(time.RFC3339))
			}
		}
		parts = append(parts, fmt.Sprintf("%s: %s (%s)", m.Class(), m.Of, strings.Join(times, ", ")))
	}
	return strings.Join(parts, "; ")
}

// marking is a part of a combination, applied to one file.
type marking struct {
	applied
	part int
}

// Mark appends what combinations look at in r.
func (e *Engine) Mark(r *artifact.Record, dst []Mark) []Mark {
	those := e.marks[r.Kind]
	if len(those) == 0 || len(r.Times) == 0 {
		return dst
	}
	e.subject.Set(r)
	for _, a := range those {
		dst = a.mark(e.subject, r, dst)
	}
	return dst
}

func (a *marking) mark(s *Subject, r *artifact.Record, dst []Mark) []Mark {
	p := &a.rule.Combine.Parts[a.part]
	if p.when.quick(s) == no {
		return dst
	}
	if a.fault.Stopped {
		a.fault.Count++
		return dst
	}
	before := s.spent
	of, holds, err := p.holds(s)
	if a.spent += s.spent - before; err == nil && a.spent > maxSpent {
		err = errSpent
	}
	if err != nil {
		a.fail(err)
		return dst
	}
	if !holds {
		return dst
	}
	for i := range r.Times {
		if t := &r.Times[i]; !t.At.IsZero() && slices.Contains(p.Times, t.Meaning) {
			dst = append(dst, Mark{Rule: a.rule, Part: a.part, At: t.At, Meaning: t.Meaning, Of: of})
		}
	}
	return dst
}

func (p *Part) holds(s *Subject) (of string, holds bool, err error) {
	if holds, err = p.when.Holds(s); err != nil || !holds {
		return "", false, err
	}
	of, err = p.of.String(s)
	return of, true, err
}

// Combinations returns the rules that look at several records together.
func (s *Set) Combinations() []*Rule {
	return slices.DeleteFunc(slices.Clone(s.rules), func(r *Rule) bool { return r.Combine == nil })
}

// An Event is a record of an example of a combination.
type Event struct {
	Artifact string            `yaml:"artifact" json:"artifact"`
	Kind     artifact.Kind     `yaml:"kind" json:"kind"`
	Times    map[string]string `yaml:"times" json:"times"` // RFC 3339 by meaning
	Record   map[string]any    `yaml:"record" json:"record"`
}

// runTogether applies a combination to the records of an example.
func (x *Example) runTogether(s *Set, r *Rule) error {
	var marks []Mark
	for i := range x.Records {
		ev := &x.Records[i]
		rec := (&Example{Kind: ev.Kind, Record: ev.Record}).record(r)
		for meaning, text := range ev.Times {
			at, err := time.Parse(time.RFC3339, text)
			if err != nil {
				return fmt.Errorf("record %d: %w", i+1, err)
			}
			rec.Times = append(rec.Times, artifact.Time{At: at, Meaning: meaning})
		}
		engine := (&Set{[]*Rule{r}, s.refs, s.names}).For(ev.Artifact)
		if engine == nil {
			continue
		}
		marks = engine.Mark(rec, marks)
		if faults := engine.Faults(); len(faults) > 0 {
			return faults[0]
		}
	}
	slices.SortFunc(marks, func(a, b Mark) int { return CompareMarks(&a, &b) })
	found := r.Combine.Find(marks)
	if len(found) == 0 {
		return x.compare(Match{}, false)
	}
	m, err := r.Combine.Match(s, r, marks, found[0])
	if err != nil {
		return err
	}
	return x.compare(m, true)
}

// check returns an error for everything that a part names and no parser yields.
func (s Schema) checkCombination(r *Rule) []error {
	var faults []error
	for i := range r.Combine.Parts {
		p := &r.Combine.Parts[i]
		part := &Rule{ID: r.ID, Severity: finding.Info, Artifacts: p.Artifacts, Kinds: p.Kinds, when: p.when, reason: p.of}
		faults = append(faults, s.Check(part)...)
		for _, meaning := range p.Times {
			if !s.hasTime(p, meaning) {
				faults = append(faults, fmt.Errorf("no such record of %s has a time %s", strings.Join(p.Artifacts, ", "), meaning))
			}
		}
	}
	return faults
}

func (s Schema) hasTime(p *Part, meaning string) bool {
	for _, name := range p.Artifacts {
		for _, k := range s[name].Kinds {
			if slices.Contains(p.Kinds, k.Kind) && slices.Contains(k.Times, meaning) {
				return true
			}
		}
	}
	return false
}
