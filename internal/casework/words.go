// Package casework is what people do with the account of a case, by command,
// by page and by program alike: events are made of findings, what is due is
// drafted, terms and silence are counted, letters and public pages are made.
// It keeps nothing itself: every change is an entry of the workspace and so an
// act in the ledger.
//
// Texts that it returns may quote what people wrote: whoever shows them makes
// them safe for a terminal or a page.
package casework

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/message"
)

// Words says statements of the account in the language of a printer.
type Words struct{ *message.Printer }

// Fact is a fact in words.
func (w Words) Fact(b *book.Case, f *account.Fact) string {
	id := "facts.says"
	switch {
	case f.Not:
		id = "facts.says_not"
	case f.Only:
		id = "facts.says_only"
	}
	text := w.Text(id, "Kind", w.Text("facts.kind."+f.Kind), "Value", w.Or("facts.value.", f.Value))
	if f.Of != "" {
		text += " (" + b.Pseudonym(f.Of) + ")"
	}
	if f.Place != "" {
		text += ", " + f.Place
	}
	return text
}

// Clash says that two facts cannot both be.
func (w Words) Clash(b *book.Case, c book.Clash) string {
	return w.Text("facts.clash", "A", c.A.ID, "B", c.B.ID, "Person", b.Pseudonym(c.A.Person), "What", w.Text("facts.kind."+c.A.Kind))
}

// Span is a span of time in words.
func (w Words) Span(s account.Span) string {
	switch {
	case s.Always:
		return w.Text("facts.always")
	case s.From.IsZero() && s.To.IsZero():
		return ""
	case s.To.IsZero():
		return w.Text("facts.since", "From", s.From.String())
	case s.From.IsZero():
		return w.Text("facts.until", "To", s.To.String())
	case s.From == s.To:
		return s.From.String()
	}
	return w.Text("facts.from_to", "From", s.From.String(), "To", s.To.String())
}

// Window is when an event happened.
func (w Words) Window(e *account.Event) string {
	from, to := e.At()
	return w.Span(account.Span{From: from, To: to})
}

// Impostor is whom a lure pretends to come from.
func (w Words) Impostor(e *account.Event) string {
	if e.None {
		return w.Text("facts.nobody")
	}
	names := make([]string, len(e.Impersonates))
	for i, p := range e.Impersonates {
		names[i] = w.Or("lure.kind.", p.Kind)
		if p.Name != "" {
			names[i] = p.Name
		}
	}
	return strings.Join(names, ", ")
}

// Sources names the first source, and how many more there are.
func (w Words) Sources(list []account.Source) string {
	if len(list) == 0 {
		return ""
	}
	text := SourceName(list[0])
	if more := len(list) - 1; more > 0 {
		text += " " + w.Count("facts.more_sources", int64(more))
	}
	return text
}

// SourceName is what a source is called.
func SourceName(s account.Source) string {
	switch {
	case s.Finding != "":
		return s.Finding + " (" + s.Evidence + ")"
	case s.Evidence != "":
		return s.Evidence
	}
	return s.Title
}

// SourceText is all that a source tells.
func SourceText(s account.Source) string {
	var parts []string
	if s.Finding != "" {
		parts = append(parts, path.Join(s.Evidence, s.Run, s.Finding))
	} else if s.Evidence != "" {
		parts = append(parts, s.Evidence)
	}
	for _, text := range []string{s.Title, s.Date.String(), s.URL} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	if s.Archived != "" {
		parts = append(parts, "SHA-256 "+s.Archived)
	}
	return strings.Join(parts, ", ")
}

// Silence is how long an authority has been silent.
func (w Words) Silence(s clock.Silence) string {
	if s.AtLeast {
		return w.Count("promises.silence_at_least", int64(s.Days))
	}
	return w.Count("promises.silence", int64(s.Days))
}

// Since is since when it is silent.
func (w Words) Since(s clock.Silence) string {
	if s.Never {
		return w.Text("promises.since_promise", "Since", s.Since)
	}
	return w.Text("promises.since_news", "Since", s.Since)
}

// Contradictions says which entries cannot all be right.
func (w Words) Contradictions(st *clock.Standing) []string {
	var out []string
	for _, c := range st.Contradictions {
		out = append(out, w.Text("promises.contradiction."+c.Kind, "IDs", strings.Join(c.IDs, ", "), "Text", c.Text))
	}
	return out
}

// Promise says how a promise stands.
func (w Words) Promise(p *clock.PromiseState) string {
	text := w.Text("promises.state." + p.Saying())
	if p.Late > 0 {
		text += ", " + w.Count("promises.late", int64(p.Late))
	}
	return text
}

// Request says how a request stands.
func (w Words) Request(q *clock.RequestState) string {
	text := w.Text("promises.state." + q.Saying())
	switch {
	case q.Problem != "":
		text += ": " + q.Problem
	case q.Late > 0:
		text += ", " + w.Count("promises.late", int64(q.Late))
	case q.State == clock.Open || (q.State == clock.InAppeal || q.State == clock.PartWay) && q.Ends != "":
		text += ", " + w.Count("promises.left", int64(q.Left))
	}
	if q.Appeal != "" {
		text += ", " + w.Text("promises.appeal_until", "Day", q.Appeal)
	}
	return text
}

// Running reports whether the term of a request is still worth counting.
func Running(q *clock.RequestState) bool {
	return q.Count != nil && slices.Contains([]string{clock.Open, clock.PartWay, clock.Overdue, clock.InAppeal}, q.State)
}

// Counted says how a term was counted, so that it can be checked on a calendar.
func (w Words) Counted(c *term.Count) string {
	text := w.Count("promises.counted_"+c.Unit, int64(c.Days), "Received", c.Received.Format(time.DateOnly), "Law", c.Law)
	var skipped []string
	for _, s := range c.Skipped {
		skipped = append(skipped, s.Day.Format(time.DateOnly)+" "+s.Why.In(w.Lang()))
	}
	if len(skipped) > 0 {
		text += "; " + w.Text("promises.skipped", "List", strings.Join(skipped, ", "))
	}
	return text
}

// Term is the length of a legal term.
func (w Words) Term(t *term.Term) string {
	length := w.Count("promises.length_"+t.Counted(), int64(t.Days))
	if t.Extension > 0 {
		length += " + " + w.Number(int64(t.Extension))
	}
	return length
}

// Date is a date that comes, or has passed.
func (w Words) Date(d clock.Date) string { return w.Text("promises.date."+d.Kind, "Who", d.Who) }
