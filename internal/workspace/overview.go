package workspace

import (
	"context"
	"time"

	"github.com/amparo-project/amparo/internal/finding"
)

// CaseCounts is how much a case holds.
type CaseCounts struct {
	People   int64  `json:"people"`
	Devices  int64  `json:"devices"`
	Evidence int64  `json:"evidence"`
	Critical int64  `json:"critical"` // findings that nobody decided on yet
	High     int64  `json:"high"`
	Open     int64  `json:"open"` // of all severities
	Decided  int64  `json:"decided"`
	Checked  string `json:"checked,omitempty"` // when the last check ended
}

// Counts returns how much each case of the member holds.
func (w *Workspace) Counts(ctx context.Context) (map[string]*CaseCounts, error) {
	out := map[string]*CaseCounts{}
	for _, q := range []struct {
		query string
		put   func(*CaseCounts, int64)
	}{
		{"SELECT case_id, COUNT(*) FROM person", func(c *CaseCounts, n int64) { c.People = n }},
		{"SELECT case_id, COUNT(*) FROM device", func(c *CaseCounts, n int64) { c.Devices = n }},
		{"SELECT case_id, COUNT(*) FROM evidence", func(c *CaseCounts, n int64) { c.Evidence = n }},
	} {
		if err := w.counted(ctx, q.query, out, q.put); err != nil {
			return nil, err
		}
	}
	if err := w.countFindings(ctx, out); err != nil {
		return nil, err
	}
	return out, w.lastChecks(ctx, out)
}

func of(out map[string]*CaseCounts, id string) *CaseCounts {
	c := out[id]
	if c == nil {
		c = &CaseCounts{}
		out[id] = c
	}
	return c
}

// onlyMine restricts a query to the cases of the acting member.
const onlyMine = " WHERE case_id IN (SELECT case_id FROM case_member WHERE member_id = $1)"

func (w *Workspace) counted(ctx context.Context, query string, out map[string]*CaseCounts, put func(*CaseCounts, int64)) error {
	rows, err := w.db.Pool.QueryContext(ctx, query+onlyMine+" GROUP BY case_id", w.member.ID)
	if err != nil {
		return w.fail("count", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var n int64
		if err := rows.Scan(&id, &n); err != nil {
			return w.fail("count", err)
		}
		put(of(out, id), n)
	}
	return rows.Err()
}

func (w *Workspace) countFindings(ctx context.Context, out map[string]*CaseCounts) error {
	rows, err := w.db.Pool.QueryContext(ctx, "SELECT case_id, severity, state, COUNT(*) FROM finding"+onlyMine+" GROUP BY case_id, severity, state", w.member.ID)
	if err != nil {
		return w.fail("count", err)
	}
	defer rows.Close()
	for rows.Next() {
		var (
			id, state string
			severity  int
			n         int64
		)
		if err := rows.Scan(&id, &severity, &state, &n); err != nil {
			return w.fail("count", err)
		}
		c := of(out, id)
		if state != New {
			c.Decided += n
			continue
		}
		c.Open += n
		switch finding.Severity(severity) {
		case finding.Critical:
			c.Critical += n
		case finding.High:
			c.High += n
		}
	}
	return rows.Err()
}

func (w *Workspace) lastChecks(ctx context.Context, out map[string]*CaseCounts) error {
	rows, err := w.db.Pool.QueryContext(ctx, "SELECT case_id, MAX(ended) FROM run"+onlyMine+" GROUP BY case_id", w.member.ID)
	if err != nil {
		return w.fail("count", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, at string
		if err := rows.Scan(&id, &at); err != nil {
			return w.fail("count", err)
		}
		of(out, id).Checked = at
	}
	return rows.Err()
}

// A Due is a consent that ends soon, or ended, without another after it.
type Due struct {
	Case      string `json:"case"`
	Person    string `json:"person"`
	Pseudonym string `json:"pseudonym"`
	Until     string `json:"until"` // the last day
}

// DueConsents lists people whose consent ends within some days, or ended, the
// first to end first. Open cases of the member alone.
func (w *Workspace) DueConsents(ctx context.Context, within time.Duration) ([]Due, error) {
	last := w.o.Now().UTC().Add(within).Format(time.DateOnly)
	rows, err := w.db.Pool.QueryContext(ctx, `SELECT p.case_id, p.id, p.pseudonym, MAX(k.valid_until) FROM consent k JOIN person p ON p.id = k.person_id
		JOIN cases c ON c.id = p.case_id WHERE c.state = 'open' AND k.withdrawn = ''
		AND p.case_id IN (SELECT case_id FROM case_member WHERE member_id = $1)
		GROUP BY p.case_id, p.id, p.pseudonym HAVING MAX(k.valid_until) <= $2 ORDER BY MAX(k.valid_until), p.id LIMIT 100`, w.member.ID, last)
	if err != nil {
		return nil, w.fail("consents that end", err)
	}
	defer rows.Close()
	var out []Due
	for rows.Next() {
		var d Due
		if err := rows.Scan(&d.Case, &d.Person, &d.Pseudonym, &d.Until); err != nil {
			return nil, w.fail("consents that end", err)
		}
		out = append(out, d)
	}
	return out, rows.Err()
}
