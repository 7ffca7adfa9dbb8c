package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/concern"
	"github.com/amparo-project/amparo/internal/account/letter"
	"github.com/amparo-project/amparo/internal/account/publish"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/workspace"
)

// minorRole counts minors apart from what else they are.
const minorRole = "minor"

// roles tells in which role each person is counted: one. A minor is a minor;
// who has several roles is counted in the first, in the order in which the
// account knows them.
func roles(b *book.Case, people []workspace.Person, on time.Time) map[string]string {
	out := map[string]string{}
	for _, p := range people {
		var own []*account.Fact
		for _, f := range b.Facts {
			if f.Person == p.ID || f.Person == p.Pseudonym {
				own = append(own, f)
			}
		}
		young, _, _ := account.Minor(own, account.DayOf(on))
		if p.Minor || young == account.Yes {
			out[p.ID] = minorRole
			continue
		}
		var has []string
		for _, f := range own {
			if f.Kind == account.Role && !f.Not {
				has = append(has, f.Value)
			}
		}
		slices.Sort(has)
		for _, r := range slices.Concat(account.Roles, has) {
			if slices.Contains(has, r) {
				out[p.ID] = r
				break
			}
		}
	}
	return out
}

// tallies counts for whom a concern is met, of the people who agreed to be
// counted, and how many conditions of deals are contradicted by what was seen.
func (a *app) tallies(b *book.Case, people []publish.Person, in *publish.Input) error {
	set, _, err := a.concernRules(nil)
	if err != nil {
		return err
	}
	met := map[string][]string{}
	for _, answer := range set.Judge(b) {
		i := slices.IndexFunc(people, func(p publish.Person) bool { return b.Pseudonym(p.ID) == answer.Person })
		if answer.Answer == account.Yes && i >= 0 && !slices.Contains(met[answer.Rule], people[i].ID) {
			met[answer.Rule] = append(met[answer.Rule], people[i].ID)
		}
	}
	for _, r := range set.Rules(false) {
		if len(met[r.ID]) > 0 {
			in.Concerns = append(in.Concerns, publish.Tally{Text: term.Text{En: r.Title.EN, Es: r.Title.ES}, People: met[r.ID]})
		}
	}
	held, faults := set.Against(b)
	a.tellFaults(faults)
	counts := map[account.Truth]int{}
	for _, t := range conditions(held) {
		counts[t]++
	}
	for _, t := range []account.Truth{account.Yes, account.No, account.NotKnown} {
		if counts[t] > 0 {
			id := "publish.condition." + t.String()
			in.Safeguards = append(in.Safeguards, publish.Tally{Text: term.Text{En: message.New("en").Text(id), Es: message.New("es").Text(id)}, N: counts[t]})
		}
	}
	return nil
}

// conditions says of each condition of a deal whether any event is against it.
func conditions(held []concern.Held) map[string]account.Truth {
	out := map[string]account.Truth{}
	for _, h := range held {
		key := h.Deal + "\x00" + h.Condition
		if now, seen := out[key]; seen {
			out[key] = now.Or(h.Answer.Answer)
		} else {
			out[key] = h.Answer.Answer
		}
	}
	return out
}

// letterParts adds facts, concerns and safeguards to a letter.
func (a *app) letterParts(b *book.Case, in *letter.Input) error {
	set, _, err := a.concernRules(nil)
	if err != nil {
		return err
	}
	for _, e := range b.Events {
		in.Facts = append(in.Facts, letter.Fact{Text: a.eventText(b, e), Notes: a.notes(e.Sources)})
	}
	for _, answer := range set.Judge(b) {
		if worthTelling(answer) {
			in.Concerns = append(in.Concerns, a.letterConcern(set.Rule(answer.Rule), answer, b))
		}
	}
	held, faults := set.Against(b)
	a.tellFaults(faults)
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
			words = set.Rule(h.Condition).Title.In(a.Lang())
		}
		in.Safeguards = append(in.Safeguards, letter.Fact{
			Text: a.Text("letter.safeguard", "Deal", h.Deal, "Buyer", h.Buyer, "Words", words, "Person", h.Person, "Since", publish.Day(a.Printer, h.Since.String())), Notes: a.notes(sources),
		})
	}
	return nil
}

func (a *app) eventText(b *book.Case, e *account.Event) string {
	when := publish.Day(a.Printer, e.From.String())
	if e.From.IsZero() {
		when = a.Text("letter.no_day")
	} else if !e.To.IsZero() && e.To != e.From {
		when = a.Text("letter.window", "From", when, "To", publish.Day(a.Printer, e.To.String()))
	}
	text := a.Text("letter.event", "When", when, "Who", b.Pseudonym(e.Person), "How", a.Text("facts.how."+e.How), "Outcome", a.Text("facts.outcome."+e.Outcome))
	if e.Threat != "" {
		text += " " + a.Text("letter.threat", "Threat", e.Threat)
	}
	if who := a.impostorText(e); who != "" {
		text += " " + a.Text("letter.pretends", "Who", who)
	}
	return text
}

// letterConcern is what a rule says of one event.
func (a *app) letterConcern(r *concern.Rule, answer concern.Answer, b *book.Case) letter.Concern {
	lang := a.Lang()
	c := letter.Concern{Title: a.Text("letter.concern", "Title", r.Title.In(lang), "Who", answer.Person, "When", publish.Day(a.Printer, answer.From.String()))}
	var law []string
	for _, l := range r.Law {
		law = append(law, l.Name.In(lang))
	}
	c.Law = strings.Join(law, "; ")
	for i, e := range answer.Elements {
		text := strings.TrimSuffix(r.Element[i].Text.In(lang), ".")
		c.Elements = append(c.Elements, letter.Element{Text: text, Answer: e.Answer, Missing: strings.TrimSuffix(r.Element[i].Missing.In(lang), "."), Notes: a.notes(e.Sources)})
	}
	return c
}

// notes are sources as footnotes, each once.
func (a *app) notes(sources []account.Source) []string {
	var out []string
	for _, s := range sources {
		if n := letter.Note(s, a.Printer); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}
