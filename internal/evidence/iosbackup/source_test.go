package iosbackup

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/evidencetest"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/format/keybag"
	"github.com/amparo-project/amparo/internal/limit"
)

// listing reads all entries; failed ones have the error as their content.
func listing(t testing.TB, s *Source) (got map[string]string, bad []string) {
	t.Helper()
	got = map[string]string{}
	for e, err := range s.Files(t.Context()) {
		var ee *evidence.EntryError
		if errors.As(err, &ee) {
			bad = append(bad, ee.Path)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := got[e.Path]; twice {
			t.Errorf("%s twice", e.Path)
		}
		got[e.Path] = content(t, s, e)
	}
	return got, bad
}

func content(t testing.TB, s *Source, e evidence.Entry) string {
	t.Helper()
	f, err := s.Open(t.Context(), e)
	if err != nil {
		return "error: " + err.Error()
	}
	defer f.Close()
	data, err := limit.ReadFull(f, f.Size(), 1<<30)
	if err != nil {
		t.Errorf("%s: %v", e.Path, err)
	}
	return string(data)
}

func TestPlainAndEncryptedSame(t *testing.T) {
	t.Parallel()
	want := map[string]string{}
	for _, f := range someFiles() {
		if f.flags == flagFile {
			want[f.domain+"/"+f.path] = f.content
		}
	}
	for _, encrypted := range []bool{false, true} {
		dir := testBackup{encrypted: encrypted, files: someFiles()}.write(t)
		s, err := openDir(t, dir, withPassword(testPassword))
		if err != nil {
			t.Fatal(err)
		}
		got, bad := listing(t, s)
		if len(bad) > 0 {
			t.Errorf("encrypted=%v: %v", encrypted, bad)
		}
		if !strings.HasPrefix(got[manifestFile], sqliteMagic) {
			t.Error("Manifest.db is not seen decrypted")
		}
		for _, root := range []string{infoFile, keysFile, statusFile, manifestFile} {
			if got[root] == "" {
				t.Errorf("%s is not listed", root)
			}
			delete(got, root)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("encrypted=%v: %.2000s", encrypted, diff)
		}
		ev := s.Evidence()
		if ev.Encrypted != encrypted || len(ev.Problems) > 0 || ev.Files != int64(len(want)+4) {
			t.Errorf("encrypted=%v: %+v", encrypted, ev)
		}
	}
}

func TestSuite(t *testing.T) {
	t.Parallel()
	for _, encrypted := range []bool{false, true} {
		files := append(someFiles(), testFile{domain: "D", path: "gone", flags: 1, missing: true})
		dir := testBackup{encrypted: encrypted, files: files}.write(t)
		evidencetest.Suite(t, evidencetest.Options{Path: dir, Open: func(t testing.TB) evidence.Source {
			s, err := openDir(t, dir, withPassword(testPassword))
			if err != nil {
				t.Fatal(err)
			}
			return s
		}})
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	dir := testBackup{encrypted: true, files: someFiles()}.write(t)
	if _, err := openDir(t, dir, withPassword("wrong-one")); !errors.Is(err, keybag.ErrWrongPassword) || strings.Contains(err.Error(), "wrong-one") {
		t.Errorf("wrong password: %v", err)
	}
	if _, err := openDir(t, dir, Options{}); !errors.Is(err, limit.ErrEncrypted) {
		t.Errorf("no password: %v", err)
	}
	asked := errors.New("nobody is there")
	_, err := openDir(t, dir, Options{OpenOptions: evidence.OpenOptions{Password: func(context.Context) (string, error) { return "", asked }}})
	if !errors.Is(err, asked) {
		t.Errorf("no one to ask: %v", err)
	}
	var m map[string]any
	readPlist(t, filepath.Join(dir, keysFile), &m)
	bag := m["BackupKeyBag"].([]byte)
	m["BackupKeyBag"] = bag[:60]
	writePlist(t, filepath.Join(dir, keysFile), m)
	if _, err := openDir(t, dir, withPassword(testPassword)); !errors.Is(err, limit.ErrCorrupt) || errors.Is(err, keybag.ErrWrongPassword) {
		t.Errorf("broken keybag: %v", err)
	}
}

func TestHostileRows(t *testing.T) {
	t.Parallel()
	files := append(someFiles(),
		testFile{domain: "HomeDomain", path: "../../etc/passwd", flags: 1, content: "x"},
		testFile{domain: "..", path: "etc/passwd", flags: 1, content: "x"},
		testFile{domain: "HomeDomain", path: "/etc/passwd", flags: 1, content: "x"},
		testFile{domain: "HomeDomain", path: `..\..\etc\passwd`, flags: 1, content: "x"},
		testFile{domain: "HomeDomain", path: "a\x00b", flags: 1, content: "x"},
		testFile{domain: "HomeDomain", path: "a//b", flags: 1, content: "x"},
		testFile{domain: "Home/Domain", path: "c", flags: 1, content: "x"},
		testFile{domain: "", path: "d", flags: 1, content: "x"},
		testFile{domain: "HomeDomain", path: "", flags: 1, content: "x", id: strings.Repeat("a", 40)},
		testFile{domain: "HomeDomain", path: strings.Repeat("x", 5000), flags: 1, content: "x"},
		testFile{domain: "HomeDomain", path: "id", flags: 1, content: "x", id: "../../../../etc/passwd"},
		testFile{domain: "HomeDomain", path: "id2", flags: 1, content: "x", id: "short"},
		testFile{domain: "HomeDomain", path: "kind", flags: 9, content: "x"},
	)
	s, err := openDir(t, testBackup{files: files}.write(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, bad := listing(t, s)
	if len(bad) != 13 {
		t.Errorf("%d bad rows: %q", len(bad), bad)
	}
	for name := range got {
		if strings.Contains(name, "passwd") {
			t.Errorf("%s is listed", name)
		}
	}
	if len(got) != 5+4 {
		t.Errorf("%d entries", len(got))
	}
}

func TestMissingFile(t *testing.T) {
	t.Parallel()
	files := append(someFiles(), testFile{domain: "HomeDomain", path: "gone", flags: 1, missing: true})
	s, err := openDir(t, testBackup{files: files}.write(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Open(t.Context(), entryOf(t, s, "HomeDomain/gone"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "named by the manifest but not in the backup") {
		t.Errorf("got %v", err)
	}
}

func entryOf(t testing.TB, s *Source, path string) evidence.Entry {
	t.Helper()
	for e, err := range s.Files(t.Context()) {
		if err == nil && e.Path == path {
			return e
		}
	}
	t.Fatalf("%s is not listed", path)
	return evidence.Entry{}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	files := []testFile{
		{domain: "D", path: "stale", flags: 1, content: "hello", claim: 4096},
		{domain: "D", path: "grown", flags: 1, content: string(noise(100)), claim: 20},
	}
	dir := testBackup{encrypted: true, files: files}.write(t)
	s, err := openDir(t, dir, withPassword(testPassword))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if got := content(t, s, entryOf(t, s, "D/"+f.path)); got != f.content {
			t.Errorf("%s: %d bytes, want %d", f.path, len(got), len(f.content))
		}
	}
	// A copy that was cut within the file is read up to there, and noted.
	id := fileID("D", "grown")
	if err := os.Truncate(filepath.Join(dir, id[:2], id), 70); err != nil {
		t.Fatal(err)
	}
	files[1].claim = 100
	dir2 := testBackup{encrypted: true, files: files}.write(t)
	if err := os.Truncate(filepath.Join(dir2, id[:2], id), 70); err != nil {
		t.Fatal(err)
	}
	s, err = openDir(t, dir2, withPassword(testPassword))
	if err != nil {
		t.Fatal(err)
	}
	if got := content(t, s, entryOf(t, s, "D/grown")); got != files[1].content[:64] {
		t.Errorf("cut file: %d bytes", len(got))
	}
	if p := s.Evidence().Problems; len(p) != 1 || p[0].Path != "D/grown" || !strings.Contains(p[0].Error, "cut") {
		t.Errorf("problems: %+v", p)
	}
}

func TestStored(t *testing.T) {
	t.Parallel()
	s, err := openDir(t, testBackup{encrypted: true, files: someFiles()}.write(t), withPassword(testPassword))
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.Open(t.Context(), entryOf(t, s, "HomeDomain/Library/SMS/sms.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	name, size, open := f.Stored()
	if name != "3d/3d0d7e5fb2ce288813306e4d4636395e047a3d28" || size != 200_016 {
		t.Errorf("stored as %s, %d bytes", name, size)
	}
	r, err := open()
	if err != nil {
		t.Fatal(err)
	}
	stored, err := limit.ReadAll(r, 1<<20)
	if err != nil || int64(len(stored)) != size {
		t.Errorf("%d bytes, %v", len(stored), err)
	}
	plain := make([]byte, 100)
	if _, err := f.ReadAt(plain, 0); err != nil || bytes.Equal(plain, stored[:100]) {
		t.Errorf("stored bytes are not as they lie there: %v", err)
	}
}

func TestDecryptedByOthers(t *testing.T) {
	t.Parallel()
	// Other programs leave Manifest.plist as it was beside a decrypted manifest.
	dir := testBackup{files: someFiles()}.write(t)
	writePlist(t, filepath.Join(dir, keysFile), map[string]any{
		"IsEncrypted": true, "BackupKeyBag": keybagBytes(t), "ManifestKey": make([]byte, 44),
	})
	s, err := openDir(t, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := listing(t, s); got["AppDomain-org.example.app/Documents/Añadir.txt"] != "hola" {
		t.Error("content differs")
	}
}

func TestManifestDamage(t *testing.T) {
	t.Parallel()
	many := someFiles()
	for i := range 400 {
		many = append(many, testFile{domain: "D", path: strings.Repeat("x", 60) + string(rune('a'+i%26)) + strings.Repeat("y", i/26), flags: 1, missing: true})
	}
	fresh := func(t *testing.T) (string, string) {
		dir := testBackup{files: many}.write(t)
		return dir, filepath.Join(dir, manifestFile)
	}
	open := func(t *testing.T, dir string) (*Source, map[string]string, []string) {
		s, err := openDir(t, dir, Options{})
		if err != nil {
			t.Fatalf("not opened: %v", err)
		}
		got, bad := listing(t, s)
		if got["HomeDomain/Library/SMS/sms.db"] != many[2].content {
			t.Error("sms.db is not found")
		}
		return s, got, bad
	}
	t.Run("missing", func(t *testing.T) {
		t.Parallel()
		dir, db := fresh(t)
		if err := os.Remove(db); err != nil {
			t.Fatal(err)
		}
		s, got, _ := open(t, dir)
		if len(got) != 5 { // sms.db, its log, three property lists
			t.Errorf("%d entries", len(got))
		}
		if !slices.ContainsFunc(s.Evidence().Problems, func(p finding.Problem) bool {
			return p.Path == manifestFile && strings.Contains(p.Error, "missing")
		}) {
			t.Errorf("problems: %+v", s.Evidence().Problems)
		}
	})
	t.Run("zeroed", func(t *testing.T) {
		t.Parallel()
		dir, db := fresh(t)
		f, err := os.OpenFile(db, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		info, _ := f.Stat()
		for off := int64(3 * 4096); off < info.Size()/2; off += 4096 {
			if _, err := f.WriteAt(make([]byte, 4096), off); err != nil {
				t.Fatal(err)
			}
		}
		_, got, bad := open(t, dir)
		if len(bad) == 0 || len(got) < 20 {
			t.Errorf("%d bad, %d good", len(bad), len(got))
		}
	})
	for _, n := range []int64{0, 50, 100, 1000, 4096, 8192, 40_000, 100_000} {
		t.Run("cut", func(t *testing.T) {
			t.Parallel()
			dir, db := fresh(t)
			if err := os.Truncate(db, n); err != nil {
				t.Fatal(err)
			}
			s, _, bad := open(t, dir)
			said := len(bad) > 0
			for _, p := range s.Evidence().Problems {
				said = said || p.Path == manifestFile
				if strings.Contains(p.Error, limit.ErrEncrypted.Error()) {
					t.Errorf("cut at %d is called encrypted: %+v", n, p)
				}
			}
			if !said {
				t.Errorf("cut at %d: nothing is said", n)
			}
		})
	}
}

func TestEncryptedManifestDamage(t *testing.T) {
	t.Parallel()
	b := testBackup{encrypted: true, files: someFiles()}
	for i := range 300 {
		b.files = append(b.files, testFile{domain: "D", path: strings.Repeat("x", 100) + strings.Repeat("y", i), flags: 1, missing: true})
	}
	asked := false
	o := Options{OpenOptions: evidence.OpenOptions{Password: func(context.Context) (string, error) {
		if asked {
			t.Error("asked for the password twice")
		}
		asked = true
		return testPassword, nil
	}}}
	for name, change := range map[string]func(db []byte) []byte{
		"zeroed": func(db []byte) []byte { clear(db[len(db)/2 : len(db)/2+8192]); return db },
		"cut":    func(db []byte) []byte { return db[:len(db)/2+5] },
		"empty":  func(db []byte) []byte { return nil },
		"noise":  func(db []byte) []byte { return noise(len(db)) },
	} {
		asked = false
		dir := b.write(t)
		db := filepath.Join(dir, manifestFile)
		data, err := os.ReadFile(db)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, db, change(data))
		s, err := openDir(t, dir, o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, bad := listing(t, s)
		problems := s.Evidence().Problems
		if len(bad)+len(problems) == 0 {
			t.Errorf("%s: nothing is said", name)
		}
		for _, p := range problems {
			if strings.Contains(p.Error, limit.ErrEncrypted.Error()) {
				t.Errorf("%s is called encrypted: %+v", name, p)
			}
		}
		if (name == "zeroed" || name == "cut") && len(got) < 50 {
			t.Errorf("%s: only %d entries", name, len(got))
		}
	}
	dir := b.write(t)
	if err := os.Remove(filepath.Join(dir, manifestFile)); err != nil {
		t.Fatal(err)
	}
	asked = true // must not be asked now
	s, err := openDir(t, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := listing(t, s); len(got) != 3 || len(s.Evidence().Problems) != 1 {
		t.Errorf("without a manifest: %d entries, %+v", len(got), s.Evidence().Problems)
	}
}

func FuzzPaths(f *testing.F) {
	for _, s := range someFiles() {
		f.Add(s.domain, s.path)
	}
	f.Add("HomeDomain", "../../etc/passwd")
	f.Add("C:", `con\aux. `)
	f.Fuzz(func(t *testing.T, domain, rel string) {
		path, err := logicalPath([]byte(domain), []byte(rel))
		if err != nil {
			return
		}
		if !filepath.IsLocal(filepath.FromSlash(path)) || !fs.ValidPath(path) {
			t.Fatalf("%q", path)
		}
		name := portable(path)
		if !fs.ValidPath(name) || strings.ContainsAny(name, "<>:\"\\|?*\x00") {
			t.Fatalf("%q becomes %q", path, name)
		}
		for _, part := range strings.Split(name, "/") {
			if reserved(part) || len(part) > maxPartBytes || strings.HasSuffix(part, ".") || strings.HasSuffix(part, " ") {
				t.Fatalf("%q becomes %q", path, name)
			}
		}
	})
}

func TestLinksAreNotFollowed(t *testing.T) {
	t.Parallel()
	dir := testBackup{files: someFiles()}.write(t)
	secret := filepath.Join(t.TempDir(), "secret")
	writeFile(t, secret, []byte("top secret"))
	id := fileID("HomeDomain", "Library/SMS/sms.db")
	name := filepath.Join(dir, id[:2], id)
	if err := errors.Join(os.Remove(name), os.Symlink(secret, name)); err != nil {
		t.Skip(err)
	}
	s, err := openDir(t, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), entryOf(t, s, "HomeDomain/Library/SMS/sms.db")); !errors.Is(err, evidence.ErrIrregular) {
		t.Errorf("got %v", err)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	s, err := openDir(t, testBackup{files: someFiles()}.write(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var last error
	for _, err := range s.Files(ctx) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("got %v", last)
	}
}
