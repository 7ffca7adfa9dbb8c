package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/amparo-project/amparo/internal/format/ab"
	"github.com/amparo-project/amparo/internal/limit"
)

// OpenAndroidBackup opens an Android backup (.ab) as the tree of the archive
// in it, and takes f over. Only an encrypted one asks for a password. Its error
// wraps limit.ErrEncrypted where there is none, ab.ErrWrongPassword, or says
// why the backup cannot be read.
func OpenAndroidBackup(ctx context.Context, name string, f Blob, o OpenOptions) (t Tree, encrypted bool, err error) {
	b, err := ab.Open(f, f.Size())
	if err == nil && b.Encrypted {
		err = unlock(ctx, b, o)
	}
	if err != nil {
		f.Close()
		return nil, false, fmt.Errorf("%s: %w", name, err)
	}
	a := &archive{path: name, file: f, size: f.Size(), bounds: defaultBounds, stash: newStash(defaultBounds)}
	p := &packedFormat{a: a, unwrap: b.Tar}
	a.format = p
	if err := p.index(ctx); err != nil {
		if errors.Is(err, ErrNotEvidence) {
			err = fmt.Errorf("%w: it holds no archive", limit.ErrCorrupt)
		}
		a.release()
		return nil, b.Encrypted, fmt.Errorf("list %s: %w", name, err)
	}
	a.sort()
	a.refs.Store(1)
	return &archiveTree{a: a}, b.Encrypted, nil
}

func unlock(ctx context.Context, b *ab.Backup, o OpenOptions) error {
	if o.Password == nil {
		return fmt.Errorf("%w: the backup has a password", limit.ErrEncrypted)
	}
	password, err := o.Password(ctx)
	if err != nil {
		return err
	}
	return b.Unlock(password)
}

// IsAndroidBackup reports whether a file begins as an Android backup.
func IsAndroidBackup(r io.ReaderAt) bool {
	head := make([]byte, len(ab.Magic))
	n, err := r.ReadAt(head, 0)
	return (err == nil || errors.Is(err, io.EOF)) && string(head[:n]) == ab.Magic
}
