package casework

import (
	"slices"

	"github.com/amparo-project/amparo/internal/account/clock"
)

// Withheld is one thing that a publication does not make public, and why.
type Withheld struct {
	Kind   string `json:"kind"` // promise, request, answer, document, person
	ID     string `json:"id,omitempty"`
	Text   string `json:"text"`
	Reason string `json:"reason"`
}

// Withheld names what the case holds and the page does not. Names of people
// are not in it: who reads it sees the case.
func (p *Publication) Withheld(w Words) []Withheld {
	var out []Withheld
	add := func(kind, id, text, reason string) {
		out = append(out, Withheld{kind, id, text, w.Text("publish.withheld." + reason)})
	}
	r := p.Input.Record
	for i := range r.Promises {
		if x := &r.Promises[i]; !x.Public {
			add("promise", x.ID, x.Made+" "+x.Authority, "not_marked")
		}
	}
	for i := range r.Requests {
		if x := &r.Requests[i]; !x.Public {
			add("request", x.ID, x.Sent+" "+x.Authority, "not_marked")
		}
		p.documents(&r.Requests[i].Documents, r.Requests[i].Public, add)
	}
	open := r.Open()
	for i := range r.Answers {
		x := &r.Answers[i]
		at := slices.IndexFunc(open.Answers, func(a clock.Answer) bool { return a.ID == x.ID })
		switch {
		case at < 0:
			add("answer", x.ID, x.On+" "+x.Authority, "not_marked")
		case open.Answers[at].Text == "" && x.Text != "":
			add("answer", x.ID, x.On+" "+x.Authority, "only_kind_and_day")
		}
		p.documents(&x.Documents, x.Public, add)
	}
	for _, x := range p.people {
		switch {
		case !x.counted:
			add("person", x.id, x.pseudonym, "not_counted")
		case !x.named:
			add("person", x.id, x.pseudonym, "not_named")
		}
	}
	return out
}

func (p *Publication) documents(list *[]clock.Document, public bool, add func(kind, id, text, reason string)) {
	for _, d := range *list {
		switch {
		case !public || !d.Public:
			add("document", "", d.Name, "not_marked")
		case p.Input.Documents[d.SHA256] == nil:
			add("document", "", d.Name, "no_file")
		}
	}
}
