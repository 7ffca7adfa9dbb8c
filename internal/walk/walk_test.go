package walk

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	oracle "howett.net/plist"
	_ "modernc.org/sqlite" // writes the databases

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/report"
)

// memory is evidence of a few files.
type memory map[string][]byte

func (m memory) Evidence() finding.Evidence { return finding.Evidence{} }
func (m memory) Close() error               { return nil }

func (m memory) Files(context.Context) iter.Seq2[evidence.Entry, error] {
	return func(yield func(evidence.Entry, error) bool) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if !yield(evidence.Entry{Path: name}, nil) {
				return
			}
		}
	}
}

func (m memory) Open(_ context.Context, e evidence.Entry) (evidence.File, error) {
	return &memoryFile{bytes.NewReader(m[e.Path]), e.Path}, nil
}

type memoryFile struct {
	*bytes.Reader
	name string
}

func (f *memoryFile) Close() error { return nil }

func (f *memoryFile) Stored() (string, int64, func() (io.ReadCloser, error)) {
	return f.name, f.Size(), func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(f.Reader, 0, f.Size())), nil
	}
}

const others = "what it says now"

// database is one of two tables, with a row of which there is an older version, in
// the log or nowhere.
func database(t testing.TB) memory {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a")
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, query := range []string{
		"CREATE TABLE message (ROWID INTEGER PRIMARY KEY, text TEXT, n INTEGER)",
		"CREATE TABLE pair (a TEXT, b BLOB, PRIMARY KEY (a, b)) WITHOUT ROWID",
		"INSERT INTO message VALUES (7, '" + others + "', 1)",
		"INSERT INTO pair VALUES ('it''s', x'0102')",
		"PRAGMA journal_mode=WAL",
		"PRAGMA wal_autocheckpoint=0",
		"UPDATE message SET text = 'in between' WHERE ROWID = 7",
		"UPDATE message SET text = '" + others + "' WHERE ROWID = 7",
	} {
		if _, err := db.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	m := memory{}
	for _, suffix := range []string{"", "-wal"} {
		if m["a"+suffix], err = os.ReadFile(name + suffix); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// listOf is a binary property list of a dict.
func listOf(t testing.TB) []byte {
	t.Helper()
	data, err := oracle.Marshal(map[string]any{"a key": "its value", "list": []any{1, true}}, oracle.BinaryFormat)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// parts takes a place of one file apart.
func parts(t *testing.T, src memory, at finding.Provenance) Parts {
	t.Helper()
	at.Path = "a"
	place, err := Open(t.Context(), src, &finding.Finding{Where: at}, message.New("en"))
	if err != nil {
		t.Fatal(err)
	}
	defer place.Close()
	p, err := place.Parts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// told is what fields say, a line each.
func told(fields []report.ExplainField) string {
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "%s = %s\n", f.Name, f.Value)
	}
	return b.String()
}

func TestPartsOfText(t *testing.T) {
	t.Parallel()
	text := []byte("one\ntwo\r\nthree\nfour")
	for _, tt := range []struct {
		name   string
		at     finding.Provenance
		fields int
		want   string
	}{
		{"lines", finding.Provenance{Offset: 4, Length: 11}, 2, "2"},
		{"the_last_has_no_end", finding.Provenance{Offset: 15, Length: 4}, 1, "4"},
		{"nothing", finding.Provenance{Offset: 4}, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fields := parts(t, memory{"a": text}, tt.at).Fields
			if len(fields) != tt.fields {
				t.Fatalf("%d fields: %s", len(fields), told(fields))
			}
			if tt.fields > 0 && (!strings.Contains(fields[0].Name, tt.want) || fields[0].Offset != tt.at.Offset) {
				t.Errorf("%+v", fields[0])
			}
		})
	}
	if got := parts(t, memory{"a": {0, 1, 2}}, finding.Provenance{Length: 3}); got.Fields != nil {
		t.Errorf("bytes that are no text: %+v", got)
	}
}

func TestPartsOfAList(t *testing.T) {
	t.Parallel()
	data := listOf(t)
	src := memory{"a": data}
	dict := bytes.IndexByte(data, 0xd2) // a dict of two
	got := told(parts(t, src, finding.Provenance{Offset: int64(dict), Length: 1}).Fields)
	for _, want := range []string{"a key = its value", "list = "} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	list := bytes.IndexByte(data, 0xa2) // an array of two
	if got := told(parts(t, src, finding.Provenance{Offset: int64(list), Length: 1}).Fields); !strings.Contains(got, "[0] = 1\n[1] = true\n") &&
		!strings.Contains(got, "[1] = true\n[0] = 1\n") {
		t.Error(got)
	}
	if got := parts(t, src, finding.Provenance{Offset: 1, Length: 1}); got.Fields != nil {
		t.Errorf("where no object begins: %+v", got)
	}
}

func TestPartsOfARow(t *testing.T) {
	t.Parallel()
	src := database(t)
	data := src["a"]
	// The cell of row 7: the length of its record, its number, the record.
	text := bytes.LastIndex(data, []byte(others))
	cell := int64(text - 6) // two varints and a header of four bytes
	rowid := int64(7)
	at := finding.Provenance{Path: "a", Table: "message", RowID: &rowid, Page: 2, Offset: cell, Length: int64(6 + len(others))}
	p := parts(t, src, at)
	if got := told(p.Fields); !p.Rows || p.Key != "" || !strings.Contains(got, "text = "+others+"\nn = ") {
		t.Errorf("%+v\n%s", p, got)
	}
	for _, f := range p.Fields {
		if f.Name == "text" && string(data[f.Offset:f.Offset+int64(f.Length)]) != others {
			t.Errorf("the text lies at %d, %d bytes", f.Offset, f.Length)
		}
	}
	place, err := Open(t.Context(), src, &finding.Finding{Where: at}, message.New("en"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := place.Versions(t.Context())
	if err != nil || len(list) < 2 || !strings.Contains(list[0].Values, "text=in between") || !strings.Contains(list[len(list)-1].Values, "text="+others) {
		t.Errorf("the versions: %+v, %v", list, err)
	}
}

func TestPrimaryKeyOfARow(t *testing.T) {
	t.Parallel()
	src := database(t)
	data := src["a"]
	text := bytes.LastIndex(data, []byte("it's\x01\x02"))
	// The length of the record, the length of its header, two types.
	at := finding.Provenance{Table: "pair", Page: 3, Offset: int64(text - 4), Length: 4 + 6}
	if p := parts(t, src, at); p.Rows || p.Key != `"a" = 'it''s' and "b" = x'0102'` {
		t.Errorf("%+v", p)
	}
}

func TestNobodyIsToldOfThePrivate(t *testing.T) {
	t.Parallel()
	f := &finding.Finding{Where: finding.Provenance{Path: "a", Length: 3}, Indicator: &finding.Matched{Private: true}}
	place, err := Open(t.Context(), memory{"a": []byte("one")}, f, message.New("en"))
	if err != nil {
		t.Fatal(err)
	}
	if p, err := place.Parts(t.Context()); err != nil || p.Fields != nil {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestNotThere(t *testing.T) {
	t.Parallel()
	f := &finding.Finding{Where: finding.Provenance{Path: "b"}}
	if _, err := Open(t.Context(), memory{"a": nil}, f, message.New("en")); !errors.Is(err, ErrNotThere) {
		t.Error(err)
	}
}

// FuzzParts takes any place of any file apart: what a findings file says of a place is
// as little to be trusted as the evidence.
func FuzzParts(f *testing.F) {
	src := database(f)
	data := src["a"]
	row := int64(bytes.LastIndex(data, []byte(others)) - 6)
	f.Add(data, src["a-wal"], "message", int64(7), int64(2), row, int64(6+len(others)))
	f.Add(data, []byte(nil), "pair", int64(-1), int64(3), int64(bytes.LastIndex(data, []byte("it's\x01\x02"))-4), int64(10))
	f.Add(listOf(f), []byte(nil), "", int64(-1), int64(0), int64(8), int64(1))
	f.Add([]byte("one\ntwo\n"), []byte(nil), "", int64(-1), int64(0), int64(0), int64(8))
	f.Fuzz(func(t *testing.T, data, log []byte, table string, rowid, page, offset, length int64) {
		at := finding.Provenance{Path: "a", Table: table, Page: page, Offset: offset, Length: length}
		if rowid >= 0 {
			at.RowID = &rowid
		}
		place, err := Open(t.Context(), memory{"a": data, "a-wal": log}, &finding.Finding{Where: at}, message.New("en"))
		if err != nil {
			t.Fatal(err)
		}
		p, err := place.Parts(t.Context())
		if err == nil {
			for _, field := range p.Fields {
				if field.Offset < 0 || field.Length < 0 || field.Offset > int64(len(data)) {
					t.Fatalf("a part at %d, %d bytes, of %d", field.Offset, field.Length, len(data))
				}
			}
		}
		if len(p.Fields) > 4*maxFields {
			t.Fatalf("%d parts", len(p.Fields))
		}
		if list, err := place.Versions(t.Context()); err != nil && !errors.Is(err, limit.ErrCorrupt) &&
			!errors.Is(err, limit.ErrLimit) && !errors.Is(err, limit.ErrUnsupported) || len(list) > maxVersions+1 {
			t.Fatalf("%d versions, %v", len(list), err)
		}
	})
}

// TestNamed: what stands before the columns of a row is said in the reader's words.
func TestNamed(t *testing.T) {
	t.Parallel()
	l := &Place{p: message.New("es")}
	for field, want := range map[string]string{sqlite.FieldLength: "(longitud del registro)", sqlite.FieldHeader: "(tipos de las columnas)", sqlite.FieldRowID: sqlite.FieldRowID, "text": "text"} { //nolint:misspell // Spanish
		if got := l.named(field); got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
}
