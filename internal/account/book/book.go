// Package book keeps the account of a case in the workspace, and reads it from
// there: the statements of package account as entries.
package book

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/workspace"
)

// A Case is what is known of a case now, in the order in which it was written
// down.
type Case struct {
	ID           string
	People       []workspace.Person
	Facts        []*account.Fact
	Events       []*account.Event
	Parties      []*account.Party
	Deals        []*account.Deal
	Attributions []*account.Attribution
}

// Store is what is read of a workspace, here or at a server.
type Store interface {
	People(ctx context.Context, caseID string, p workspace.Page) (workspace.List[workspace.Person], error)
	AllEntries(ctx context.Context, caseID, kind string) ([]workspace.Entry, error)
}

// Load reads the account of a case.
func Load(ctx context.Context, w Store, caseID string) (*Case, error) {
	c := &Case{ID: caseID}
	people, err := w.People(ctx, caseID, workspace.Page{Limit: workspace.MaxLimit})
	if err != nil {
		return nil, err
	}
	c.People = people.Items
	return c, errors.Join(
		all(ctx, w, caseID, account.KindFact, &c.Facts, func(f *account.Fact, id string) { f.ID = id }),
		all(ctx, w, caseID, account.KindEvent, &c.Events, func(e *account.Event, id string) { e.ID = id }),
		all(ctx, w, caseID, account.KindParty, &c.Parties, func(p *account.Party, id string) { p.ID = id }),
		all(ctx, w, caseID, account.KindDeal, &c.Deals, func(d *account.Deal, id string) { d.ID = id }),
		all(ctx, w, caseID, account.KindAttribution, &c.Attributions, func(a *account.Attribution, id string) { a.ID = id }),
	)
}

// all reads every current statement of a kind.
func all[T any](ctx context.Context, w Store, caseID, kind string, into *[]*T, name func(*T, string)) error {
	entries, err := w.AllEntries(ctx, caseID, kind)
	if err != nil {
		return err
	}
	for _, e := range entries {
		v := new(T)
		if err := json.Unmarshal(e.Body, v); err != nil {
			return fmt.Errorf("entry %s: %w: %w", e.ID, workspace.ErrDamaged, err)
		}
		name(v, e.ID)
		*into = append(*into, v)
	}
	return nil
}

// Pseudonym is what the case calls a person, or their id.
func (c *Case) Pseudonym(id string) string {
	if p := c.person(id); p != nil {
		return p.Pseudonym
	}
	return id
}

// person finds a person by id or pseudonym, nil where there is none.
func (c *Case) person(name string) *workspace.Person {
	for i := range c.People {
		if p := &c.People[i]; p.ID == name || p.Pseudonym == name {
			return p
		}
	}
	return nil
}

// FactsOf are the facts about a person, and those of the case.
func (c *Case) FactsOf(person string) []*account.Fact {
	var out []*account.Fact
	for _, f := range c.Facts {
		if f.Person == person || f.Person == "" {
			out = append(out, f)
		}
	}
	return out
}

// Event returns the event with the id, nil where there is none.
func (c *Case) Event(id string) *account.Event {
	for _, e := range c.Events {
		if e.ID == id {
			return e
		}
	}
	return nil
}

// A Clash is two facts that cannot both be.
type Clash struct{ A, B *account.Fact }

// Clashes lists facts of the case that contradict each other at one time.
func (c *Case) Clashes() []Clash {
	var out []Clash
	for i, a := range c.Facts {
		for _, b := range c.Facts[i+1:] {
			if a.Person == b.Person && a.Kind == b.Kind && clash(a, b) {
				out = append(out, Clash{a, b})
			}
		}
	}
	return out
}

func clash(a, b *account.Fact) bool {
	if a.Kind == account.Birth {
		return a.Value != b.Value && !a.Not && !b.Not
	}
	for _, edge := range []account.Date{a.When.From, b.When.From, a.When.To, b.When.To} {
		for _, at := range edge.Around() {
			if contradicts(a, b, at) || contradicts(b, a, at) {
				return true
			}
		}
	}
	return a.When.Always && b.When.Always && contradicts(a, b, account.MustDate("2000-01-01"))
}

// contradicts reports whether a says yes to what b, while it holds, says no to.
func contradicts(a, b *account.Fact, at account.Date) bool {
	return b.When.Holds(at) == account.Yes && a.Says(a.Kind, a.Value, at) == account.Yes && b.Says(a.Kind, a.Value, at) == account.No
}

// maxStatements is how many statements one input may bring.
const maxStatements = 100_000

// Decode reads one statement or a list of them, JSON without unknown fields.
func Decode[T any](data []byte) ([]*T, error) {
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return nil, fmt.Errorf("%w: there is nothing in it", account.ErrInvalid)
	}
	if data[0] != '[' {
		v := new(T)
		return []*T{v}, decodeOne(data, v)
	}
	var out []*T
	if err := decodeOne(data, &out); err != nil {
		return nil, err
	}
	if len(out) == 0 || len(out) > maxStatements || slices.Contains(out, nil) {
		return nil, fmt.Errorf("%w: a list of %d statements", account.ErrInvalid, len(out))
	}
	return out, nil
}

func decodeOne(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("%w: character %d: %w", account.ErrInvalid, dec.InputOffset(), err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: character %d: something follows the end", account.ErrInvalid, dec.InputOffset())
	}
	return nil
}
