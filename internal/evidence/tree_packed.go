package evidence

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/amparo-project/amparo/internal/limit"
)

// packedFormat reads a compressed tar, where a file is reached only through
// all that comes before it. One pass lists it and takes what is wanted early;
// Prefetch takes all that is wanted later in one more.
type packedFormat struct {
	a    *archive
	kind string
	// unwrap returns the archive where it is packed in another way than kind says.
	unwrap func() (io.ReadCloser, error)

	pass   sync.Mutex      // held during a pass: two at once would cost twice
	failed map[int64]error // guarded by pass: items that passed a bound
}

func (p *packedFormat) index(ctx context.Context) error {
	p.pass.Lock()
	defer p.pass.Unlock()
	return p.stream(ctx, func(r *tar.Reader, in *tail) error {
		w := tarWalk{a: p.a, r: r, ended: in.ended}
		return w.run(ctx, func(h *tar.Header) (item, error) {
			it := item{off: w.n, size: h.Size, time: h.ModTime.Unix()}
			name, err := archiveName(h.Name)
			if err != nil || p.a.early == nil || !p.a.early(name) {
				return it, nil
			}
			it.name = name
			return it, p.take(ctx, &it, r)
		})
	})
}

// stream decompresses the archive from its start, held to the bounds.
func (p *packedFormat) stream(ctx context.Context, fn func(*tar.Reader, *tail) error) error {
	in := &counter{r: &untilDone{ctx, io.NewSectionReader(p.a.file, 0, p.a.size)}}
	packed := in.n.Load
	var out io.ReadCloser
	var err error
	if p.unwrap != nil {
		out, err = p.unwrap()
		packed = func() int64 { return p.a.size }
	} else {
		out, err = p.decompress(bufio.NewReaderSize(in, 256<<10))
	}
	if err != nil {
		return fmt.Errorf("%w: %w", limit.ErrCorrupt, err)
	}
	defer out.Close()
	g := &guard{r: &untilDone{ctx, out}, name: p.a.path, max: p.a.bounds.totalBytes, packed: packed, bounds: p.a.bounds}
	r := bufio.NewReaderSize(g, 256<<10)
	if head, err := r.Peek(sniffBytes); err != nil || !isTarHeader(head) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return &NotEvidenceError{Path: p.a.path, Reason: "what is compressed in it is no tar archive"}
	}
	end := &tail{r: r}
	return fn(tar.NewReader(end), end)
}

// tail remembers the last block of what is read through it.
type tail struct {
	r    io.Reader
	last [sniffBytes]byte
}

func (t *tail) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	keep := copy(t.last[:], t.last[min(n, sniffBytes):])
	copy(t.last[keep:], p[max(n-sniffBytes, 0):n])
	return n, err
}

func (t *tail) ended() bool { return t.last == [sniffBytes]byte{} }

// maxWindow bounds the memory that a zstd frame may ask for; zstd --long takes
// this much.
const maxWindow = 128 * limit.MiB

func (p *packedFormat) decompress(r io.Reader) (io.ReadCloser, error) {
	if p.kind == kindGzip {
		return gzip.NewReader(r)
	}
	d, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// take keeps the content of the entry that r stands at. What is wrong with it
// is noted; an error is of the machine or of ctx. It needs pass.
func (p *packedFormat) take(ctx context.Context, it *item, r io.Reader) error {
	if it.size > p.a.bounds.entryBytes || it.size < 0 {
		return nil // opening it says so
	}
	err := p.a.stash.put(ctx, it, r)
	if errors.Is(err, limit.ErrLimit) {
		if p.failed == nil {
			p.failed = map[int64]error{}
		}
		p.failed[it.off] = err
		return nil
	}
	b := p.a.stash.get(it)
	if b == nil {
		return err
	}
	defer b.Close()
	if b.Size() < it.size {
		p.a.note(it.name, errCut(b.Size(), it.size))
	}
	return nil
}

// fetch takes the items in one pass, which ends with the last of them.
func (p *packedFormat) fetch(ctx context.Context, wanted []*item) error {
	p.pass.Lock()
	defer p.pass.Unlock()
	keep, missing := map[int64]bool{}, map[int64]*item{}
	for _, it := range wanted {
		keep[it.off] = true
	}
	p.a.stash.drop(keep)
	for _, it := range wanted {
		if b := p.a.stash.get(it); b != nil {
			b.Close()
			continue
		}
		missing[it.off] = it
	}
	if len(missing) == 0 {
		return nil
	}
	return p.stream(ctx, func(r *tar.Reader, _ *tail) error { return p.collect(ctx, r, missing) })
}

func (p *packedFormat) collect(ctx context.Context, r *tar.Reader, missing map[int64]*item) error {
	for n := int64(0); len(missing) > 0 && ctx.Err() == nil; n++ {
		_, err := r.Next()
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			if ctx.Err() != nil {
				break
			}
			return nil //nolint:nilerr // the pass that listed the archive ended here too, and said so
		}
		it := missing[n]
		if it == nil {
			continue
		}
		delete(missing, n)
		if err := p.take(ctx, it, r); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// open opens an item that an earlier pass took, or makes a pass for it alone.
func (p *packedFormat) open(ctx context.Context, it *item) (Blob, error) {
	if b := p.a.stash.get(it); b != nil {
		return b, nil
	}
	failed, err := p.fetchOne(ctx, it)
	if err != nil {
		return nil, err
	}
	if b := p.a.stash.get(it); b != nil {
		return b, nil
	}
	if failed != nil {
		return nil, fmt.Errorf("%s: %w", it.name, failed)
	}
	return nil, fmt.Errorf("%s: %w: the archive is damaged before it", it.name, limit.ErrCorrupt)
}

// fetchOne makes a pass for one item and keeps what others brought. It also
// returns why the item cannot be had, if it passed a bound.
func (p *packedFormat) fetchOne(ctx context.Context, it *item) (failed, err error) {
	p.pass.Lock()
	defer p.pass.Unlock()
	if p.failed[it.off] == nil {
		err = p.stream(ctx, func(r *tar.Reader, _ *tail) error {
			return p.collect(ctx, r, map[int64]*item{it.off: it})
		})
	}
	return p.failed[it.off], err
}

// untilDone reads until ctx ends.
type untilDone struct {
	ctx context.Context //nolint:containedctx // it lives as long as one pass
	r   io.Reader
}

func (u *untilDone) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.r.Read(p)
}
