package sqlite

import (
	"context"
	"fmt"

	"github.com/amparo-project/amparo/internal/limit"
)

const (
	// maxObjects bounds the entries of a schema. The largest known ones, with
	// full-text indexes by the dozen, have some thousands.
	maxObjects = 1 << 16
	// maxSchemaBytes bounds what the SQL text of all tables may take in memory.
	maxSchemaBytes = 16 * limit.MiB
	// maxSchemaColumns bounds the columns of all tables, for each takes a
	// hundred times the memory of the two bytes that declare it.
	maxSchemaColumns = 1 << 18
)

// schemaSQL declares the table at page 1 that holds the schema
// (https://sqlite.org/schematab.html).
const schemaSQL = "CREATE TABLE sqlite_schema(type text,name text,tbl_name text,rootpage integer,sql text)"

// readSchema reads the list of tables. A damaged entry costs itself; a schema
// of which nothing can be read is an error.
func (db *DB) readSchema() error {
	schema := &Table{Name: "sqlite_schema", SQL: schemaSQL, Root: 1}
	if err := schema.declare(db); err != nil {
		return err
	}
	db.byName["sqlite_schema"], db.byName["sqlite_master"] = schema, schema
	db.roots = append(db.roots, 1)
	var size int64
	var lost error
	for row, err := range schema.Scan(context.Background(), "type", "name", "rootpage", "sql", "tbl_name") {
		if err != nil && asDamage(err) == nil {
			return err
		}
		if err != nil && lost == nil {
			lost = err
		}
		if row == nil {
			continue
		}
		size += int64(len(row.Value(3).Bytes()))
		if len(db.roots)+len(db.tables) > maxObjects || size > maxSchemaBytes || db.columns > maxSchemaColumns {
			db.note(Damage{Page: row.Page(), Table: schema.Name, Reason: "schema is larger than the limit"})
			return nil
		}
		db.object(row)
	}
	if lost != nil && len(db.roots) == 1 && len(db.tables) == 0 {
		return lost
	}
	return nil
}

// object takes in one entry of the schema.
func (db *DB) object(row *Row) {
	kind, name := row.Value(0).Text(), row.Value(1).Text()
	root, _ := row.Value(2).AsInt()
	if root < 0 || root > int64(db.pages) {
		db.note(Damage{Page: row.Page(), Table: name, Reason: fmt.Sprintf("schema: root page %d is outside the database", root)})
		root = 0
	}
	if root > 0 {
		db.roots = append(db.roots, uint32(root))
	}
	switch kind {
	case "table":
	case "view":
		db.add(&Table{Name: name, SQL: row.Value(3).Text(), IsView: true, RowidAlias: -1, db: db})
		return
	case "index":
		db.indexed[lower(row.Value(4).Text())] = true
		return
	case "trigger":
		return
	default:
		db.note(Damage{Page: row.Page(), Table: name, Reason: "schema: entry of no known type"})
		return
	}
	t := &Table{Name: name, SQL: row.Value(3).Text(), Root: uint32(root)}
	if err := t.declare(db); err != nil {
		db.note(Damage{Page: row.Page(), Table: name, Reason: "schema: " + err.Error()})
		return
	}
	if t.Root == 0 && !t.IsVirtual {
		db.note(Damage{Page: row.Page(), Table: name, Reason: "schema: the table has no root page"})
		return
	}
	db.add(t)
}

// add keeps a table. The first one of a name is the one that SQLite uses.
func (db *DB) add(t *Table) {
	db.tables = append(db.tables, t)
	db.columns += len(t.Columns)
	if key := lower(t.Name); db.byName[key] == nil {
		db.byName[key] = t
	}
}

// declare fills in what the SQL text of the table says.
func (t *Table) declare(db *DB) error {
	t.db = db
	d, err := parseCreate(t.SQL)
	if err != nil {
		return err
	}
	t.WithoutRowid, t.Strict, t.IsVirtual = d.withoutRowid, d.strict, d.virtual
	t.Columns, t.RowidAlias = d.columns, d.alias
	t.finish(d.key)
	return nil
}
