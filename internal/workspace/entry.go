package workspace

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/seal"
)

// ErrChanged says that somebody else changed an entry first.
var ErrChanged = errors.New("it was changed meanwhile")

// States of a version of an entry. A run that was erased has the last, too.
const (
	Current  = "current"  // it holds
	Replaced = "replaced" // a later version holds
	Retired  = "retired"  // withdrawn as wrong or done with; its body says why
)

// MaxEntry bounds the body of an entry in bytes.
const MaxEntry = 32 << 20

// An Entry is one statement of the account of a case: a fact about a person, a
// targeting event, a promise. What its body means is told by the package
// account; here it is JSON, sealed under the key of the case. Entries are never
// changed: a new version replaces the one before, which stays readable, and
// each version is an act in the ledger.
type Entry struct {
	ID      string `json:"id"`
	Case    string `json:"case"`
	Kind    string `json:"kind"`
	Version int64  `json:"version"`
	// Key is what there is only one of among the current entries of a kind in
	// a case, "" for none. It is not sealed.
	Key string `json:"key,omitempty"`
	// People are the persons that the entry tells of, by id. When the last
	// consent of one of them is withdrawn, every version of it is erased.
	People  []string        `json:"people,omitempty"`
	State   string          `json:"state"`
	Created string          `json:"created"`
	By      string          `json:"by"` // member
	SHA256  string          `json:"sealed_sha256"`
	N       int64           `json:"n"` // of the ledger's entry
	Body    json.RawMessage `json:"body,omitempty"`

	// Purpose is what each of People must have consented to when the entry is
	// written; "": nothing. It is not kept.
	Purpose string `json:"-"`
	// Act is the kind of act that the ledger shows to everybody, "" for
	// "entry.added" and "entry.replaced". It is not kept elsewhere.
	Act string `json:"-"`
	// Detail is what the opening of the ledger's entry says beside the rest:
	// hashes of what was published. It names nobody.
	Detail map[string]string `json:"-"`
}

var entryKind = regexp.MustCompile(`^[a-z][a-z_]{0,31}$`)

// PutEntry writes one entry, as PutEntries does.
func (w *Workspace) PutEntry(ctx context.Context, e Entry) (Entry, error) {
	out, err := w.PutEntries(ctx, e)
	if err != nil {
		return e, err
	}
	return out[0], nil
}

// PutEntries writes entries of open cases, all or none. One without ID is new.
// One with an ID is the next version of that entry, whose Version it must
// have: the error wraps ErrChanged where another was written since, so that of
// two who act on the same version one does. People may be named by pseudonym.
// A second current entry of the same Key wraps ErrExists.
func (w *Workspace) PutEntries(ctx context.Context, entries ...Entry) ([]Entry, error) {
	out := slices.Clone(entries)
	for i := range out {
		if err := out[i].valid(); err != nil {
			return nil, err
		}
		out[i].People = slices.Clone(out[i].People)
	}
	err := w.act(ctx, func(t *tx) error {
		for i := range out {
			if err := t.put(&out[i], Current, ""); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (e *Entry) valid() error {
	switch {
	case !entryKind.MatchString(e.Kind):
		return fmt.Errorf("%w: kind of an entry: %q", ErrInvalid, e.Kind)
	case len(e.Body) == 0 || len(e.Body) > MaxEntry:
		return fmt.Errorf("%w: body of an entry: %d bytes; between 1 and %d", ErrInvalid, len(e.Body), MaxEntry)
	case len(e.Key) > 2*maxName || strings.ContainsRune(e.Key, 0):
		return fmt.Errorf("%w: key of an entry", ErrInvalid)
	case e.ID == "" && e.Version != 0, e.ID != "" && e.Version < 1:
		return fmt.Errorf("%w: version of an entry: %d", ErrInvalid, e.Version)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, e.Body); err != nil {
		return fmt.Errorf("%w: body of an entry: %w", ErrInvalid, err)
	}
	e.Body = b.Bytes()
	return nil
}

// deed is what it is to write the entry.
func (e *Entry) deed() Deed {
	if d, ok := entryDeeds[e.Kind]; ok {
		return d
	}
	return ActAccount
}

// put writes the next version of an entry.
func (t *tx) put(e *Entry, state, reason string) error {
	recipient, err := t.openCase(e.Case, e.deed())
	if err != nil {
		return err
	}
	act := "entry.added"
	if e.ID == "" {
		e.ID = newID("A")
	} else {
		act = "entry.replaced"
		if err := t.replace(e); err != nil {
			return err
		}
	}
	if e.Act != "" {
		act = e.Act
	}
	for i, p := range e.People {
		if e.People[i], err = t.person(e.Case, p); err != nil {
			return err
		}
		if e.Purpose == "" {
			continue
		}
		if _, err := t.consented(e.People[i], e.Purpose); err != nil {
			return err
		}
	}
	slices.Sort(e.People)
	e.People = slices.Compact(e.People)
	sealed, err := seal.Seal(recipient, e.Body)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(sealed)
	e.Version, e.State, e.Created, e.By, e.SHA256 = e.Version+1, state, t.now, t.w.member.ID, hex.EncodeToString(sum[:])
	detail := map[string]any{
		"case": e.Case, "entry": e.ID, "kind": e.Kind, "version": e.Version, "people": e.People, "sealed_sha256": e.SHA256,
	}
	for name, value := range e.Detail {
		detail["with_"+name] = value
	}
	if reason != "" {
		act, detail["retired"] = reason, true
	}
	e.N = t.record(act, e.Case, e.ID, detail)
	if t.exec(`INSERT INTO account_entry (n, id, version, case_id, kind, key, state, sealed, sealed_sha256, created, member_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`,
		e.N, e.ID, e.Version, e.Case, e.Kind, e.Key, state, sealed, e.SHA256, t.now, e.By) == 0 && t.err == nil {
		return fmt.Errorf("%w: the case has an entry of the kind %s for %s", ErrExists, e.Kind, e.Key)
	}
	for _, p := range e.People {
		t.exec("INSERT INTO account_person (entry_n, person_id) VALUES ($1, $2)", e.N, p)
	}
	return t.err
}

// replace takes the version that is current out of its place.
func (t *tx) replace(e *Entry) error {
	var (
		caseID, kind string
		version      int64
	)
	err := t.scan("SELECT case_id, kind, version FROM account_entry WHERE id = $1 AND state = $2", []any{e.ID, Current}, &caseID, &kind, &version)
	switch {
	case err != nil:
		return fmt.Errorf("entry %s: %w", e.ID, err)
	case caseID != e.Case || kind != e.Kind:
		return fmt.Errorf("%w: entry %s is of the kind %s in case %s", ErrInvalid, e.ID, kind, caseID)
	case version != e.Version:
		return fmt.Errorf("entry %s: %w: version %d holds, not %d", e.ID, ErrChanged, version, e.Version)
	}
	t.exec("UPDATE account_entry SET state = $1 WHERE id = $2 AND state = $3", Replaced, e.ID, Current)
	return t.err
}

// RetireEntry withdraws an entry: what it said holds no longer. The reason is
// kept, sealed, as the body of a last version; the versions before stay.
func (w *Workspace) RetireEntry(ctx context.Context, id, reason string) (Entry, error) {
	if reason == "" || len(reason) > MaxEntry {
		return Entry{}, fmt.Errorf("%w: an entry is retired for a reason", ErrInvalid)
	}
	e, err := w.Entry(ctx, id)
	if err != nil {
		return e, err
	}
	if e.Body, err = json.Marshal(map[string]string{"reason": reason}); err != nil {
		return e, err
	}
	err = w.act(ctx, func(t *tx) error { return t.put(&e, Retired, "entry.retired") })
	return e, err
}

// EntryFilter narrows a list of entries. Empty fields do not.
type EntryFilter struct {
	Case, Kind, ID, Key, Person string
	// History lists all versions, also those that hold no longer.
	History bool
}

// Entry returns the current version of an entry. The error wraps ErrNotFound
// where none holds.
func (w *Workspace) Entry(ctx context.Context, id string) (Entry, error) {
	var caseID string
	err := w.db.Pool.QueryRowContext(ctx, "SELECT case_id FROM account_entry WHERE id = $1 AND state = $2", id, Current).Scan(&caseID)
	if errors.Is(err, sql.ErrNoRows) {
		return Entry{}, fmt.Errorf("entry %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return Entry{}, w.fail("entry", err)
	}
	l, err := w.Entries(ctx, EntryFilter{Case: caseID, ID: id}, Page{Limit: 1})
	if err == nil && len(l.Items) == 0 {
		err = fmt.Errorf("entry %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return Entry{}, err
	}
	return l.Items[0], nil
}

// Entries lists entries of one case in the order in which they were written,
// with their bodies opened. What was erased has none.
func (w *Workspace) Entries(ctx context.Context, by EntryFilter, p Page) (List[Entry], error) {
	key, only, err := w.enter(ctx, w.db.Pool, by.Case, ActSee)
	if err != nil {
		return List[Entry]{}, err
	}
	var f filter
	f.equal("case_id", by.Case)
	f.own("account_entry", only)
	f.equal("kind", by.Kind)
	f.equal("id", by.ID)
	f.equal("key", by.Key)
	if by.Person != "" {
		f.add("n IN (SELECT a.entry_n FROM account_person a JOIN person p ON p.id = a.person_id WHERE p.id = $? OR p.pseudonym = $?)", by.Person)
	}
	if !by.History {
		f.equal("state", Current)
	}
	l, err := list(ctx, w, `SELECT n, id, version, case_id, kind, key, state, sealed, sealed_sha256, created, member_id FROM account_entry`,
		f, p, "n", func(rows *sql.Rows) (n int64, e Entry, err error) {
			var sealed []byte
			if err := rows.Scan(&e.N, &e.ID, &e.Version, &e.Case, &e.Kind, &e.Key, &e.State, &sealed, &e.SHA256, &e.Created, &e.By); err != nil {
				return 0, e, err
			}
			if sealed != nil {
				e.Body, err = seal.Open(key, sealed)
			}
			return e.N, e, err
		})
	if err != nil {
		return l, err
	}
	return l, w.people(ctx, l.Items)
}

// AllEntries reads every current entry of a kind in a case, page by page.
func (w *Workspace) AllEntries(ctx context.Context, caseID, kind string) ([]Entry, error) {
	var out []Entry
	for p := (Page{Limit: MaxLimit}); ; {
		l, err := w.Entries(ctx, EntryFilter{Case: caseID, Kind: kind}, p)
		if err != nil {
			return nil, err
		}
		out = append(out, l.Items...)
		if p.After = l.Next; p.After == "" {
			return out, nil
		}
	}
}

// people adds to entries, which lie in order, whom they tell of.
func (w *Workspace) people(ctx context.Context, entries []Entry) error {
	if len(entries) == 0 {
		return nil
	}
	at := make(map[int64]*Entry, len(entries))
	for i := range entries {
		at[entries[i].N] = &entries[i]
	}
	rows, err := w.db.Pool.QueryContext(ctx, `SELECT a.entry_n, a.person_id FROM account_person a JOIN account_entry e ON e.n = a.entry_n
		WHERE e.case_id = $1 AND a.entry_n BETWEEN $2 AND $3 ORDER BY a.entry_n, a.person_id`,
		entries[0].Case, entries[0].N, entries[len(entries)-1].N)
	if err != nil {
		return w.fail("people of entries", err)
	}
	defer rows.Close()
	for rows.Next() {
		var (
			n      int64
			person string
		)
		if err := rows.Scan(&n, &person); err != nil {
			return w.fail("people of entries", err)
		}
		if e := at[n]; e != nil {
			e.People = append(e.People, person)
		}
	}
	if err := rows.Err(); err != nil {
		return w.fail("people of entries", err)
	}
	return nil
}

// eraseEntries empties every version of the entries that tell of a person. What
// remains is that they were there, and the hash of what was sealed.
func (t *tx) eraseEntries(person string, r *Remains) error {
	list, err := t.texts(`SELECT DISTINCT e.id, e.case_id, e.kind FROM account_entry e JOIN account_person a ON a.entry_n = e.n
		WHERE a.person_id = $1 AND e.state <> $2 ORDER BY e.id`, 3, person, Erased)
	if err != nil {
		return err
	}
	for _, row := range list {
		id, caseID, kind := row[0], row[1], row[2]
		sums, err := t.texts("SELECT sealed_sha256 FROM account_entry WHERE id = $1 ORDER BY version", 1, id)
		if err != nil {
			return err
		}
		t.exec("UPDATE account_entry SET state = $1, sealed = NULL, key = '' WHERE id = $2", Erased, id)
		r.Entries = append(r.Entries, id)
		r.Ledger = append(r.Ledger, t.record("entry.erased", caseID, id, map[string]any{
			"case": caseID, "entry": id, "kind": kind, "sealed_sha256": slices.Concat(sums...),
		}))
	}
	return t.err
}
