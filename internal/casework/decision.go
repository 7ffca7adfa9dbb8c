package casework

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/concern"
	"github.com/amparo-project/amparo/internal/workspace"
)

// KindDecision is the kind of the entries that hold a Decision.
const KindDecision = "concern_decision"

// What a person can decide on a concern that a rule proposes.
const (
	Confirmed = "confirmed" // they stand by it
	Dismissed = "dismissed" // it is left out of letters and of the numbers of the public page
)

// A Decision is what a person decided on what a rule says of an event, and why.
type Decision struct {
	ID     string        `json:"id,omitempty"` // of its entry; not in the body
	Rule   string        `json:"rule"`
	Event  string        `json:"event"`
	State  string        `json:"state"`
	Reason string        `json:"reason"`
	Answer account.Truth `json:"answer"` // of the rule, when it was decided
}

// Decisions are those of a case.
type Decisions []Decision

// LoadDecisions reads what was decided on the concerns of a case.
func LoadDecisions(ctx context.Context, w book.Store, caseID string) (Decisions, error) {
	list, err := w.AllEntries(ctx, caseID, KindDecision)
	if err != nil {
		return nil, err
	}
	out := make(Decisions, len(list))
	for i, e := range list {
		if err := json.Unmarshal(e.Body, &out[i]); err != nil {
			return nil, fmt.Errorf("entry %s: %w: %w", e.ID, workspace.ErrDamaged, err)
		}
		out[i].ID = e.ID
	}
	return out, nil
}

// Of returns the decision on a rule's answer to an event, nil where there is none.
func (d Decisions) Of(rule, event string) *Decision {
	i := slices.IndexFunc(d, func(x Decision) bool { return x.Rule == rule && x.Event == event })
	if i < 0 {
		return nil
	}
	return &d[i]
}

// Dismissed reports whether a person dismissed an answer.
func (d Decisions) Dismissed(a concern.Answer) bool {
	x := d.Of(a.Rule, a.Event)
	return x != nil && x.State == Dismissed
}

// maxReason bounds the reason of a decision in bytes.
const maxReason = 16 << 10

// Decide writes down what a person decided on a concern, in place of what was
// decided before. The error wraps account.ErrInvalid where a reason is missing,
// workspace.ErrNotFound where the case has no such event or no rule that name.
func Decide(ctx context.Context, w *workspace.Workspace, rules *concern.Set, caseID string, d Decision) (Decision, error) {
	if d.State != Confirmed && d.State != Dismissed {
		return d, fmt.Errorf("%w: a concern is confirmed or dismissed, not %q", account.ErrInvalid, d.State)
	}
	if d.Reason = strings.TrimSpace(d.Reason); d.Reason == "" || len(d.Reason) > maxReason {
		return d, fmt.Errorf("%w: a concern is decided on for a reason of at most %d bytes", account.ErrInvalid, maxReason)
	}
	b, err := book.Load(ctx, w, caseID)
	if err != nil {
		return d, err
	}
	event, rule := b.Event(d.Event), rules.Rule(d.Rule)
	if event == nil || rule == nil || rule.Condition {
		return d, fmt.Errorf("concern %s of event %s in case %s: %w", d.Rule, d.Event, caseID, workspace.ErrNotFound)
	}
	for _, a := range rules.Judge(b) {
		if a.Rule == d.Rule && a.Event == d.Event {
			d.Answer = a.Answer
		}
	}
	e := workspace.Entry{
		Case: caseID, Kind: KindDecision, Key: d.Rule + " " + d.Event, People: []string{event.Person}, Purpose: workspace.Analysis, Act: "concern." + d.State,
	}
	before, err := LoadDecisions(ctx, w, caseID)
	if err != nil {
		return d, err
	}
	if old := before.Of(d.Rule, d.Event); old != nil {
		now, err := w.Entry(ctx, old.ID)
		if err != nil {
			return d, err
		}
		e.ID, e.Version = now.ID, now.Version
	}
	d.ID = ""
	if e.Body, err = json.Marshal(d); err != nil {
		return d, err
	}
	e, err = w.PutEntry(ctx, e)
	d.ID = e.ID
	if errors.Is(err, workspace.ErrExists) {
		err = fmt.Errorf("%w: %w", workspace.ErrConflict, err) // another was first
	}
	return d, err
}
