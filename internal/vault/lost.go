package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"syscall"
)

// ErrElsewhere says that a store has nothing of what the workspace stored: it is
// another store.
var ErrElsewhere = errors.New("the vault holds nothing of what this workspace stored")

// Lost is the first error by which the store, and not what lies in it, kept a
// reader from the bundle: whoever goes on would take evidence for broken that is
// whole. It is nil where there was none.
func (b *Bundle) Lost() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lost
}

// OnLost has fn called with that error, from the goroutine that reads and before
// its reader hears of it. nil ends that.
func (b *Bundle) OnLost(fn func(error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.onLost = fn; fn != nil && b.lost != nil {
		fn(b.lost)
	}
}

// explain tells damage, which costs its own file, from a store that cannot say
// what it holds.
func (b *Bundle) explain(ctx context.Context, id string, err error) error {
	switch {
	case err == nil, errors.Is(err, io.EOF), ctx.Err() != nil:
		return err
	case errors.Is(err, fs.ErrNotExist):
		// Not the error: what reads evidence would take the file for one that the
		// phone never had.
		if b.hasOthers(ctx, id) {
			return fmt.Errorf("%w: segment %s is gone", ErrDamaged, id)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err = ErrElsewhere
	case errors.Is(err, ErrDamaged), errors.Is(err, syscall.EIO):
		return fmt.Errorf("%w: segment %s: %w", ErrDamaged, id, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lost == nil {
		b.lost = err
		if b.onLost != nil {
			b.onLost(err)
		}
	}
	return err
}

// others is how many further segments of a bundle are looked for before its
// store is taken for another one.
const others = 3

// hasOthers reports whether the store has another segment of the bundle, or
// does not say.
func (b *Bundle) hasOthers(ctx context.Context, id string) bool {
	n := 0
	for _, other := range slices.Sorted(maps.Keys(b.segments)) {
		if other == id {
			continue
		}
		blob, err := b.s.Open(ctx, other)
		if err == nil {
			_ = blob.Close() // it was only looked for
		}
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return err == nil
		}
		if n++; n == others {
			break
		}
	}
	return false
}

// Holds looks for some segments that a workspace names. The error wraps
// ErrElsewhere where the store has none of them.
func Holds(ctx context.Context, s Store, some []string) error {
	for _, id := range some {
		blob, err := s.Open(ctx, id)
		switch {
		case err == nil:
			return blob.Close()
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	if len(some) > 0 {
		return ErrElsewhere
	}
	return nil
}

// told is a segment whose errors its bundle tells apart.
type told struct {
	Blob
	ctx context.Context //nolint:containedctx // io.ReaderAt has none
	b   *Bundle
	id  string
}

// ReadAt implements io.ReaderAt.
func (t *told) ReadAt(p []byte, off int64) (int, error) {
	n, err := t.Blob.ReadAt(p, off)
	return n, t.b.explain(t.ctx, t.id, err)
}
