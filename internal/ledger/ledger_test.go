package ledger_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/ledger/client"
	"github.com/amparo-project/amparo/internal/ledger/fsck"
)

// memory is a ledger in memory.
type memory struct {
	entries [][]byte
	hashes  []tlog.Hash
}

func (m *memory) Size() (int64, error) { return int64(len(m.entries)), nil }

func (m *memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = m.hashes[x]
	}
	return out, nil
}

func (m *memory) Put(_ int64, entry []byte, _ int64, hashes []tlog.Hash) error {
	m.entries = append(m.entries, entry)
	m.hashes = append(m.hashes, hashes...)
	return nil
}

func (m *memory) list(from, to int64) ([][]byte, error) { return m.entries[from:to], nil }

const origin = "amparo.test/w"

type fixture struct {
	*memory
	t      *testing.T
	signer note.Signer
	vkey   string
	opens  []ledger.Opening
}

func newFixture(t *testing.T, n int) *fixture {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{memory: &memory{}, t: t, signer: signer, vkey: vkey}
	for i := range n {
		f.append(fmt.Sprintf(`{"n":%d}`, i))
	}
	return f
}

func (f *fixture) append(detail string) {
	f.t.Helper()
	o, err := ledger.NewOpening([]byte(detail))
	if err != nil {
		f.t.Fatal(err)
	}
	f.opens = append(f.opens, o)
	at := time.Date(2026, 1, 2, 3, 4, 5+len(f.entries), 0, time.UTC)
	if _, err := ledger.Append(f, ledger.Entry{Time: at, Act: "case.created", Commitment: o.Commitment()}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) checkpoint() []byte {
	f.t.Helper()
	b, err := ledger.Checkpoint(origin, int64(len(f.entries)), f, f.signer)
	if err != nil {
		f.t.Fatal(err)
	}
	return b
}

func (f *fixture) policy() torchwood.Policy {
	f.t.Helper()
	p, err := client.Policy(f.vkey, nil, 0)
	if err != nil {
		f.t.Fatal(err)
	}
	return p
}

func (f *fixture) publish() string {
	f.t.Helper()
	dir := f.t.TempDir()
	if err := ledger.Publish(dir, int64(len(f.entries)), f.checkpoint(), f, f.list); err != nil {
		f.t.Fatal(err)
	}
	return dir
}

func TestPublishedLedgerVerifies(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 255, 256, 257, 700} {
		f := newFixture(t, n)
		r, err := fsck.Check(os.DirFS(f.publish()), f.policy(), f.checkpoint())
		if err != nil {
			t.Fatalf("%d entries: %v", n, err)
		}
		if r.Size != int64(n) || r.Earlier != 1 {
			t.Errorf("%d entries: %+v", n, r)
		}
	}
}

// TestEveryFlippedByteIsFound changes each byte of each published file.
func TestEveryFlippedByteIsFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 9)
	dir := f.publish()
	files := 0
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for i := range data {
			bad := bytes.Clone(data)
			bad[i] ^= 0x20
			if err := os.WriteFile(name, bad, 0o600); err != nil {
				return err
			}
			if _, err := fsck.Check(os.DirFS(dir), f.policy()); err == nil {
				t.Errorf("%s, byte %d: not found", name, i)
			}
		}
		return os.WriteFile(name, data, 0o600)
	})
	if err != nil || files != 3 {
		t.Fatal(files, err)
	}
}

// TestHistoryCannotBeRewritten lets somebody who has the signing key edit,
// remove, reorder and fork, and holds the result to a checkpoint of before.
func TestHistoryCannotBeRewritten(t *testing.T) {
	t.Parallel()
	cases := map[string]func(entries [][]byte) [][]byte{
		"edit": func(e [][]byte) [][]byte {
			e[2] = bytes.Replace(e[2], []byte("created"), []byte("closed"), 1)
			return e
		},
		"remove":  func(e [][]byte) [][]byte { return append(e[:3], e[4:]...) },
		"reorder": func(e [][]byte) [][]byte { e[1], e[2] = e[2], e[1]; return e },
		"cut":     func(e [][]byte) [][]byte { return e[:4] },
		"fork":    func(e [][]byte) [][]byte { return append(e[:5], e[7:]...) },
		"insert":  func(e [][]byte) [][]byte { return append([][]byte{e[0]}, e...) },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, 8)
			before := f.checkpoint()
			entries := change(f.entries)
			f.memory = &memory{}
			for i, data := range entries {
				h, err := tlog.StoredHashes(int64(i), data, f)
				if err != nil {
					t.Fatal(err)
				}
				if err := f.Put(int64(i), data, 0, h); err != nil {
					t.Fatal(err)
				}
			}
			_, err := fsck.Check(os.DirFS(f.publish()), f.policy(), before)
			if !errors.Is(err, fsck.ErrTampered) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestProof(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 20)
	for i := range f.entries {
		x := ledger.Extra{Entry: string(f.entries[i]), Opening: &f.opens[i]}
		proof, err := ledger.Prove(int64(i), 20, f, f.checkpoint(), x)
		if err != nil {
			t.Fatal(err)
		}
		got, err := client.Proof(proof, f.policy())
		if err != nil || got.Index != int64(i) || got.Opening.Detail != f.opens[i].Detail || got.Checkpoint.N != 20 {
			t.Fatalf("%d: %+v %v", i, got, err)
		}
		x.Opening = &f.opens[(i+1)%20]
		wrong, err := ledger.Prove(int64(i), 20, f, f.checkpoint(), x)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Proof(wrong, f.policy()); !errors.Is(err, client.ErrNotProven) {
			t.Errorf("%d: the opening of another entry was taken: %v", i, err)
		}
	}
}

// TestProofBytes changes each byte of a proof in turn: it fails, or says the same.
func TestProofBytes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 7)
	proof, err := ledger.Prove(3, 7, f, f.checkpoint(), ledger.Extra{Entry: string(f.entries[3]), Opening: &f.opens[3]})
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for i := range proof {
		bad := bytes.Clone(proof)
		bad[i] ^= 1
		got, err := client.Proof(bad, f.policy())
		if err != nil {
			failed++
			continue
		}
		if got.Index != 3 || !bytes.Equal(got.Entry.Marshal(), f.entries[3]) || got.Opening.Detail != f.opens[3].Detail {
			t.Errorf("byte %d: another statement was proven: %+v", i, got)
		}
	}
	if failed < len(proof)*9/10 {
		t.Errorf("only %d of %d changed proofs failed", failed, len(proof))
	}
}

func TestWitness(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w, err := torchwood.NewCosignatureSigner("witness.test/a", key)
	if err != nil {
		t.Fatal(err)
	}
	p, err := client.Policy(f.vkey, []string{w.Verifier().String()}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Checkpoint(f.checkpoint(), p); !errors.Is(err, client.ErrNotProven) {
		t.Errorf("a checkpoint that no witness signed was taken: %v", err)
	}
	signed, err := client.Cosign(f.checkpoint(), nil, nil, f.vkey, w)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := client.Checkpoint(signed, p); err != nil || c.N != 3 {
		t.Error(c, err)
	}
	// The ledger grows; the witness wants proof that it continues.
	before := f.checkpoint()
	f.append(`{"more":1}`)
	proof, err := tlog.ProveTree(4, 3, f)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Cosign(f.checkpoint(), before, proof, f.vkey, w); err != nil {
		t.Error(err)
	}
	other := newFixture(t, 4)
	other.signer, other.vkey = f.signer, f.vkey
	if _, err := client.Cosign(other.checkpoint(), before, proof, f.vkey, w); !errors.Is(err, client.ErrNotProven) {
		t.Errorf("a fork was cosigned: %v", err)
	}
}

func FuzzEntry(f *testing.F) {
	o := ledger.Opening{Salt: make([]byte, ledger.SaltSize), Detail: "{}"}
	e := ledger.Entry{Time: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), Act: "evidence.received", Commitment: o.Commitment()}
	f.Add(e.Marshal())
	f.Add([]byte("amparo-ledger-entry/v1\n\n\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := ledger.ParseEntry(b)
		if err == nil && !bytes.Equal(e.Marshal(), b) {
			t.Errorf("%q reads as %q", b, e.Marshal())
		}
	})
}
