package open

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/evidencetest"
	"github.com/amparo-project/amparo/internal/evidence/iosbackup"
	"github.com/amparo-project/amparo/internal/limit"
)

func touch(t testing.TB, name string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// find returns the evidence at a path, with no single files.
func find(t testing.TB, path string) ([]evidence.Candidate, error) {
	t.Helper()
	r, err := Find(t.Context(), path, Options{})
	return r.Candidates, err
}

func TestFindDepths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{
		"two/Manifest.db", "one/Info.plist", "one/Status.plist", "a/b/three/Manifest.plist", "a/b/three/Info.plist",
		"a/b/c/four/Manifest.db",           // too deep
		"only/Info.plist",                  // of some app
		"two/nested/Manifest.db",           // within a backup
		"old/Manifest.mbdb", "x/notes.txt", // nothing
	} {
		touch(t, filepath.Join(dir, name))
	}
	list, err := find(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	var roots, names []string
	for _, c := range list {
		roots, names = append(roots, c.Root()), append(names, c.Name())
		if c.Path() != dir || c.Kind() != iosbackup.Kind {
			t.Errorf("%+v", c)
		}
	}
	if diff := cmp.Diff([]string{"a/b/three", "old", "one", "two"}, roots); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"three", "old", "one", "two"}, names); diff != "" {
		t.Error(diff)
	}
	_, err = list[1].Open(t.Context(), evidence.OpenOptions{})
	if !errors.Is(err, limit.ErrUnsupported) || !strings.Contains(err.Error(), "iOS 9") || !strings.Contains(err.Error(), "old") {
		t.Errorf("old backup: %v", err)
	}
}

func TestFindNothing(t *testing.T) {
	t.Parallel()
	empty, other := t.TempDir(), t.TempDir()
	touch(t, filepath.Join(other, "readme.txt"))
	for _, tt := range []struct {
		path string
		want error
		say  string
	}{
		{empty, evidence.ErrNotEvidence, "empty"},
		{other, evidence.ErrNotEvidence, "private/var"},
		{filepath.Join(other, "readme.txt"), evidence.ErrNotEvidence, "neither"},
		{filepath.Join(other, "nowhere"), fs.ErrNotExist, "nowhere"},
	} {
		_, err := find(t, tt.path)
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.say) || !strings.Contains(err.Error(), tt.path) {
			t.Errorf("%s: %v", tt.path, err)
		}
	}
}

// TestFindBesideADump: a copy of the file system in a folder called dump takes
// nothing from what lies beside it in the folder of a case.
func TestFindBesideADump(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{
		"dump/private/var/mobile/Library/SMS/sms.db", "phone/Manifest.db", "sysdiagnose_2025/ps.txt", "sysdiagnose_2025/WiFi/x",
	} {
		touch(t, filepath.Join(dir, filepath.FromSlash(name)))
	}
	list, err := find(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range list {
		got = append(got, c.Kind()+" "+c.Root())
	}
	if diff := cmp.Diff([]string{"ios-filesystem dump", "ios-backup phone", "sysdiagnose sysdiagnose_2025"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFindDenied(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := t.TempDir()
	touch(t, filepath.Join(dir, "backup", "Manifest.db"))
	if err := os.Chmod(filepath.Join(dir, "backup"), 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(filepath.Join(dir, "backup"), 0o700)
	for _, path := range []string{dir, filepath.Join(dir, "backup")} {
		if _, err := find(t, path); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestNameOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ path, root, want string }{
		{"/x/backup", "", "backup"},
		{"/x/backup", "a/b", "b"},
		{"/x/phone.tar.gz", "", "phone"},
		{"/x/phone.zip", "", "phone"},
		{"/x/.zip", "", ".zip"},
	} {
		if got := nameOf(tt.path, tt.root); got != tt.want {
			t.Errorf("%s, %s: %s", tt.path, tt.root, got)
		}
	}
}

// TestOpenTwice opens evidence in an archive again after it was closed.
func TestOpenTwice(t *testing.T) {
	t.Parallel()
	dir := shared(t, "ios_backup_small")
	list, err := find(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		src, err := list[0].Open(context.Background(), evidence.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if ev := src.Evidence(); ev.Device.ModelName != "iPhone 7" || ev.Path != dir || ev.Root != "" {
			t.Errorf("%+v", ev)
		}
		if err := src.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRealBackupSuite(t *testing.T) {
	t.Parallel()
	dir := shared(t, "ios_backup_small")
	evidencetest.Suite(t, evidencetest.Options{Path: dir, MaxEntries: 2000, Open: func(t testing.TB) evidence.Source {
		list, err := find(t, dir)
		if err != nil {
			t.Fatal(err)
		}
		src, err := list[0].Open(t.Context(), evidence.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return src
	}})
}
