// Package letter drafts the letter that asks an authority: facts, concerns
// with their elements, what was promised and asked, and questions; as a
// document for a word processor, with real footnotes, and as PDF. Each
// statement has its footnote to evidence or source.
//
// Draft is a pure function of its input, and so are the writers: the same
// input gives the same bytes. A person reads and signs it; it is a draft, and
// says so.
package letter

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/publish"
	"github.com/amparo-project/amparo/internal/message"
)

// Input is what a letter is made of. Texts are in the language of the letter.
type Input struct {
	Lang       string
	To         string // the authority
	From       string
	On         time.Time
	Label      string // said at the top; of a demonstration: that it is one
	Standing   *clock.Standing
	Facts      []Fact
	Concerns   []Concern
	Safeguards []Fact
}

// A Fact is one statement with what it rests on.
type Fact struct {
	Text  string
	Notes []string // evidence or sources
}

// A Concern is a legal concern with its elements.
type Concern struct {
	Title    string
	Law      string
	Elements []Element
}

// An Element is a part of a concern, and whether it is met.
type Element struct {
	Text    string
	Answer  account.Truth
	Missing string   // what is missing to know
	Notes   []string // evidence or sources of the answer
}

// Letter is a letter as it is set.
type Letter struct {
	Lang   string    `json:"lang"`
	Title  string    `json:"title"`
	Date   time.Time `json:"date"`
	Head   []string  `json:"head"` // sender, date, to whom
	Blocks []Block   `json:"blocks"`
}

// A Block is a heading, a paragraph or an item of a list.
type Block struct {
	Kind  string   `json:"kind"` // Heading, Para, Item, SubItem
	Text  string   `json:"text"`
	Notes []string `json:"notes,omitempty"` // footnotes, at the end of the text
}

// Kinds of blocks.
const (
	Heading = "heading"
	Para    = "para"
	Item    = "item"
	SubItem = "subitem"
)

// drafter collects the blocks of a letter.
type drafter struct {
	*message.Printer
	in  *Input
	out []Block
}

// Draft writes the letter.
func Draft(in *Input) *Letter {
	d := &drafter{Printer: message.New(in.Lang), in: in}
	l := &Letter{
		Lang: d.Lang(), Title: d.Text("letter.title"), Date: in.On,
		Head: []string{in.From, publish.Day(d.Printer, in.On.Format(time.DateOnly)), in.To},
	}
	if in.Label != "" {
		d.add(Para, in.Label)
	}
	d.add(Para, d.Text("letter.draft"))
	d.add(Para, d.Text("letter.opening"))
	d.list("letter.facts", "letter.facts_text", in.Facts)
	d.concerns()
	d.promises()
	d.requests()
	d.list("letter.safeguards", "letter.safeguards_text", in.Safeguards)
	d.questions()
	d.add(Para, d.Text("letter.closing"))
	d.add(Para, in.From)
	l.Blocks = d.out
	return l
}

func (d *drafter) add(kind, text string, notes ...string) {
	d.out = append(d.out, Block{kind, text, notes})
}

func (d *drafter) list(title, intro string, facts []Fact) {
	if len(facts) == 0 {
		return
	}
	d.add(Heading, d.Text(title))
	d.add(Para, d.Text(intro))
	for _, f := range facts {
		d.add(Item, f.Text, f.Notes...)
	}
}

func (d *drafter) concerns() {
	if len(d.in.Concerns) == 0 {
		return
	}
	d.add(Heading, d.Text("letter.concerns"))
	d.add(Para, d.Text("letter.concerns_text"))
	for _, c := range d.in.Concerns {
		var law []string
		if c.Law != "" {
			law = []string{c.Law}
		}
		d.add(Item, c.Title, law...)
		for _, e := range c.Elements {
			text := d.Text("letter.element", "Element", e.Text, "Answer", d.Text("letter.answer."+e.Answer.String()))
			if e.Missing != "" && e.Answer == account.NotKnown {
				text += " " + d.Text("letter.missing", "What", e.Missing)
			}
			d.add(SubItem, text, e.Notes...)
		}
	}
}

// mine reports whether an authority is the one that is written to.
func (d *drafter) mine(authority string) bool { return strings.EqualFold(authority, d.in.To) }

// promises lists those that are open, of every authority: a letter to one may
// be about another's.
func (d *drafter) promises() {
	first := true
	for i := range d.in.Standing.Promises {
		p := &d.in.Standing.Promises[i]
		if p.State == clock.Done {
			continue
		}
		if first {
			d.add(Heading, d.Text("letter.promises"))
			first = false
		}
		age := d.Count("letter.age", int64(p.Age))
		if p.AtLeast {
			age = d.Count("letter.age_at_least", int64(p.Age))
		}
		d.add(Item, d.Text("letter.promise", "Who", p.Authority, "Day", d.day(p.Made), "Words", p.Words, "Age", age), note(p.Source, d.Printer))
		for _, a := range p.Answers {
			d.answer(a)
		}
	}
	for _, s := range d.in.Standing.Silence {
		text := d.Count("letter.silence", int64(s.Days), "Who", s.Authority, "Since", d.day(s.Since))
		if s.AtLeast {
			text = d.Count("letter.silence_at_least", int64(s.Days), "Who", s.Authority, "Since", d.day(s.Since))
		}
		d.add(Para, text, d.Text("letter.computed", "ID", s.From, "Day", d.day(d.in.On.Format(time.DateOnly))))
	}
}

func (d *drafter) answer(a clock.Answer) {
	d.add(SubItem, d.day(a.On)+": "+d.Text("promises.kind."+a.Kind)+": "+a.Text, note(a.Source, d.Printer))
}

func (d *drafter) requests() {
	if len(d.in.Standing.Requests) == 0 {
		return
	}
	d.add(Heading, d.Text("letter.requests"))
	for i := range d.in.Standing.Requests {
		q := &d.in.Standing.Requests[i]
		text := d.Text("letter.request", "Kind", capital(d.Text("promises.request."+q.Kind)), "Who", q.Authority, "Day", d.day(q.Sent), "Subject", q.Subject, "State", d.Text("promises.state."+q.Saying()))
		notes := []string{note(q.Source, d.Printer)}
		if q.Late > 0 {
			text += " " + d.Count("letter.late", int64(q.Late), "Day", d.day(q.Ends))
		}
		if q.Count != nil {
			notes = append(notes, d.Count("promises.counted_"+q.Count.Unit, int64(q.Count.Days), "Received", d.day(q.Count.Received.Format(time.DateOnly)), "Law", q.Count.Law))
		}
		d.add(Item, text, notes...)
		for _, a := range q.Answers {
			d.answer(a)
		}
	}
}

// questions asks what is open: to the authority what it owes, and of each
// concern what is missing to know.
func (d *drafter) questions() {
	var asks []Block
	ask := func(text string, notes ...string) { asks = append(asks, Block{Item, text, notes}) }
	for i := range d.in.Standing.Promises {
		if p := &d.in.Standing.Promises[i]; p.State != clock.Done {
			id := "letter.ask_promise_other"
			if d.mine(p.Authority) {
				id = "letter.ask_promise"
			}
			ask(d.Text(id, "Who", p.Authority, "Day", d.day(p.Made)), note(p.Source, d.Printer))
		}
	}
	for i := range d.in.Standing.Requests {
		if q := &d.in.Standing.Requests[i]; q.State == clock.Overdue && d.mine(q.Authority) {
			id := "letter.ask_request"
			if q.Part {
				id = "letter.ask_rest"
			}
			ask(d.Text(id, "Subject", q.Subject, "Day", d.day(q.Ends)), note(q.Source, d.Printer))
		}
	}
	for _, c := range d.in.Concerns {
		for _, e := range c.Elements {
			if e.Answer == account.NotKnown {
				notes := e.Notes
				if c.Law != "" {
					notes = append([]string{c.Law}, notes...)
				}
				ask(d.Text("letter.ask_element", "Concern", c.Title, "Element", e.Text), notes...)
			}
		}
	}
	if len(d.in.Safeguards) > 0 {
		ask(d.Text("letter.ask_safeguards"))
	}
	ask(d.Text("letter.ask_victims"))
	d.add(Heading, d.Text("letter.questions"))
	d.out = append(d.out, asks...)
}

// capital begins a sentence.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

func (d *drafter) day(s string) string { return publish.Day(d.Printer, s) }

// note writes a source as a footnote.
func note(s account.Source, p *message.Printer) string { return Note(s, p) }

// Note writes a source as a footnote: its title, date, address, and the hash
// of the archived copy; or the evidence or finding that it is.
func Note(s account.Source, p *message.Printer) string {
	var parts []string
	add := func(text string) {
		if text != "" {
			parts = append(parts, text)
		}
	}
	add(s.Title)
	if s.Evidence != "" {
		add(p.Text("letter.note_evidence", "ID", s.Evidence))
	}
	if s.Finding != "" {
		add(p.Text("letter.note_finding", "ID", s.Finding, "Run", s.Run))
	}
	add(publish.Day(p, s.Date.String()))
	add(s.URL)
	if s.Quote != "" {
		add("«" + s.Quote + "»")
	}
	if s.Archived != "" {
		add(p.Text("letter.note_archived", "SHA256", s.Archived))
	}
	return fmt.Sprint(strings.Join(parts, ", "), ".")
}
