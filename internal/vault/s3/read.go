package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/amparo-project/amparo/internal/vault"
)

// Segments are read in blocks. Whoever reads on gets more of them at once,
// whoever jumps gets one: a check fetches what parsers want, and little beside.
const (
	blockSize    = 256 << 10
	mostBlocks   = 16  // fetched at once: 4 MiB
	cachedBlocks = 256 // of all segments: 64 MiB
)

// readLimit is how long one fetch may take. A read that breaks off goes on from
// there; one without a byte is tried again.
const readLimit = 2 * time.Minute

type blockID struct {
	key string
	n   int64
}

// object is an open segment.
type object struct {
	b    *Bucket
	ctx  context.Context //nolint:containedctx // io.ReaderAt has none
	key  string
	size int64

	mu   sync.Mutex
	next int64 // guarded by mu: the block after the last fetched
	run  int64 // guarded by mu: how many were fetched
}

// Open implements vault.Store. It reads the first block: whoever opens a
// segment reads its header.
func (b *Bucket) Open(ctx context.Context, id string) (vault.Blob, error) {
	key, err := b.key(id)
	if err != nil {
		return nil, err
	}
	o := &object{b: b, ctx: ctx, key: key, size: -1, run: 1}
	if _, err := o.fetch(0, 1); err != nil {
		return nil, err
	}
	return o, nil
}

// Size implements vault.Blob.
func (o *object) Size() int64 { return o.size }

// Close implements io.Closer.
func (*object) Close() error { return nil }

// ReadAt implements io.ReaderAt.
func (o *object) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fs.ErrInvalid
	}
	for n < len(p) {
		if off >= o.size {
			return n, io.EOF
		}
		block, err := o.block(off / blockSize)
		if err != nil {
			return n, err
		}
		in := off % blockSize
		if in >= int64(len(block)) {
			return n, fmt.Errorf("%w: a segment is too short", vault.ErrDamaged)
		}
		k := copy(p[n:], block[in:])
		n, off = n+k, off+int64(k)
	}
	return n, nil
}

func (o *object) block(n int64) ([]byte, error) {
	if data, ok := o.b.blocks.Get(blockID{o.key, n}); ok {
		return data, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if data, ok := o.b.blocks.Get(blockID{o.key, n}); ok { // somebody else fetched it
		return data, nil
	}
	if n == o.next {
		o.run = min(o.run*2, mostBlocks)
	} else {
		o.run = 1
	}
	count := min(o.run, (o.size-n*blockSize+blockSize-1)/blockSize)
	return o.fetch(n, count)
}

// fetch reads blocks into the cache and returns the first. The caller holds
// mu, or is alone.
func (o *object) fetch(n, count int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(o.ctx, readLimit)
	defer cancel()
	want := count * blockSize
	if o.size >= 0 {
		want = min(want, o.size-n*blockSize)
	}
	data := make([]byte, want)
	var got int64
	for try := 0; ; try++ {
		k, err := o.part(ctx, data[got:], n*blockSize+got)
		got += k
		if o.size >= 0 && got >= min(want, o.size-n*blockSize) {
			data = data[:got]
			break
		}
		if err != nil && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrRefused)) {
			return nil, err
		}
		if k > 0 {
			try = 0
		}
		if try >= tries || ctx.Err() != nil {
			if err == nil {
				err = o.b.explain("read", io.ErrUnexpectedEOF)
			}
			return nil, errors.Join(err, context.Cause(o.ctx))
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause(try)):
		}
	}
	o.next = n + count
	for i := range (got + blockSize - 1) / blockSize {
		block := data[i*blockSize : min((i+1)*blockSize, got)]
		if count > 1 { // one block that is kept shall not keep all
			block = slices.Clone(block)
		}
		o.b.blocks.Add(blockID{o.key, n + i}, block)
	}
	return data[:min(blockSize, got)], nil
}

// part reads what one answer brings, from an offset.
func (o *object) part(ctx context.Context, p []byte, off int64) (int64, error) {
	var opts minio.GetObjectOptions
	if err := opts.SetRange(off, off+int64(len(p))-1); err != nil {
		return 0, err
	}
	body, info, header, err := o.b.core.GetObject(ctx, o.b.place.Bucket, o.key, opts)
	if err != nil {
		if minio.ToErrorResponse(err).Code == "InvalidRange" && off == 0 { // it is empty
			o.size = 0
			return 0, nil
		}
		return 0, o.b.explain("read", err)
	}
	defer body.Close()
	size, ok := total(header.Get("Content-Range"), off)
	if !ok {
		if size = info.Size; off != 0 { // the store did not do as asked
			return 0, o.b.explain("read", errors.New("no range"))
		}
	}
	if o.size < 0 {
		o.size = size
	}
	if o.size != size {
		return 0, fmt.Errorf("vault: read: %w: a segment changed its size", vault.ErrDamaged)
	}
	n, err := io.ReadFull(body, p[:min(int64(len(p)), size-off)])
	if err != nil {
		err = o.b.explain("read", err)
	}
	return int64(n), err
}

// total is the size of all of an object of which a range begins at off.
func total(contentRange string, off int64) (int64, bool) {
	var first, last, size int64
	if n, err := fmt.Sscanf(contentRange, "bytes %d-%d/%d", &first, &last, &size); err != nil || n != 3 || first != off || size < 0 {
		return 0, false
	}
	return size, true
}
