package vault_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/amparo-project/amparo/internal/vault"
)

// brokenIndex is a database whose connection breaks, in the words in which that
// of whoever sends breaks too.
type brokenIndex struct{ *memory }

// Commit implements vault.Index.
func (brokenIndex) Commit(context.Context, string, string, int, []byte, []vault.Segment) error {
	return io.ErrUnexpectedEOF
}

// TestWhoseConnectionBroke tells a sender who went away from a database that
// did: only of the former may what is stored be taken for all that came.
func TestWhoseConnectionBroke(t *testing.T) {
	t.Parallel()
	s, _ := dirStore(t)
	m := newMemory(t)
	u := &vault.Upload{Bundle: "E-1", Case: "C-1", Key: m.Key, Name: "x", Size: 5}
	_, sum, err := u.Append(t.Context(), s, brokenIndex{m}, 0, bytes.NewReader([]byte("whole")), nil)
	if err == nil || errors.Is(err, vault.ErrShort) || sum != "" {
		t.Errorf("the database went away: %q, %v", sum, err)
	}
	_, err = vault.AppendFiles(t.Context(), s, brokenIndex{m}, vault.AddOptions{Bundle: "E-1", Case: "C-1", Key: m.Key}, oneFile("x", 5, bytes.NewReader([]byte("whole"))))
	if err == nil || errors.Is(err, vault.ErrShort) {
		t.Errorf("the database went away: %v", err)
	}
	_, err = vault.AppendFiles(t.Context(), s, m, vault.AddOptions{Bundle: "E-1", Case: "C-1", Key: m.Key}, oneFile("x", 5, cut("wh")))
	if !errors.Is(err, vault.ErrShort) {
		t.Errorf("the sender went away: %v", err)
	}
	_, _, err = u.Append(t.Context(), s, m, 0, cut("wh"), nil)
	if !errors.Is(err, vault.ErrShort) {
		t.Errorf("the sender went away: %v", err)
	}
	// Of a file whose size nobody said, what came before the end is not all of it.
	if _, _, err = u.AppendAll(t.Context(), s, m, cut("wh")); !errors.Is(err, vault.ErrShort) {
		t.Errorf("the sender went away: %v", err)
	}
	if list, err := vault.Files(t.Context(), m, "E-1", m.Key); err != nil || len(list) != 0 {
		t.Errorf("%v is stored: %v", list, err)
	}
}

// cut is a connection that breaks after a text.
func cut(text string) io.Reader {
	return io.MultiReader(bytes.NewReader([]byte(text)), brokenReader{})
}

type brokenReader struct{}

// Read implements io.Reader.
func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func oneFile(name string, size int64, r io.Reader) func() (string, int64, io.Reader, error) {
	done := false
	return func() (string, int64, io.Reader, error) {
		if done {
			return "", 0, nil, io.EOF
		}
		done = true
		return name, size, r, nil
	}
}
