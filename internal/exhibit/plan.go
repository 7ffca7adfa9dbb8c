package exhibit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// plan is what of a subject a recipient may have.
type plan struct {
	caseID    string
	finding   string // the one finding that is exported, "" otherwise
	parts     []part
	omissions []Omission
}

// part is one evidence of an export.
type part struct {
	workspace.Sharing
	key  seal.Identity
	runs []workspace.Run
}

func (p *part) id() string { return p.Evidence.ID }

func (p *plan) evidence() []string {
	ids := make([]string, len(p.parts))
	for i := range p.parts {
		ids[i] = p.parts[i].id()
	}
	return ids
}

// most is the most that is given of any evidence.
func (p *plan) most() (most workspace.Share) {
	for i := range p.parts {
		most = max(most, p.parts[i].Most)
	}
	return most
}

// hold narrows a plan to the evidence of which something was given, and asks
// that as much of each may still be had.
func (p *plan) hold(given map[string]workspace.Share) error {
	p.parts = slices.DeleteFunc(p.parts, func(one part) bool { return given[one.id()] == workspace.ShareNothing })
	for i := range p.parts {
		one := &p.parts[i]
		if one.Most < given[one.id()] {
			return fmt.Errorf("evidence %s: %w", one.id(), ErrNotShared)
		}
		one.Most = given[one.id()]
	}
	if len(p.parts) < len(given) {
		return ErrNotShared
	}
	return nil
}

// omit notes that something is left out.
func (p *plan) omit(reason, of string, count int64) {
	p.omissions = append(p.omissions, Omission{Reason: reason, Of: of, Count: count})
}

// plan finds what belongs to the subject, and asks consent for each evidence.
func (s *Space) plan(ctx context.Context, r *Request) (*plan, error) {
	p := &plan{}
	ids, run, err := s.subject(ctx, r, p)
	if err != nil {
		return nil, err
	}
	var refused error
	for _, id := range ids {
		one, err := s.part(ctx, r, id, run)
		switch {
		case errors.Is(err, workspace.ErrNoConsent), errors.Is(err, workspace.ErrErased):
			refused = errors.Join(refused, err)
			p.omit(reasonOf(err), id, 0)
		case err != nil:
			return nil, err
		default:
			p.parts = append(p.parts, one)
		}
	}
	if len(p.parts) == 0 {
		if refused == nil {
			refused = fmt.Errorf("%s: %w: it has no evidence that is stored", r.Subject, workspace.ErrNotFound)
		}
		return nil, refused
	}
	for i := range p.parts {
		p.limits(r, &p.parts[i])
	}
	p.omit(omitNames, "", 0)
	return p, nil
}

func reasonOf(err error) string {
	if errors.Is(err, workspace.ErrErased) {
		return omitErased
	}
	return omitNoConsent
}

// subject lists the evidence of a subject.
func (s *Space) subject(ctx context.Context, r *Request, p *plan) (ids []string, run string, err error) {
	kind, _, _ := strings.Cut(r.Subject, "-")
	switch kind {
	case "C":
		c, err := s.Case(ctx, r.Subject)
		if err != nil {
			return nil, "", err
		}
		p.caseID = c.ID
		ids, err := s.stored(ctx, c.ID)
		return ids, r.Run, err
	case "E":
		ev, err := s.Evidence(ctx, r.Subject)
		if err != nil {
			return nil, "", err
		}
		p.caseID = ev.Case
		return []string{ev.ID}, r.Run, nil
	case "F":
		if len(r.Formats) > 0 {
			return nil, "", fmt.Errorf("%w: a single finding has no report: export its evidence", ErrRequest)
		}
		return s.finding(ctx, r, p)
	}
	return nil, "", fmt.Errorf("%w: %q is no case (C-…), evidence (E-…) or finding (F-…)", ErrRequest, r.Subject)
}

// stored lists all evidence of a case that was stored, erased or not.
func (s *Space) stored(ctx context.Context, caseID string) (ids []string, err error) {
	for page := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := s.Evidences(ctx, caseID, "", page)
		if err != nil {
			return nil, err
		}
		for i := range l.Items {
			if l.Items[i].State != workspace.Receiving {
				ids = append(ids, l.Items[i].ID)
			}
		}
		if page.After = l.Next; page.After == "" {
			return ids, nil
		}
	}
}

// finding finds the run that has the finding: the latest, unless one is given.
func (s *Space) finding(ctx context.Context, r *Request, p *plan) ([]string, string, error) {
	l, err := s.Findings(ctx, workspace.FindingFilter{ID: r.Subject, Run: r.Run}, workspace.Page{Limit: workspace.MaxLimit})
	if err != nil {
		return nil, "", err
	}
	if len(l.Items) == 0 {
		return nil, "", fmt.Errorf("finding %s: %w", r.Subject, workspace.ErrNotFound)
	}
	f := l.Items[len(l.Items)-1]
	if f.Source == workspace.ByHunt {
		return nil, "", fmt.Errorf("%w: a hunt found it without opening the evidence, so there is no record to show: check the evidence again, and export that finding", ErrRequest)
	}
	run, err := s.Run(ctx, f.Run)
	if err != nil {
		return nil, "", err
	}
	p.caseID, p.finding = f.Case, f.ID
	return []string{run.Evidence}, run.ID, nil
}

// part asks what the recipient may have of one evidence.
func (s *Space) part(ctx context.Context, r *Request, id, run string) (part, error) {
	var (
		p   part
		err error
	)
	if p.Sharing, err = s.Sharing(ctx, id, r.Recipient); err != nil {
		return p, err
	}
	if p.Most == workspace.ShareNothing {
		return p, fmt.Errorf("evidence %s for %q: %w", id, r.Recipient, ErrNotShared)
	}
	if p.key, err = s.EvidenceKey(ctx, id, workspace.Analysis); err != nil {
		return p, err
	}
	p.runs, err = s.runsOf(ctx, id, run)
	return p, err
}

// runsOf lists the runs of the last check of an evidence, one for each piece
// that was found in it; or the one that is named.
func (s *Space) runsOf(ctx context.Context, evidence, run string) ([]workspace.Run, error) {
	if run == "" {
		return s.LastCheck(ctx, evidence)
	}
	one, err := s.Run(ctx, run)
	if err != nil || one.Evidence != evidence || one.State != workspace.Stored {
		return nil, err
	}
	return []workspace.Run{one}, nil
}

// limits notes what is left out of an evidence that is not left out whole.
func (p *plan) limits(r *Request, one *part) {
	switch {
	case one.Most == workspace.ShareIndicators:
		p.omit(omitAllButIndicators, one.id(), 0)
		if !slices.ContainsFunc(r.Formats, isExchange) {
			p.omit(omitNoExchange, one.id(), 0)
		}
	case one.Most == workspace.ShareFindings:
		p.omit(omitFiles, one.id(), one.Evidence.Files)
	case r.Evidence == None:
		p.omit(omitNotAsked, one.id(), one.Evidence.Files)
	}
	if len(one.runs) == 0 {
		p.omit(omitNoRun, one.id(), 0)
	}
}

// isExchange tells the formats that hold nothing of a person.
func isExchange(format string) bool { return format == "stix" || format == "misp" }

// open opens a bundle of the vault: the evidence, or the result of a run.
func (k *maker) open(bundle string, key seal.Identity) (*vault.Bundle, error) {
	return vault.Open(k.ctx, k.s.Vault, k.s.Index(), bundle, key)
}
