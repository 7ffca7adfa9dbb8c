// Models completes models.csv, the product types with their names and the
// newest version that each can run, from files of public collections that were
// downloaded before:
//
//	go run ./internal/apple/gen/models internal/apple/data/models.csv FILE-OR-FOLDER... > new.csv
//
// A file is a device of https://github.com/littlebyteorg/appledb (deviceFiles,
// a JSON file each), a release of it (osFiles, which tells the devices that it
// is for), or a list of names by product type, such as ios-device-identifiers.json
// of https://github.com/kyle-seongwoo-jun/apple-device-identifiers. What is
// missing is added; where a source says otherwise, the old value stays and the
// difference is told. The newest version is a major one where ios_versions.csv,
// beside models.csv, has that and the model runs the newest release of it.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/apple/gen/facts"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "models:", err)
		os.Exit(1)
	}
}

// A model is a line of models.csv.
type model struct{ id, name, newest string }

// table is models.csv: comments, the names of the columns, and models.
type table struct {
	head   []string
	models []model
}

func run(args []string, out, notes io.Writer) error {
	if len(args) < 2 {
		return errors.New("name models.csv, then at least one file or folder of a collection")
	}
	t, err := readTable(args[0])
	if err != nil {
		return err
	}
	c, err := newCollection(filepath.Join(filepath.Dir(args[0]), "ios_versions.csv"))
	if err != nil {
		return err
	}
	for _, source := range args[1:] {
		if err := c.read(source); err != nil {
			return err
		}
	}
	for _, m := range c.models() {
		t.add(m, notes)
	}
	return t.write(out)
}

func readTable(name string) (*table, error) {
	file, err := facts.Read(name, "model")
	if err != nil {
		return nil, err
	}
	t := &table{head: file.Head}
	for _, r := range file.Rows {
		t.models = append(t.models, model{r[0], r[1], r[2]})
	}
	return t, nil
}

// add takes a model of a collection. A new one goes behind the others of its
// kind of device.
func (t *table) add(m model, notes io.Writer) {
	i := slices.IndexFunc(t.models, func(o model) bool { return o.id == m.id })
	if i >= 0 {
		t.models[i].name = merged(t.models[i].name, m.name, m.id, "name", notes)
		t.models[i].newest = merged(t.models[i].newest, m.newest, m.id, "newest version", notes)
		return
	}
	if m.name == "" {
		_, _ = fmt.Fprintf(notes, "%s: no source has its name\n", m.id)
		return
	}
	at := len(t.models)
	for i, o := range t.models {
		if kind(o.id) == kind(m.id) {
			at = i + 1
		}
	}
	t.models = slices.Insert(t.models, at, m)
}

// merged keeps the old value where there is one.
func merged(old, found, id, what string, notes io.Writer) string {
	switch {
	case old == "":
		return found
	case found == "" || strings.EqualFold(old, found):
		return old
	}
	_, _ = fmt.Fprintf(notes, "%s: the %s is %s here and %s in the sources\n", id, what, old, found)
	return old
}

// write writes the models in their order.
func (t *table) write(out io.Writer) error {
	file := facts.Table{Head: t.head}
	for _, m := range t.models {
		file.Rows = append(file.Rows, [3]string{m.id, m.name, m.newest})
	}
	return file.Write(out)
}
