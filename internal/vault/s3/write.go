package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"

	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/vault"
)

// A segment that is larger than a part goes there part by part while it is
// still encrypted; a smaller one at once.
const (
	partSize    = 8 * limit.MiB
	partsAtOnce = 2 // of one segment
	abortWait   = 10 * time.Second
)

// writer is a segment in the making.
type writer struct {
	b    *Bucket
	ctx  context.Context //nolint:containedctx // of the one segment
	key  string
	buf  []byte // the part that fills
	size int64

	upload string                // "": nothing was sent yet
	parts  []*minio.CompletePart // each written by its own goroutine
	group  *errgroup.Group
	work   context.Context //nolint:containedctx // of its parts
	sent   bool            // the store has all of it
	kept   bool
}

// Create implements vault.Store.
func (b *Bucket) Create(ctx context.Context, id string) (vault.Writer, error) {
	key, err := b.key(id)
	if err != nil {
		return nil, err
	}
	return &writer{b: b, ctx: ctx, key: key}, nil
}

// Write implements io.Writer. A part has memory of its own: the transport may
// still read it when the store has answered.
func (w *writer) Write(p []byte) (n int, err error) {
	for n < len(p) {
		if len(w.buf) == partSize {
			if err := w.sendPart(); err != nil {
				return n, err
			}
		}
		if w.buf == nil && w.upload != "" {
			w.buf = make([]byte, 0, partSize)
		}
		k := min(len(p)-n, partSize-len(w.buf))
		w.buf = append(w.buf, p[n:n+k]...)
		n += k
	}
	w.size += int64(n)
	return n, nil
}

// options say what the store shall do with a segment.
func (w *writer) options() minio.PutObjectOptions {
	o := minio.PutObjectOptions{ContentType: "application/octet-stream", DisableMultipart: true}
	if lock := w.b.place.Lock; lock > 0 {
		o.Mode, o.RetainUntilDate = minio.Governance, time.Now().Add(lock).UTC().Truncate(time.Second)
	}
	return o
}

// sums are the hashes of a part that the store compares with what arrived.
func (w *writer) sums(data []byte) (md5Base64, sha256Hex string) {
	sum := sha256.Sum256(data)
	if w.b.place.Lock > 0 { // Amazon asks for it there
		m := md5.Sum(data)
		md5Base64 = base64.StdEncoding.EncodeToString(m[:])
	}
	return md5Base64, hex.EncodeToString(sum[:])
}

// sendPart sends the part that is full, while the next one fills.
func (w *writer) sendPart() error {
	if w.upload == "" {
		id, err := w.b.core.NewMultipartUpload(w.ctx, w.b.place.Bucket, w.key, w.options())
		if err != nil {
			return w.b.explain("write", err)
		}
		w.upload = id
		w.group, w.work = errgroup.WithContext(w.ctx)
		w.group.SetLimit(partsAtOnce)
	}
	if w.work.Err() != nil {
		return w.group.Wait()
	}
	data, part := w.buf, &minio.CompletePart{PartNumber: len(w.parts) + 1}
	w.buf = nil
	w.parts = append(w.parts, part)
	md5Base64, sha256Hex := w.sums(data)
	w.group.Go(func() error {
		return w.b.again(w.work, "write", func() error {
			sent, err := w.b.once.PutObjectPart(w.work, w.b.place.Bucket, w.key, w.upload, part.PartNumber, bytes.NewReader(data), int64(len(data)),
				minio.PutObjectPartOptions{Md5Base64: md5Base64, Sha256Hex: sha256Hex})
			part.ETag = sent.ETag
			return err
		})
	})
	return nil
}

// Sync implements vault.Writer: the store has confirmed all of it.
func (w *writer) Sync() error {
	if w.upload == "" {
		md5Base64, sha256Hex := w.sums(w.buf)
		err := w.b.again(w.ctx, "write", func() error {
			_, err := w.b.once.PutObject(w.ctx, w.b.place.Bucket, w.key, bytes.NewReader(w.buf), w.size, md5Base64, sha256Hex, w.options())
			return err
		})
		w.sent = err == nil
		return err
	}
	if len(w.buf) > 0 {
		if err := w.sendPart(); err != nil {
			return err
		}
	}
	if err := w.group.Wait(); err != nil {
		return err
	}
	parts := make([]minio.CompletePart, len(w.parts))
	for i, p := range w.parts {
		parts[i] = *p
	}
	if err := w.b.again(w.ctx, "write", func() error {
		_, err := w.b.once.CompleteMultipartUpload(w.ctx, w.b.place.Bucket, w.key, w.upload, parts, minio.PutObjectOptions{})
		if gone(err) {
			return nil // the answer was lost, the deed was done: below it shows
		}
		return err
	}); err != nil {
		return err
	}
	info, err := w.b.core.StatObject(w.ctx, w.b.place.Bucket, w.key, minio.StatObjectOptions{})
	if err != nil {
		return w.b.explain("write", err)
	}
	if info.Size != w.size {
		return fmt.Errorf("vault: write: %w: the store has %d bytes of %d", vault.ErrDamaged, info.Size, w.size)
	}
	w.sent = true
	return nil
}

// Commit implements vault.Writer. The segment has its name already; until now
// nobody knew it.
func (w *writer) Commit() error {
	if !w.sent {
		return errors.New("vault: a segment was committed before it was durable")
	}
	w.kept = true
	return nil
}

// Abort implements vault.Writer. What a break leaves behind is cleaned up by
// its age.
func (w *writer) Abort() {
	if w.kept {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), abortWait)
	defer cancel()
	if w.upload != "" {
		_ = w.group.Wait() // its error was told, or nobody asked
		if !w.sent {
			_ = w.b.core.AbortMultipartUpload(ctx, w.b.place.Bucket, w.key, w.upload)
			return
		}
	}
	if w.sent {
		_ = w.b.core.RemoveObject(ctx, w.b.place.Bucket, w.key, minio.RemoveObjectOptions{})
	}
}
