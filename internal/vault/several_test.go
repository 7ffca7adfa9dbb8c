package vault_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/amparo-project/amparo/internal/vault"
)

// TestFilesOneAfterTheOther sends the files of a folder, fails at every commit
// in turn, and ends with the list that the folder itself would give.
func TestFilesOneAfterTheOther(t *testing.T) {
	t.Parallel()
	dir, content := folder(t, 40)
	s, _ := dirStore(t)
	plain := newMemory(t)
	want, err := vault.Add(t.Context(), s, plain, vault.AddOptions{Bundle: "E-1", Case: "C-1", Key: plain.Key, Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	send := func(m *memory, names []string) ([]vault.File, error) {
		i := -1
		return vault.AppendFiles(t.Context(), s, m, vault.AddOptions{Bundle: "E-1", Case: "C-1", Key: m.Key}, func() (string, int64, io.Reader, error) {
			if i++; i == len(names) {
				return "", 0, nil, io.EOF
			}
			return names[i], int64(len(content[names[i]])), bytes.NewReader(content[names[i]]), nil
		})
	}
	names := slices.Sorted(maps.Keys(content))
	for fail := 1; ; fail++ {
		m := newMemory(t)
		m.fail = fail
		_, err1 := send(m, names[:20])
		_, err2 := send(m, names[10:])
		if err1 == nil && err2 == nil {
			break
		}
		if !errors.Is(errors.Join(err1, err2), errFault) {
			t.Fatal(err1, err2)
		}
		if _, err := send(m, names); err != nil {
			t.Fatal(err)
		}
		list, err := vault.Files(t.Context(), m, "E-1", m.Key)
		if err != nil || vault.Sum(list) != vault.Sum(want) {
			t.Errorf("after commit %d failed: %d files, %v", fail, len(list), err)
		}
	}
}

func TestFilesThatAreNone(t *testing.T) {
	t.Parallel()
	s, _ := dirStore(t)
	m := newMemory(t)
	for name, tt := range map[string]struct {
		name string
		size int64
		want error
	}{
		"escape": {"../x", 1, vault.ErrOffset}, "absolute": {"/x", 1, vault.ErrOffset}, "dot": {".", 1, vault.ErrOffset},
		"negative": {"x", -1, vault.ErrOffset}, "large": {"x", vault.SegmentSize + 1, vault.ErrOffset}, "cut": {"x", 100, vault.ErrShort},
	} {
		done := false
		_, err := vault.AppendFiles(t.Context(), s, m, vault.AddOptions{Bundle: "E-1", Case: "C-1", Key: m.Key}, func() (string, int64, io.Reader, error) {
			if done {
				return "", 0, nil, io.EOF
			}
			done = true
			return tt.name, tt.size, bytes.NewReader([]byte("short")), nil
		})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if parts, err := m.Parts(t.Context(), "E-1"); err != nil || len(parts) > 0 {
		t.Error("something was stored")
	}
}
