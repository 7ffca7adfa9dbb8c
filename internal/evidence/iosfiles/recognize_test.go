package iosfiles

import (
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/evidencetest"
)

// write makes a folder of files, each with its name as content.
func write(t testing.TB, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, []byte(name), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// source recognizes a tree called name and opens it.
func source(t testing.TB, tree evidence.Tree, name string) (*Source, bool) {
	t.Helper()
	list := func(dir string) []evidence.TreeEntry {
		l, err := tree.ReadDir(t.Context(), dir)
		if err != nil {
			return nil
		}
		return l
	}
	r, ok := Recognize(Folder{Name: name, List: list(""), Sub: list})
	if !ok {
		return nil, false
	}
	s, err := Open(t.Context(), tree, Options{Kind: r.Kind, Name: name, Mounts: r.Mounts, Skip: r.Skip})
	if err != nil {
		t.Fatal(err)
	}
	return s, true
}

func TestLayouts(t *testing.T) {
	t.Parallel()
	const sms = "private/var/mobile/Library/SMS/sms.db"
	for _, tt := range []struct {
		name  string
		files []string
		kind  string
		want  []string
	}{
		{"root", []string{sms, "System/x.plist"}, Filesystem, []string{"System/x.plist", sms}},
		{"one_app", []string{"private/var/containers/Bundle/a"}, Filesystem, []string{"private/var/containers/Bundle/a"}},
		{"var_without_private", []string{"var/mobile/Library/SMS/sms.db", "var/db/x", "usr/y"}, Filesystem, []string{"usr/y", "private/var/db/x", sms}},
		{"both", []string{sms, "var/mobile/Library/SMS/sms.db"}, Filesystem, []string{sms}},
		{"var_alone", []string{"mobile/Library/SMS/sms.db", "wireless/x"}, Filesystem, []string{sms, "private/var/wireless/x"}},
		{"home_alone", []string{"mobile/Library/SMS/sms.db"}, Filesystem, []string{sms}},
		{"two_volumes", []string{"filesystem1/System/x", "filesystem1/usr/y", "filesystem2/mobile/Library/SMS/sms.db"}, Filesystem, []string{sms, "System/x", "usr/y"}},
		{"prefix", []string{"rootfs/private/var/mobile/Library/SMS/sms.db"}, Filesystem, []string{sms}},
		{"sysdiagnose", []string{"ps.txt", "system_logs.logarchive/Extra/shutdown.log"}, Sysdiagnose, []string{"ps.txt", "system_logs.logarchive/Extra/shutdown.log"}},
		{"sysdiagnose_2024.05.17_10-11-12+0200_iPhone-OS_iPhone_21F79", []string{"ps.txt"}, Sysdiagnose, []string{"ps.txt"}},
		{"a_ps_alone", []string{"ps.txt"}, "", nil},
		{"mobile_alone", []string{"mobile/x"}, "", nil},
		{"a_server", []string{"var/log/syslog", "usr/bin/x", "etc/passwd"}, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := write(t, tt.files...)
			tree, err := evidence.OpenDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			s, ok := source(t, tree, tt.name)
			if !ok {
				if tt.kind != "" {
					t.Fatal("not recognized")
				}
				return
			}
			defer s.Close()
			var got []string
			for e, err := range s.Files(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, e.Path)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || s.Evidence().Kind != tt.kind {
				t.Errorf("%s: %s", s.Evidence().Kind, diff)
			}
		})
	}
}

func TestSuite(t *testing.T) {
	t.Parallel()
	dir := write(t, "private/var/mobile/Library/SMS/sms.db", "private/var/mobile/Library/SMS/sms.db-wal", "private/var/db/x", "System/y")
	open := func(p string) func(t testing.TB) evidence.Source {
		return func(t testing.TB) evidence.Source {
			tree, err := evidence.OpenTree(t.Context(), p, nil)
			if err != nil {
				t.Fatal(err)
			}
			s, ok := source(t, tree, "dump")
			if !ok {
				t.Fatal("not recognized")
			}
			return s
		}
	}
	evidencetest.Suite(t, evidencetest.Options{Path: dir, Open: open(dir)})
	for name, pack := range evidencetest.Packers {
		p := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(p, pack(t, os.DirFS(dir)), 0o600); err != nil {
			t.Fatal(err)
		}
		evidencetest.Suite(t, evidencetest.Options{Path: p, Open: open(p)})
	}
}

func TestFacts(t *testing.T) {
	t.Parallel()
	at, build := fromName("sysdiagnose_2024.05.17_10-11-12+0200_iPhone-OS_iPhone_21F79.tar.gz")
	if build != "21F79" || at == nil || !at.Equal(time.Date(2024, 5, 17, 8, 11, 12, 0, time.UTC)) {
		t.Errorf("%v %s", at, build)
	}
	for _, name := range []string{"", "sysdiagnose", "sysdiagnose_2024.99.17_10-11-12+0200_iPhone-OS_iPhone_21F79"} {
		if at, _ := fromName(name); at != nil {
			t.Errorf("%s: %v", name, at)
		}
	}
	dir := write(t, "ps.txt", "sysdiagnose.log")
	state := "Local device\n\tProperties: {\n\t\tProductType => iPhone14,5\n\t\tOSVersion => 17.5\n\t\tBuildVersion => 21F79\n\t\tSerialNumber => XX" + strings.Repeat("9", 400) + "\n"
	list := `<plist><dict><key>ProductVersion</key><string>18.1</string><key>ProductBuildVersion</key><string>22B83</string></dict></plist>`
	if err := os.WriteFile(filepath.Join(dir, dumpState), []byte(state), 0o600); err != nil {
		t.Fatal(err)
	}
	tree, err := evidence.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, _ := source(t, tree, "x")
	defer s.Close()
	if d := s.Evidence().Device; d.ModelName != "iPhone 13" || d.Version != "17.5" || d.Build != "21F79" || len(d.Serial) > 300 {
		t.Errorf("%+v", d)
	}
	dump := write(t, "private/var/mobile/x", path.Dir(systemVersion)+"/y")
	if err := os.WriteFile(filepath.Join(dump, systemVersion), []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	if tree, err = evidence.OpenDir(dump); err != nil {
		t.Fatal(err)
	}
	s, _ = source(t, tree, "x")
	defer s.Close()
	if d := s.Evidence().Device; d.Version != "18.1" || d.Build != "22B83" {
		t.Errorf("%+v", d)
	}
}

func TestListing(t *testing.T) {
	t.Parallel()
	dir := write(t, "private/var/mobile/x", "private/var/db/y")
	at := time.Date(2023, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(dir, "private/var/db/y"), at, at); err != nil {
		t.Fatal(err)
	}
	tree, err := evidence.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, _ := source(t, tree, "x")
	defer s.Close()
	var got []string
	for l, err := range s.Listing(context.Background()) {
		if err != nil || l.Size != int64(len(l.Path)) {
			t.Errorf("%+v, %v", l, err)
		}
		got = append(got, l.Path)
		if strings.HasSuffix(l.Path, "/y") && !l.Modified.Equal(at) {
			t.Errorf("%s: %v", l.Path, l.Modified)
		}
	}
	if diff := cmp.Diff([]string{"private/var/db/y", "private/var/mobile/x"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestIsReport(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"homed-2023-01-02-030405.ips": true, "x.ips.ca.synced": true, "Analytics-2023-01-02-030405.ips": true, "panic-full-2023.ips": true,
		"a.crash": true, "sms.db": false, "ips": false, "Analytics.txt": false,
	} {
		if got := IsReport("a/" + name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
