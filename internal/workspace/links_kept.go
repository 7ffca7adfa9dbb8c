package workspace

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/link"
	"github.com/amparo-project/amparo/internal/seal"
)

// KeepLinks is Links, which keeps the graph of all cases of the member, sealed
// for them, as long as what was compared stays the same. What hide says must
// not be named is not in it; secrets is as LinkBasis has it. It is in the ledger when it is kept, once.
func (w *Workspace) KeepLinks(ctx context.Context, caseID, secrets string, hide func(k link.Kind, value string) bool) (*Linked, error) {
	if caseID != "" {
		if _, err := w.may(ctx, w.db.Pool, caseID, ActLinks); err != nil {
			return nil, err
		}
	}
	basis, _, err := w.LinkBasis(ctx, secrets)
	if err != nil {
		return nil, err
	}
	l, people, err := w.findLinks(ctx)
	if err != nil {
		return nil, err
	}
	l.Withhold(hide, finding.Withheld)
	keep := w.unlimited() == nil
	err = w.act(ctx, func(t *tx) error {
		l.Made = t.now
		if keep {
			if err := t.keepLinks(l, basis); err != nil {
				return err
			}
		}
		t.record("links.made", caseID, caseID, map[string]any{"case": caseID, "people": people, "clusters": l.touching(caseID)})
		return t.err
	})
	if err == nil && caseID != "" {
		l.Touching(caseID)
	}
	return l, err
}

// touching counts the clusters with somebody of a case, "" for all.
func (l *Linked) touching(caseID string) (n int) {
	for i := range l.Clusters {
		for j := range l.Clusters[i].People {
			if caseID == "" || l.Clusters[i].People[j].Case == caseID {
				n++
				break
			}
		}
	}
	return n
}

// keepLinks writes the row of a graph. It ends with the first consent that it
// may rest on.
func (t *tx) keepLinks(l *Linked, basis string) error {
	data, err := json.Marshal(l)
	if err != nil {
		return err
	}
	sealed, err := seal.Seal(t.w.member.Recipient, data)
	if err != nil {
		return err
	}
	until := t.w.o.Now().UTC().Add(keptFor).Format(ledger.TimeLayout)
	var last sql.NullString
	err = t.QueryRowContext(t.ctx, t.w.inCases(ActLinks, "$3", `SELECT MIN(valid_until) FROM consent WHERE withdrawn = '' AND valid_until >= $1
		AND (',' || purposes || ',') LIKE $2 AND case_id IN (@cases)`), t.now[:len(time.DateOnly)], "%,"+Linking+",%", t.w.member.ID).Scan(&last)
	if err != nil {
		return t.w.fail("consents", err)
	}
	if day, err := time.Parse(time.DateOnly, last.String); err == nil {
		until = min(until, day.AddDate(0, 0, 1).Format(ledger.TimeLayout))
	}
	t.exec(`INSERT INTO linked (member_id, basis, sealed, made, until) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (member_id)
		DO UPDATE SET basis = excluded.basis, sealed = excluded.sealed, made = excluded.made, until = excluded.until`, t.w.member.ID, basis, sealed, l.Made, until)
	return t.err
}

// LinksMade returns when the graph that is kept for the acting member was made.
// The error wraps ErrNotFound where there is none, what it was made of has
// changed, by which it is deleted, or other values must not be named.
func (w *Workspace) LinksMade(ctx context.Context, secrets string) (made string, err error) {
	_, made, err = w.linksRow(ctx, secrets)
	return made, err
}

func (w *Workspace) linksRow(ctx context.Context, secrets string) (sealed []byte, made string, err error) {
	now, _, err := w.LinkBasis(ctx, secrets)
	if err != nil {
		return nil, "", err
	}
	var basis, until string
	err = w.db.Pool.QueryRowContext(ctx, "SELECT basis, sealed, made, until FROM linked WHERE member_id = $1", w.member.ID).Scan(&basis, &sealed, &made, &until)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, "", w.fail("graph", err)
	}
	over := until <= w.o.Now().UTC().Format(ledger.TimeLayout)
	if err == nil && basis == now && !over && w.unlimited() == nil {
		return sealed, made, nil
	}
	old, _, _ := strings.Cut(basis, ".")
	if err == nil && w.unlimited() == nil && (over || !strings.HasPrefix(now, old+".")) {
		if _, err := w.db.Pool.ExecContext(ctx, "DELETE FROM linked WHERE member_id = $1 AND basis = $2", w.member.ID, basis); err != nil {
			return nil, "", w.fail("graph", err)
		}
	}
	return nil, "", fmt.Errorf("graph: %w", ErrNotFound)
}

// KeptLinks returns the graph that was made last, as of Made: as Links would
// make it now but for what it costs. The errors are those of LinksMade.
func (w *Workspace) KeptLinks(ctx context.Context, caseID, secrets string) (*Linked, error) {
	if caseID != "" {
		if _, err := w.may(ctx, w.db.Pool, caseID, ActLinks); err != nil {
			return nil, err
		}
	}
	sealed, _, err := w.linksRow(ctx, secrets)
	if err != nil {
		return nil, err
	}
	data, err := seal.Open(w.o.Identity.Forgetful(), sealed)
	if err != nil {
		return nil, fmt.Errorf("graph: %w", err)
	}
	l := &Linked{}
	if err := json.Unmarshal(data, l); err != nil {
		return nil, fmt.Errorf("%w: graph: %w", ErrDamaged, err)
	}
	if caseID != "" {
		l.Touching(caseID)
	}
	return l, w.nameLinked(ctx, l.Graph) // as people are called now
}

// dropLinks deletes the graphs of the members of a case, or of one member.
func (t *tx) dropLinks(caseID, member string) {
	t.exec("DELETE FROM linked WHERE member_id = $2 OR member_id IN (SELECT member_id FROM case_member WHERE case_id = $1)", caseID, member)
}
