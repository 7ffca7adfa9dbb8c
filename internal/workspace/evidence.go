package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
)

// States of evidence and of runs.
const (
	Receiving = "receiving" // not all of it is stored yet
	Stored    = "stored"
	Erased    = "erased" // its key was destroyed
)

// Evidence is what was handed over of one device, once.
type Evidence struct {
	ID             string          `json:"id"`
	Case           string          `json:"case"`
	Device         string          `json:"device"`
	Consent        string          `json:"consent"`
	State          string          `json:"state"`
	Files          int64           `json:"files"`
	Bytes          int64           `json:"bytes"`
	ManifestSHA256 string          `json:"manifest_sha256,omitempty"` // over all hashes: vault.Sum
	Received       string          `json:"received"`
	StoredAt       string          `json:"stored,omitempty"`
	ErasedAt       string          `json:"erased,omitempty"`
	Private        EvidencePrivate `json:"private"`

	n         int64
	recipient string
}

// EvidencePrivate is sealed under the key of the case.
type EvidencePrivate struct {
	Source string `json:"source"` // the path that it came from
}

// ReceiveEvidence begins to take evidence of a device, or goes on with what
// was begun from the same source and not completed. Without consent of the
// device's person nothing is taken: ErrNoConsent.
func (w *Workspace) ReceiveEvidence(ctx context.Context, caseID, device, source string) (Evidence, seal.Identity, error) {
	var (
		ev  Evidence
		key seal.Identity
	)
	err := w.act(ctx, func(t *tx) error {
		recipient, err := t.openCase(caseID, ActIntake)
		if err != nil {
			return err
		}
		var person string
		if err := t.scan("SELECT person_id FROM device WHERE id = $1 AND case_id = $2", []any{device, caseID}, &person); err != nil {
			return fmt.Errorf("device %s in case %s: %w", device, caseID, err)
		}
		consent, err := t.consented(person, Analysis)
		if err != nil {
			return err
		}
		caseKey, err := w.caseKey(ctx, t, caseID)
		if err != nil {
			return err
		}
		if ev, err = t.begun(device, source, caseKey); err != nil {
			return err
		}
		if ev.ID != "" {
			key, err = w.evidenceKey(ctx, t, ev.ID, caseKey)
			return err
		}
		if key, err = seal.NewIdentity(); err != nil {
			return err
		}
		ev = Evidence{
			ID: newID("E"), Case: caseID, Device: device, Consent: consent, State: Receiving,
			Received: t.now, Private: EvidencePrivate{source},
		}
		return t.insertEvidence(&ev, key, recipient)
	})
	return ev, key, err
}

func (t *tx) insertEvidence(ev *Evidence, key seal.Identity, recipient string) error {
	wrapped, err := seal.Seal(recipient, []byte(key.Secret()))
	if err != nil {
		return err
	}
	sealed, err := sealJSON(recipient, ev.Private)
	if err != nil {
		return err
	}
	ev.n = t.record("evidence.received", ev.Case, ev.ID, map[string]any{
		"case": ev.Case, "device": ev.Device, "evidence": ev.ID, "consent": ev.Consent,
	})
	t.exec(`INSERT INTO evidence (id, n, case_id, device_id, consent_id, state, recipient, wrapped, sealed, files, bytes, manifest_sha256, received, stored, erased)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, '', $10, '', '')`,
		ev.ID, ev.n, ev.Case, ev.Device, ev.Consent, ev.State, key.Recipient(), wrapped, sealed, t.now)
	return nil
}

// begun finds evidence that was not completed.
func (t *tx) begun(device, source string, caseKey seal.Identity) (Evidence, error) {
	rows, err := t.QueryContext(t.ctx, evidenceColumns+" WHERE device_id = $1 AND state = $2", device, Receiving)
	if err != nil {
		return Evidence{}, t.w.fail("evidence", err)
	}
	defer rows.Close()
	for rows.Next() {
		_, ev, err := scanEvidence(rows, caseKey)
		if err != nil {
			return Evidence{}, err
		}
		if ev.Private.Source == source {
			return ev, nil
		}
	}
	return Evidence{}, t.w.fail("read", rows.Err())
}

// CompleteEvidence says that all of it is stored and hashed.
func (w *Workspace) CompleteEvidence(ctx context.Context, id string, files []vault.File) (Evidence, error) {
	var bytes, count int64
	for i := range files {
		if files[i].SHA256 != "" {
			bytes, count = bytes+files[i].Size, count+1
		}
	}
	sum := vault.Sum(files)
	err := w.act(ctx, func(t *tx) error {
		var caseID, state, had string
		if err := t.scan("SELECT case_id, state, manifest_sha256 FROM evidence WHERE id = $1", []any{id}, &caseID, &state, &had); err != nil {
			return fmt.Errorf("evidence %s: %w", id, err)
		}
		if _, err := t.member(caseID, ActIntake); err != nil {
			return err
		}
		switch {
		case state == Stored && had == sum: // another process was first, with the same
			return t.fenced("evidence_id = $1", id)
		case state != Receiving:
			return fmt.Errorf("evidence %s: %w: it is not being received", id, ErrInvalid)
		}
		t.record("evidence.hashed", caseID, id, map[string]any{
			"case": caseID, "evidence": id, "manifest_sha256": sum, "files": count, "bytes": bytes,
		})
		t.exec("UPDATE evidence SET state = $1, files = $2, bytes = $3, manifest_sha256 = $4, stored = $5 WHERE id = $6",
			Stored, count, bytes, sum, t.now, id)
		return t.fenced("evidence_id = $1", id)
	})
	if err != nil {
		return Evidence{}, err
	}
	return w.Evidence(ctx, id)
}

const evidenceColumns = `SELECT n, id, case_id, device_id, consent_id, state, recipient, files, bytes, manifest_sha256,
	received, stored, erased, sealed FROM evidence`

func scanEvidence(rows *sql.Rows, key seal.Identity) (int64, Evidence, error) {
	var (
		ev     Evidence
		sealed []byte
	)
	if err := rows.Scan(&ev.n, &ev.ID, &ev.Case, &ev.Device, &ev.Consent, &ev.State, &ev.recipient, &ev.Files, &ev.Bytes,
		&ev.ManifestSHA256, &ev.Received, &ev.StoredAt, &ev.ErasedAt, &sealed); err != nil {
		return 0, ev, err
	}
	if len(sealed) == 0 {
		return ev.n, ev, nil
	}
	return ev.n, ev, openJSON(key, sealed, &ev.Private)
}

// Evidence returns one evidence.
func (w *Workspace) Evidence(ctx context.Context, id string) (Evidence, error) {
	var caseID string
	err := w.db.Pool.QueryRowContext(ctx, "SELECT case_id FROM evidence WHERE id = $1", id).Scan(&caseID)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Evidence{}, w.fail("evidence "+id, err)
	}
	l, err := w.evidences(ctx, caseID, filter{where: []string{"id = $1"}, args: []any{id}}, Page{})
	if err == nil && len(l.Items) == 0 {
		err = fmt.Errorf("evidence %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return Evidence{}, err
	}
	return l.Items[0], nil
}

// Evidences lists the evidence of a case, and of one device if given.
func (w *Workspace) Evidences(ctx context.Context, caseID, device string, p Page) (List[Evidence], error) {
	var f filter
	f.equal("case_id", caseID)
	f.equal("device_id", device)
	return w.evidences(ctx, caseID, f, p)
}

// EvidenceFilter narrows a list of evidence. Empty fields do not.
type EvidenceFilter struct{ Device, State string }

// EvidenceBy lists the evidence of a case that fits.
func (w *Workspace) EvidenceBy(ctx context.Context, caseID string, by EvidenceFilter, p Page) (List[Evidence], error) {
	var f filter
	f.equal("case_id", caseID)
	f.equal("device_id", by.Device)
	f.equal("state", by.State)
	return w.evidences(ctx, caseID, f, p)
}

func (w *Workspace) evidences(ctx context.Context, caseID string, f filter, p Page) (List[Evidence], error) {
	key, only, err := w.enter(ctx, w.db.Pool, caseID, ActSee)
	if err != nil {
		return List[Evidence]{}, err
	}
	f.own("evidence", only)
	return list(ctx, w, evidenceColumns, f, p, "n", func(rows *sql.Rows) (int64, Evidence, error) {
		n, ev, err := scanEvidence(rows, key)
		if only != "" {
			ev.Private = EvidencePrivate{} // a path of the team's machine
		}
		return n, ev, err
	})
}

// EvidenceKey opens the key of an evidence for a purpose that the person
// consented to. The error wraps ErrNoConsent, ErrErased or ErrNoAccess.
func (w *Workspace) EvidenceKey(ctx context.Context, id, purpose string) (seal.Identity, error) {
	var key seal.Identity
	err := w.read(ctx, func(t *tx) error {
		var caseID, person string
		err := t.scan(`SELECT e.case_id, d.person_id FROM evidence e JOIN device d ON d.id = e.device_id WHERE e.id = $1`, []any{id}, &caseID, &person)
		if err != nil {
			return fmt.Errorf("evidence %s: %w", id, err)
		}
		caseKey, only, err := w.enter(ctx, t, caseID, ActSee)
		if err != nil {
			return err
		}
		if only != "" && only != person {
			return fmt.Errorf("evidence %s: %w", id, ErrNotFound)
		}
		if key, err = w.evidenceKey(ctx, t, id, caseKey); err != nil {
			return err
		}
		_, err = t.consented(person, purpose)
		return err
	})
	if err != nil {
		return seal.Identity{}, err
	}
	return key, nil
}

// read runs fn in a transaction that changes nothing.
func (w *Workspace) read(ctx context.Context, fn func(*tx) error) error {
	sqlTx, err := w.db.Pool.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return w.fail("begin", err)
	}
	defer sqlTx.Rollback() //nolint:errcheck // nothing was written
	t := &tx{Tx: sqlTx, w: w, ctx: ctx, now: w.now()}
	if err := fn(t); err != nil {
		return w.db.Explain(err)
	}
	return nil
}

func (w *Workspace) evidenceKey(ctx context.Context, q queryer, id string, caseKey seal.Identity) (seal.Identity, error) {
	var wrapped []byte
	if err := q.QueryRowContext(ctx, "SELECT wrapped FROM evidence WHERE id = $1", id).Scan(&wrapped); err != nil {
		return seal.Identity{}, w.fail("key of the evidence", err)
	}
	if len(wrapped) == 0 {
		return seal.Identity{}, fmt.Errorf("evidence %s: %w", id, ErrErased)
	}
	// It is never remembered: it must be gone when it is destroyed.
	secret, err := seal.Open(caseKey.Forgetful(), wrapped)
	if err != nil {
		return seal.Identity{}, fmt.Errorf("key of evidence %s: %w", id, err)
	}
	return seal.ParseIdentity(string(secret))
}

// Remains is what is left of a person's evidence after consent was withdrawn.
type Remains struct {
	Evidence  []string `json:"evidence"`         // whose keys were destroyed
	Hashes    []string `json:"manifest_sha256"`  // of each
	Entries   []string `json:"entries"`          // of the account whose bodies were erased
	Ledger    []int64  `json:"ledger"`           // entries that say so
	Destroyed []string `json:"-"`                // segments of the vault to delete
	Findings  int64    `json:"findings_deleted"` // rows
	Exports   []Export `json:"exports"`          // copies that left before, which nothing here reaches
}

// WithdrawConsent withdraws a consent. Where no other consent of the person
// covers it, evidence that rests on it is erased: its key is destroyed, and
// with it all that was encrypted under it, findings and observables too, and
// so are the entries of the account that tell of the person. The
// ledger keeps that it was there. The caller deletes what Remains names of
// the vault.
func (w *Workspace) WithdrawConsent(ctx context.Context, id string) (Remains, error) {
	r := Remains{Evidence: []string{}, Hashes: []string{}, Entries: []string{}, Ledger: []int64{}, Exports: []Export{}}
	err := w.act(ctx, func(t *tx) error {
		var caseID, person, withdrawn string
		if err := t.scan("SELECT case_id, person_id, withdrawn FROM consent WHERE id = $1", []any{id}, &caseID, &person, &withdrawn); err != nil {
			return fmt.Errorf("consent %s: %w", id, err)
		}
		only, err := w.may(ctx, t, caseID, ActWithdraw)
		if err != nil {
			return err
		}
		if only != "" && only != person {
			return fmt.Errorf("consent %s: %w", id, ErrNotFound)
		}
		t.dropLinks(caseID, "")
		if withdrawn == "" {
			t.exec("UPDATE consent SET withdrawn = $1 WHERE id = $2", t.now, id)
			r.Ledger = append(r.Ledger, t.record("consent.withdrawn", caseID, person, map[string]any{"case": caseID, "person": person, "consent": id}))
		}
		if _, err := t.consented(person, Analysis); err == nil || !errors.Is(err, ErrNoConsent) {
			return err
		}
		return t.erase(person, &r)
	})
	if err != nil {
		return r, err
	}
	w.Forget()
	if err := w.db.Scrub(ctx); err != nil {
		return r, w.fail("remove what was deleted from the database's files", err)
	}
	return r, nil
}

// erase destroys the keys of all evidence of a person, and what the account
// says of them.
func (t *tx) erase(person string, r *Remains) error {
	list, err := t.texts(`SELECT e.id, e.case_id, e.manifest_sha256 FROM evidence e JOIN device d ON d.id = e.device_id
		WHERE d.person_id = $1 AND e.state <> $2 ORDER BY e.n`, 3, person, Erased)
	if err != nil {
		return err
	}
	for _, row := range list {
		if err := t.eraseOne(row[0], row[1], row[2], r); err != nil {
			return err
		}
	}
	return t.eraseEntries(person, r)
}

func (t *tx) eraseOne(id, caseID, sum string, r *Remains) error {
	if err := t.left(caseID, id, r); err != nil {
		return err
	}
	runs, err := t.texts("SELECT id FROM run WHERE evidence_id = $1", 1, id)
	if err != nil {
		return err
	}
	bundles := append(runs, []string{id})
	for _, run := range runs {
		bundles = append(bundles, []string{IndexOf(run[0])})
	}
	for _, bundle := range bundles {
		gone, err := t.dropBundle(bundle[0])
		if err != nil {
			return err
		}
		r.Destroyed = append(r.Destroyed, gone...)
		r.Findings += t.exec("DELETE FROM finding WHERE run_id = $1", bundle[0])
		t.forget(bundle[0])
		t.exec("UPDATE run SET state = $1, summary = '{}' WHERE id = $2", Erased, bundle[0])
	}
	kept, err := t.texts("SELECT segment_id FROM check_part WHERE evidence_id = $1", 1, id)
	if err != nil {
		return err
	}
	for _, s := range kept { // of checks that are not finished
		r.Destroyed = append(r.Destroyed, s[0])
	}
	t.exec("DELETE FROM check_part WHERE evidence_id = $1", id)
	if err := t.dropKeptOf(id, &r.Destroyed); err != nil {
		return err
	}
	t.exec("UPDATE evidence SET state = $1, wrapped = NULL, sealed = NULL, erased = $2 WHERE id = $3", Erased, t.now, id)
	r.Evidence, r.Hashes = append(r.Evidence, id), append(r.Hashes, sum)
	r.Ledger = append(r.Ledger, t.record("key.destroyed", caseID, id, map[string]any{"case": caseID, "evidence": id, "manifest_sha256": sum}))
	return t.err
}

// texts reads rows of n texts each.
func (t *tx) texts(query string, n int, args ...any) ([][]string, error) {
	if t.err != nil {
		return nil, t.err
	}
	rows, err := t.QueryContext(t.ctx, query, args...)
	if err != nil {
		return nil, t.w.fail("read", err)
	}
	defer rows.Close()
	var out [][]string
	for rows.Next() {
		row, dst := make([]string, n), make([]any, n)
		for i := range row {
			dst[i] = &row[i]
		}
		if err := rows.Scan(dst...); err != nil {
			return nil, t.w.fail("read", err)
		}
		out = append(out, row)
	}
	return out, t.w.fail("read", rows.Err())
}
