package casework

import (
	"slices"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/concern"
	"github.com/amparo-project/amparo/internal/account/publish"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/message"
)

// tallies counts for whom a concern is met, of the people who agreed to be
// counted and where nobody dismissed it, and how many conditions of deals are contradicted by what was seen.
func tallies(set *concern.Set, b *book.Case, decided Decisions, people []publish.Person, in *publish.Input) []concern.Fault {
	met := map[string][]string{}
	for _, answer := range set.Judge(b) {
		i := slices.IndexFunc(people, func(p publish.Person) bool { return b.Pseudonym(p.ID) == answer.Person })
		if answer.Answer == account.Yes && !decided.Dismissed(answer) && i >= 0 && !slices.Contains(met[answer.Rule], people[i].ID) {
			met[answer.Rule] = append(met[answer.Rule], people[i].ID)
		}
	}
	for _, r := range set.Rules(false) {
		if len(met[r.ID]) > 0 {
			in.Concerns = append(in.Concerns, publish.Tally{Text: term.Text{En: r.Title.EN, Es: r.Title.ES}, People: met[r.ID]})
		}
	}
	held, faults := set.Against(b)
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
	return faults
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

// WorthTelling leaves out the answers of rules that are not met, and those to
// which nothing points.
func WorthTelling(a concern.Answer) bool {
	if a.Answer != account.NotKnown {
		return a.Answer == account.Yes
	}
	for _, e := range a.Elements {
		if e.Clash || e.Fault != "" || e.Answer == account.Yes && e.ID != "targeted" && e.ID != "message" {
			return true
		}
	}
	return false
}

// RuleFaults are the rules that failed while they ran.
func RuleFaults(answers []concern.Answer) []concern.Fault {
	var out []concern.Fault
	for _, a := range answers {
		for _, e := range a.Elements {
			if e.Fault != "" {
				out = append(out, concern.Fault{Rule: a.Rule, Error: a.Event + ", " + e.ID + ": " + e.Fault})
			}
		}
	}
	return out
}
