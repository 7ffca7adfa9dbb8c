package ops

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"go.opentelemetry.io/otel/codes"

	"github.com/amparo-project/amparo/internal/vault"
)

// Vault measures what goes to a store and comes from it.
func (w *Watch) Vault(s vault.Store) vault.Store { return &store{s, w} }

type store struct {
	vault.Store
	w *Watch
}

// did tells of one operation.
func (w *Watch) did(operation string, begun time.Time, err error) {
	result := "ok"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		result = "missing"
	case err != nil && !errors.Is(err, io.EOF):
		result = "error"
	}
	w.vault.did(operation, result, time.Since(begun))
}

// Create implements vault.Store.
func (s *store) Create(ctx context.Context, id string) (vault.Writer, error) {
	_, span := s.w.tracer.Start(ctx, "vault write")
	begun := time.Now()
	out, err := s.Store.Create(ctx, id)
	if err != nil {
		s.w.did("write", begun, err)
		span.SetStatus(codes.Error, "")
		span.End()
		return nil, err
	}
	return &writer{Writer: out, w: s.w, begun: begun, end: func() { span.End() }}, nil
}

type writer struct {
	vault.Writer
	w     *Watch
	begun time.Time
	end   func() // of the span
	told  bool
}

// Write implements io.Writer.
func (t *writer) Write(b []byte) (int, error) {
	n, err := t.Writer.Write(b)
	t.w.vault.carried("written", n)
	return n, err
}

// Commit implements vault.Writer.
func (t *writer) Commit() error {
	err := t.Writer.Commit()
	t.over("write", err)
	return err
}

// Abort implements vault.Writer.
func (t *writer) Abort() {
	t.Writer.Abort()
	t.over("write given up", nil)
}

func (t *writer) over(operation string, err error) {
	if t.told {
		return
	}
	t.told = true
	t.w.did(operation, t.begun, err)
	t.end()
}

// Open implements vault.Store.
func (s *store) Open(ctx context.Context, id string) (vault.Blob, error) {
	ctx, span := s.w.tracer.Start(ctx, "vault open")
	defer span.End()
	begun := time.Now()
	b, err := s.Store.Open(ctx, id)
	s.w.did("open", begun, err)
	if err != nil {
		return nil, err
	}
	return &blob{b, s.w}, nil
}

type blob struct {
	vault.Blob
	w *Watch
}

// ReadAt implements io.ReaderAt.
func (b *blob) ReadAt(p []byte, off int64) (int, error) {
	begun := time.Now()
	n, err := b.Blob.ReadAt(p, off)
	b.w.did("read", begun, err)
	b.w.vault.carried("read", n)
	return n, err
}

// Delete implements vault.Store.
func (s *store) Delete(ctx context.Context, id string) error {
	begun := time.Now()
	err := s.Store.Delete(ctx, id)
	s.w.did("delete", begun, err)
	return err
}
