package androidfiles

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/evidencetest"
	"github.com/amparo-project/amparo/internal/evidence/iosfiles"
)

const dashes = "-------------------------------------------------------------------------------\n"

const report = `========================================================
== dumpstate: 2020-01-08 15:30:07
========================================================

Build fingerprint: 'google/sailfish/sailfish:10/QP1A.191005.007.A3/5972272:user/release-keys'
------ SYSTEM PROPERTIES (getprop) ------
[persist.sys.timezone]: [Europe/Berlin]
[ro.product.manufacturer]: [google]
[ro.product.model]: [Pixel]
` + dashes + `DUMP OF SERVICE adb:
x
`

// write makes a folder of files by name and content.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, []byte(data), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// zipped packs files.
func zipped(t testing.TB, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, data := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// source recognizes what a path holds and opens it.
func source(t testing.TB, name string) (*Source, bool) {
	t.Helper()
	tree, err := evidence.OpenTree(t.Context(), name, nil)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	list := func(dir string) []evidence.TreeEntry {
		l, err := tree.ReadDir(t.Context(), dir)
		if err != nil {
			return nil
		}
		return l
	}
	r, ok := Recognize(Folder{
		Folder: iosfiles.Folder{Name: filepath.Base(name), List: list(""), Sub: list}, Top: !info.IsDir(),
		Head: func(name string) []byte {
			b, err := tree.Open(t.Context(), name)
			if err != nil {
				return nil
			}
			defer b.Close()
			head := make([]byte, b.Size())
			if _, err := b.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
				return nil
			}
			return head
		},
	})
	if !ok {
		tree.Close()
		return nil, false
	}
	s, err := Open(t.Context(), tree, Options{Files: iosfiles.Options{Kind: r.Kind, Name: name, Mounts: r.Mounts}})
	if err != nil {
		t.Fatal(err)
	}
	return s, true
}

func paths(t testing.TB, s *Source) []string {
	t.Helper()
	var got []string
	for e, err := range s.Files(t.Context()) {
		if err != nil {
			got = append(got, "! "+err.Error())
			continue
		}
		got = append(got, e.Path)
	}
	return got
}

func TestKinds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		files map[string]string
		kind  string
		want  []string
	}{
		{
			"bugreport",
			map[string]string{"main_entry.txt": "b.txt\n", "bugreport-x.txt": "", "b.txt": "", "FS/data/anr/anr_1": ""},
			Bugreport,
			[]string{"FS/data/anr/anr_1", "b.txt", "bugreport-x.txt", "main_entry.txt"},
		},
		{
			"samsung",
			map[string]string{"dumpState_G991B.log": report, "FS/data/tombstones/tombstone_00": ""},
			Bugreport,
			[]string{"FS/data/tombstones/tombstone_00", "dumpState_G991B.log", "dumpstate/HEADER", "dumpstate/SYSTEM PROPERTIES", "dumpsys/adb"},
		},
		{"report_alone", map[string]string{"bugreport-x.txt": report}, "", nil},
		{
			"androidqf",
			map[string]string{
				"acquisition.json": `{"started":"2024-05-01T10:00:00Z"}`, "dumpsys.txt": "DUMP OF SERVICE a:\n", "logs/x": "",
				"bugreport.zip": zipped(t, map[string]string{"dumpstate.txt": report}), "intrusion-logs/a.txt": "",
			},
			AndroidQF,
			[]string{
				"acquisition.json", "bugreport.zip", "bugreport.zip/dumpstate.txt", "bugreport.zip/dumpstate/HEADER",
				"bugreport.zip/dumpstate/SYSTEM PROPERTIES", "bugreport.zip/dumpsys/adb", "dumpsys.txt", "dumpsys/a", "logs/x", "intrusion_logs/a.txt",
			},
		},
		{"getprop_alone", map[string]string{"getprop.txt": ""}, "", nil},
		{"broken", map[string]string{"packages.json": "", "bugreport.zip": "no"}, AndroidQF, []string{
			"bugreport.zip", "! bugreport.zip: corrupt data: it is no archive", "packages.json",
		}},
		{"backup", map[string]string{"apps/com.x/_manifest": ""}, Backup, []string{"apps/com.x/_manifest"}},
		{"apps", map[string]string{"apps/com.x/y": ""}, "", nil},
		{"logs", map[string]string{"a.txt": `{"dns_event":{}}` + "\n", "b.zip": zipped(t, map[string]string{"c.txt": `{"dns_event":{}}`})}, IntrusionLogs, []string{
			"intrusion_logs/a.txt", "intrusion_logs/b.zip", "intrusion_logs/b.zip/c.txt",
		}},
		{"texts", map[string]string{"a.txt": "hello"}, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, ok := source(t, write(t, tt.files))
			if !ok {
				if tt.kind != "" {
					t.Fatal("not recognized")
				}
				return
			}
			defer s.Close()
			if diff := cmp.Diff(tt.want, paths(t, s)); diff != "" || s.Evidence().Kind != tt.kind {
				t.Errorf("%s: %s", s.Evidence().Kind, diff)
			}
		})
	}
}

func TestSuite(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"acquisition.json": "{}", "packages.json": "[]", "dumpsys.txt": "DUMP OF SERVICE a:\nb\nDUMP OF SERVICE c:\nd\n",
		"bugreport.zip": zipped(t, map[string]string{"bugreport-x.txt": report, "FS/data/anr/anr_1": "x"}),
	}
	dir := write(t, files)
	open := func(name string) func(testing.TB) evidence.Source {
		return func(t testing.TB) evidence.Source {
			s, ok := source(t, name)
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

// TestParts: a section names the real file and the place of its bytes there.
func TestParts(t *testing.T) {
	t.Parallel()
	s, ok := source(t, write(t, map[string]string{
		"acquisition.json": "{}", "dumpsys.txt": "x\n",
		"bugreport.zip": zipped(t, map[string]string{"bugreport-x.txt": report}),
	}))
	if !ok {
		t.Fatal("not recognized")
	}
	defer s.Close()
	for e, err := range s.Files(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Path != "bugreport.zip/dumpsys/adb" {
			continue
		}
		f, err := s.Open(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		name, section, off := f.(evidence.Part).Whole()
		stored, _, _ := f.Stored()
		if name != "bugreport.zip/bugreport-x.txt" || section != "dumpsys/adb" || off != int64(strings.Index(report, "x\n")) && !strings.HasPrefix(report[off:], "x\n") || stored != "bugreport.zip" || e.Of.Path != name {
			t.Errorf("%s %s %d %s %+v", name, section, off, stored, e.Of)
		}
		return
	}
	t.Error("no section of the report in the acquisition")
}

func TestFacts(t *testing.T) {
	t.Parallel()
	s, ok := source(t, write(t, map[string]string{"bugreport-x.txt": report, "version.txt": "2.0"}))
	if !ok {
		t.Fatal("not recognized")
	}
	defer s.Close()
	ev := s.Evidence()
	d := ev.Device
	if d.OS != "Android" || d.Version != "10" || d.ModelName != "Google Pixel" || d.TimeZone != "Europe/Berlin" || ev.Acquired == nil || ev.Acquired.Format("15:04") != "14:30" {
		t.Errorf("%+v %v", d, ev.Acquired)
	}
}

func TestIsReport(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"bugreport-x.txt": true, "a/dumpState_SM.log": true, "dumpsys.txt": true, "dumpsys_adb.txt": true, "dumpstate_log.txt": false,
		"bugreports.txt": false, "dumpsys": false, "dumpstate.zip": false, "dumpstate_board.bin": false, "dumpstate-stats.txt": false, "dumpsys.txt.bak": false,
	} {
		if IsReport(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}
