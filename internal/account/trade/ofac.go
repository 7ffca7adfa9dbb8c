package trade

import (
	"fmt"
	"io"
	"strings"
)

// Columns of OFAC's files, which have no header: "SDN.CSV" and "ALT.CSV" in
// https://ofac.treasury.gov/specially-designated-nationals-list-data-formats-data-schemas
const (
	ofacColumns  = 12 // ent_num, name, type, program, title, call sign, vessel type, tonnage, GRT, flag, owner, remarks
	aliasColumns = 5  // ent_num, alt_num, type, name, remarks
)

func readOFAC(r io.Reader) ([]Entry, error) {
	var out []Entry
	err := rows(r, ofacColumns, func(line int, row []string) error {
		e := Entry{
			ID: cell(row[0]), Name: cell(row[1]), Type: cell(row[2]), Program: strings.ReplaceAll(cell(row[3]), "] [", "; "), // between two programs
			Remarks: cell(row[11]), Aliases: weak(cell(row[11])),
		}
		if e.ID == "" || e.Name == "" || strings.Trim(e.ID, "0123456789") != "" {
			return fmt.Errorf("%w: line %d: the first column is a number and the second a name", ErrForm, line)
		}
		out = append(out, e)
		return nil
	})
	return out, err
}

func addAliases(list []Entry, r io.Reader) error {
	at := make(map[string]int, len(list))
	for i := range list {
		at[list[i].ID] = i
	}
	return rows(r, aliasColumns, func(line int, row []string) error {
		i, ok := at[cell(row[0])]
		if !ok {
			return fmt.Errorf("%w: line %d: aliases of %q, which the list does not have", ErrForm, line, row[0])
		}
		list[i].Aliases = append(list[i].Aliases, cell(row[3]))
		return nil
	})
}

// weak are the aliases that OFAC writes into the remarks alone: "a.k.a. 'X'",
// with f.k.a. and n.k.a. for former and present names. Remarks end after 1000
// characters: a name that is cut there is left out.
func weak(remarks string) []string {
	var out []string
	for _, part := range split(remarks) {
		for _, mark := range []string{"a.k.a. ", "f.k.a. ", "n.k.a. "} {
			name, ok := strings.CutPrefix(strings.TrimSuffix(part, "."), mark)
			if ok && len(name) > 2 && name[0] == '\'' && name[len(name)-1] == '\'' {
				out = append(out, name[1:len(name)-1])
			}
		}
	}
	return out
}
