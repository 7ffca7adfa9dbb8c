// Package stores opens the store of a vault by its address: a folder, or a
// bucket of a store that speaks S3.
package stores

import (
	"context"
	"errors"

	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/s3"
)

// A Place is where a vault is.
type Place struct {
	Vault   string // a folder, or s3://BUCKET/PREFIX (package s3)
	Scratch string // a folder of this machine for results in the making; "": that of the vault

	Wrap func(vault.Store) vault.Store // around the store that Open opens; nil: nothing
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
// package s3.
func (p Place) Open(ctx context.Context, workspace string) (vault.Store, error) {
	s, err := p.open(ctx, workspace)
	if err != nil || p.Wrap == nil {
		return s, err
	}
	return p.Wrap(s), nil
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
