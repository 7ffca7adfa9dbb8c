package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/rule"
)

// Bounds of what is kept for rules that look at several records together: of
// traces the folders of all attachments and a few processes; of what speaks
// against them the times of all attachments.
const (
	maxMarked  = 50_000
	maxAgainst = 4_000_000
)

// marked is a mark with the record that it is of.
type marked struct {
	rule.Mark
	seen *sighting // nil of a mark that speaks against its window
}

// sighting is a record that a combination looks at.
type sighting struct {
	artifact string
	record   json.RawMessage
	where    finding.Provenance
}

// marks are what combinations look at in one task, or in all.
type marks struct {
	list    []marked
	against map[againstKey]bool // the same time counts once
	dropped int64
}

type againstKey struct {
	rule *rule.Rule
	part int
	at   int64 // seconds
}

// mark keeps what combinations look at in a record.
func (c *collector) mark(ctx context.Context, r *artifact.Record) {
	c.found = c.rules.Mark(r, c.found[:0])
	var seen *sighting
	for i := range c.found {
		m := c.found[i]
		if m.Against() {
			c.marks.speakAgainst(&m)
			continue
		}
		if len(c.marks.list) == maxMarked {
			c.marks.dropped++
			continue
		}
		if seen == nil {
			if c.json == nil {
				c.json = r.AppendJSON(nil)
			}
			seen = &sighting{c.artifact, slices.Clone(c.json), c.provenance(ctx, r)}
		}
		c.marks.list = append(c.marks.list, marked{m, seen})
	}
}

func (m *marks) speakAgainst(one *rule.Mark) {
	if m.against == nil {
		m.against = map[againstKey]bool{}
	}
	if len(m.against) == maxAgainst {
		m.dropped++
		return
	}
	m.against[againstKey{one.Rule, one.Part, one.At.Unix()}] = true
}

// takeMarks adds the marks of a task. The caller holds c.mu.
func (c *check) takeMarks(m *marks) {
	c.marks.list = append(c.marks.list, m.list...)
	c.marks.dropped += m.dropped
	for key := range m.against {
		if c.marks.against == nil {
			c.marks.against = map[againstKey]bool{}
		}
		c.marks.against[key] = true
	}
}

// combine applies the combinations to what all tasks kept, and adds the
// findings to the others.
func (c *check) combine(run *finding.Run) error {
	for _, r := range c.opts.Rules.Combinations() {
		list := c.marks.of(r)
		plain := make([]rule.Mark, len(list))
		for i := range list {
			plain[i] = list[i].Mark
		}
		sorter := c.findings.Sorter()
		for _, found := range r.Combine.Find(plain) {
			m, err := r.Combine.Match(c.opts.Rules, r, plain, found)
			if err != nil {
				run.Evidence.Problems = append(run.Evidence.Problems, finding.Problem{Rule: r.ID, Error: err.Error()})
			}
			f := c.together(&m, list[found.First:found.Last+1])
			payload, err := json.Marshal(f)
			if err != nil {
				return fmt.Errorf("finding %s: %w", f.ID, err)
			}
			run.Totals.Findings++
			run.Totals.BySeverity[f.Severity.String()]++
			sorter.Put(findingKey(f), payload)
		}
		if err := c.findings.Add(sorter); err != nil {
			return err
		}
	}
	if c.marks.dropped > 0 {
		run.Evidence.Problems = append(run.Evidence.Problems, finding.Problem{
			Error: fmt.Sprintf("%d times too many for rules that look at several records together: they may be incomplete", c.marks.dropped),
		})
	}
	return nil
}

// of returns the marks of a rule in an order that does not depend on which
// task ended first.
func (m *marks) of(r *rule.Rule) []marked {
	var list []marked
	for i := range m.list {
		if m.list[i].Rule == r {
			list = append(list, m.list[i])
		}
	}
	for key := range m.against {
		if key.rule == r {
			list = append(list, marked{Mark: rule.Mark{Rule: r, Part: key.part, At: time.Unix(key.at, 0)}})
		}
	}
	slices.SortFunc(list, func(a, b marked) int {
		return cmp.Or(rule.CompareMarks(&a.Mark, &b.Mark), compareSightings(a.seen, b.seen))
	})
	return list
}

func compareSightings(a, b *sighting) int {
	if a == nil || b == nil {
		return 0
	}
	return cmp.Or(strings.Compare(a.artifact, b.artifact), strings.Compare(a.where.Path, b.where.Path),
		strings.Compare(a.where.Table, b.where.Table), cmp.Compare(a.where.Offset, b.where.Offset), strings.Compare(string(a.record), string(b.record)))
}

// together makes the finding of a window: it stands at the first of its
// records and names all.
func (c *check) together(m *rule.Match, window []marked) *finding.Finding {
	first := &window[0]
	at := first.At.UTC()
	f := &finding.Finding{
		Severity: m.Severity, Kind: finding.Heuristic, Title: m.Rule.Title.In("en"), Rule: m.Rule.ID, Reason: m.Reason,
		Artifact: first.seen.artifact, Record: first.seen.record, Where: first.seen.where, Time: &at, TimeOf: first.Meaning,
	}
	for i := range window {
		w := &window[i]
		at := w.At.UTC()
		p := finding.Part{Class: w.Class(), Of: w.Of, Artifact: w.seen.artifact, Time: &at, TimeOf: w.Meaning, Where: w.seen.where}
		p.Where.Bytes = nil
		f.Parts = append(f.Parts, p)
	}
	f.ID = (&collector{device: c.device}).id(f)
	return f
}
