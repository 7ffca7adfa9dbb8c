// Package facts reads and writes the tables of Apple's facts for the programs
// that complete them: comments and the names of three columns, then lines of
// three columns, divided by semicolons.
package facts

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

// A Table is a file of facts.
type Table struct {
	Head []string // comments and the names of the columns, as they stand
	Rows [][3]string
}

// Read reads a table whose first column is called first.
func Read(name, first string) (*Table, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	t := new(Table)
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		f := strings.Split(line, ";")
		switch {
		case strings.HasPrefix(line, "#") || strings.HasPrefix(line, first+";"):
			t.Head = append(t.Head, line)
		case len(f) == 3:
			t.Rows = append(t.Rows, [3]string(f))
		case line != "":
			return nil, fmt.Errorf("%s: %q is no line of three columns", name, line)
		}
	}
	return t, nil
}

// Write writes a table as Read reads it.
func (t *Table) Write(out io.Writer) error {
	w := bufio.NewWriter(out)
	for _, line := range t.Head {
		_, _ = fmt.Fprintln(w, line)
	}
	for _, r := range t.Rows {
		_, _ = fmt.Fprintf(w, "%s;%s;%s\n", r[0], r[1], r[2])
	}
	return w.Flush()
}
