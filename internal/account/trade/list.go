// Package trade reads sanctions and trade lists in their official forms, and
// matches the names of a register against them with a score that is shown. A
// match is a likeness of names: a person decides whether it is the same.
package trade

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/amparo-project/amparo/internal/account"
)

// KindList is the kind of the entries that hold a List.
const KindList = "list"

// A List is an imported list, as the workspace keeps it.
type List struct {
	Form     string   `json:"form"` // one of Forms
	Imported string   `json:"imported"`
	SHA256   []string `json:"sha256"` // of its files
	Entries  []Entry  `json:"entries"`
}

// An Entry is somebody on a list.
type Entry struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Aliases []string `json:"aliases,omitempty"`
	Type    string   `json:"type,omitempty"`
	Program string   `json:"program,omitempty"`
	Country string   `json:"country,omitempty"` // as the list writes it
	From    string   `json:"from,omitempty"`    // as the list writes it
	To      string   `json:"to,omitempty"`      // when it was taken off
	Remarks string   `json:"remarks,omitempty"`
}

// Forms are the forms of lists: OFAC's SDN and consolidated lists (SDN.CSV with
// ALT.CSV, CONS_PRIM.CSV with CONS_ALT.CSV, without header), the BIS Entity List
// as CSV with the columns of BIS or of the Consolidated Screening List, and the
// consolidated list of the EU as XML (schema 1.1).
var Forms = []string{"ofac", "bis", "eu"}

// ErrForm says that a file is not of the form that it should be.
var ErrForm = errors.New("not of this form")

// maxEntries and maxCell bound a list.
const (
	maxEntries = 200_000
	maxCell    = 64 << 10
)

// Read reads the files of a list: for OFAC the list, and the one of its aliases
// where there is one. The error wraps ErrForm and says where.
func Read(form string, files ...io.Reader) ([]Entry, error) {
	switch {
	case form == "ofac" && (len(files) == 1 || len(files) == 2):
		list, err := readOFAC(files[0])
		if err == nil && len(files) == 2 {
			err = addAliases(list, files[1])
		}
		return list, err
	case form == "bis" && len(files) == 1:
		return readBIS(files[0])
	case form == "eu" && len(files) == 1:
		return readEU(files[0])
	}
	return nil, fmt.Errorf("%w: %d files of the form %q; forms are %s", ErrForm, len(files), form, strings.Join(Forms, ", "))
}

// inventory are the columns of a public inventory as CSV.
var inventory = []string{"kind", "name", "aliases", "country", "government", "source_title", "source_url", "source_date", "certainty", "note"}

// Inventory reads parties from a CSV with a header; aliases are separated by
// semicolons, government is yes, no or empty.
func Inventory(r io.Reader) ([]*account.Party, error) {
	var out []*account.Party
	err := table(r, sheet{inventory, []string{"kind", "name", "source_title", "certainty"}, func(line int, get func(string) string) error {
		date, err := account.ParseDate(get("source_date"))
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		p := &account.Party{
			Kind: get("kind"), Name: get("name"), Aliases: split(get("aliases")), Country: get("country"),
			Basis: account.Basis{
				Sources:   []account.Source{{Title: get("source_title"), URL: get("source_url"), Date: date}},
				Certainty: account.Certainty(get("certainty")), Note: get("note"),
			},
		}
		switch get("government") {
		case "yes":
			p.Government = account.Yes
		case "no":
			p.Government = account.No
		case "":
		default:
			return fmt.Errorf("%w: line %d: government is yes, no or empty", ErrForm, line)
		}
		if err := p.Validate(); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		out = append(out, p)
		return nil
	}})
	return out, err
}
