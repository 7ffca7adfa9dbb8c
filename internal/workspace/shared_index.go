package workspace

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
)

// sharedPrefix begins the names of bundles that are of no case.
const sharedPrefix = "X-"

// SharedBundle is a new name for a bundle of what is shared. It holds when it
// was made: one that nothing named in a day is of a process that is gone.
func (w *Workspace) SharedBundle() string {
	b := make([]byte, 10)
	rand.Read(b) // it never fails, by its documentation
	return sharedPrefix + strconv.FormatInt(w.o.Now().Unix(), 16) + "-" + hex.EncodeToString(b)
}

// SharedIndex returns the workspace as the vault's index of bundles that are
// of no case, and their key. The error wraps ErrNotFound where nothing was ever
// shared, ErrNotAllowed or ErrSharedKey.
func (w *Workspace) SharedIndex(ctx context.Context) (vault.Index, seal.Identity, error) {
	if err := w.goesByShared(ctx); err != nil {
		return nil, seal.Identity{}, err
	}
	key, err := w.sharedKey(ctx, w.db.Pool)
	return sharedIndex{index{w}}, key, err
}

// sharedIndex is an index of bundles that are of no case. Who has it may use it.
type sharedIndex struct{ index }

// Same implements vault.Index: nothing is stored once for several.
func (sharedIndex) Same(context.Context, string, []string) (map[string]vault.Found, error) {
	return nil, nil
}

// Commit implements vault.Index.
func (x sharedIndex) Commit(ctx context.Context, bundle, _ string, n int, sealed []byte, segments []vault.Segment) error {
	if !strings.HasPrefix(bundle, sharedPrefix) {
		return fmt.Errorf("%w: bundle %s is of a case", ErrInvalid, bundle)
	}
	if err := x.w.unlimited(); err != nil {
		return err
	}
	return x.commit(ctx, bundle, "", n, sealed, segments, func(*tx) error { return nil })
}

// ForgetShared removes bundles that are of no case, and returns the segments
// that the caller deletes from the vault.
func (w *Workspace) ForgetShared(ctx context.Context, bundles []string) (segments []string, err error) {
	if err := w.mayShared(ctx); err != nil {
		return nil, err
	}
	err = w.change(ctx, func(t *tx) error {
		for _, bundle := range bundles {
			if !strings.HasPrefix(bundle, sharedPrefix) {
				return fmt.Errorf("%w: bundle %s is of a case", ErrInvalid, bundle)
			}
			list, err := t.texts("SELECT segment_id FROM segment_ref WHERE bundle = $1", 1, bundle)
			if err != nil {
				return err
			}
			t.exec("DELETE FROM segment_ref WHERE bundle = $1", bundle)
			t.exec("DELETE FROM bundle_batch WHERE bundle = $1", bundle)
			for _, row := range list {
				t.exec("DELETE FROM segment WHERE id = $1", row[0])
				segments = append(segments, row[0])
			}
		}
		return t.err
	})
	return segments, err
}

// sharedAge is how old a bundle must be that no list names.
const sharedAge = 24 * time.Hour

// LeftShared lists the bundles of no case that are older than a day and for
// which named does not speak: of processes that died while they stored them.
func (w *Workspace) LeftShared(ctx context.Context, named func(bundle string) bool) ([]string, error) {
	var old []string
	err := w.read(ctx, func(t *tx) error {
		if err := w.mayShared(ctx); err != nil {
			return err
		}
		list, err := t.texts("SELECT DISTINCT bundle FROM bundle_batch WHERE bundle LIKE 'X-%' ORDER BY bundle", 1)
		for _, row := range list {
			at, _, _ := strings.Cut(strings.TrimPrefix(row[0], sharedPrefix), "-")
			made, perr := strconv.ParseInt(at, 16, 64)
			if perr != nil {
				err = errors.Join(err, fmt.Errorf("%w: bundle %s", ErrDamaged, row[0]))
				continue
			}
			if w.o.Now().Sub(time.Unix(made, 0)) > sharedAge && !named(row[0]) {
				old = append(old, row[0])
			}
		}
		return err
	})
	return old, err
}
