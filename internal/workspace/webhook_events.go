package workspace

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/ledger"
)

// endingWithin is how long before its end a consent is told to end.
const endingWithin = 14 * 24 * time.Hour

// gatherRows bounds what is read of a list at once.
const gatherRows = 1000

// hook is a webhook that events are gathered for.
type hook struct {
	id, member, created string
	events              []string
	least               finding.Severity
	read                int64 // entries of the ledger
}

// GatherEvents turns what happened since the last time into deliveries, for the
// webhooks of all members: what the ledger has, jobs that ended, consents that
// end. Each is told to a webhook once, however often and by however many
// processes this is called.
func (w *Workspace) GatherEvents(ctx context.Context) error {
	var hooks, behind int64
	err := w.db.Pool.QueryRowContext(ctx, "SELECT COUNT(*), COALESCE(MIN(read_n), 0) FROM webhook WHERE state = $1", HookOn).Scan(&hooks, &behind)
	if err != nil {
		return w.fail("webhooks", err)
	}
	if hooks == 0 {
		return nil
	}
	// The lock of the ledger is taken only where there is something to tell.
	if something, err := w.happened(ctx, behind); err != nil || !something {
		return err
	}
	return w.act(ctx, func(t *tx) error {
		list, err := t.hooks()
		if err != nil {
			return err
		}
		for i := range list {
			h := &list[i]
			if err := t.gatherLedger(h); err != nil {
				return err
			}
			if err := t.gatherJobs(h); err != nil {
				return err
			}
			if err := t.gatherConsents(h); err != nil {
				return err
			}
		}
		t.exec("DELETE FROM webhook_delivery WHERE state <> $1 AND ended < $2", DeliveryWaiting, t.w.o.Now().UTC().Add(-hookKept).Format(ledger.TimeLayout))
		return t.err
	})
}

// happened reports whether anything is to be told to a webhook that has read so
// many entries of the ledger, or to another.
func (w *Workspace) happened(ctx context.Context, behind int64) (bool, error) {
	size, err := w.LedgerSize(ctx)
	if err != nil || size > behind {
		return size > behind, err
	}
	now := w.o.Now().UTC()
	var n int64
	err = w.db.Pool.QueryRowContext(ctx, `SELECT
		(SELECT COUNT(*) FROM job j JOIN case_member m ON m.case_id = j.case_id AND m.role <> 'person' JOIN webhook h ON h.member_id = m.member_id
			WHERE h.state = $1 AND h.events LIKE $2 AND j.ended >= h.created AND j.ended >= $3
			AND NOT EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.webhook_id = h.id AND d.cause = 'job ' || j.id)) +
		(SELECT COUNT(*) FROM consent k JOIN cases c ON c.id = k.case_id JOIN case_member m ON m.case_id = k.case_id AND m.role <> 'person' JOIN webhook h ON h.member_id = m.member_id
			WHERE h.state = $1 AND h.events LIKE $4 AND k.withdrawn = '' AND c.closed = '' AND k.valid_until >= $5 AND k.valid_until <= $6
			AND NOT EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.webhook_id = h.id AND d.cause = 'consent ' || k.id))`,
		HookOn, "%"+EventJob+"%", now.Add(-hookKept/2).Format(ledger.TimeLayout), "%"+EventEnding+"%",
		now.Format(time.DateOnly), now.Add(endingWithin).Format(time.DateOnly)).Scan(&n)
	if err != nil {
		return false, w.fail("webhooks", err)
	}
	return n > 0, nil
}

func (t *tx) hooks() ([]hook, error) {
	rows, err := t.QueryContext(t.ctx, "SELECT id, member_id, events, least, read_n, created FROM webhook WHERE state = $1 ORDER BY n", HookOn)
	if err != nil {
		return nil, t.w.fail("webhooks", err)
	}
	defer rows.Close()
	var out []hook
	for rows.Next() {
		var (
			h      hook
			events string
			least  int
		)
		if err := rows.Scan(&h.id, &h.member, &events, &least, &h.read, &h.created); err != nil {
			return nil, t.w.fail("webhooks", err)
		}
		h.events, h.least = strings.Split(events, ","), finding.Severity(least)
		out = append(out, h)
	}
	return out, t.w.fail("webhooks", rows.Err())
}

// acted is an entry of the ledger as events are made of it.
type acted struct {
	n               int64
	data, detail    []byte
	caseID, subject string
}

// gatherLedger reads the entries of the ledger that the webhook has not seen.
func (t *tx) gatherLedger(h *hook) error {
	if h.read >= t.size {
		return nil
	}
	list, err := t.acted(h)
	if err != nil {
		return err
	}
	read := t.size
	if len(list) == gatherRows {
		read = list[len(list)-1].n + 1
	}
	for i := range list {
		if err := t.tellAct(h, &list[i]); err != nil {
			return err
		}
	}
	t.exec("UPDATE webhook SET read_n = $1 WHERE id = $2", read, h.id)
	return t.err
}

func (t *tx) acted(h *hook) (list []acted, err error) {
	rows, err := t.QueryContext(t.ctx, `SELECT n, data, detail, case_id, subject FROM ledger_entry WHERE n >= $1
		AND case_id IN (SELECT case_id FROM case_member WHERE member_id = $2 AND role <> 'person') ORDER BY n LIMIT $3`, h.read, h.member, gatherRows)
	if err != nil {
		return nil, t.w.fail("ledger", err)
	}
	defer rows.Close()
	for rows.Next() {
		var a acted
		if err := rows.Scan(&a.n, &a.data, &a.detail, &a.caseID, &a.subject); err != nil {
			return nil, t.w.fail("ledger", err)
		}
		list = append(list, a)
	}
	return list, t.w.fail("ledger", rows.Err())
}

// tellAct makes an event of an act, where it is one.
func (t *tx) tellAct(h *hook, a *acted) error {
	e, err := ledger.ParseEntry(a.data)
	if err != nil {
		return fmt.Errorf("%w: entry %d of the ledger: %w", ErrDamaged, a.n, err)
	}
	cause := fmt.Sprintf("act %d", a.n)
	switch e.Act {
	case "evidence.checked", "finding.hunted":
		if !slices.Contains(h.events, EventFinding) {
			return nil
		}
		var d struct{ Run, Evidence, Finding string }
		if err := json.Unmarshal(a.detail, &d); err != nil {
			return fmt.Errorf("%w: entry %d of the ledger: %w", ErrDamaged, a.n, err)
		}
		counts, worst, err := t.severities(d.Run, d.Finding)
		if err != nil || worst < h.least {
			return err
		}
		return t.tell(h, EventFinding, cause, map[string]any{
			"case": a.caseID, "evidence": d.Evidence, "run": d.Run, "findings": counts, "worst": worst.String(), "hunt": d.Finding != "",
		})
	case "evidence.hashed":
		return t.tell(h, EventEvidence, cause, map[string]any{"case": a.caseID, "evidence": a.subject})
	case "notice.drafted":
		return t.tell(h, EventNotice, cause, map[string]any{"case": a.caseID, "notice": a.subject})
	case "consent.withdrawn":
		return t.tell(h, EventWithdrawn, cause, map[string]any{"case": a.caseID, "person": a.subject})
	}
	return nil
}

// severities counts the findings of a check, or looks at one of a hunt.
func (t *tx) severities(run, id string) (counts map[string]int, worst finding.Severity, err error) {
	query, args := "SELECT severity, COUNT(*) FROM finding WHERE run_id = $1 AND source = $2 GROUP BY severity", []any{run, ByCheck}
	if id != "" {
		query, args = "SELECT severity, COUNT(*) FROM finding WHERE run_id = $1 AND id = $2 GROUP BY severity", []any{run, id}
	}
	rows, err := t.QueryContext(t.ctx, query, args...)
	if err != nil {
		return nil, 0, t.w.fail("findings", err)
	}
	defer rows.Close()
	counts = map[string]int{}
	for rows.Next() {
		var severity, n int
		if err := rows.Scan(&severity, &n); err != nil {
			return nil, 0, t.w.fail("findings", err)
		}
		s := finding.Severity(severity)
		counts[s.String()], worst = n, max(worst, s)
	}
	return counts, worst, t.w.fail("findings", rows.Err())
}

// gatherJobs tells of jobs that ended.
func (t *tx) gatherJobs(h *hook) error {
	if !slices.Contains(h.events, EventJob) {
		return nil
	}
	since := max(h.created, t.w.o.Now().UTC().Add(-hookKept/2).Format(ledger.TimeLayout))
	list, err := t.texts(`SELECT j.id, j.case_id, j.kind, j.state, j.evidence_id, j.runs FROM job j WHERE j.ended >= $1
		AND j.case_id IN (SELECT case_id FROM case_member WHERE member_id = $2 AND role <> 'person')
		AND NOT EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.webhook_id = $3 AND d.cause = 'job ' || j.id) ORDER BY j.n`, 6, since, h.member, h.id)
	if err != nil {
		return err
	}
	for _, j := range list {
		runs := strings.FieldsFunc(j[5], func(r rune) bool { return r == ',' })
		if err := t.tell(h, EventJob, "job "+j[0], map[string]any{
			"job": j[0], "case": j[1], "kind": j[2], "state": j[3], "evidence": j[4], "runs": append([]string{}, runs...),
		}); err != nil {
			return err
		}
	}
	return nil
}

// gatherConsents tells of consents that end soon.
func (t *tx) gatherConsents(h *hook) error {
	if !slices.Contains(h.events, EventEnding) {
		return nil
	}
	now := t.w.o.Now().UTC()
	list, err := t.texts(`SELECT k.id, k.case_id, k.person_id, k.valid_until FROM consent k JOIN cases c ON c.id = k.case_id
		WHERE k.withdrawn = '' AND c.closed = '' AND k.valid_until >= $1 AND k.valid_until <= $2
		AND k.case_id IN (SELECT case_id FROM case_member WHERE member_id = $3 AND role <> 'person')
		AND NOT EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.webhook_id = $4 AND d.cause = 'consent ' || k.id) ORDER BY k.n`, 4,
		now.Format(time.DateOnly), now.Add(endingWithin).Format(time.DateOnly), h.member, h.id)
	if err != nil {
		return err
	}
	for _, k := range list {
		if err := t.tell(h, EventEnding, "consent "+k[0], map[string]any{"consent": k[0], "case": k[1], "person": k[2], "until": k[3]}); err != nil {
			return err
		}
	}
	return nil
}

// tell puts a delivery into the outbox, unless that was told before, or nobody
// asked for it.
func (t *tx) tell(h *hook, event, cause string, data map[string]any) error {
	if event != EventTest && !slices.Contains(h.events, event) {
		return nil
	}
	now := t.w.o.Now().UTC()
	body, err := json.Marshal(struct {
		Type string         `json:"type"`
		Time string         `json:"timestamp"`
		Data map[string]any `json:"data"`
	}{event, now.Format(time.RFC3339), data})
	if err != nil {
		return err
	}
	t.exec(`INSERT INTO webhook_delivery (id, webhook_id, event, cause, body, state, attempts, next, status, error, created, ended)
		VALUES ($1, $2, $3, $4, $5, $6, 0, $7, 0, '', $7, '') ON CONFLICT DO NOTHING`,
		newID("msg"), h.id, event, cause, string(body), DeliveryWaiting, now.Format(ledger.TimeLayout))
	return t.err
}

// TestWebhook puts a test into the outbox of a webhook of the acting member. One
// that is off is switched on.
func (w *Workspace) TestWebhook(ctx context.Context, id string) error {
	if err := w.unlimited(); err != nil {
		return err
	}
	if _, err := w.Webhook(ctx, id); err != nil {
		return err
	}
	return w.act(ctx, func(t *tx) error {
		t.exec("UPDATE webhook SET state = $1 WHERE id = $2", HookOn, id) // who tests it wants it
		return t.tell(&hook{id: id}, EventTest, "test "+newID("T"), map[string]any{"webhook": id})
	})
}

// TellAll puts an event into the outboxes of all webhooks that ask for it: one
// that is of no case. cause names what happened, which is told once.
func (w *Workspace) TellAll(ctx context.Context, event, cause string, data map[string]any) error {
	return w.act(ctx, func(t *tx) error {
		list, err := t.hooks()
		if err != nil {
			return err
		}
		for i := range list {
			if err := t.tell(&list[i], event, cause, data); err != nil {
				return err
			}
		}
		return nil
	})
}
