package workspace

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/ledger"
)

// Kinds of events that webhooks tell of.
const (
	EventFinding    = "finding.new"        // a check or a hunt found something
	EventEvidence   = "evidence.stored"    // evidence is stored and hashed
	EventJob        = "job.ended"          // a job is done, failed or was cancelled
	EventNotice     = "notice.due"         // a notice was drafted, and waits for a human
	EventEnding     = "consent.ending"     // a consent ends within two weeks
	EventWithdrawn  = "consent.withdrawn"  // a consent was withdrawn
	EventIndicators = "indicators.updated" // a set was installed, or has another version
	EventTest       = "test"               // somebody asked for it
)

// HookEvents lists those that a webhook can ask for.
var HookEvents = []string{EventFinding, EventEvidence, EventJob, EventNotice, EventEnding, EventWithdrawn, EventIndicators}

// States of webhooks and deliveries.
const (
	HookOn  = "on"
	HookOff = "off" // its address said that it is gone

	DeliveryWaiting = "waiting"
	Delivered       = "delivered"
	GivenUp         = "given_up"
)

// A Webhook is an address that is told of what happens in the cases of the
// member who made it: by ids, kinds and counts, never by what was found.
type Webhook struct {
	ID      string           `json:"id"`
	URL     string           `json:"url"`
	Events  []string         `json:"events"`
	Least   finding.Severity `json:"at_least"` // of finding.new
	State   string           `json:"state"`
	Created string           `json:"created"`
}

// A Delivery is one message to a webhook.
type Delivery struct {
	ID       string          `json:"id"`
	Event    string          `json:"event"`
	State    string          `json:"state"`
	Attempts int             `json:"attempts"`
	Next     string          `json:"next,omitempty"`   // not before
	Status   int             `json:"status,omitempty"` // of the last answer
	Error    string          `json:"error,omitempty"`  // kind of the last failure
	Created  string          `json:"created"`
	Ended    string          `json:"ended,omitempty"`
	Body     json.RawMessage `json:"body"`
}

// An Outgoing is a delivery that a process took to send it.
type Outgoing struct {
	Delivery
	Hook, URL string
	Secret    []byte
}

// hookPrivate is what is sealed of a webhook: an address may hold a secret too.
type hookPrivate struct {
	URL    string `json:"url"`
	Secret []byte `json:"secret"`
}

// Bounds of webhooks.
const (
	maxHooks    = 20 // of one member
	maxHookURL  = 2000
	hookSecret  = 32 // bytes
	hookLease   = 2 * time.Minute
	hookKept    = 30 * 24 * time.Hour // what has ended stays in the list
	hookKeyInfo = "amparo webhooks 1"
)

// hookRetries are the times between attempts. After the last, some four days,
// a delivery is given up.
var hookRetries = []time.Duration{
	5 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 24 * time.Hour, 24 * time.Hour,
}

// hookKey seals the secrets of webhooks: every member has it, and the database
// does not. It comes out of the key of the ledger, which all members have.
func (w *Workspace) hookKey(ctx context.Context, q queryer) (cipher.AEAD, error) {
	skey, err := w.signingKeyIn(ctx, q)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, []byte(skey), nil, hookKeyInfo, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// AddWebhook makes a webhook of the acting member and returns its secret, in
// the form of Standard Webhooks, which is shown once. Whether the address is
// one that may be asked is for the caller to say.
func (w *Workspace) AddWebhook(ctx context.Context, h Webhook) (Webhook, string, error) {
	if err := w.unlimited(); err != nil {
		return h, "", err
	}
	if err := validHook(&h); err != nil {
		return h, "", err
	}
	p := hookPrivate{URL: h.URL, Secret: make([]byte, hookSecret)}
	rand.Read(p.Secret)          // it never fails, by its documentation
	data, err := json.Marshal(p) //nolint:gosec // it is sealed below
	if err != nil {
		return h, "", err
	}
	h.ID, h.State = newID("H"), HookOn
	err = w.act(ctx, func(t *tx) error {
		var n int
		if err := t.scan("SELECT COUNT(*) FROM webhook WHERE member_id = $1", []any{w.member.ID}, &n); err != nil {
			return err
		}
		if n >= maxHooks {
			return fmt.Errorf("%w: a member has at most %d webhooks", ErrInvalid, maxHooks)
		}
		key, err := w.hookKey(ctx, t)
		if err != nil {
			return err
		}
		h.Created = t.now
		at := t.record("webhook.added", "", h.ID, map[string]any{"webhook": h.ID, "events": h.Events})
		t.exec(`INSERT INTO webhook (id, n, member_id, events, least, sealed, state, read_n, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			h.ID, at, w.member.ID, strings.Join(h.Events, ","), int(h.Least), key.Seal(nil, nil, data, []byte(h.ID)), h.State, t.size, t.now)
		pool, err := t.workers()
		if err != nil {
			return err
		}
		return t.poolHooks(pool)
	})
	if err != nil {
		return h, "", err
	}
	return h, "whsec_" + base64.StdEncoding.EncodeToString(p.Secret), nil
}

func validHook(h *Webhook) error {
	slices.Sort(h.Events)
	h.Events = slices.Compact(h.Events)
	for _, e := range h.Events {
		if !slices.Contains(HookEvents, e) {
			return fmt.Errorf("%w: event %q is none of %s", ErrInvalid, e, strings.Join(HookEvents, ", "))
		}
	}
	if len(h.Events) == 0 || h.URL == "" || len(h.URL) > maxHookURL {
		return fmt.Errorf("%w: a webhook has an address of at most %d bytes, and events", ErrInvalid, maxHookURL)
	}
	if h.Least == 0 {
		h.Least = finding.High
	}
	return nil
}

// Webhooks lists those of the acting member.
func (w *Workspace) Webhooks(ctx context.Context) ([]Webhook, error) {
	if err := w.unlimited(); err != nil {
		return nil, err
	}
	key, err := w.hookKey(ctx, w.db.Pool)
	if err != nil {
		return nil, err
	}
	rows, err := w.db.Pool.QueryContext(ctx, "SELECT id, events, least, sealed, state, created FROM webhook WHERE member_id = $1 ORDER BY n", w.member.ID)
	if err != nil {
		return nil, w.fail("webhooks", err)
	}
	defer rows.Close()
	out := []Webhook{}
	for rows.Next() {
		var (
			h      Webhook
			events string
			least  int
			sealed []byte
		)
		if err := rows.Scan(&h.ID, &events, &least, &sealed, &h.State, &h.Created); err != nil {
			return nil, w.fail("webhooks", err)
		}
		p, err := openHook(key, h.ID, sealed)
		if err != nil {
			return nil, err
		}
		h.URL, h.Events, h.Least = p.URL, strings.Split(events, ","), finding.Severity(least)
		out = append(out, h)
	}
	return out, w.fail("webhooks", rows.Err())
}

func openHook(key cipher.AEAD, id string, sealed []byte) (p hookPrivate, err error) {
	data, err := key.Open(nil, nil, sealed, []byte(id))
	if err != nil {
		return p, fmt.Errorf("webhook %s: %w: its secret does not open", id, ErrDamaged)
	}
	return p, json.Unmarshal(data, &p)
}

// Webhook returns one of the acting member.
func (w *Workspace) Webhook(ctx context.Context, id string) (Webhook, error) {
	if err := w.unlimited(); err != nil {
		return Webhook{}, err
	}
	list, err := w.Webhooks(ctx)
	if err != nil {
		return Webhook{}, err
	}
	i := slices.IndexFunc(list, func(h Webhook) bool { return h.ID == id })
	if i < 0 {
		return Webhook{}, fmt.Errorf("webhook %s: %w", id, ErrNotFound)
	}
	return list[i], nil
}

// RemoveWebhook removes a webhook of the acting member, with what waits for it.
func (w *Workspace) RemoveWebhook(ctx context.Context, id string) error {
	if err := w.unlimited(); err != nil {
		return err
	}
	return w.act(ctx, func(t *tx) error {
		var n int
		if err := t.scan("SELECT COUNT(*) FROM webhook WHERE id = $1 AND member_id = $2", []any{id, w.member.ID}, &n); err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("webhook %s: %w", id, ErrNotFound)
		}
		t.exec("DELETE FROM webhook_delivery WHERE webhook_id = $1", id)
		t.exec("DELETE FROM webhook WHERE id = $1", id)
		t.record("webhook.removed", "", id, map[string]any{"webhook": id})
		return t.err
	})
}

// Deliveries lists what a webhook of the acting member was told, or is to be
// told, the last first.
func (w *Workspace) Deliveries(ctx context.Context, id string, limit int) ([]Delivery, error) {
	if err := w.unlimited(); err != nil {
		return nil, err
	}
	rows, err := w.db.Pool.QueryContext(ctx, `SELECT d.id, d.event, d.state, d.attempts, d.next, d.status, d.error, d.created, d.ended, d.body
		FROM webhook_delivery d JOIN webhook h ON h.id = d.webhook_id WHERE h.id = $1 AND h.member_id = $2 ORDER BY d.n DESC LIMIT $3`,
		id, w.member.ID, min(max(limit, 1), MaxLimit))
	if err != nil {
		return nil, w.fail("deliveries", err)
	}
	defer rows.Close()
	out := []Delivery{}
	for rows.Next() {
		var (
			d    Delivery
			body string
		)
		if err := rows.Scan(&d.ID, &d.Event, &d.State, &d.Attempts, &d.Next, &d.Status, &d.Error, &d.Created, &d.Ended, &body); err != nil {
			return nil, w.fail("deliveries", err)
		}
		d.Body = json.RawMessage(body)
		if d.State != DeliveryWaiting {
			d.Next = ""
		}
		out = append(out, d)
	}
	return out, w.fail("deliveries", rows.Err())
}

// ClaimDelivery takes the next delivery that is due, of whichever member, to
// be sent by this process. The error wraps ErrNotFound where there is none.
func (w *Workspace) ClaimDelivery(ctx context.Context) (Outgoing, error) {
	o, sealed, err := w.claimDelivery(ctx, "h.sealed", "")
	if err != nil {
		return o, err
	}
	key, err := w.hookKey(ctx, w.db.Pool)
	if err != nil {
		return o, err
	}
	p, err := openHook(key, o.Hook, sealed)
	o.URL, o.Secret = p.URL, p.Secret
	return o, err
}

// claimDelivery takes the next delivery, with what is sealed of its webhook in a
// column. pool is the recipient that it must be sealed for; "": any.
func (w *Workspace) claimDelivery(ctx context.Context, column, pool string) (o Outgoing, sealed []byte, err error) {
	now := w.o.Now().UTC()
	var due, body string
	err = w.db.Pool.QueryRowContext(ctx, `SELECT d.id, d.event, d.attempts, d.next, d.created, d.body, h.id, `+column+`
		FROM webhook_delivery d JOIN webhook h ON h.id = d.webhook_id
		WHERE d.state = $1 AND d.next <= $2 AND h.state = $3 AND ($4 = '' OR h.pool = $4) ORDER BY d.next, d.n LIMIT 1`,
		DeliveryWaiting, now.Format(ledger.TimeLayout), HookOn, pool).Scan(&o.ID, &o.Event, &o.Attempts, &due, &o.Created, &body, &o.Hook, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return o, nil, fmt.Errorf("delivery: %w", ErrNotFound)
	}
	if err != nil {
		return o, nil, w.fail("delivery", err)
	}
	o.Body = json.RawMessage(body)
	o.Attempts++
	res, err := w.db.Pool.ExecContext(ctx, "UPDATE webhook_delivery SET next = $1, attempts = $2 WHERE id = $3 AND state = $4 AND next = $5",
		now.Add(hookLease).Format(ledger.TimeLayout), o.Attempts, o.ID, DeliveryWaiting, due)
	if err != nil {
		return o, nil, w.fail("delivery", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return o, nil, errors.Join(fmt.Errorf("delivery: %w", ErrBusy), err) // another process was faster
	}
	return o, sealed, nil
}

// EndDelivery writes what came of an attempt: the status of the answer, 0 where
// none came, and then the kind of failure. A status of 410 switches the webhook
// off.
func (w *Workspace) EndDelivery(ctx context.Context, o *Outgoing, status int, failure string) error {
	now := w.o.Now().UTC()
	state, next, ended := DeliveryWaiting, "", ""
	switch {
	case status >= 200 && status < 300:
		state, failure = Delivered, ""
	case status == 410 || o.Attempts > len(hookRetries):
		state = GivenUp
	default:
		next = now.Add(hookRetries[o.Attempts-1]).Format(ledger.TimeLayout)
	}
	if state != DeliveryWaiting {
		ended = now.Format(ledger.TimeLayout)
	}
	_, err := w.db.Pool.ExecContext(ctx, "UPDATE webhook_delivery SET state = $1, next = $2, ended = $3, status = $4, error = $5 WHERE id = $6",
		state, next, ended, status, failure, o.ID)
	if err == nil && status == 410 {
		_, err = w.db.Pool.ExecContext(ctx, "UPDATE webhook SET state = $1 WHERE id = $2", HookOff, o.Hook)
	}
	if err != nil {
		return w.fail("delivery", err)
	}
	return nil
}
