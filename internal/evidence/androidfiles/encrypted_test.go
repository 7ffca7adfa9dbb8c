package androidfiles

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"filippo.io/age"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/evidencetest"
	"github.com/amparo-project/amparo/internal/limit"
)

// TestEncrypted: an acquisition as AndroidQF encrypts it, to an X25519 key.
func TestEncrypted(t *testing.T) {
	t.Parallel()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	plain := zipped(t, map[string]string{"abc/packages.json": "[]", "abc/acquisition.json": "{}", "abc/dumpsys.txt": "DUMP OF SERVICE a:\nb\n"})
	if _, err := w.Write([]byte(plain)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := write(t, map[string]string{"b.ab": out.String()})
	open := func(t testing.TB, identity string) (evidence.Source, error) {
		tree, err := evidence.OpenDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer tree.Close()
		b, err := tree.Open(t.Context(), "b.ab")
		if err != nil {
			t.Fatal(err)
		}
		if !IsEncrypted(b) {
			t.Error("not known as encrypted")
		}
		var o Options
		if identity != "" {
			o.Identity = func(context.Context) ([]byte, error) { return []byte(identity), nil }
		}
		return OpenEncrypted(t.Context(), blob{b}, "b.ab", o)
	}
	evidencetest.Suite(t, evidencetest.Options{Path: dir, Open: func(t testing.TB) evidence.Source {
		s, err := open(t, id.String())
		if err != nil {
			t.Fatal(err)
		}
		if ev := s.Evidence(); ev.Kind != AndroidQF || !ev.Encrypted {
			t.Errorf("%+v", ev)
		}
		return s
	}})
	for identity, want := range map[string]error{"": limit.ErrEncrypted, other.String(): ErrWrongIdentity} {
		if _, err := open(t, identity); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}
