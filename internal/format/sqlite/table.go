package sqlite

// A Table is a table, a virtual table or a view of the schema.
type Table struct {
	Name         string
	SQL          string // as the schema has it
	Root         uint32 // first page of its b-tree; 0: it has none
	WithoutRowid bool
	Strict       bool
	IsVirtual    bool // its content is elsewhere: Scan refuses it
	IsView       bool // likewise
	Columns      []Column
	RowidAlias   int // index of the column that is another name of the rowid; -1: none

	salvaged bool // it has no pages of its own: see Salvage

	db    *DB
	names map[string]int // lower-case column name to index
	order []int          // columns in the order of the record
}

// A Column is one column of a table, as declared.
type Column struct {
	Name       string
	Decl       string // declared type, such as "VARCHAR(20)"; may be empty
	Affinity   Affinity
	Collation  string // empty: BINARY
	NotNull    bool
	PrimaryKey bool
	// Default is what a row reads that was written before the column was
	// added, when HasDefault is set. A default that is an expression has its
	// source in DefaultSQL only.
	Default    Value
	HasDefault bool
	DefaultSQL string
	Generated  Generated
}

// Generated says whether a column is computed from others.
type Generated uint8

// The kinds of columns.
const (
	NotGenerated     Generated = iota
	GeneratedVirtual           // not stored: reads Null
	GeneratedStored
)

// Has reports whether the table has a column of that name, in any case.
func (t *Table) Has(column string) bool {
	_, ok := t.names[lower(column)]
	return ok
}

// missing is what a record that ends before the column reads.
func (c *Column) missing() Value {
	if c.HasDefault {
		return c.Default
	}
	return Value{lost: c.DefaultSQL != ""}
}

// finish computes what reading needs from the columns.
func (t *Table) finish(key []keyColumn) {
	t.names = make(map[string]int, len(t.Columns))
	for i := range t.Columns {
		if _, dup := t.names[lower(t.Columns[i].Name)]; !dup {
			t.names[lower(t.Columns[i].Name)] = i
		}
	}
	stored := make(map[int]bool)
	if t.WithoutRowid {
		t.keyOrder(key, stored)
	}
	for i := range t.Columns {
		if !stored[i] && t.Columns[i].Generated != GeneratedVirtual {
			t.order = append(t.order, i)
		}
	}
}

// keyOrder puts the columns of the primary key first, without repetitions, as
// the records of a table without rowid have them
// (https://sqlite.org/fileformat2.html#representation_of_without_rowid_tables).
// The same column under another collation is no repetition.
func (t *Table) keyOrder(key []keyColumn, stored map[int]bool) {
	type term struct {
		column    int
		collation string
	}
	seen := make(map[term]bool)
	for _, k := range key {
		i, ok := t.names[lower(k.name)]
		if !ok {
			continue
		}
		collation := lower(k.collation)
		if collation == "" {
			collation = lower(t.Columns[i].Collation)
		}
		if collation == "" {
			collation = "binary"
		}
		if !seen[term{i, collation}] {
			seen[term{i, collation}] = true
			t.order = append(t.order, i)
		}
		stored[i] = true
	}
}

// lower folds the ASCII letters of s, the only ones whose case SQLite ignores.
func lower(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return string(lowerBytes([]byte(s)))
		}
	}
	return s
}

func lowerBytes(b []byte) []byte {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return b
}
