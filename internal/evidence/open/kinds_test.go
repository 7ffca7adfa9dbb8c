package open

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/evidencetest"
)

// someRead knows a few files, as parsers would.
func someRead() Options {
	return Options{
		Wanted: func(p string) bool {
			return p == "private/var/mobile/Library/SMS/sms.db" || strings.HasSuffix(p, ".ips") || p == "ps.txt"
		},
		Named: func(name string) bool { return name == "sms.db" || strings.HasSuffix(name, ".ips") },
	}
}

// TestCaseFolder finds everything that a folder of a case holds, each once.
func TestCaseFolder(t *testing.T) {
	t.Parallel()
	dir, other, dump := t.TempDir(), t.TempDir(), t.TempDir()
	for _, name := range []string{"backup/Manifest.db", "notes.txt", "sent/sms.db", "sent/sms.db-wal", "broken.zip", "empty.zip"} {
		touch(t, filepath.Join(dir, name))
	}
	for _, name := range []string{"ps.txt", "sysdiagnose.log", "crashes_and_spins/homed-2023.ips"} {
		touch(t, filepath.Join(other, "sysdiagnose_2024", name))
	}
	touch(t, filepath.Join(dump, "private/var/mobile/Library/SMS/sms.db"))
	for name, from := range map[string]string{"diag.tar.gz": other, "dump.zip": dump} {
		pack := evidencetest.Packers["b.tar.gz"]
		if strings.HasSuffix(name, ".zip") {
			pack = evidencetest.Packers["deflated.zip"]
		}
		if err := os.WriteFile(filepath.Join(dir, name), pack(t, os.DirFS(from)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "empty.zip"), evidencetest.Packers["stored.zip"](t, os.DirFS(t.TempDir())), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Find(t.Context(), dir, someRead())
	if err != nil {
		t.Fatal(err)
	}
	var got, seen []string
	for _, c := range r.Candidates {
		rel, err := filepath.Rel(dir, c.Path())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, c.Kind()+" "+rel+" "+c.Root())
	}
	want := []string{"ios-backup . backup", "loose . ", "sysdiagnose diag.tar.gz sysdiagnose_2024", "ios-filesystem dump.zip "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, s := range r.Seen {
		if s.Kind == "" {
			seen = append(seen, s.Root)
		}
	}
	if diff := cmp.Diff([]string{"broken.zip", "empty.zip"}, seen); diff != "" {
		t.Error(diff)
	}
	// The single files are those that belong to no other evidence.
	src, err := r.Candidates[1].Open(t.Context(), evidence.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var files []string
	for e, err := range src.Files(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, e.Path)
	}
	if strings.Contains(strings.Join(files, " "), "Manifest") {
		t.Errorf("a file of the backup is a single file too: %v", files)
	}
}

func TestSingleFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"sms.db", "sms.db-wal", "other.db", "logs/a.ips", "logs/deep/er/still/b.ips"} {
		touch(t, filepath.Join(dir, name))
	}
	for _, tt := range []struct {
		path, kind string
		want       []string
	}{
		{"sms.db", "loose", []string{"sms.db", "sms.db-wal"}},
		{"logs", "ios-crash-logs", []string{"a.ips", "deep/er/still/b.ips"}},
		{"logs/a.ips", "ios-crash-logs", []string{"a.ips"}},
	} {
		r, err := Find(t.Context(), filepath.Join(dir, tt.path), someRead())
		if err != nil {
			t.Fatal(err)
		}
		src, err := r.Candidates[0].Open(t.Context(), evidence.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for e, err := range src.Files(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.Path)
		}
		src.Close()
		if diff := cmp.Diff(tt.want, got); diff != "" || len(r.Candidates) != 1 || r.Candidates[0].Kind() != tt.kind {
			t.Errorf("%s: %d of %s: %s", tt.path, len(r.Candidates), r.Candidates[0].Kind(), diff)
		}
	}
}

// TestOnePass: what parsers want of a compressed archive is there after the
// pass that listed it.
func TestOnePass(t *testing.T) {
	t.Parallel()
	f := &finder{o: someRead()}
	for name, want := range map[string]bool{
		"private/var/mobile/Library/SMS/sms.db": true, "var/mobile/Library/SMS/sms.db": true, "mobile/Library/SMS/sms.db": true,
		"filesystem2/mobile/Library/SMS/sms.db": true, "case/dump/private/var/mobile/Library/SMS/sms.db": true,
		"sysdiagnose_2024/ps.txt": true, "sysdiagnose_2024/crashes_and_spins/x.ips": true, "b/3d/3d0d7e5fb2ce288813306e4d4636395e047a3d28": false,
		"b/Manifest.db": true, "a/b/c/d/e/f/private/var/mobile/Library/SMS/sms.db": false,
	} {
		if got := f.early(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestArchivesInArchives finds evidence in an archive that was packed once
// more, whatever the kinds, reads it, and goes no deeper.
func TestArchivesInArchives(t *testing.T) {
	t.Parallel()
	inner := t.TempDir()
	touch(t, filepath.Join(inner, "private/var/mobile/Library/SMS/sms.db"))
	names := map[string]string{"stored.zip": ".zip", "deflated.zip": ".zip", "b.tar.gz": ".tar.gz"}
	for innerKind, innerSuffix := range names {
		for outerKind, outerSuffix := range names {
			t.Run(innerKind+"_in_"+outerKind, func(t *testing.T) {
				t.Parallel()
				wrap := func(kind, as string, data []byte) []byte {
					dir := t.TempDir()
					if err := os.WriteFile(filepath.Join(dir, as), data, 0o600); err != nil {
						t.Fatal(err)
					}
					return evidencetest.Packers[kind](t, os.DirFS(dir))
				}
				once := evidencetest.Packers[innerKind](t, os.DirFS(inner))
				twice := wrap(outerKind, "dump"+innerSuffix, once)
				path := filepath.Join(t.TempDir(), "sent"+outerSuffix)
				if err := os.WriteFile(path, twice, 0o600); err != nil {
					t.Fatal(err)
				}
				r, err := Find(t.Context(), path, someRead())
				if err != nil || len(r.Candidates) != 1 || r.Candidates[0].Kind() != "ios-filesystem" {
					t.Fatalf("%v, %v", r.Candidates, err)
				}
				for range 2 { // the second time it is opened anew
					src, err := r.Candidates[0].Open(t.Context(), evidence.OpenOptions{})
					if err != nil {
						t.Fatal(err)
					}
					read := 0
					for e, err := range src.Files(t.Context()) {
						if err != nil || e.Path != "private/var/mobile/Library/SMS/sms.db" {
							t.Errorf("%v, %v", e, err)
							continue
						}
						f, err := src.Open(t.Context(), e)
						if err != nil {
							t.Fatal(err)
						}
						read++
						if err := f.Close(); err != nil {
							t.Error(err)
						}
					}
					if err := src.Close(); err != nil || read != 1 {
						t.Errorf("%d files, %v", read, err)
					}
				}
				deep := filepath.Join(t.TempDir(), "deep"+outerSuffix)
				if err := os.WriteFile(deep, wrap(outerKind, "b"+outerSuffix, wrap(outerKind, "a"+outerSuffix, twice)), 0o600); err != nil {
					t.Fatal(err)
				}
				if r, err := Find(t.Context(), deep, someRead()); err == nil || len(r.Candidates) != 0 {
					t.Errorf("four deep: %v, %v", r.Candidates, err)
				}
			})
		}
	}
}
