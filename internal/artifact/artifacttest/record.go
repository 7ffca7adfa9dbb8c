package artifacttest

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/artifact"
)

// maxSummary is the longest summary, in characters.
const maxSummary = 200

// lawRecords: each record is of a declared kind, has declared fields of the
// declared types and declared times, names a place inside the evidence, and
// has a short summary.
func lawRecords(tb reporter, p artifact.Parser, s Sample) {
	tb.Helper()
	c := newChecker(p, s)
	each(tb, p, s.input(nil), func(r *artifact.Record) { c.record(tb, r) })
}

// A checker holds records to what the parser's Info declares.
type checker struct {
	s     Sample
	kinds map[artifact.Kind]*kind
}

type kind struct {
	fields map[string]artifact.ValueKind
	times  map[string]bool
}

func newChecker(p artifact.Parser, s Sample) *checker {
	c := &checker{s, map[artifact.Kind]*kind{}}
	for _, ki := range p.Info().Kinds {
		k := &kind{map[string]artifact.ValueKind{}, map[string]bool{}}
		for _, f := range ki.Fields {
			k.fields[f.Name] = f.Type
		}
		for _, m := range ki.Times {
			k.times[m] = true
		}
		c.kinds[ki.Kind] = k
	}
	return c
}

func (c *checker) record(tb reporter, r *artifact.Record) {
	tb.Helper()
	k, ok := c.kinds[r.Kind]
	if !ok {
		tb.Fatalf("kind %q is not declared", r.Kind)
	}
	c.fields(tb, r, k)
	for _, t := range r.Times {
		if !k.times[t.Meaning] {
			tb.Errorf("%s: time %q is not declared", r.Kind, t.Meaning)
		}
	}
	for _, o := range r.Observed {
		if o.Value == "" || o.Type == "" || r.Get(o.Field).Kind() == artifact.Null {
			tb.Errorf("%s: %s %q is observed in field %q, which is not there", r.Kind, o.Type, o.Value, o.Field)
		}
	}
	c.place(tb, r)
	summary(tb, r)
}

func (c *checker) fields(tb reporter, r *artifact.Record, k *kind) {
	tb.Helper()
	_, open := k.fields[AnyField]
	seen := make(map[string]bool, len(r.Fields))
	for _, f := range r.Fields {
		want, declared := k.fields[f.Name]
		switch {
		case f.Name == "" || seen[f.Name]:
			tb.Errorf("%s: field %q is there twice", r.Kind, f.Name)
		case !declared && !open:
			tb.Errorf("%s: field %q is not declared", r.Kind, f.Name)
		case declared && f.Value.Kind() != want && !c.s.BadValues:
			tb.Errorf("%s: field %q is declared as %v, and is %v", r.Kind, f.Name, want, f.Value.Kind())
		}
		seen[f.Name] = true
	}
}

// place checks that the record's bytes lie inside the file that it names.
func (c *checker) place(tb reporter, r *artifact.Record) {
	tb.Helper()
	l := r.Loc
	path := l.Path
	if l.Suffix() == "-wal" {
		path += "-wal"
	}
	data, ok := c.s.Files[path]
	if !ok {
		tb.Errorf("%s: file %q is not in the evidence", r.Kind, path)
		return
	}
	if l.Offset < 0 || l.Length < 0 || l.Offset > int64(len(data)) || l.Length > int64(len(data))-l.Offset {
		tb.Errorf("%s: %+v is outside the %d bytes of its file", r.Kind, l, len(data))
		return
	}
	if l.Row && l.Page > 0 && !cellHasRowID(data[l.Offset:], l.RowID) {
		tb.Errorf("%s: %v: no cell of that row lies there", r.Kind, l)
	}
}

// cellHasRowID reports whether a cell of an SQLite table begins with its
// payload's length and rowid (https://sqlite.org/fileformat2.html#b_tree_pages).
func cellHasRowID(cell []byte, rowID int64) bool {
	_, n := varint(cell)
	got, m := varint(cell[n:])
	return n > 0 && m > 0 && got == rowID
}

// varint decodes SQLite's variable-length integer: seven bits a byte, the
// ninth byte whole. It returns 0 bytes where b ends too soon.
func varint(b []byte) (v int64, n int) {
	for n < len(b) && n < 8 {
		v = v<<7 | int64(b[n]&0x7f)
		n++
		if b[n-1] < 0x80 {
			return v, n
		}
	}
	if n == 8 && len(b) > 8 {
		return v<<8 | int64(b[8]), 9
	}
	return 0, 0
}

func summary(tb reporter, r *artifact.Record) {
	tb.Helper()
	if r.Summary == nil {
		return
	}
	const before = "before"
	text, ok := strings.CutPrefix(string(r.AppendSummary([]byte(before))), before)
	if !ok {
		tb.Errorf("%s: the summary is not appended", r.Kind)
	}
	if n := utf8.RuneCountInString(text); n > maxSummary || text == "" {
		tb.Errorf("%s: the summary has %d characters", r.Kind, n)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		tb.Errorf("%s: the summary %q is not one line of text", r.Kind, text)
	}
}

// lawSameAgain: the same input gives the same bytes.
func lawSameAgain(tb reporter, p artifact.Parser, s Sample) {
	tb.Helper()
	a, b := lines(tb, p, s.input(nil)), lines(tb, p, s.input(nil))
	if !bytes.Equal(a, b) {
		tb.Errorf("two runs differ: %s", firstDifference(a, b))
	}
}

// lawOwnMemory: a copy of a record outlives the record, so no text lies in
// memory that the parser uses again.
func lawOwnMemory(tb reporter, p artifact.Parser, s Sample) {
	tb.Helper()
	var clones []*artifact.Record
	var then [][]byte
	each(tb, p, s.input(nil), func(r *artifact.Record) {
		clones = append(clones, r.Clone())
		then = append(then, r.AppendJSON(nil))
	})
	for i, r := range clones {
		if now := r.AppendJSON(nil); !bytes.Equal(now, then[i]) {
			tb.Fatalf("record %d changed after the parser went on\nwas: %s\nis:  %s", i, then[i], now)
		}
	}
}

// fieldLength is the limit that lawFieldLength sets: longer than any text
// that a parser makes up itself, a kind or a direction.
const fieldLength = 64

// lawFieldLength: no text is longer than the limit.
func lawFieldLength(tb reporter, p artifact.Parser, s Sample) {
	tb.Helper()
	in := s.input(nil)
	in.Limits.FieldLen = fieldLength
	each(tb, p, in, func(r *artifact.Record) {
		for _, f := range r.Fields {
			text, _ := f.Value.Str()
			if len(text) > fieldLength {
				tb.Errorf("%s: field %s has %d bytes, more than %d", r.Kind, f.Name, len(text), fieldLength)
			}
		}
	})
}
