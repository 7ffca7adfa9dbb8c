package testevidence

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree returns the SHA-256 of every file below dir.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	hashes := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		sum := sha256.Sum256(data)
		hashes[strings.TrimPrefix(path, dir)] = hex.EncodeToString(sum[:])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hashes
}

func write(t *testing.T, o Options) (string, *Truth) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "backup")
	truth, err := WriteIOSBackup(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return dir, truth
}

func everything(encrypted bool) Options {
	return Options{Seed: 7, Messages: 600, Iterations: 10, Encrypted: encrypted, Plant: true, Decoys: true, WAL: true}
}

// sharedFolder holds the backup that tests read without changing it.
var sharedFolder string

var writeShared = sync.OnceValues(func() (*Truth, error) { return WriteIOSBackup(sharedFolder, everything(false)) })

func shared(t *testing.T) (string, *Truth) {
	t.Helper()
	truth, err := writeShared()
	if err != nil {
		t.Fatal(err)
	}
	return sharedFolder, truth
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "testevidence")
	if err != nil {
		panic(err)
	}
	sharedFolder = filepath.Join(dir, "backup")
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	os.Exit(code)
}

func TestSameOptionsSameBytes(t *testing.T) {
	t.Parallel()
	for _, encrypted := range []bool{false, true} {
		one, first := shared(t)
		if encrypted {
			one, first = write(t, everything(encrypted))
		}
		two, second := write(t, everything(encrypted))
		if diff := cmp.Diff(tree(t, one), tree(t, two)); diff != "" {
			t.Errorf("encrypted %v: %s", encrypted, diff)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("encrypted %v, truth: %s", encrypted, diff)
		}
	}
	o := everything(false)
	o.Seed++
	one, _ := shared(t)
	two, _ := write(t, o)
	a, b := tree(t, one), tree(t, two)
	if sms := "/3d/3d0d7e5fb2ce288813306e4d4636395e047a3d28"; a[sms] == "" || a[sms] == b[sms] {
		t.Errorf("sms.db of two seeds: %q and %q", a[sms], b[sms])
	}
}

// query returns the rows of one text column. A database without a log beside
// it is opened so that SQLite makes none: other tests read the same folder.
func query(t *testing.T, name, q string) (list []string) {
	t.Helper()
	source := "file:" + filepath.ToSlash(name)
	if _, err := os.Stat(name + "-wal"); errors.Is(err, fs.ErrNotExist) {
		source += "?immutable=1"
	}
	db, err := sql.Open("sqlite", source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), q)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestDatabasesAreWhole(t *testing.T) {
	t.Parallel()
	dir, _ := shared(t)
	checked := 0
	for name := range tree(t, dir) {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(data), "SQLite format 3\x00") {
			continue
		}
		checked++
		if got := query(t, filepath.Join(dir, name), "PRAGMA integrity_check"); !slices.Equal(got, []string{"ok"}) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if checked != 35 {
		t.Errorf("%d databases, want 35", checked)
	}
}

// TestLogHoldsRowsOfItsOwn joins sms.db and its log, which lie apart in a
// backup, and lets SQLite read both.
func TestLogHoldsRowsOfItsOwn(t *testing.T) {
	t.Parallel()
	dir, truth := shared(t)
	name := filepath.Join(t.TempDir(), "sms.db")
	join := func(suffix string) {
		id := fileID(smsDomain, smsPath+suffix)
		if err := copyFile(name+suffix, filepath.Join(dir, id[:2], id)); err != nil {
			t.Fatal(err)
		}
	}
	const q = "SELECT CAST(count(*) AS TEXT) FROM message"
	join("")
	if got := query(t, name, q); got[0] != "600" {
		t.Errorf("%s messages without the log", got[0])
	}
	join("-wal")
	if got := query(t, name, q); got[0] != "607" {
		t.Errorf("%s messages with the log", got[0])
	}
	logged := 0
	for _, p := range truth.Planted {
		if p.WAL {
			logged++
		}
	}
	if logged != 3 {
		t.Errorf("%d traces in the logs, want 3", logged)
	}
}

// TestAddressBookIsInItsLog: the main file has no table at all.
func TestAddressBookIsInItsLog(t *testing.T) {
	t.Parallel()
	dir, truth := shared(t)
	name := filepath.Join(t.TempDir(), "AddressBook.sqlitedb")
	for _, suffix := range []string{"", "-wal"} {
		id := fileID(contactsDomain, contactsPath+suffix)
		if err := copyFile(name+suffix, filepath.Join(dir, id[:2], id)); err != nil {
			t.Fatal(err)
		}
		tables := query(t, name, "SELECT name FROM sqlite_master WHERE type = 'table'")
		if suffix == "" && len(tables) != 0 || suffix != "" && len(tables) < 20 {
			t.Errorf("with %q: %d tables", suffix, len(tables))
		}
	}
	for _, c := range truth.Tables {
		if c.Table != "ABPerson" {
			continue
		}
		if got := query(t, name, "SELECT CAST(count(*) AS TEXT) FROM ABPerson"); got[0] != fmt.Sprint(c.Rows) {
			t.Errorf("%s people, the truth says %d", got[0], c.Rows)
		}
	}
}

// TestTruthIsListed: each published value that is planted is in the
// indicators, and what has none names a rule.
func TestTruthIsListed(t *testing.T) {
	t.Parallel()
	_, truth := shared(t)
	dir := t.TempDir()
	if err := WriteIndicators(dir); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "demo-published-traces.stix2"))
	if err != nil {
		t.Fatal(err)
	}
	if len(truth.Planted) < 30 || len(truth.Decoys) < 20 {
		t.Errorf("%d planted, %d decoys", len(truth.Planted), len(truth.Decoys))
	}
	for _, p := range truth.Planted {
		if p.Severity == "" || p.Source == "" || p.Value == "" {
			t.Errorf("%+v: incomplete", p)
		}
		if p.Rule == "" && !strings.Contains(string(data), "='"+p.Indicator+"'") {
			t.Errorf("%s: %q is not among the indicators", p.Name, p.Indicator)
		}
	}
}

// TestOrdinaryBackupHoldsNoTrace: without Plant and Decoys nothing published
// is in it.
func TestOrdinaryBackupHoldsNoTrace(t *testing.T) {
	t.Parallel()
	dir, truth := write(t, Options{Seed: 3, Messages: 500, Iterations: 10})
	if len(truth.Planted)+len(truth.Decoys) != 0 {
		t.Errorf("%+v", truth)
	}
	for name := range tree(t, dir) {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range publishedValues {
			if p.kind != "process" && strings.Contains(string(data), p.value) {
				t.Errorf("%s holds %s", name, p.value)
			}
		}
	}
}

func TestPartialLeavesContentOut(t *testing.T) {
	t.Parallel()
	o := Options{Seed: 3, Messages: 1000, Partial: true}
	dir, truth := write(t, o)
	manifest := query(t, filepath.Join(dir, "Manifest.db"), "SELECT fileID FROM Files")
	if n := len(tree(t, dir)); n > 45 || len(manifest) < 500 || truth.Files < 100 {
		t.Errorf("%d files on disk, %d entries, %d files in the truth", n, len(manifest), truth.Files)
	}
}

func TestRefusesWhatIsNotEmpty(t *testing.T) {
	t.Parallel()
	dir, _ := write(t, Options{Messages: 100})
	before := tree(t, dir)
	if _, err := WriteIOSBackup(dir, Options{Messages: 100}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Error(diff)
	}
	for _, o := range []Options{{Messages: -1}, {Messages: 1e9}, {Iterations: -1}} {
		if _, err := WriteIOSBackup(filepath.Join(t.TempDir(), "x"), o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}

func TestIndicatorFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "new", "large.stix2")
	for _, n := range []int{0, -1, 100_000_000} {
		if err := WriteIndicatorFile(name, n, 1); err == nil {
			t.Errorf("%d is accepted", n)
		}
	}
	if err := WriteIndicatorFile(name, 2000, 1); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(data), `"type":"indicator"`); n != 2000 {
		t.Errorf("%d indicators", n)
	}
}
