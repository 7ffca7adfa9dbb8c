package workspace

import (
	"context"
	"database/sql"
	"strconv"
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
	return w.counts(ctx, "")
}

// CountsOf returns how much one case holds.
func (w *Workspace) CountsOf(ctx context.Context, caseID string) (CaseCounts, error) {
	if err := w.reaches(ctx, caseID); err != nil {
		return CaseCounts{}, err
	}
	all, err := w.counts(ctx, caseID)
	if c := all[caseID]; c != nil {
		return *c, err
	}
	return CaseCounts{}, err
}

func (w *Workspace) counts(ctx context.Context, caseID string) (map[string]*CaseCounts, error) {
	out := map[string]*CaseCounts{}
	for _, q := range []struct {
		rows string
		put  func(*CaseCounts, int64)
	}{
		{"person", func(c *CaseCounts, n int64) { c.People = n }},
		{"device", func(c *CaseCounts, n int64) { c.Devices = n }},
		{"evidence", func(c *CaseCounts, n int64) { c.Evidence = n }},
	} {
		err := w.eachCount(ctx, q.rows, caseID, "SELECT case_id, COUNT(*) FROM "+q.rows+" WHERE @mine GROUP BY case_id", func(rows *sql.Rows) error {
			var (
				id string
				n  int64
			)
			if err := rows.Scan(&id, &n); err != nil {
				return err
			}
			q.put(of(out, id), n)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if err := w.countFindings(ctx, caseID, out); err != nil {
		return nil, err
	}
	return out, w.lastChecks(ctx, caseID, out)
}

func of(out map[string]*CaseCounts, id string) *CaseCounts {
	c := out[id]
	if c == nil {
		c = &CaseCounts{}
		out[id] = c
	}
	return c
}

// eachCount runs a query over a table, of one case or of all.
func (w *Workspace) eachCount(ctx context.Context, table, caseID, query string, scan func(*sql.Rows) error) error {
	f, err := w.mine(ctx, ActSee, table)
	if err != nil {
		return err
	}
	f.equal("case_id", caseID)
	rows, err := w.db.Pool.QueryContext(ctx, f.query(query), f.args...)
	if err != nil {
		return w.fail("count", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return w.fail("count", err)
		}
	}
	return w.fail("count", rows.Err())
}

// AccountHeads returns, for each case of the member in which something was
// promised, asked or answered, the ledger's number of the last entry that tells
// of it: as long as it is the same, the account is.
func (w *Workspace) AccountHeads(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	query := "SELECT case_id, MAX(n) FROM account_entry WHERE @mine AND kind IN ('promise', 'request', 'answer') GROUP BY case_id"
	return out, w.eachCount(ctx, "account_entry", "", query, func(rows *sql.Rows) error {
		var (
			id string
			n  int64
		)
		err := rows.Scan(&id, &n)
		out[id] = n
		return err
	})
}

func (w *Workspace) countFindings(ctx context.Context, caseID string, out map[string]*CaseCounts) error {
	query := "SELECT case_id, severity, state, COUNT(*) FROM finding WHERE @mine GROUP BY case_id, state, severity" // as the index has them
	return w.eachCount(ctx, "finding", caseID, query, func(rows *sql.Rows) error {
		var (
			id, state string
			severity  int
			n         int64
		)
		if err := rows.Scan(&id, &severity, &state, &n); err != nil {
			return err
		}
		c := of(out, id)
		if state != New {
			c.Decided += n
			return nil
		}
		c.Open += n
		switch finding.Severity(severity) {
		case finding.Critical:
			c.Critical += n
		case finding.High:
			c.High += n
		}
		return nil
	})
}

func (w *Workspace) lastChecks(ctx context.Context, caseID string, out map[string]*CaseCounts) error {
	return w.eachCount(ctx, "run", caseID, "SELECT case_id, MAX(ended) FROM run WHERE @mine GROUP BY case_id", func(rows *sql.Rows) error {
		var id, at string
		if err := rows.Scan(&id, &at); err != nil {
			return err
		}
		of(out, id).Checked = at
		return nil
	})
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
	f, err := w.mine(ctx, ActSee, "person")
	if err != nil {
		return nil, err
	}
	people := f.query("SELECT id FROM person WHERE @mine")
	f.args = append(f.args, last)
	//nolint:gosec // conditions of ours, and $1, $2, …
	query := `SELECT p.case_id, p.id, p.pseudonym, MAX(k.valid_until) FROM consent k JOIN person p ON p.id = k.person_id
		JOIN cases c ON c.id = p.case_id WHERE c.state = 'open' AND k.withdrawn = '' AND p.id IN (` + people + `)
		GROUP BY p.case_id, p.id, p.pseudonym HAVING MAX(k.valid_until) <= $` + strconv.Itoa(len(f.args)) + ` ORDER BY MAX(k.valid_until), p.id LIMIT 100`
	rows, err := w.db.Pool.QueryContext(ctx, query, f.args...)
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
	return out, w.fail("consents that end", rows.Err())
}

// A FindingTime is when the record of findings is of, and the gravest of them.
type FindingTime struct {
	Time, Artifact string
	Severity       finding.Severity
}

// FindingTimes returns when the findings of a run lie that the member may see,
// from since to before until, at most n.
func (w *Workspace) FindingTimes(ctx context.Context, run, since, until string, n int) ([]FindingTime, error) {
	f, err := w.mine(ctx, ActSee, "finding")
	if err != nil {
		return nil, err
	}
	f.add("run_id = $?", run)
	f.add("at >= $?", since)
	f.add("at < $?", until)
	//nolint:gosec // conditions of ours, and $1, $2, …
	query := f.query("SELECT at, artifact, MAX(severity) FROM finding WHERE @mine GROUP BY at, artifact ORDER BY at, artifact LIMIT ") + strconv.Itoa(max(n, 0))
	rows, err := w.db.Pool.QueryContext(ctx, query, f.args...)
	if err != nil {
		return nil, w.fail("times of findings", err)
	}
	defer rows.Close()
	var out []FindingTime
	for rows.Next() {
		var (
			f        FindingTime
			severity int
		)
		if err := rows.Scan(&f.Time, &f.Artifact, &severity); err != nil {
			return nil, w.fail("times of findings", err)
		}
		f.Severity = finding.Severity(severity)
		out = append(out, f)
	}
	return out, w.fail("times of findings", rows.Err())
}
