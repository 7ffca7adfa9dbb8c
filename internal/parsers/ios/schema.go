package ios

import (
	"embed"
	"errors"
	"fmt"
	"path"
	"regexp"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/limit"
)

// schemas are CREATE TABLE statements of databases whose own schema may be
// lost, as phones have them; each file says where they were published.
//
//go:embed schema/*.sql
var schemas embed.FS

// schemaOf names the file of the schema for a database by its file name.
var schemaOf = map[string]string{
	"sms.db": "sms", "DataUsage.sqlite": "datausage", "netusage.sqlite": "datausage", "History.db": "history",
	"CallHistory.storedata": "calls", "ChatStorage.sqlite": "whatsapp", "TCC.db": "tcc",
}

var createTable = regexp.MustCompile("(?ms)^CREATE TABLE [\"`']?([A-Za-z_0-9]+)[\"`']?\\s*\\(.*?;$")

// errSalvaged says that a database was searched for rows in place of reading it.
var errSalvaged = errors.New("could not be read whole: rows of known tables were searched for in its pages")

// salvage opens a database that cannot be opened for the rows that are left in
// its pages, by the schema that a file of its name has.
func salvage(in *artifact.Input, cause error) (*sqlite.DB, error) {
	name, ok := schemaOf[path.Base(in.Path)]
	if !ok || !in.Recover || !errors.Is(cause, limit.ErrCorrupt) {
		return nil, cause
	}
	text, err := schemas.ReadFile("schema/" + name + ".sql")
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", name, err)
	}
	tables := map[string]string{}
	for _, m := range createTable.FindAllStringSubmatch(string(text), -1) {
		tables[m[1]] = m[0]
	}
	db, err := sqlite.Salvage(in, in.Size, tables)
	if err != nil {
		return nil, cause
	}
	return db, nil
}
