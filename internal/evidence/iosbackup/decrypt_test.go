package iosbackup

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
	"github.com/amparo-project/amparo/internal/limit"
)

// onDisk lists the files below a folder.
func onDisk(t testing.TB, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		got[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func decrypt(t testing.TB, s *Source, out string) *DecryptResult {
	t.Helper()
	res, err := Decrypt(t.Context(), s, out, DecryptOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestDecrypt(t *testing.T) {
	t.Parallel()
	for _, encrypted := range []bool{false, true} {
		s, err := openDir(t, testBackup{encrypted: encrypted, files: someFiles()}.write(t), withPassword(testPassword))
		if err != nil {
			t.Fatal(err)
		}
		want, _ := listing(t, s)
		out := filepath.Join(t.TempDir(), "new", "out")
		res := decrypt(t, s, out)
		if diff := cmp.Diff(want, onDisk(t, out)); diff != "" {
			t.Errorf("encrypted=%v: %.1000s", encrypted, diff)
		}
		if res.Written != int64(len(want)) || len(res.Failed) > 0 || res.Folders != 2 || res.Renamed != 0 {
			t.Errorf("encrypted=%v: %+v", encrypted, res)
		}
		if diff := cmp.Diff([]Link{{"HomeDomain/Library/link", "/private/etc"}}, res.Links); diff != "" {
			t.Error(diff)
		}
		for _, name := range []string{"HomeDomain/Library", "HomeDomain/Library/SMS/sms.db"} {
			info, err := os.Stat(filepath.Join(out, name))
			if err != nil || !info.ModTime().Equal(modifiedAt) || info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s: %v, %v", name, info, err)
			}
		}
		// Again: nothing to do. With one file gone and one cut: those two.
		if res := decrypt(t, s, out); res.Written != 0 || res.Skipped != int64(len(want)) {
			t.Errorf("again: %+v", res)
		}
		if err := errors.Join(os.Remove(filepath.Join(out, "HomeDomain/Library/SMS/sms.db-wal")),
			os.Truncate(filepath.Join(out, "HomeDomain/Library/SMS/sms.db"), 100)); err != nil {
			t.Fatal(err)
		}
		if res := decrypt(t, s, out); res.Written != 2 {
			t.Errorf("restarted: %+v", res)
		}
		if diff := cmp.Diff(want, onDisk(t, out)); diff != "" {
			t.Errorf("restarted: %.1000s", diff)
		}
	}
}

func TestDecryptedIsABackup(t *testing.T) {
	t.Parallel()
	s, err := openDir(t, testBackup{encrypted: true, files: someFiles()}.write(t), withPassword(testPassword))
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	decrypt(t, s, out)
	want, _ := listing(t, s)
	again, err := openDir(t, out, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, bad := listing(t, again)
	if diff := cmp.Diff(want, got); diff != "" || len(bad) > 0 {
		t.Errorf("%.1000s %v", diff, bad)
	}
}

func TestDecryptNames(t *testing.T) {
	t.Parallel()
	files := []testFile{
		{domain: "D", path: "File", flags: 1, content: "1"},
		{domain: "D", path: "file", flags: 1, content: "2"},
		{domain: "D", path: "FILE", flags: 1, content: "3"},
		{domain: "D", path: "caf\u00e9", flags: 1, content: "4"},
		{domain: "D", path: "cafe\u0301", flags: 1, content: "5"},
		{domain: "D", path: `a:b|c\d`, flags: 1, content: "6"},
		{domain: "D", path: "nul.txt", flags: 1, content: "7"},
		{domain: "D", path: "end.", flags: 1, content: "8"},
		{domain: "D", path: strings.Repeat("ñ", 300), flags: 1, content: "9"},
		{domain: "D", path: "normal.name", flags: 1, content: "10"},
	}
	names := func(out string) map[string]string {
		s, err := openDir(t, testBackup{files: files}.write(t), Options{})
		if err != nil {
			t.Fatal(err)
		}
		res := decrypt(t, s, out)
		if res.Renamed != 7 || len(res.Failed) > 0 {
			t.Errorf("%+v", res)
		}
		got := onDisk(t, filepath.Join(out, "D"))
		folded := map[string]bool{}
		for name := range got {
			folded[fold(name)] = true
			if len(filepath.Base(name)) > maxPartBytes {
				t.Errorf("%d bytes: %s", len(name), name)
			}
		}
		if len(folded) != len(files) {
			t.Errorf("%d names for %d files", len(folded), len(files))
		}
		return got
	}
	first, second := names(t.TempDir()), names(t.TempDir())
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("names differ from run to run: %s", diff)
	}
	if first["normal.name"] != "10" || first["File"] != "1" {
		t.Errorf("%v", first)
	}
}

func TestDecryptFailures(t *testing.T) {
	t.Parallel()
	files := append(someFiles(),
		testFile{domain: "HomeDomain", path: "gone", flags: 1, missing: true},
		testFile{domain: "HomeDomain", path: "../../../../tmp/escape", flags: 1, content: "x"},
		testFile{domain: "HomeDomain", path: "Library/empty/below a file", flags: 1, content: "x"},
	)
	s, err := openDir(t, testBackup{files: files}.write(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	res := decrypt(t, s, t.TempDir())
	var failed []string
	for _, f := range res.Failed {
		failed = append(failed, f.Path)
	}
	if len(failed) != 3 || res.Written != 9 {
		t.Errorf("%d written, failed: %v", res.Written, res.Failed)
	}
	data, err := res.Failed[0].MarshalJSON()
	if err != nil || !strings.Contains(string(data), `"error":"`) {
		t.Errorf("%s, %v", data, err)
	}
}

func TestDecryptRefusesEvidence(t *testing.T) {
	t.Parallel()
	dir := testBackup{files: someFiles()}.write(t)
	s, err := openDir(t, dir, Options{Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Skip(err)
	}
	for _, out := range []string{dir, filepath.Join(dir, "out"), filepath.Join(link, "new", "out")} {
		if _, err := Decrypt(t.Context(), s, out, DecryptOptions{}); !errors.Is(err, ErrInside) {
			t.Errorf("%s: %v", out, err)
		}
	}
	if _, err := Decrypt(t.Context(), otherSource{s}, t.TempDir(), DecryptOptions{}); !errors.Is(err, limit.ErrUnsupported) {
		t.Errorf("another kind of evidence: %v", err)
	}
}

// otherSource is evidence of another kind.
type otherSource struct{ evidence.Source }

func TestDecryptInterrupted(t *testing.T) {
	t.Parallel()
	s, err := openDir(t, testBackup{encrypted: true, files: someFiles()}.write(t), withPassword(testPassword))
	if err != nil {
		t.Fatal(err)
	}
	want, _ := listing(t, s)
	out := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	res, err := Decrypt(ctx, s, out, DecryptOptions{Workers: 1, Progress: func(files, _ int64) {
		if files == 3 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || res.Written < 3 {
		t.Fatalf("%+v, %v", res, err)
	}
	for name, data := range onDisk(t, out) {
		if want[name] != data {
			t.Errorf("%s is half written", name)
		}
	}
	decrypt(t, s, out)
	if diff := cmp.Diff(want, onDisk(t, out)); diff != "" {
		t.Errorf("%.1000s", diff)
	}
}
