package androidfiles

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/evidencetest"
	"github.com/amparo-project/amparo/internal/evidence/iosfiles"
	"github.com/amparo-project/amparo/internal/format/ab"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/testevidence"
)

func backupFile(t testing.TB, password string) string {
	t.Helper()
	data, err := testevidence.AndroidBackup{
		Version: 5, Compressed: true, Password: password, Rounds: 10,
		Names: []string{"apps/com.x/_manifest", "apps/com.x/f/a"}, Files: map[string]string{"apps/com.x/f/a": "hello"},
	}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

type blob struct{ evidence.Blob }

func (b blob) Stored() (string, int64, func() (io.ReadCloser, error)) {
	return "b.ab", b.Size(), func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(b, 0, b.Size())), nil }
}

func openBackup(t testing.TB, dir, password string) (evidence.Source, error) {
	t.Helper()
	tree, err := evidence.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	b, err := tree.Open(t.Context(), "b.ab")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Files: iosfiles.Options{Path: dir}}
	if password != "" {
		o.Password = func(context.Context) (string, error) { return password, nil }
	}
	return OpenBackup(t.Context(), blob{b}, "b.ab", o)
}

func TestBackup(t *testing.T) {
	t.Parallel()
	for _, password := range []string{"", "secreto"} {
		dir := write(t, map[string]string{"b.ab": backupFile(t, password)})
		evidencetest.Suite(t, evidencetest.Options{Path: dir, Open: func(t testing.TB) evidence.Source {
			s, err := openBackup(t, dir, password)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}})
	}
	dir := write(t, map[string]string{"b.ab": backupFile(t, "secreto")})
	if _, err := openBackup(t, dir, "otro"); !errors.Is(err, ab.ErrWrongPassword) {
		t.Errorf("wrong password: %v", err)
	}
	if _, err := openBackup(t, dir, ""); !errors.Is(err, limit.ErrEncrypted) {
		t.Errorf("no password: %v", err)
	}
}

// TestBackupWithin: a backup in an acquisition is read, and one that cannot be
// opened costs itself alone.
func TestBackupWithin(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"packages.json": "[]", "backup.ab": backupFile(t, "")})
	s, ok := source(t, dir)
	if !ok {
		t.Fatal("not recognized")
	}
	defer s.Close()
	if diff := cmp.Diff([]string{"backup.ab", "backup.ab/apps/com.x/_manifest", "backup.ab/apps/com.x/f/a", "packages.json"}, paths(t, s)); diff != "" {
		t.Error(diff)
	}
	if err := os.WriteFile(filepath.Join(dir, "backup.ab"), []byte(backupFile(t, "x")), 0o600); err != nil {
		t.Fatal(err)
	}
	locked, _ := source(t, dir)
	defer locked.Close()
	if got := paths(t, locked); len(got) != 3 || got[2] != "packages.json" {
		t.Error(got)
	}
}
