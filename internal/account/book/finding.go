package book

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/finding"
)

// Confirmed is a finding that somebody confirmed, and where it comes from.
type Confirmed struct {
	Finding                       *finding.Finding
	Run, Evidence, Person, Device string
}

// EventOf is the event that findings speak of, as far as they tell: whose and
// which device, when, by what, and whom a lure pretends to come from. A message
// is an attempt. A published trace of a program or file of spyware is an
// infection; what else was found leaves the outcome open. country tells the
// country of an institution by its id, "" where it has none.
func EventOf(list []Confirmed, country func(id string) string) *account.Event {
	first := list[0]
	e := &account.Event{
		Person: first.Person, Device: first.Device, How: account.HowUnknown, Outcome: account.OutcomeUnknown,
		Basis: account.Basis{Certainty: account.Possible},
	}
	var (
		threats  []string
		from, to time.Time
	)
	for _, c := range list {
		f := c.Finding
		e.Sources = append(e.Sources, account.Source{Finding: f.ID, Run: c.Run, Evidence: c.Evidence, Title: f.Title})
		if f.Time != nil {
			from, to = earlier(from, *f.Time), later(to, *f.Time)
		}
		if m := f.Indicator; m != nil && !m.Private {
			threats = append(threats, m.Threats...)
		}
		judge(e, f)
		if f.Lure != nil {
			impersonates(e, f.Lure, country)
		}
	}
	e.None = e.None && len(e.Impersonates) == 0
	slices.Sort(threats)
	e.Threat = strings.Join(slices.Compact(threats), ", ")
	if !from.IsZero() {
		e.From = account.Instant(from)
	}
	if to.After(from) {
		e.To = account.Instant(to)
	}
	return e
}

// earlier and later take a zero time for none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// judge sets how, the outcome and the certainty by one finding.
func judge(e *account.Event, f *finding.Finding) {
	published := f.Indicator != nil && f.Severity == finding.Critical
	switch {
	case f.Lure != nil || isMessage(f):
		if e.How = account.ByLure; e.Outcome == account.OutcomeUnknown {
			e.Outcome = account.Attempt
		}
	case published && isProgram(f.Indicator.Type):
		e.Outcome = account.Infected
	}
	switch {
	case published:
		e.Certainty = account.Certain
	case e.Certainty == account.Possible && f.Severity >= finding.High:
		e.Certainty = account.Probable
	}
}

// impersonates tells whom a message pretends to come from.
func impersonates(e *account.Event, p *finding.Pretended, country func(string) string) {
	if p.Kind == "" {
		e.None = true
		return
	}
	i := account.Impersonated{Kind: p.Kind, ID: p.Institution, Name: p.Name, Country: strings.ToUpper(country(p.Institution))}
	if !slices.Contains(e.Impersonates, i) {
		e.Impersonates = append(e.Impersonates, i)
	}
}

// isProgram reports whether an indicator names what ran or lay on the phone.
func isProgram(kind string) bool {
	switch kind {
	case "process", "file_name", "file_path", "file_hash", "app_id", "cert_hash", "profile_id":
		return true
	}
	return false
}

// isMessage reports whether an indicator matched a link that somebody sent.
func isMessage(f *finding.Finding) bool {
	if f.Indicator == nil || f.Indicator.Type != "url" && f.Indicator.Type != "domain" && f.Indicator.Type != "ip" {
		return false
	}
	switch _, artifact, _ := strings.Cut(f.Artifact, "."); artifact {
	case "sms", "whatsapp", "signal", "telegram", "viber", "line", "kik", "messenger", "mail":
		return true
	}
	return false
}

// ByRecord puts findings about the same record of the same run together: a
// message that matched an indicator and pretends to be an embassy is one event.
func ByRecord(list []Confirmed) [][]Confirmed {
	at := map[string]int{}
	var out [][]Confirmed
	for _, c := range list {
		w := c.Finding.Where
		row := int64(-1)
		if w.RowID != nil {
			row = *w.RowID
		}
		key := fmt.Sprint(c.Run, "\x00", w.Path, "\x00", w.Table, "\x00", row, "\x00", w.Offset)
		i, seen := at[key]
		if !seen {
			i, at[key] = len(out), len(out)
			out = append(out, nil)
		}
		out[i] = append(out[i], c)
	}
	return out
}

// Tells reports whether an event of the case rests on one of the findings.
func (c *Case) Tells(list []Confirmed) bool {
	for _, e := range c.Events {
		for _, s := range e.Sources {
			if slices.ContainsFunc(list, func(f Confirmed) bool { return f.Finding.ID == s.Finding && f.Evidence == s.Evidence }) {
				return true
			}
		}
	}
	return false
}
