package web

import (
	"context"
	"net/http"
	"time"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/docket"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Bodies of the account. What is in them is held to the same rules as by the
// command line.
type (
	// InEntry names an entry of the account.
	InEntry struct {
		Entry string `path:"entry" maxLength:"20"`
	}
	// Basis is where a statement of the account is from.
	Basis struct {
		Source    account.Source   `json:"source"`
		Documents []clock.Document `json:"documents,omitempty" maxItems:"100"`
		Public    bool             `json:"public,omitempty"`
	}
	promiseBody struct {
		InCase
		Body struct {
			Authority string `json:"authority" maxLength:"200"`
			By        string `json:"by,omitempty" maxLength:"200" doc:"who spoke for it"`
			Made      string `json:"made" maxLength:"30" doc:"a day, a month or a year"`
			Due       string `json:"due,omitempty" maxLength:"30"`
			Words     string `json:"words" maxLength:"16384" doc:"as they were said"`
			Lang      string `json:"lang,omitempty" maxLength:"20"`
			Basis
		}
	}
	requestBody struct {
		InCase
		Body struct {
			Kind      string `json:"kind" enum:"access,petition,complaint,precautionary,congress,un"`
			Authority string `json:"authority" maxLength:"200"`
			Sent      string `json:"sent" maxLength:"40" doc:"the day on which it was received"`
			Subject   string `json:"subject" maxLength:"16384"`
			Reference string `json:"reference,omitempty" maxLength:"200"`
			Due       string `json:"due,omitempty" maxLength:"30"`
			Country   string `json:"country,omitempty" maxLength:"2" doc:"whose law and calendar count"`
			Term      string `json:"term,omitempty" maxLength:"100" doc:"id of a term; none: no term; without it: that of the law of the country"`
			Basis
		}
	}
	answerBody struct {
		InCase
		Body struct {
			To        string `json:"to,omitempty" maxLength:"20" doc:"the request or promise"`
			Authority string `json:"authority,omitempty" maxLength:"200"`
			Kind      string `json:"kind" enum:"answer,partial,refusal,acknowledgement,extension,suspension,appeal,decision,deed,kept,broken,statement"`
			On        string `json:"on" maxLength:"30"`
			From      string `json:"from,omitempty" maxLength:"30"`
			Until     string `json:"until,omitempty" maxLength:"30"`
			Days      int    `json:"days,omitempty" minimum:"0" maximum:"3650"`
			Text      string `json:"text" maxLength:"16384"`
			New       bool   `json:"new" doc:"it gave new information: the silence ends"`
			Basis
		}
	}
	factsBody struct {
		InCase
		Body struct {
			Facts []*account.Fact `json:"facts" minItems:"1" maxItems:"1000"`
		}
	}
	eventsBody struct {
		InCase
		Body struct {
			Events []*account.Event `json:"events" minItems:"1" maxItems:"1000"`
		}
	}
	foundBody struct {
		InCase
		Body struct {
			Findings []string `json:"findings,omitempty" maxItems:"1000" doc:"one event of all that are named; without them one of those about each record"`
			Operator string   `json:"operator,omitempty" maxLength:"200"`
		}
	}
	retireBody struct {
		InEntry
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"60000"`
		}
	}
	idsAnswer struct {
		IDs []string `json:"ids"`
	}
)

// docketOf is what was promised and asked in a case.
func (a *api) docketOf(ctx context.Context, sp *examine.Space, caseID string) (*docket.Docket, error) {
	terms, err := a.s.o.Terms(ctx, sp)
	if err != nil {
		return nil, err
	}
	return &docket.Docket{Store: sp.Workspace, Case: caseID, Terms: terms, Today: casework.Today(a.s.o.Now())}, nil
}

func (a *api) account() {
	a.readAccount()
	a.writeAccount()
	a.statements()
}

func (a *api) readAccount() {
	add(a, ScopeRead, http.MethodGet, "/cases/{case}/entries", "list-entries", "Entries of the account of a case, with what they say",
		func(ctx context.Context, sp *examine.Space, in *struct {
			InCase
			Part
			Kind    string `query:"kind" maxLength:"32"`
			Person  string `query:"person" maxLength:"200" doc:"id or pseudonym"`
			History bool   `query:"history" doc:"also versions that hold no longer"`
		},
		) (workspace.List[workspace.Entry], error) {
			return sp.Entries(ctx, workspace.EntryFilter{Case: in.Case, Kind: in.Kind, Person: in.Person, History: in.History}, in.page())
		})
	add(a, ScopeRead, http.MethodGet, "/entries/{entry}", "get-entry", "One entry of an account",
		func(ctx context.Context, sp *examine.Space, in *InEntry) (workspace.Entry, error) {
			return sp.Entry(ctx, in.Entry)
		})
	add(a, ScopeRead, http.MethodGet, "/cases/{case}/account", "get-account", "How promises, requests and the silence of a case stand on a day",
		func(ctx context.Context, sp *examine.Space, in *struct {
			InCase
			On string `query:"on" format:"date" doc:"without it: today"`
		},
		) (*clock.Standing, error) {
			d, err := a.docketOf(ctx, sp, in.Case)
			if err != nil {
				return nil, err
			}
			on := d.Today
			if in.On != "" {
				if on, err = term.ParseDay(in.On, time.UTC); err != nil {
					return nil, err
				}
			}
			st, _, err := casework.Standing(ctx, d, on)
			return st, err
		})
	add(a, ScopeRead, http.MethodGet, "/terms", "list-terms", "Terms of the law that are known",
		func(ctx context.Context, sp *examine.Space, _ *nothing) ([]term.Term, error) {
			terms, err := a.s.o.Terms(ctx, sp)
			if err != nil {
				return nil, err
			}
			return terms.Terms, nil
		})
	add(a, ScopeRead, http.MethodGet, "/links", "list-links", "What ties people together: who agreed to it",
		func(ctx context.Context, sp *examine.Space, in *struct {
			Case string `query:"case" maxLength:"20" doc:"without it: all cases of the member"`
			Kept bool   `query:"kept" doc:"the graph that was made last, as of made; 404 where what it was made of has changed"`
		},
		) (*workspace.Linked, error) {
			m, _, err := a.s.o.Indicators(ctx, sp)
			if err != nil {
				return nil, err
			}
			if in.Kept {
				return casework.KeptLinks(ctx, sp.Workspace, in.Case, m)
			}
			return casework.Links(ctx, sp.Workspace, in.Case, m)
		})
}

func (a *api) writeAccount() {
	create(a, ScopeAccount, "/cases/{case}/promises", "add-promise", "Record what an authority promised",
		func(ctx context.Context, sp *examine.Space, in *promiseBody) (clock.Promise, error) {
			d, err := a.docketOf(ctx, sp, in.Case)
			if err != nil {
				return clock.Promise{}, err
			}
			b := &in.Body
			return d.AddPromise(ctx, clock.Promise{
				Authority: b.Authority, By: b.By, Made: b.Made, Due: b.Due, Words: b.Words, Lang: b.Lang, Source: b.Source, Documents: b.Documents, Public: b.Public,
			})
		})
	create(a, ScopeAccount, "/cases/{case}/requests", "add-request", "Record what an authority was asked for, with the term that the law gives it",
		func(ctx context.Context, sp *examine.Space, in *requestBody) (clock.Request, error) {
			d, err := a.docketOf(ctx, sp, in.Case)
			if err != nil {
				return clock.Request{}, err
			}
			b := &in.Body
			return d.AddRequest(ctx, clock.Request{
				Kind: b.Kind, Authority: b.Authority, Sent: b.Sent, Subject: b.Subject, Reference: b.Reference, Due: b.Due, Source: b.Source, Documents: b.Documents, Public: b.Public,
			}, b.Country, b.Term)
		})
	create(a, ScopeAccount, "/cases/{case}/answers", "add-answer", "Record what came of a request or a promise",
		func(ctx context.Context, sp *examine.Space, in *answerBody) (clock.Answer, error) {
			d, err := a.docketOf(ctx, sp, in.Case)
			if err != nil {
				return clock.Answer{}, err
			}
			b := &in.Body
			return d.AddAnswer(ctx, clock.Answer{
				To: b.To, Authority: b.Authority, Kind: b.Kind, On: b.On, From: b.From, Until: b.Until, Days: b.Days, Text: b.Text, New: b.New,
				Source: b.Source, Documents: b.Documents, Public: b.Public,
			})
		})
	add(a, ScopeAccount, http.MethodPost, "/entries/{entry}/retire", "retire-entry", "Withdraw an entry that is wrong or done with; its versions stay readable",
		func(ctx context.Context, sp *examine.Space, in *retireBody) (workspace.Entry, error) {
			return sp.RetireEntry(ctx, in.Entry, in.Body.Reason)
		})
}

func (a *api) statements() {
	create(a, ScopeAccount, "/cases/{case}/facts", "add-facts", "Write facts down, all or none",
		func(ctx context.Context, sp *examine.Space, in *factsBody) (idsAnswer, error) {
			ids, err := book.PutFacts(ctx, sp.Workspace, in.Case, in.Body.Facts)
			return idsAnswer{ids}, err
		})
	create(a, ScopeAccount, "/cases/{case}/events", "add-events", "Write events down, all or none",
		func(ctx context.Context, sp *examine.Space, in *eventsBody) (idsAnswer, error) {
			ids, err := book.PutEvents(ctx, sp.Workspace, in.Case, in.Body.Events)
			return idsAnswer{ids}, err
		})
	create(a, ScopeAccount, "/cases/{case}/events/found", "add-found-events", "Make events of confirmed findings",
		func(ctx context.Context, sp *examine.Space, in *foundBody) (idsAnswer, error) {
			events, err := casework.Events(ctx, sp, in.Case, in.Body.Findings)
			if err != nil || len(events) == 0 {
				return idsAnswer{[]string{}}, err
			}
			for _, e := range events {
				e.Operator = in.Body.Operator
			}
			ids, err := book.PutEvents(ctx, sp.Workspace, in.Case, events)
			return idsAnswer{ids}, err
		})
}
