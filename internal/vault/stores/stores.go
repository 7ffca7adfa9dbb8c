// Package stores opens the store of a vault by its address: a folder, or a
// bucket of a store that speaks S3.
package stores

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/s3"
)

// A Place is where a vault is.
type Place struct {
	Vault   string // a folder, or s3://BUCKET/PREFIX (package s3)
	Scratch string // a folder of this machine for results in the making; "": that of the vault

	Wrap func(vault.Store) vault.Store // around the store that Open opens; nil: nothing

	// Known names some segments that the store has to hold, so that evidence is not
	// looked for, or put, where it is not kept. nil: none.
	Known func(context.Context) ([]string, error)
}

// Dir is the folder for results in the making.
func (p Place) Dir() string {
	if p.Scratch != "" {
		return p.Scratch
	}
	return p.Vault
}

// IsFolder reports whether the vault is a folder of this machine.
func (p Place) IsFolder() bool { return !s3.IsPlace(p.Vault) }

// Open opens the store for the workspace of that id. The error wraps those of
// package s3, or vault.ErrElsewhere.
func (p Place) Open(ctx context.Context, workspace string) (vault.Store, error) {
	s, err := p.open(ctx, workspace)
	if err != nil {
		return nil, err
	}
	if p.Wrap != nil {
		s = p.Wrap(s)
	}
	if p.Known != nil {
		if err := p.holds(ctx, s); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", p.Vault, err), s.Close())
		}
	}
	return s, nil
}

// holds asks again where other segments are known by then: what was erased since
// is no other store.
func (p Place) holds(ctx context.Context, s vault.Store) error {
	some, err := p.Known(ctx)
	for err == nil {
		if err = vault.Holds(ctx, s, some); !errors.Is(err, vault.ErrElsewhere) {
			return err
		}
		before := some
		if some, err = p.Known(ctx); err == nil && slices.Equal(some, before) {
			return vault.ErrElsewhere
		}
	}
	return err
}

func (p Place) open(ctx context.Context, workspace string) (vault.Store, error) {
	if p.IsFolder() {
		return vault.OpenDir(p.Vault)
	}
	at, err := s3.ParsePlace(p.Vault)
	if err != nil {
		return nil, err
	}
	_ = vault.CleanScratch(p.Scratch) // the next check, which has to write there, tells why it cannot
	b, err := s3.Open(ctx, at)
	if err != nil {
		return nil, err
	}
	if err := b.Bind(ctx, workspace); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}
