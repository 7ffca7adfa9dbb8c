package inbrowser

import (
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/ledger/ledgertest"
)

func ask(t *testing.T, pairs ...string) map[string]string {
	t.Helper()
	out, ok := unpack(Answer(pack(pairs...)))
	if !ok {
		t.Fatal("the answer is cut")
	}
	return out
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	l := ledgertest.New(t, 9)
	// As a form sends it and an editor leaves it.
	file := "\r\n" + strings.TrimSpace(strings.ReplaceAll(string(l.Proof(4)), "\n", "\r\n"))
	got := ask(t, "key", " "+l.Key+"\n", "proof", file)
	if got["holds"] != "yes" || got["entry"] != "4" || got["detail"] != l.Opens[4].Detail || got["size"] != "9" || got["time"] != "2026-01-02T03:04:09.000000Z" {
		t.Errorf("%q", got)
	}
	got = ask(t, "key", l.Key, "proof", string(l.ProofWith(4, nil)))
	if _, told := got["detail"]; got["holds"] != "yes" || told {
		t.Errorf("without an opening: %q", got)
	}
	kept := string(l.Checkpoint())
	l.Append(`{}`)
	got = ask(t, "key", l.Key, "kept", kept, "consistency", string(l.Consistency(9)))
	if got["holds"] != "yes" || got["before"] != "9" || got["size"] != "10" {
		t.Errorf("%q", got)
	}
	for want, pairs := range map[string][]string{
		"key":       {"key", "none", "proof", file},
		"signature": {"key", ledgertest.New(t, 1).Key, "proof", file},
		"malformed": {"key", l.Key},
		"rewritten": {"key", l.Key, "kept", kept, "consistency", string(ledgertest.Of(t, l, 10).Consistency(9))},
	} {
		if got := ask(t, pairs...); got["holds"] != "no" || got["reason"] != want || got["error"] == "" {
			t.Errorf("%s: %q", want, got)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	l := ledgertest.New(f, 5)
	f.Add(pack("key", l.Key, "proof", string(l.Proof(2))))
	f.Add(pack("key", l.Key, "kept", string(l.Checkpoint()), "consistency", string(l.Consistency(3))))
	f.Add([]byte{255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, request []byte) {
		out, ok := unpack(Answer(request))
		if !ok || out["holds"] != "yes" && out["holds"] != "no" {
			t.Errorf("%q", out)
		}
	})
}
