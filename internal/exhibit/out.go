package exhibit

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/amparo-project/amparo/internal/bagit"
	"github.com/amparo-project/amparo/internal/vault"
)

// out is where the files of an export go.
type out interface {
	// PutBytes writes a small file, whatever is there.
	PutBytes(name string, data []byte) error
	// Make writes a file that is the same whenever it is made by the same plan.
	Make(name string, fn func(io.Writer) error) error
	// Had reports whether an attempt before made or copied a file, by the same plan.
	Had(name string) bool
	// Copy writes a file whose bytes have the SHA-256 sum.
	Copy(name, sum string, open func() (vault.Blob, error)) error
}

// folder is a bag on the disk.
type folder struct {
	*bagit.Bag
	ctx context.Context //nolint:containedctx // of the one call
}

// Make implements out: what lies there may have been changed, and is made again.
func (f folder) Make(name string, fn func(io.Writer) error) error {
	_, err := f.Put(name, "", fn)
	return err
}

// Had implements out.
func (folder) Had(string) bool { return false }

// Copy implements out.
func (f folder) Copy(name, sum string, open func() (vault.Blob, error)) error {
	_, err := f.Put(name, sum, func(w io.Writer) error {
		b, err := open()
		if err != nil {
			return err
		}
		_, err = io.Copy(w, contextReader{f.ctx, io.NewSectionReader(b, 0, b.Size())})
		return errors.Join(err, b.Close())
	})
	return err
}

// contextReader stops where the export is interrupted.
type contextReader struct {
	ctx context.Context //nolint:containedctx // of the one call
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}

// bundle is a bag in the vault, of which only the payload is made.
type bundle struct {
	*vault.Growing
	sums map[string]string // of the files, by path
}

// PutBytes implements out.
func (b *bundle) PutBytes(name string, data []byte) error {
	return b.put(name, func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(data))
		return err
	})
}

func (b *bundle) put(name string, fn func(io.Writer) error) error {
	f, err := b.Put(name, fn)
	b.sums[name] = f.SHA256
	return err
}

// Make implements out: what an attempt before made by this plan is taken.
func (b *bundle) Make(name string, fn func(io.Writer) error) error {
	if !b.Had(name) {
		return b.put(name, fn)
	}
	f, err := b.Take(name)
	b.sums[name] = f.SHA256
	return err
}

// Copy implements out.
func (b *bundle) Copy(name, sum string, open func() (vault.Blob, error)) error {
	b.sums[name] = sum
	return b.Growing.Copy(name, sum, open)
}
