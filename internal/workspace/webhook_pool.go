package workspace

import (
	"context"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/seal"
)

// Hooks are the deliveries of a workspace as its workers see them: who has their
// key sends webhooks, though no member has opened the workspace.
type Hooks struct {
	w    *Workspace
	pool seal.Identity
}

// OpenHooks returns the deliveries that the workers with this key can send. The
// errors wrap ErrNone and ErrNotWorker.
func OpenHooks(ctx context.Context, db *DB, now func() time.Time, pool seal.Identity) (*Hooks, error) {
	if _, _, err := CheckWorkers(ctx, db, pool); err != nil {
		return nil, err
	}
	w, err := Open(ctx, db, Options{Now: now})
	if err != nil {
		return nil, err
	}
	return &Hooks{w, pool}, nil
}

// GatherEvents is that of Workspace.
func (h *Hooks) GatherEvents(ctx context.Context) error { return h.w.GatherEvents(ctx) }

// ClaimDelivery is that of Workspace, of those whose secrets are sealed for the
// workers.
func (h *Hooks) ClaimDelivery(ctx context.Context) (Outgoing, error) {
	o, sealed, err := h.w.claimDelivery(ctx, "h.pooled", h.pool.Recipient())
	if err != nil {
		return o, err
	}
	var p hookPrivate
	if err := openJSON(h.pool.Forgetful(), sealed, &p); err != nil {
		return o, fmt.Errorf("webhook %s: %w: its secret does not open", o.Hook, ErrDamaged)
	}
	o.URL, o.Secret = p.URL, p.Secret
	return o, nil
}

// EndDelivery is that of Workspace.
func (h *Hooks) EndDelivery(ctx context.Context, o *Outgoing, status int, failure string) error {
	return h.w.EndDelivery(ctx, o, status, failure)
}

// poolHooks seals the webhooks of all members for the workers, "" for nobody.
func (t *tx) poolHooks(recipient string) error {
	t.exec("UPDATE webhook SET pool = '', pooled = NULL WHERE pool <> $1", recipient)
	if recipient == "" || t.err != nil {
		return t.err
	}
	list, err := t.sealedHooks()
	if err != nil || len(list) == 0 {
		return err
	}
	key, err := t.w.hookKey(t.ctx, t)
	if err != nil {
		return err
	}
	for id, sealed := range list {
		p, err := openHook(key, id, sealed)
		if err != nil {
			return err
		}
		pooled, err := sealJSON(recipient, p)
		if err != nil {
			return err
		}
		t.exec("UPDATE webhook SET pool = $1, pooled = $2 WHERE id = $3", recipient, pooled, id)
	}
	return t.err
}

// sealedHooks are the webhooks that no worker can send yet, by id.
func (t *tx) sealedHooks() (map[string][]byte, error) {
	rows, err := t.QueryContext(t.ctx, "SELECT id, sealed FROM webhook WHERE pool = ''")
	if err != nil {
		return nil, t.w.fail("webhooks", err)
	}
	defer rows.Close()
	list := map[string][]byte{}
	for rows.Next() {
		var id string
		var sealed []byte
		if err := rows.Scan(&id, &sealed); err != nil {
			return nil, t.w.fail("webhooks", err)
		}
		list[id] = sealed
	}
	return list, t.w.fail("webhooks", rows.Err())
}
