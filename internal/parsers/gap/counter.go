package gap

import (
	"context"
	"strings"

	"github.com/amparo-project/amparo/internal/format/sqlite"
)

// Counter returns the last number that the database says it gave to a row of
// the table, 0 where it does not say, and how it gives numbers.
func Counter(ctx context.Context, db *sqlite.DB, table string) (last int64, numbering string) {
	if last, ok := counted(ctx, db, "sqlite_sequence", "name", "seq", func(name string) bool { return strings.EqualFold(name, table) }); ok {
		return last, AutoIncrement
	}
	// An entity "CallRecord" has the table ZCALLRECORD
	// (https://developer.apple.com/documentation/coredata).
	if last, ok := counted(ctx, db, "Z_PRIMARYKEY", "Z_NAME", "Z_MAX", func(name string) bool { return strings.EqualFold("Z"+name, table) }); ok {
		return last, CoreData
	}
	return 0, Plain
}

// counted reads the counter of a table. Damage costs it: then nothing is said.
func counted(ctx context.Context, db *sqlite.DB, counters, name, value string, is func(string) bool) (int64, bool) {
	t, ok := db.Table(counters)
	if !ok {
		return 0, false
	}
	for row, err := range t.Scan(ctx, name, value) {
		if err != nil || row == nil {
			continue
		}
		if s, ok := row.Value(0).AsText(); ok && is(s) {
			n, ok := row.Value(1).AsInt()
			return n, ok
		}
	}
	return 0, false
}
