package sqlite

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// summary prints a declaration in one line: name:type affinity flags…
func summary(d *declaration) string {
	var parts []string
	for i, c := range d.columns {
		s := fmt.Sprintf("%s:%s:%v", c.Name, c.Decl, c.Affinity)
		if c.NotNull {
			s += " notnull"
		}
		if c.PrimaryKey {
			s += " pk"
		}
		if i == d.alias {
			s += " rowid"
		}
		if c.Collation != "" {
			s += " collate=" + c.Collation
		}
		if c.Generated != NotGenerated {
			s += fmt.Sprintf(" generated=%d", c.Generated)
		}
		if c.DefaultSQL != "" {
			s += " default=" + c.DefaultSQL
			if c.HasDefault {
				s += "→" + show(c.Default)
			}
		}
		parts = append(parts, s)
	}
	for _, k := range d.key {
		parts = append(parts, "key="+k.name+" "+k.collation)
	}
	if d.withoutRowid {
		parts = append(parts, "WITHOUT")
	}
	if d.strict {
		parts = append(parts, "STRICT")
	}
	if d.virtual {
		parts = append(parts, "VIRTUAL")
	}
	return strings.Join(parts, "; ")
}

func TestParseCreate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, sql, want string }{
		{"plain", "CREATE TABLE t(a, b INT)", "a::BLOB; b:INT:INTEGER"},
		{"quotes", "create table \"a\"\"b\"([x ] text, `y``z` , 'w''v' blob, \"q\"\"r\" real)", "x :text:TEXT; y`z::BLOB; w'v:blob:BLOB; q\"r:real:REAL"},
		{"comments", "CREATE/**/TABLE t--x\n(a /* , b */ INT -- , c\n, d /*)*/)", "a:INT:INTEGER; d::BLOB"},
		{
			"types", "CREATE TABLE t(a UNSIGNED BIG INT, b VARCHAR ( 20 ), c DECIMAL(10,5), d DOUBLE PRECISION, e NATIVE CHARACTER(70))",
			"a:UNSIGNED BIG INT:INTEGER; b:VARCHAR ( 20 ):TEXT; c:DECIMAL(10,5):NUMERIC; d:DOUBLE PRECISION:REAL; e:NATIVE CHARACTER(70):TEXT",
		},
		{
			"affinity_order", "CREATE TABLE t(a CHARINT, b FLOATING POINT, c STRING, d BLOBREAL, e XTEXTBLOB, f ANY)",
			"a:CHARINT:INTEGER; b:FLOATING POINT:INTEGER; c:STRING:NUMERIC; d:BLOBREAL:BLOB; e:XTEXTBLOB:TEXT; f:ANY:NUMERIC",
		},
		{"alias", "CREATE TABLE t(id integer PRIMARY KEY AUTOINCREMENT NOT NULL, a)", "id:integer:INTEGER notnull pk rowid; a::BLOB; key=id "},
		{"alias_asc", "CREATE TABLE t(id INTEGER PRIMARY KEY ASC)", "id:INTEGER:INTEGER pk rowid; key=id "},
		{"no_alias_desc", "CREATE TABLE t(id INTEGER PRIMARY KEY DESC)", "id:INTEGER:INTEGER pk; key=id "},
		{"no_alias_int", "CREATE TABLE t(id INT PRIMARY KEY)", "id:INT:INTEGER pk; key=id "},
		{"alias_quoted_type", `CREATE TABLE t(id "INTEGER" PRIMARY KEY)`, "id:INTEGER:INTEGER pk rowid; key=id "},
		{"alias_table", "CREATE TABLE t(a, id INTEGER, PRIMARY KEY(id DESC))", "a::BLOB; id:INTEGER:INTEGER pk rowid; key=id "},
		{"alias_table_autoincrement", "CREATE TABLE t(id INTEGER, PRIMARY KEY(id AUTOINCREMENT))", "id:INTEGER:INTEGER pk rowid; key=id "},
		{
			"key_of_two", "CREATE TABLE t(a INTEGER, b, PRIMARY KEY(\"A\" COLLATE nocase, [b] DESC) ON CONFLICT IGNORE)",
			"a:INTEGER:INTEGER pk; b::BLOB pk; key=A nocase; key=b ",
		},
		{"without", "CREATE TABLE t(a INTEGER PRIMARY KEY) without rowid", "a:INTEGER:INTEGER pk; key=a ; WITHOUT"},
		{"strict", "CREATE TABLE t(a ANY, b INT) STRICT, WITHOUT ROWID", "a:ANY:BLOB; b:INT:INTEGER; WITHOUT; STRICT"},
		{
			"defaults", "CREATE TABLE t(a INT DEFAULT -1, b TEXT DEFAULT 1.50 NOT NULL, c DEFAULT (1+(2)) UNIQUE, d DEFAULT 'a)b', e DEFAULT CURRENT_TIMESTAMP, f REAL DEFAULT (- 3), g DEFAULT x'41')",
			"a:INT:INTEGER default=-1→integer \"-1\"; b:TEXT:TEXT notnull default=1.50→text \"1.50\"; c::BLOB default=1+(2); d::BLOB default='a)b'→text \"a)b\"; " +
				"e::BLOB default=CURRENT_TIMESTAMP; f:REAL:REAL default=- 3→real \"-3.0\"; g::BLOB default=x'41'→blob 41",
		},
		{
			"references", "CREATE TABLE t(a INT REFERENCES p(x, y) ON DELETE SET NULL ON UPDATE SET DEFAULT NOT DEFERRABLE INITIALLY DEFERRED, b)",
			"a:INT:INTEGER; b::BLOB",
		},
		{"checks", "CREATE TABLE t(a CHECK (a IN ('(', \")\", [)])), b CONSTRAINT x CHECK(b>0) COLLATE NOCASE)", "a::BLOB; b::BLOB collate=NOCASE"},
		{
			"generated", "CREATE TABLE t(a INT GENERATED ALWAYS AS (b+1) STORED, b, c AS (b) VIRTUAL, d TEXT AS (1))",
			"a:INT:INTEGER generated=2; b::BLOB; c::BLOB generated=1; d:TEXT:TEXT generated=1",
		},
		{"constraints_without_commas", "CREATE TABLE t(a, b, UNIQUE(a) CHECK(a>0) CONSTRAINT p PRIMARY KEY(b) FOREIGN KEY(a) REFERENCES t(b))", "a::BLOB; b::BLOB pk; key=b "},
		{"named_like_keywords", `CREATE TABLE t("primary" INT, [check] TEXT, key, "constraint")`, "primary:INT:INTEGER; check:TEXT:TEXT; key::BLOB; constraint::BLOB"},
		{"constraint_named_primary", "CREATE TABLE t(a, CONSTRAINT \"primary\" UNIQUE(a), CONSTRAINT k PRIMARY KEY(a))", "a::BLOB pk; key=a "},
		{"schema_name", "CREATE TEMP TABLE IF NOT EXISTS main.t(a)", "a::BLOB"},
		{"virtual", "CREATE VIRTUAL TABLE f USING fts5(a, b)", "VIRTUAL"},
		{
			"core_data", "CREATE TABLE ZPROCESS ( Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, ZFIRSTTIMESTAMP TIMESTAMP, ZPROCNAME VARCHAR )",
			"Z_PK:INTEGER:INTEGER pk rowid; Z_ENT:INTEGER:INTEGER; ZFIRSTTIMESTAMP:TIMESTAMP:NUMERIC; ZPROCNAME:VARCHAR:TEXT; key=Z_PK ",
		},
		{"stray_parenthesis", "CREATE TABLE t(a UNIQUE (b, (c)), d NOT NULL (e (f)) x, g)", "a::BLOB; d::BLOB notnull; g::BLOB"},
		{"open_comment_at_end", "CREATE TABLE t(a) /* WITHOUT ROWID", "a::BLOB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, err := parseCreate(tt.sql)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, summary(d)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestParseCreateRefuses(t *testing.T) {
	t.Parallel()
	for _, sql := range []string{
		"", "garbage", "CREATE", "CREATE INDEX i ON t(a)", "CREATE TABLE", "CREATE TABLE t", "CREATE TABLE t(", "CREATE TABLE t()",
		"CREATE TABLE t(a", "CREATE TABLE t(a,", "CREATE TABLE t(a, PRIMARY KEY(a)", "CREATE TABLE t AS SELECT 1", "CREATE TABLE t(a DEFAULT (1)",
		"CREATE TABLE t(1 INT)", "CREATE TABLE t(a 'unclosed)", "CREATE TABLE t(a CHECK((((", "CREATE TABLE t(a" + strings.Repeat(",a", maxColumns) + ")",
	} {
		if d, err := parseCreate(sql); err == nil {
			t.Errorf("%.60q was read: %s", sql, summary(d))
		}
	}
}

// FuzzParseCreate: no text makes the parser panic or run on.
func FuzzParseCreate(f *testing.F) {
	for _, sql := range []string{
		"CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT DEFAULT ('x'), UNIQUE(b))", "CREATE TABLE [t](`a` CHECK(1), PRIMARY KEY(a COLLATE b DESC)) WITHOUT ROWID",
		"CREATE TABLE t(a AS (1) STORED, b DEFAULT -0x1F) STRICT", "CREATE TABLE t(\"a\"\"", "CREATE VIRTUAL TABLE x", "CREATE TABLE t(a /*", "CREATE TABLE t(a b c(1,2) d(",
	} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		d, err := parseCreate(sql)
		if err != nil {
			return
		}
		tab := Table{Columns: d.columns, RowidAlias: d.alias, WithoutRowid: d.withoutRowid}
		tab.finish(d.key)
		if d.alias >= len(d.columns) || len(tab.order) > len(d.columns)+len(d.key) {
			t.Errorf("%q: %s", sql, summary(d))
		}
		for _, c := range d.columns {
			if len(c.Decl) > len(sql) || len(c.DefaultSQL) > len(sql) {
				t.Errorf("%q: column %+v", sql, c)
			}
		}
	})
}
