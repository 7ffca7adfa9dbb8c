package workspace

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/seal"
)

// What all servers and workers of a workspace have in common.
const (
	SharedIndicators = "indicators" // the list of installed sets

	// SharedNotices is how notices go out.
	SharedNotices = "notices.yaml"
	// SharedTerms are the team's own legal terms.
	SharedTerms = "terms.yaml"
	// SharedInstitutions are those whom messages pretend to be, beside the built-in ones.
	SharedInstitutions = "institutions.yaml"
	// SharedFeeds are the team's own feeds of indicators.
	SharedFeeds = "feeds.yaml"
)

// SharedFiles are those that managers keep in the workspace.
var SharedFiles = []string{SharedFeeds, SharedInstitutions, SharedNotices, SharedTerms}

// maxShared bounds what is kept under one name, in bytes.
const maxShared = 8 * limit.MiB

// ErrSharedKey says that a process cannot open what the workspace shares: the
// key of its workers was replaced, or nobody has shared it with them.
var ErrSharedKey = errors.New("what the workspace shares does not open with this key of the workers")

// sharedPurpose derives what seals the shared key.
const sharedPurpose = "shared with members and workers"

// sharedKey opens the key of what is shared: a member by the key of the
// ledger, which all have, a job by what its process was given. The error wraps
// ErrNotFound where nothing was ever shared.
func (w *Workspace) sharedKey(ctx context.Context, q queryer) (seal.Identity, error) {
	var sealed []byte
	err := q.QueryRowContext(ctx, "SELECT sealed FROM shared_key").Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return seal.Identity{}, fmt.Errorf("what is shared: %w", ErrNotFound)
	}
	if err != nil {
		return seal.Identity{}, w.fail("what is shared", err)
	}
	if !w.shared.Zero() {
		return w.shared, nil
	}
	if w.only != nil && w.o.Identity.Zero() {
		return seal.Identity{}, ErrSharedKey
	}
	key, err := w.sharedBy(ctx, q)
	if err != nil {
		return seal.Identity{}, err
	}
	text, err := key.Open(sealed, w.info.UID)
	if err != nil {
		return seal.Identity{}, fmt.Errorf("what is shared: %w", err)
	}
	return seal.ParseIdentity(string(text))
}

// sharedBy is what the shared key is sealed under.
func (w *Workspace) sharedBy(ctx context.Context, q queryer) (seal.Key, error) {
	skey, err := w.signingKeyIn(ctx, q)
	if err != nil {
		return seal.Key{}, err
	}
	return seal.DeriveKey([]byte(skey), sharedPurpose)
}

// ensureShared makes the shared key where there is none yet, for the workers
// too.
func (t *tx) ensureShared() (seal.Identity, error) {
	id, err := t.w.sharedKey(t.ctx, t)
	if !errors.Is(err, ErrNotFound) {
		return id, err
	}
	if id, err = seal.NewIdentity(); err != nil {
		return id, err
	}
	key, err := t.w.sharedBy(t.ctx, t)
	if err != nil {
		return id, err
	}
	t.exec("INSERT INTO shared_key (id, sealed, created) VALUES (1, $1, $2)", key.Seal([]byte(id.Secret()), t.w.info.UID), t.now)
	return id, t.shareWithWorkers()
}

// shareWithWorkers gives the workers the shared key, where they lack it.
func (t *tx) shareWithWorkers() error {
	var recipient string
	err := t.scan("SELECT recipient FROM workers WHERE removed = '' AND shared IS NULL", nil, &recipient)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	id, err := t.w.sharedKey(t.ctx, t)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrSharedKey) {
		return nil // there is nothing to give, or this is no member
	}
	if err != nil {
		return err
	}
	sealed, err := seal.Seal(recipient, []byte(id.Secret()))
	if err != nil {
		return err
	}
	t.exec("UPDATE workers SET shared = $1 WHERE recipient = $2", sealed, recipient)
	return t.err
}

// sharedFor opens the shared key with that of the workers: zero where it was
// not given to them.
func (w *Workspace) sharedFor(ctx context.Context, workers seal.Identity) (id seal.Identity, err error) {
	var sealed []byte
	err = w.db.Pool.QueryRowContext(ctx, "SELECT shared FROM workers WHERE recipient = $1", workers.Recipient()).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) || err == nil && len(sealed) == 0 {
		return id, nil
	}
	if err != nil {
		return id, w.fail("what is shared", err)
	}
	secret, err := seal.Open(workers, sealed)
	if err != nil {
		return id, fmt.Errorf("what is shared: %w", err)
	}
	return seal.ParseIdentity(string(secret))
}

// SharedKey is the key of what is shared, for the process that reads evidence.
// It is zero where nothing is.
func (w *Workspace) SharedKey(ctx context.Context) (seal.Identity, error) {
	if err := w.goesByShared(ctx); err != nil {
		return seal.Identity{}, err
	}
	id, err := w.sharedKey(ctx, w.db.Pool)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrSharedKey) {
		return seal.Identity{}, nil
	}
	return id, err
}

// WithShared returns the workspace with the key that SharedKey gave.
func (w *Workspace) WithShared(key seal.Identity) *Workspace {
	c := *w
	c.shared = key
	return &c
}

// goesByShared refuses who takes part as the person concerned alone: what is
// shared may be confided to the team. Who is limited to cases has them checked by
// it like everybody, and does not change it.
func (w *Workspace) goesByShared(ctx context.Context) error {
	if w.only != nil { // the job was asked for by somebody who may
		return nil
	}
	return w.notConcerned(ctx, w.db.Pool)
}

// mayShared refuses who is not of the team: to change what is shared, or to list
// it.
func (w *Workspace) mayShared(ctx context.Context) error {
	if w.only != nil { // the job was asked for by somebody who may
		return nil
	}
	return w.InTeam(ctx)
}

// Shared returns what is kept under a name, and its revision. The error wraps
// ErrNotFound where there is nothing: then each machine goes by what lies on it.
func (w *Workspace) Shared(ctx context.Context, name string) (data []byte, revision int64, err error) {
	if err := w.goesByShared(ctx); err != nil {
		return nil, 0, err
	}
	var sealed []byte
	err = w.db.Pool.QueryRowContext(ctx, "SELECT revision, sealed FROM shared WHERE name = $1", name).Scan(&revision, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	if err != nil {
		return nil, 0, w.fail(name, err)
	}
	key, err := w.sharedKey(ctx, w.db.Pool)
	if err != nil {
		return nil, 0, err
	}
	if data, err = seal.Open(key, sealed); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	return data, revision, nil
}

// ChangeShared replaces what is kept under a name by what fn makes of it, one
// change at a time of all processes; old is nil where there is nothing. Where
// what is not nil the change is an act in the ledger, with it as the detail.
// Indicators are for the team, files for managers: the error wraps
// ErrNotAllowed.
func (w *Workspace) ChangeShared(ctx context.Context, name string, fn func(old []byte) (data []byte, what map[string]any, err error)) error {
	if err := w.mayShared(ctx); err != nil {
		return err
	}
	return w.act(ctx, func(t *tx) error {
		if name != SharedIndicators {
			if !slices.Contains(SharedFiles, name) {
				return fmt.Errorf("%w: %q is none of %v", ErrInvalid, name, SharedFiles)
			}
			if err := t.manages(); err != nil {
				return err
			}
		}
		key, err := t.ensureShared()
		if err != nil {
			return err
		}
		old, err := t.shared(key, name)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		data, what, err := fn(old)
		if err != nil {
			return err
		}
		if len(data) > maxShared {
			return fmt.Errorf("%s: %w: more than %d bytes", name, ErrInvalid, maxShared)
		}
		sealed, err := seal.Seal(key.Recipient(), data)
		if err != nil {
			return err
		}
		t.exec(`INSERT INTO shared (name, revision, sealed, changed) VALUES ($1, 1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET revision = shared.revision + 1, sealed = excluded.sealed, changed = excluded.changed`, name, sealed, t.now)
		if what != nil {
			what["name"] = name
			t.record("shared.changed", "", "", what)
		}
		return t.err
	})
}

// shared opens what is kept under a name; what is there is not nil.
func (t *tx) shared(key seal.Identity, name string) ([]byte, error) {
	var sealed []byte
	if err := t.scan("SELECT sealed FROM shared WHERE name = $1", []any{name}, &sealed); err != nil {
		return nil, err
	}
	data, err := seal.Open(key, sealed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if data == nil {
		data = []byte{}
	}
	return data, nil
}

// RemoveShared removes a file that is kept under a name, unless fits, where it is
// not nil, says that it is another: each machine goes by what lies on it again.
// It is for managers. Errors wrap ErrNotAllowed and ErrNotFound, or are that of
// fits.
func (w *Workspace) RemoveShared(ctx context.Context, name string, fits func(old []byte) error) error {
	return w.act(ctx, func(t *tx) error {
		if err := t.manages(); err != nil {
			return err
		}
		if !slices.Contains(SharedFiles, name) {
			return fmt.Errorf("%w: %q is none of %v", ErrInvalid, name, SharedFiles)
		}
		if fits != nil {
			key, err := t.w.sharedKey(t.ctx, t)
			if err != nil {
				return err
			}
			old, err := t.shared(key, name)
			if err == nil {
				err = fits(old)
			}
			if err != nil {
				return err
			}
		}
		if t.exec("DELETE FROM shared WHERE name = $1", name) == 0 {
			return fmt.Errorf("%s: %w", name, ErrNotFound)
		}
		t.record("shared.removed", "", "", map[string]any{"name": name})
		return t.err
	})
}

// SharedSince reports since when what is kept under a name is as it is, "" where
// there is nothing. It needs no key.
func SharedSince(ctx context.Context, db *DB, name string) (changed string, err error) {
	err = db.Pool.QueryRowContext(ctx, "SELECT changed FROM shared WHERE name = $1", name).Scan(&changed)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, db.Explain(err))
	}
	return changed, nil
}

// A SharedFile is a file that a workspace keeps for all its servers and workers.
type SharedFile struct {
	Name     string `json:"name"`
	Revision int64  `json:"revision"` // it rises with each change
	Changed  string `json:"changed"`
	SHA256   string `json:"sha256"`
}

// SharedList lists the files that are kept, by name.
func (w *Workspace) SharedList(ctx context.Context) ([]SharedFile, error) {
	if err := w.mayShared(ctx); err != nil {
		return nil, err
	}
	rows, err := w.db.Pool.QueryContext(ctx, "SELECT name, revision, changed, sealed FROM shared WHERE name <> $1 ORDER BY name", SharedIndicators)
	if err != nil {
		return nil, w.fail("what is shared", err)
	}
	defer rows.Close()
	out, sealed := []SharedFile{}, [][]byte{}
	for rows.Next() {
		var f SharedFile
		var data []byte
		if err := rows.Scan(&f.Name, &f.Revision, &f.Changed, &data); err != nil {
			return nil, w.fail("what is shared", err)
		}
		out, sealed = append(out, f), append(sealed, data)
	}
	if err := rows.Err(); err != nil {
		return nil, w.fail("what is shared", err)
	}
	if len(out) == 0 {
		return out, nil
	}
	key, err := w.sharedKey(ctx, w.db.Pool)
	if err != nil {
		return nil, err
	}
	for i := range out {
		data, err := seal.Open(key, sealed[i])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", out[i].Name, err)
		}
		sum := sha256.Sum256(data)
		out[i].SHA256 = hex.EncodeToString(sum[:])
	}
	return out, nil
}
