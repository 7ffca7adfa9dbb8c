package sqlite_test

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/testevidence/history"
)

// corpusTruth is what the XML beside a database of the SQLite Forensic Corpus
// says of it (https://faui1-files.cs.fau.de/public/sqlite-forensic-corpus).
type corpusTruth struct {
	Elements []struct {
		Name string `xml:"meta>name"`
		Rows []struct {
			Deleted string `xml:"deleted,attr"`
			Columns []struct {
				Name    string `xml:"name"`
				Content string `xml:"content"`
			} `xml:"column"`
		} `xml:"entries>row"`
	} `xml:"element"`
}

// corpusValue writes a value as both sides can be compared by.
func corpusValue(s string) string {
	s = strings.Trim(s, "'")
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return strconv.FormatFloat(f, 'g', 12, 64)
	}
	return s
}

// TestCorpus holds recovery to the public corpus. What is overwritten in part
// counts as deleted there, so there is no share to reach: but nothing may be
// told that the truth does not have, and the rows left whole must come.
func TestCorpus(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob(filepath.Join("..", "..", "..", "..", "shared", "evidence", "sqlite-forensic-corpus", "*", "*.xml"))
	if len(files) == 0 {
		t.Skip("no sqlite-forensic-corpus here")
	}
	deleted, found, reported, invented := 0, 0, 0, 0
	for _, file := range files {
		data, err := os.ReadFile(strings.TrimSuffix(file, ".xml") + ".db")
		if err != nil {
			continue
		}
		db, err := sqlite.Open(bytes.NewReader(data), int64(len(data)), sqlite.Options{})
		if err != nil {
			continue
		}
		gone, ever := corpusRows(t, file)
		deleted += len(gone)
		recovered(t, db, func(v history.Version, row *sqlite.Row) {
			reported++
			table, _ := db.Table(v.Table)
			var parts []string
			for i := range row.Len() {
				text, _ := row.Value(i).AsText()
				if row.Value(i).Kind() == sqlite.Blob {
					text = string(row.Value(i).Bytes())
				}
				parts = append(parts, corpusValue(text))
			}
			key := strings.Join(parts, "|")
			switch {
			case gone[key]:
				found++
				delete(gone, key)
			case !ever[key] && table != nil:
				invented++
				t.Logf("%s: %s was never in %s (%d %% sure, lost number %v)", filepath.Base(file), key, v.Table, row.Confidence(), row.RowIDLost())
			}
		})
	}
	t.Logf("corpus: %d databases, %d deleted rows, %d recovered; %d told, %d of them not as the truth has them", len(files), deleted, found, reported, invented)
	if invented*100 > reported {
		t.Errorf("%d of %d told rows never existed", invented, reported)
	}
}

// corpusRows returns the deleted rows, and all rows, as text.
func corpusRows(t *testing.T, file string) (gone, ever map[string]bool) {
	t.Helper()
	gone, ever = map[string]bool{}, map[string]bool{}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var truth corpusTruth
	if err := xml.Unmarshal(data, &truth); err != nil {
		return gone, ever // some name encodings that the decoder does not know
	}
	for _, e := range truth.Elements {
		for _, r := range e.Rows {
			var parts []string
			for _, c := range r.Columns {
				parts = append(parts, corpusValue(c.Content))
			}
			key := strings.Join(parts, "|")
			ever[key] = true
			if r.Deleted != "" {
				gone[key] = true
			}
		}
	}
	return gone, ever
}

// TestBesideSQLite counts what "sqlite3 .recover" finds on the same files: of
// the deleted messages and cache entries left whole, those whose unique text
// is in its output.
func TestBesideSQLite(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath(cmp.Or(os.Getenv("AMPARO_SQLITE3"), "sqlite3"))
	if err != nil {
		t.Skip("beside: not measured: there is no sqlite3 here")
	}
	// .recover reads pages through a table that SQLite has only where it was
	// built with it; the shell of Debian 12 was not.
	if out, err := exec.CommandContext(t.Context(), shell, ":memory:", "select count(*) from sqlite_dbpage").CombinedOutput(); err != nil {
		t.Skipf("beside: not measured: %s is built without SQLITE_ENABLE_DBPAGE_VTAB, which its .recover needs (%s); AMPARO_SQLITE3 names another",
			shell, bytes.TrimSpace(out))
	}
	whole, ours, theirs := 0, 0, 0
	for _, o := range histories(40) {
		dir := t.TempDir()
		h, err := history.Write(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "copy.db")
		for suffix, data := range map[string][]byte{"": h.DB, "-wal": h.WAL, "-journal": h.Journal} {
			if data != nil {
				if err := os.WriteFile(file+suffix, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		var errs bytes.Buffer
		cmd := exec.CommandContext(t.Context(), shell, file, ".recover")
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil || !bytes.Contains(out, []byte("INSERT")) {
			t.Fatalf(".recover fails: %v: %s", err, errs.Bytes())
		}
		found := map[string]bool{}
		recovered(t, openHistory(t, h), func(v history.Version, _ *sqlite.Row) { found[v.Key(false)] = true })
		for i := range h.Ever {
			v := &h.Ever[i]
			column := map[string]int{"message": 1, "cache": 0}
			at, ok := column[v.Table]
			if !ok || h.Live[v.Key(false)] || !h.Whole(v, o.PageSize) {
				continue
			}
			whole++
			if found[v.Key(false)] {
				ours++
			}
			if text, _ := v.Values[at].(string); bytes.Contains(out, []byte(text)) {
				theirs++
			}
		}
	}
	t.Logf("beside: of %d deleted messages and cache entries left whole, %d are recovered; sqlite3 .recover shows %d", whole, ours, theirs)
	if ours < theirs {
		t.Errorf("sqlite3 .recover finds more: %d, %d", theirs, ours)
	}
}
