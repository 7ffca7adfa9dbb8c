package trade

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// absent is how OFAC writes that there is nothing.
const absent = "-0-"

// cell is the text of a cell. What is not UTF-8 is Windows-1252, in which these
// lists were written before.
func cell(s string) string {
	if s = strings.TrimSpace(s); s == absent {
		return ""
	}
	if !utf8.ValidString(s) {
		s, _ = charmap.Windows1252.NewDecoder().String(s) // each byte has a character
	}
	return strings.ToValidUTF8(s[:min(len(s), maxCell)], "")
}

// rows reads the rows of a CSV, with the number of the line of each.
func rows(r io.Reader, columns int, each func(line int, row []string) error) error {
	c := csv.NewReader(r)
	c.FieldsPerRecord, c.LazyQuotes, c.ReuseRecord = -1, true, true
	for n := 0; ; n++ {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrForm, err)
		}
		line, _ := c.FieldPos(0)
		switch {
		case len(row) == 1 && strings.Trim(row[0], "\x1a ") == "":
			continue // OFAC ends its files with the mark of CP/M
		case columns > 0 && len(row) != columns:
			return fmt.Errorf("%w: line %d: it has %d columns, not %d", ErrForm, line, len(row), columns)
		case n > maxEntries:
			return fmt.Errorf("%w: more than %d lines", ErrForm, maxEntries)
		}
		if err := each(line, row); err != nil {
			return err
		}
	}
}

// A sheet is the columns of a CSV with a header, and what is done with a row.
type sheet struct {
	known, need []string
	each        func(line int, get func(string) string) error
}

// has reports whether a header has all columns that a sheet needs.
func (s sheet) has(names []string) bool {
	return !slices.ContainsFunc(s.need, func(need string) bool { return !slices.Contains(names, need) })
}

// header finds the columns of a CSV by name. What is not known is an error:
// a column that nobody reads may be the one that matters. A column without a
// name is let be: BIS has some at the end.
func (s sheet) header(names []string) (map[string]int, error) {
	at := map[string]int{}
	for i, name := range names {
		if name == "" {
			continue
		}
		if _, twice := at[name]; twice {
			return nil, fmt.Errorf("%w: the column %q is there twice", ErrForm, name)
		}
		if !slices.Contains(s.known, name) {
			return nil, fmt.Errorf("%w: unknown column %.60q; columns are %s", ErrForm, name, strings.Join(s.known, ", "))
		}
		at[name] = i
	}
	for _, name := range s.need {
		if _, ok := at[name]; !ok {
			return nil, fmt.Errorf("%w: the column %q is missing", ErrForm, name)
		}
	}
	return at, nil
}

// table reads a CSV with a header by the first sheet whose columns it has; get
// returns the cell of a column.
func table(r io.Reader, sheets ...sheet) error {
	var (
		at    map[string]int
		use   sheet
		names []string
	)
	err := rows(r, 0, func(line int, row []string) (err error) {
		if at == nil {
			for _, name := range row {
				names = append(names, strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))))
			}
			use = sheets[max(0, slices.IndexFunc(sheets, func(s sheet) bool { return s.has(names) }))]
			at, err = use.header(names)
			return err
		}
		if len(row) != len(names) {
			return fmt.Errorf("%w: line %d: it has %d columns, not %d", ErrForm, line, len(row), len(names))
		}
		for i, name := range names {
			if name == "" && cell(row[i]) != "" {
				return fmt.Errorf("%w: line %d: column %d has no name and says %.60q", ErrForm, line, i+1, row[i])
			}
		}
		return use.each(line, func(name string) string {
			i, ok := at[name]
			if !ok {
				return ""
			}
			return cell(row[i])
		})
	})
	if err == nil && at == nil {
		err = fmt.Errorf("%w: it is empty", ErrForm)
	}
	return err
}

// split reads a list in a cell. The last of BIS may begin with "and".
func split(s string) []string {
	var out []string
	for _, part := range strings.Split(s, ";") {
		if part = strings.TrimPrefix(strings.TrimSpace(part), "and "); part != "" {
			out = append(out, part)
		}
	}
	return out
}
