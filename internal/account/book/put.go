package book

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/workspace"
)

// A statement can say what is wrong with it.
type statement interface{ Validate() error }

// draft makes an entry of a statement.
func draft(caseID, kind, key string, v statement, people ...string) (workspace.Entry, error) {
	if err := v.Validate(); err != nil {
		return workspace.Entry{}, err
	}
	body, err := json.Marshal(v)
	if err != nil {
		return workspace.Entry{}, err
	}
	return workspace.Entry{Case: caseID, Kind: kind, Key: key, People: people, Purpose: workspace.Analysis, Body: body}, nil
}

// PutFacts writes facts down, all or none. People may be named by pseudonym;
// each must have consented to analysis.
func PutFacts(ctx context.Context, w *workspace.Workspace, caseID string, facts []*account.Fact) ([]string, error) {
	c, err := Load(ctx, w, caseID)
	if err != nil {
		return nil, err
	}
	entries := make([]workspace.Entry, len(facts))
	for i, f := range facts {
		var people []string
		if people, err = c.resolve(f); err == nil {
			f.ID = ""
			entries[i], err = draft(caseID, account.KindFact, "", f, people...)
		}
		if err != nil {
			return nil, fmt.Errorf("statement %d: %w", i+1, err)
		}
	}
	return put(ctx, w, entries)
}

// resolve gives the people that a fact names their ids.
func (c *Case) resolve(f *account.Fact) (people []string, err error) {
	if f.Person != "" {
		p := c.person(f.Person)
		if p == nil {
			return nil, fmt.Errorf("person %s in case %s: %w", f.Person, c.ID, workspace.ErrNotFound)
		}
		f.Person, people = p.ID, append(people, p.ID)
	}
	if f.Kind == account.Relation {
		if p := c.person(f.Of); p != nil {
			f.Of, people = p.ID, append(people, p.ID)
		}
	}
	return people, nil
}

// PutEvents writes events down, all or none, each of one finding at most once.
func PutEvents(ctx context.Context, w *workspace.Workspace, caseID string, events []*account.Event) ([]string, error) {
	c, err := Load(ctx, w, caseID)
	if err != nil {
		return nil, err
	}
	entries := make([]workspace.Entry, len(events))
	for i, e := range events {
		p := c.person(e.Person)
		if p == nil && e.Person != "" {
			return nil, fmt.Errorf("statement %d: person %s in case %s: %w", i+1, e.Person, caseID, workspace.ErrNotFound)
		}
		if p != nil {
			e.Person = p.ID
		}
		e.ID = ""
		if entries[i], err = draft(caseID, account.KindEvent, keyOf(e), e, e.Person); err != nil {
			return nil, fmt.Errorf("statement %d: %w", i+1, err)
		}
	}
	return put(ctx, w, entries)
}

// keyOf is the first finding that an event rests on.
func keyOf(e *account.Event) string {
	for _, s := range e.Sources {
		if s.Finding != "" {
			return s.Run + "/" + s.Finding
		}
	}
	return ""
}

// A Register is what a file says of the trade.
type Register struct {
	Parties      []*account.Party       `json:"parties,omitempty"`
	Deals        []*account.Deal        `json:"deals,omitempty"`
	Attributions []*account.Attribution `json:"attributions,omitempty"`
}

// PutRegister writes a register down, all or none. A party of the same kind
// and name is written once.
func PutRegister(ctx context.Context, w *workspace.Workspace, caseID string, r *Register) ([]string, error) {
	var entries []workspace.Entry
	add := func(kind, key string, v statement) error {
		e, err := draft(caseID, kind, key, v)
		entries = append(entries, e)
		return err
	}
	for _, p := range r.Parties {
		p.ID = ""
		if err := add(account.KindParty, p.Kind+"/"+p.Name, p); err != nil {
			return nil, err
		}
	}
	for _, d := range r.Deals {
		d.ID = ""
		if err := add(account.KindDeal, d.Kind+"/"+d.Name, d); err != nil {
			return nil, err
		}
	}
	for _, a := range r.Attributions {
		a.ID = ""
		if err := add(account.KindAttribution, a.Operator+"/"+a.Buyer, a); err != nil {
			return nil, err
		}
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("%w: there is nothing in it", account.ErrInvalid)
	}
	return put(ctx, w, entries)
}

func put(ctx context.Context, w *workspace.Workspace, entries []workspace.Entry) ([]string, error) {
	written, err := w.PutEntries(ctx, entries...)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(written))
	for i, e := range written {
		ids[i] = e.ID
	}
	return ids, nil
}
