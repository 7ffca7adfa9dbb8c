package proof_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"filippo.io/torchwood"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"github.com/amparo-project/amparo/internal/ledger/ledgertest"
	"github.com/amparo-project/amparo/internal/ledger/proof"
)

func TestInclusion(t *testing.T) {
	t.Parallel()
	l := ledgertest.New(t, 20)
	p, err := proof.Key(l.Key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := proof.Inclusion(l.Proof(7), p)
	if err != nil || got.Index != 7 || got.Opening.Detail != l.Opens[7].Detail || got.Checkpoint.N != 20 || got.Entry.Act != "case.created" {
		t.Fatalf("%+v %v", got, err)
	}
	other := ledgertest.New(t, 20)
	for name, c := range map[string]struct {
		file []byte
		want proof.Reason
	}{
		"nothing":         {nil, proof.Malformed},
		"cut":             {l.Proof(7)[:120], proof.Malformed},
		"another key":     {other.Proof(7), proof.NotSigned},
		"another opening": {l.ProofWith(7, &l.Opens[8]), proof.NotOpening},
		"another entry":   {bytes.Replace(l.Proof(7), []byte("index 7"), []byte("index 6"), 1), proof.NotIncluded},
		"beyond the end":  {bytes.Replace(l.Proof(7), []byte("index 7"), []byte("index 20"), 1), proof.NotIncluded},
		"no number":       {bytes.Replace(l.Proof(7), []byte("index 7"), []byte("index +7"), 1), proof.Malformed},
		"more entries":    {bytes.Replace(l.Proof(7), []byte("\n20\n"), []byte("\n21\n"), 1), proof.NotSigned},
	} {
		got, err := proof.Inclusion(c.file, p)
		if got != nil || !errors.Is(err, proof.ErrNotProven) || proof.ReasonOf(err) != c.want {
			t.Errorf("%s: %v: %v", name, proof.ReasonOf(err), err)
		}
	}
	if _, err := proof.Key("ledger+00000000+AAAA"); proof.ReasonOf(err) != proof.BadKey {
		t.Errorf("a wrong key: %v", err)
	}
}

func TestConsistency(t *testing.T) {
	t.Parallel()
	l := ledgertest.New(t, 3)
	p, err := proof.Key(l.Key)
	if err != nil {
		t.Fatal(err)
	}
	kept := l.Checkpoint()
	empty := ledgertest.Of(t, l, 0).Checkpoint()
	for range 10 {
		l.Append(`{"more":1}`)
	}
	for n, old := range map[int64][]byte{0: empty, 3: kept, 13: l.Checkpoint()} {
		before, now, err := proof.Consistency(old, l.Consistency(n), p)
		if err != nil || before.N != n || now.N != 13 {
			t.Errorf("from %d: %d to %d: %v", n, before.N, now.N, err)
		}
	}
	// Whoever has the key writes another history.
	forged := ledgertest.Of(t, l, 13)
	for name, c := range map[string]struct {
		kept, file []byte
		want       proof.Reason
	}{
		"rewritten":        {kept, forged.Consistency(3), proof.NotContinued},
		"forked":           {l.Checkpoint(), forged.Consistency(13), proof.Forked},
		"shorter":          {l.Checkpoint(), ledgertest.Of(t, l, 5).Consistency(5), proof.Shorter},
		"of another":       {kept, l.Consistency(4), proof.NotTheOne},
		"another key":      {ledgertest.New(t, 3).Checkpoint(), l.Consistency(3), proof.NotSigned},
		"nothing":          {kept, nil, proof.Malformed},
		"nothing kept":     {nil, l.Consistency(3), proof.Malformed},
		"a hash is gone":   {kept, dropLine(l.Consistency(3), 1), proof.NotContinued},
		"a number changed": {bytes.Replace(kept, []byte("\n3\n"), []byte("\n4\n"), 1), l.Consistency(4), proof.NotSigned},
	} {
		if _, _, err := proof.Consistency(c.kept, c.file, p); !errors.Is(err, proof.ErrNotProven) || proof.ReasonOf(err) != c.want {
			t.Errorf("%s: %v: %v", name, proof.ReasonOf(err), err)
		}
	}
}

func dropLine(text []byte, n int) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	return bytes.Join(append(lines[:n:n], lines[n+1:]...), nil)
}

// TestLooseKey holds a policy that takes any ledger of its key to be refused.
func TestLooseKey(t *testing.T) {
	t.Parallel()
	l := ledgertest.New(t, 3)
	v, err := note.NewVerifier(l.Key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := proof.Verify(l.Checkpoint(), torchwood.SingleVerifierPolicy(v)); proof.ReasonOf(err) != proof.NotSigned {
		t.Errorf("a policy without an origin: %v", err)
	}
}

// FuzzExtra holds ParseExtra to what encoding/json reads, and to reading all
// that it writes.
func FuzzExtra(f *testing.F) {
	for _, s := range []string{
		`{"entry":"a"}`, `{"entry":"a\n\u003c\u2028\ud83d\ude00","opening":{"salt":"AAAA","detail":"{\"n\":1}"}}`, `{"entry":"\ud83d"}`, `{"entry":"a","x":1}`, `{}`, ``,
	} {
		f.Add(s, "entry", "detail", []byte("salt"))
	}
	f.Fuzz(func(t *testing.T, text, entry, detail string, salt []byte) {
		if got, err := proof.ParseExtra(text); err == nil {
			var want proof.Extra
			dec := json.NewDecoder(strings.NewReader(text))
			dec.DisallowUnknownFields()
			if err := dec.Decode(&want); err != nil {
				t.Fatalf("%q: encoding/json: %v", text, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%q: %s", text, diff)
			}
		}
		x := proof.Extra{Entry: strings.ToValidUTF8(entry, ""), Opening: &proof.Opening{Salt: salt, Detail: strings.ToValidUTF8(detail, "")}}
		if x.Opening.Salt == nil {
			x.Opening.Salt = []byte{}
		}
		b, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		got, err := proof.ParseExtra(string(b))
		if err != nil || cmp.Diff(x, got) != "" {
			t.Fatalf("%s: %+v %v", b, got, err)
		}
	})
}

// FuzzCheckpoint holds ParseCheckpoint to what torchwood reads.
func FuzzCheckpoint(f *testing.F) {
	f.Add("amparo.test/w\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")
	f.Add("amparo.test/w\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nmore\n")
	f.Add("a\n03\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := proof.ParseCheckpoint(text)
		if err != nil {
			return
		}
		want, err := torchwood.ParseCheckpoint(text)
		if err != nil || want.Origin != got.Origin || want.Tree != got.Tree || want.Extension != got.Extension {
			t.Errorf("%q: %+v, torchwood %+v %v", text, got, want, err)
		}
	})
}

// FuzzInclusion: no bytes prove anything that torchwood does not prove.
func FuzzInclusion(f *testing.F) {
	skey, vkey, err := note.GenerateKey(rand.Reader, "amparo.test/w")
	if err != nil {
		f.Fatal(err)
	}
	l := ledgertest.By(f, skey, vkey, 9)
	f.Add(l.Proof(3))
	p, err := proof.Key(vkey)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := proof.Inclusion(file, p)
		if err != nil {
			if got != nil {
				t.Error("something was returned beside an error")
			}
			return
		}
		if err := torchwood.VerifyProof(p, ledgertest.Hash(got.Entry.Marshal()), file); err != nil {
			t.Errorf("torchwood: %v", err)
		}
	})
}
