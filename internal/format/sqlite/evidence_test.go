package sqlite

import (
	"archive/zip"
	"bytes"
	"database/sql"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shared returns the folder of real evidence, which is not part of the repository.
func shared(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("AMPARO_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared")
	}
	dir = filepath.Join(dir, "evidence")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no real evidence: set AMPARO_SHARED (%v)", err)
	}
	return dir
}

// A sample is a database of the evidence with what lies beside it.
type sample struct{ main, wal []byte }

// samples reads all databases in a folder, those in archives included.
func samples(t *testing.T, dir string) map[string]sample {
	t.Helper()
	files := make(map[string][]byte)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil || info.Size() > 32<<20 {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		files[name] = b
		if strings.HasSuffix(name, ".zip") {
			unzip(t, name, b, files)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]sample)
	for name, b := range files {
		if bytes.HasPrefix(b, []byte(magic)) {
			found[name] = sample{b, files[name+"-wal"]}
		}
	}
	return found
}

func unzip(t *testing.T, name string, b []byte, files map[string][]byte) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		if f.UncompressedSize64 > 32<<20 {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(io.LimitReader(r, 32<<20))
		if err != nil {
			t.Fatal(err)
		}
		files[name+"!"+f.Name] = content
		_ = r.Close()
	}
}

// TestEvidence reads every database of the evidence as SQLite reads it.
func TestEvidence(t *testing.T) {
	t.Parallel()
	dir := shared(t)
	rows, logs := 0, 0
	all := samples(t, dir)
	for name, s := range all {
		if raceEnabled && len(s.main)+len(s.wal) > 256<<10 {
			continue
		}
		o := Options{}
		files := map[State][]byte{StateLive: s.main, StateWAL: s.wal}
		if len(s.wal) > 0 {
			o.WAL, o.WALSize = bytes.NewReader(s.wal), int64(len(s.wal))
		}
		db, err := Open(bytes.NewReader(s.main), int64(len(s.main)), o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if db.Info().WAL.Applied {
			logs++
		}
		rows += sameDB(&named{t, name}, db, oracleOf(t, s), files)
		pages, err := db.Unreached(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if in := db.Info(); len(pages) > 0 || in.WAL.Reason != "" {
			t.Logf("%s: %d unreached pages; log: %+v", name, len(pages), in.WAL)
		}
	}
	if len(all) < 60 || !raceEnabled && (rows < 10_000 || logs == 0) {
		t.Errorf("%d databases, %d rows, %d logs: less than the evidence has", len(all), rows, logs)
	}
	t.Logf("%d databases, %d rows, %d with a log", len(all), rows, logs)
}

// A named is a test whose failures name the sample.
type named struct {
	*testing.T
	sample string
}

func (n *named) Fatalf(format string, args ...any) {
	n.Helper()
	n.T.Fatalf("%s: %s", n.sample, fmt.Sprintf(format, args...))
}

// oracleOf opens a copy of the sample with SQLite.
func oracleOf(t *testing.T, s sample) *sql.DB {
	t.Helper()
	name := filepath.Join(t.TempDir(), "copy.db")
	write := func(name string, b []byte) {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(name, s.main)
	if len(s.wal) > 0 {
		write(name+"-wal", s.wal)
	}
	return openSQL(t, name)
}
