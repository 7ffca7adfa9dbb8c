package casework

import (
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/concern"
	"github.com/amparo-project/amparo/internal/account/letter"
	"github.com/amparo-project/amparo/internal/account/publish"
)

// LetterParts adds facts, concerns and safeguards to a letter; what a person
// dismissed is left out. Rules that could not be used are returned.
func (w Words) LetterParts(set *concern.Set, b *book.Case, decided Decisions, in *letter.Input) []concern.Fault {
	for _, e := range b.Events {
		in.Facts = append(in.Facts, letter.Fact{Text: w.letterEvent(b, e), Notes: w.notes(e.Sources)})
	}
	for _, answer := range set.Judge(b) {
		if WorthTelling(answer) && !decided.Dismissed(answer) {
			in.Concerns = append(in.Concerns, w.letterConcern(set.Rule(answer.Rule), answer))
		}
	}
	held, faults := set.Against(b)
	for _, h := range held {
		if h.Answer.Answer != account.Yes {
			continue
		}
		var sources []account.Source
		for _, e := range h.Elements {
			sources = append(sources, e.Sources...)
		}
		words := h.Words
		if words == "" {
			words = set.Rule(h.Condition).Title.In(w.Lang())
		}
		in.Safeguards = append(in.Safeguards, letter.Fact{
			Text:  w.Text("letter.safeguard", "Deal", h.Deal, "Buyer", h.Buyer, "Words", words, "Person", h.Person, "Since", publish.Day(w.Printer, h.Since.String())),
			Notes: w.notes(sources),
		})
	}
	return faults
}

func (w Words) letterEvent(b *book.Case, e *account.Event) string {
	when := publish.Day(w.Printer, e.From.String())
	if e.From.IsZero() {
		when = w.Text("letter.no_day")
	} else if !e.To.IsZero() && e.To != e.From {
		when = w.Text("letter.window", "From", when, "To", publish.Day(w.Printer, e.To.String()))
	}
	text := w.Text("letter.event", "When", when, "Who", b.Pseudonym(e.Person), "How", w.Text("facts.how."+e.How), "Outcome", w.Text("facts.outcome."+e.Outcome))
	if e.Threat != "" {
		text += " " + w.Text("letter.threat", "Threat", e.Threat)
	}
	if who := w.Impostor(e); who != "" {
		text += " " + w.Text("letter.pretends", "Who", who)
	}
	return text
}

// letterConcern is what a rule says of one event.
func (w Words) letterConcern(r *concern.Rule, answer concern.Answer) letter.Concern {
	lang := w.Lang()
	c := letter.Concern{Title: w.Text("letter.concern", "Title", r.Title.In(lang), "Who", answer.Person, "When", publish.Day(w.Printer, answer.From.String()))}
	var law []string
	for _, l := range r.Law {
		law = append(law, l.Name.In(lang))
	}
	c.Law = strings.Join(law, "; ")
	for i, e := range answer.Elements {
		text := strings.TrimSuffix(r.Element[i].Text.In(lang), ".")
		c.Elements = append(c.Elements, letter.Element{Text: text, Answer: e.Answer, Missing: strings.TrimSuffix(r.Element[i].Missing.In(lang), "."), Notes: w.notes(e.Sources)})
	}
	return c
}

// notes are sources as footnotes, each once.
func (w Words) notes(sources []account.Source) []string {
	var out []string
	for _, s := range sources {
		if n := letter.Note(s, w.Printer); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}
