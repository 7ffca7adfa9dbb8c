// Package workspace is Amparo's memory: cases, people and their consent,
// devices, evidence, runs and findings, and the ledger of every act. Each act
// and its leaf in the ledger are one transaction: never one without the other.
//
// Start with Create and Open, on a DB that a driver (sqlite, postgres) opened.
// Both drivers run the same SQL, and the same tests. What tells of people is
// sealed under the key of its case; the methods that read it need the
// identity of a member.
package workspace

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/seal"
)

// Options is what a workspace needs from outside.
type Options struct {
	Identity seal.Identity    // of the member who acts
	Now      func() time.Time // the clock
}

// Workspace is an open workspace, as one member sees it. Its methods may be
// called from several goroutines, and by several processes on one database.
type Workspace struct {
	db     *DB
	o      Options
	info   Info
	member Member
	only   *oneCase      // set: a job of one case acts, and reaches no other
	few    []string      // not nil: no other case is reached
	fence  *fence        // set: a job acts, as long as its process has it
	shared seal.Identity // of what is shared, where no member's identity opens it
}

// Info is what everybody may know of a workspace.
type Info struct {
	UID     string `json:"uid"`
	Origin  string `json:"origin"` // of its ledger
	Key     string `json:"key"`    // public key of its ledger, in vkey form
	Created string `json:"created"`
}

// Member is somebody who works here.
type Member struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Recipient string `json:"recipient"` // age1…
	Created   string `json:"created"`
	Manager   bool   `json:"manager,omitempty"` // invites and removes members
	Removed   string `json:"removed,omitempty"` // when they ceased to work here
}

// Create makes a new workspace in an empty database, with one member. Errors
// wrap ErrExists.
func Create(ctx context.Context, db *DB, o Options, memberName string) (*Workspace, error) {
	w := newWorkspace(db, o)
	if err := validName("name of a member", memberName); err != nil {
		return nil, err
	}
	uid := newID("W")
	origin := "amparo.invalid/" + uid
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, fmt.Errorf("key of the ledger: %w", err)
	}
	signing, err := seal.Seal(o.Identity.Recipient(), []byte(skey))
	if err != nil {
		return nil, err
	}
	err = w.act(ctx, func(tx *tx) error {
		if err := tx.scan("SELECT COUNT(*) FROM workspace", nil, new(sqlZero)); err != nil {
			return err
		}
		w.info = Info{UID: uid, Origin: origin, Key: vkey, Created: tx.now}
		tx.exec("INSERT INTO workspace (id, uid, origin, vkey, created) VALUES (1, $1, $2, $3, $4)", uid, origin, vkey, tx.now)
		w.member = Member{ID: newID("M"), Name: memberName, Recipient: o.Identity.Recipient(), Created: tx.now, Manager: true}
		n := tx.record("workspace.created", "", "", map[string]any{"workspace": uid, "member": w.member.ID})
		tx.exec("INSERT INTO member (id, n, name, recipient, signing, created, manager) VALUES ($1, $2, $3, $4, $5, $6, 1)",
			w.member.ID, n, memberName, w.member.Recipient, signing, tx.now)
		return tx.err
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}

func newWorkspace(db *DB, o Options) *Workspace {
	db.open(o.Now)
	o.Identity = o.Identity.Remembering(db.ring)
	return &Workspace{db: db, o: o}
}

// sqlZero takes a count that must be zero.
type sqlZero struct{}

// Scan implements sql.Scanner.
func (sqlZero) Scan(v any) error {
	if n, ok := v.(int64); !ok || n != 0 {
		return ErrExists
	}
	return nil
}

// Open opens the workspace of db for the member whose identity is given.
// Errors wrap ErrNone and ErrNotMember.
func Open(ctx context.Context, db *DB, o Options) (*Workspace, error) {
	w := newWorkspace(db, o)
	err := db.Pool.QueryRowContext(ctx, "SELECT uid, origin, vkey, created FROM workspace").
		Scan(&w.info.UID, &w.info.Origin, &w.info.Key, &w.info.Created)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%s: %w", db.Name, ErrNone)
	}
	if err != nil {
		return nil, w.fail("open workspace", err)
	}
	if o.Identity.Zero() {
		return w, nil
	}
	w.member.Recipient = o.Identity.Recipient()
	err = db.Pool.QueryRowContext(ctx, "SELECT id, name, created, manager FROM member WHERE recipient = $1 AND removed = ''", w.member.Recipient).
		Scan(&w.member.ID, &w.member.Name, &w.member.Created, &w.member.Manager)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%s: %w", db.Name, ErrNotMember)
	}
	if err != nil {
		return nil, w.fail("open workspace", err)
	}
	return w, nil
}

// Info returns what everybody may know.
func (w *Workspace) Info() Info { return w.info }

// Member returns who acts.
func (w *Workspace) Member() Member { return w.member }

// Database returns the database of the workspace.
func (w *Workspace) Database() *DB { return w.db }

// Close closes the database.
func (w *Workspace) Close() error { return w.db.Close() }

func (w *Workspace) fail(what string, err error) error { return w.db.fail(what, err) }

// idAlphabet has no letters that are read for others.
const idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// newID returns a random name: a letter and 60 bits.
func newID(prefix string) string {
	b := make([]byte, 12)
	rand.Read(b) // it never fails, by its documentation
	for i := range b {
		b[i] = idAlphabet[b[i]&31]
	}
	return prefix + "-" + string(b)
}

// maxName bounds names that people choose, in bytes.
const maxName = 200

func validName(what, s string) error {
	if s == "" || len(s) > maxName || strings.TrimSpace(s) != s || strings.ContainsAny(s, "\n\r\x00\x1b") {
		return fmt.Errorf("%w: %s: between 1 and %d bytes on one line, without blanks around", ErrInvalid, what, maxName)
	}
	return nil
}

// tx is a transaction that acts. It keeps its first error, so that a list of
// statements reads as one.
type tx struct {
	*sql.Tx
	w    *Workspace
	ctx  context.Context //nolint:containedctx // of the one transaction
	now  string          // time of the act: never before that of the last
	size int64           // of the ledger
	err  error

	batch *batch // of entries that are written together; nil: each at once
}

// act runs fn in a transaction that no other act overlaps. What fn recorded is
// in the ledger exactly when the rest is in the database.
func (w *Workspace) act(ctx context.Context, fn func(*tx) error) error {
	// Of one process one act waits for those of others; the rest hold no
	// connection meanwhile.
	w.db.acts.Lock()
	defer w.db.acts.Unlock()
	return w.inLedger(ctx, fn)
}

// inLedger is act for what another act of this process may wait beside.
func (w *Workspace) inLedger(ctx context.Context, fn func(*tx) error) error {
	return w.change(ctx, func(t *tx) error {
		if err := t.begin(); err != nil {
			return err
		}
		return fn(t)
	})
}

// begin takes the ledger for this transaction: the row stays locked to its end.
func (t *tx) begin() error {
	var last string
	err := t.QueryRowContext(t.ctx, "UPDATE ledger_head SET size = size WHERE id = 1 RETURNING size, last").Scan(&t.size, &last)
	if err != nil {
		return t.w.fail("ledger", err)
	}
	t.now = max(t.w.o.Now().UTC().Format(ledger.TimeLayout), last)
	if err := t.works(); err != nil {
		return err
	}
	if err := t.once(); err != nil {
		return err
	}
	return t.fenced("")
}

// works refuses a member who was removed while they had the workspace open, be
// it in another process.
func (t *tx) works() error {
	if t.w.member.ID == "" {
		return nil
	}
	var n int
	if err := t.scan("SELECT COUNT(*) FROM member WHERE id = $1 AND removed = ''", []any{t.w.member.ID}, &n); err != nil {
		return t.w.fail("member", err)
	}
	if n == 0 {
		return ErrNotMember
	}
	return nil
}

func (t *tx) exec(query string, args ...any) int64 {
	if t.err != nil {
		return 0
	}
	res, err := t.ExecContext(t.ctx, query, args...)
	if err != nil {
		t.err = t.w.fail("write", err)
		return 0
	}
	n, err := res.RowsAffected()
	if err != nil {
		t.err = err
	}
	return n
}

func (t *tx) scan(query string, args []any, dst ...any) error {
	if t.err != nil {
		return t.err
	}
	err := t.QueryRowContext(t.ctx, query, args...).Scan(dst...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// record appends an act to the ledger and returns its number. detail is bound
// by the entry and told only to whoever gets its opening.
func (t *tx) record(act, caseID, subject string, detail map[string]any) int64 {
	if t.err != nil {
		return 0
	}
	n, err := t.append(act, caseID, subject, detail)
	if err != nil {
		t.err = err
	}
	return n
}

func (t *tx) append(act, caseID, subject string, detail map[string]any) (int64, error) {
	if t.w.member.ID != "" {
		detail["by"] = t.w.member.ID
	}
	if t.w.only != nil && t.w.only.through != "" {
		detail["through"] = t.w.only.through
	}
	// The clock of the machine, where it runs behind what was recorded.
	if clock := t.w.o.Now().UTC().Format(ledger.TimeLayout); clock < t.now {
		detail["clock"] = clock
	}
	text, err := json.Marshal(detail)
	if err != nil {
		return 0, err
	}
	open, err := ledger.NewOpening(text)
	if err != nil {
		return 0, err
	}
	at, err := time.Parse(ledger.TimeLayout, t.now)
	if err != nil {
		return 0, fmt.Errorf("%w: time in the ledger: %w", ErrDamaged, err)
	}
	l := &leaf{tx: t, open: open, caseID: caseID, subject: subject}
	return ledger.Append(l, ledger.Entry{Time: at, Act: act, Commitment: open.Commitment()})
}

// leaf implements ledger.Tx for one entry.
type leaf struct {
	*tx
	open            ledger.Opening
	caseID, subject string
}

// Size implements ledger.Tx.
func (l *leaf) Size() (int64, error) { return l.size, nil }

// ReadHashes implements tlog.HashReader.
func (l *leaf) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	if l.batch != nil {
		return l.batch.read(l, indexes)
	}
	return readHashes(l.ctx, l.Tx, indexes)
}

// Put implements ledger.Tx.
func (l *leaf) Put(n int64, entry []byte, first int64, hashes []tlog.Hash) error {
	if l.size = n + 1; l.batch != nil {
		l.batch.put(l, n, entry, first, hashes)
		return l.err
	}
	l.exec("INSERT INTO ledger_entry (n, data, salt, detail, case_id, subject) VALUES ($1, $2, $3, $4, $5, $6)",
		n, entry, l.open.Salt, l.open.Detail, l.caseID, l.subject)
	for i := range hashes {
		l.exec("INSERT INTO ledger_hash (i, hash) VALUES ($1, $2)", first+int64(i), hashes[i][:])
	}
	l.exec("UPDATE ledger_head SET size = $1, last = $2 WHERE id = 1", n+1, l.now)
	return l.err
}

// queryer is a database or a transaction.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// hashesPerQuery bounds how many hashes are asked for at once: databases bound
// the arguments of a query.
const hashesPerQuery = 1000

// readHashes reads hashes of the ledger with one query for many: each query is
// a way to the database and back.
func readHashes(ctx context.Context, q queryer, indexes []int64) ([]tlog.Hash, error) {
	found := make(map[int64]tlog.Hash, len(indexes))
	for part := range slices.Chunk(indexes, hashesPerQuery) {
		if err := readSomeHashes(ctx, q, part, found); err != nil {
			return nil, err
		}
	}
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		h, ok := found[x]
		if !ok {
			return nil, fmt.Errorf("%w: ledger: hash %d is missing", ErrDamaged, x)
		}
		out[i] = h
	}
	return out, nil
}

func readSomeHashes(ctx context.Context, q queryer, indexes []int64, found map[int64]tlog.Hash) error {
	list, args := listed(indexes)
	rows, err := q.QueryContext(ctx, "SELECT i, hash FROM ledger_hash WHERE i IN ("+list+")", args...)
	if err != nil {
		return fmt.Errorf("ledger: hashes: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var (
			i int64
			b sql.RawBytes
		)
		if err := rows.Scan(&i, &b); err != nil {
			return fmt.Errorf("ledger: hashes: %w", err)
		}
		if len(b) != tlog.HashSize {
			return fmt.Errorf("%w: ledger: hash %d has %d bytes", ErrDamaged, i, len(b))
		}
		found[i] = tlog.Hash(b)
	}
	return rows.Err()
}

// listed is "$1,$2,…" for values, and the values.
func listed[T any](values []T) (list string, args []any) {
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("$" + strconv.Itoa(i+1))
		args = append(args, v)
	}
	return b.String(), args
}
