package vaulttest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
)

// An Index is a vault.Index in memory, for one key.
type Index struct {
	Key seal.Identity

	mu       sync.Mutex
	parts    map[string][][]byte      // guarded by mu
	segments map[string]vault.Segment // guarded by mu
	refs     map[string][]string      // guarded by mu
}

var _ vault.Index = (*Index)(nil)

// NewIndex returns an empty one with a new key.
func NewIndex(t testing.TB) *Index {
	t.Helper()
	key, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return &Index{Key: key, parts: map[string][][]byte{}, segments: map[string]vault.Segment{}, refs: map[string][]string{}}
}

// Parts implements vault.Index.
func (x *Index) Parts(_ context.Context, bundle string) ([][]byte, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.parts[bundle], nil
}

// Same implements vault.Index.
func (x *Index) Same(_ context.Context, _ string, sums []string) (map[string]vault.Found, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	found := map[string]vault.Found{}
	for _, s := range x.segments {
		if slices.Contains(sums, s.SHA256) {
			found[s.SHA256] = vault.Found{Segment: s, Key: x.Key}
		}
	}
	return found, nil
}

// Commit implements vault.Index.
func (x *Index) Commit(_ context.Context, bundle, _ string, n int, sealed []byte, segments []vault.Segment) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if n != len(x.parts[bundle]) {
		return fmt.Errorf("part %d of %d", n, len(x.parts[bundle]))
	}
	x.parts[bundle] = append(x.parts[bundle], sealed)
	for _, s := range segments {
		if s.New {
			x.segments[s.ID] = s
		}
		x.refs[bundle] = append(x.refs[bundle], s.ID)
	}
	return nil
}

// Segments implements vault.Index.
func (x *Index) Segments(_ context.Context, bundle string) (map[string]vault.Segment, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := map[string]vault.Segment{}
	for _, id := range x.refs[bundle] {
		out[id] = x.segments[id]
	}
	return out, nil
}
