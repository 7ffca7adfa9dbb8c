// Package trade reads sanctions and trade lists in their official forms, and
// matches the names of a register against them with a score that is shown. A
// match is a likeness of names: a person decides whether it is the same.
package trade

import (
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
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
// as CSV with the columns of the Consolidated Screening List, and the
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

// Columns of OFAC's files, which have no header: "SDN.CSV" and "ALT.CSV" in
// https://ofac.treasury.gov/specially-designated-nationals-list-data-formats-data-schemas
const (
	ofacColumns  = 12 // ent_num, name, type, program, title, call sign, vessel type, tonnage, GRT, flag, owner, remarks
	aliasColumns = 5  // ent_num, alt_num, type, name, remarks
)

// absent is how OFAC writes that there is nothing.
const absent = "-0-"

func cell(s string) string {
	if s = strings.TrimSpace(s); s == absent {
		return ""
	}
	return s[:min(len(s), maxCell)]
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

func readOFAC(r io.Reader) ([]Entry, error) {
	var out []Entry
	err := rows(r, ofacColumns, func(line int, row []string) error {
		e := Entry{ID: cell(row[0]), Name: cell(row[1]), Type: cell(row[2]), Program: cell(row[3]), Remarks: cell(row[11])}
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

// screening are the columns of the Consolidated Screening List of the US
// International Trade Administration, of which the Entity List is a source.
var screening = []string{
	"_id", "source", "entity_number", "type", "programs", "name", "title", "addresses", "federal_register_notice", "start_date", "end_date",
	"standard_order", "license_requirement", "license_policy", "call_sign", "vessel_type", "gross_tonnage", "gross_registered_tonnage",
	"vessel_flag", "vessel_owner", "remarks", "source_list_url", "alt_names", "citizenships", "dates_of_birth", "nationalities",
	"places_of_birth", "source_information_url", "ids", "country", "id_number", "dob", "federal_register_citation",
}

// header finds the columns of a CSV by name. What is not known is an error:
// a column that nobody reads may be the one that matters.
func header(row, known []string, need ...string) (map[string]int, error) {
	at := map[string]int{}
	for i, name := range row {
		name = strings.ToLower(strings.Trim(strings.TrimPrefix(name, "\ufeff"), " "))
		if _, twice := at[name]; twice {
			return nil, fmt.Errorf("%w: the column %q is there twice", ErrForm, name)
		}
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("%w: unknown column %.60q; columns are %s", ErrForm, name, strings.Join(known, ", "))
		}
		at[name] = i
	}
	for _, name := range need {
		if _, ok := at[name]; !ok {
			return nil, fmt.Errorf("%w: the column %q is missing", ErrForm, name)
		}
	}
	return at, nil
}

// table reads a CSV with a header; get returns the cell of a column.
func table(r io.Reader, known, need []string, each func(line int, get func(string) string) error) error {
	var at map[string]int
	err := rows(r, 0, func(line int, row []string) (err error) {
		if at == nil {
			at, err = header(row, known, need...)
			return err
		}
		if len(row) != len(at) {
			return fmt.Errorf("%w: line %d: it has %d columns, not %d", ErrForm, line, len(row), len(at))
		}
		return each(line, func(name string) string {
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

func readBIS(r io.Reader) ([]Entry, error) {
	var out []Entry
	err := table(r, screening, []string{"source", "name"}, func(line int, get func(string) string) error {
		if !strings.HasPrefix(get("source"), "Entity List") {
			return nil // the same file holds the lists of others
		}
		e := Entry{
			ID: get("_id"), Name: get("name"), Aliases: split(get("alt_names")), Type: get("type"), Program: get("source"), Country: get("country"),
			From: get("start_date"), To: get("end_date"), Remarks: get("federal_register_notice"),
		}
		if e.Name == "" {
			return fmt.Errorf("%w: line %d: it has no name", ErrForm, line)
		}
		out = append(out, e)
		return nil
	})
	return out, err
}

// split reads a list in a cell.
func split(s string) []string {
	var out []string
	for _, part := range strings.Split(s, ";") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// euEntity is one sanctionEntity of the EU's file.
type euEntity struct {
	Reference  string `xml:"euReferenceNumber,attr"`
	ID         string `xml:"logicalId,attr"`
	Regulation struct {
		Programme string `xml:"programme,attr"`
		Date      string `xml:"publicationDate,attr"`
	} `xml:"regulation"`
	Subject struct {
		Code string `xml:"code,attr"`
	} `xml:"subjectType"`
	Names []struct {
		Whole string `xml:"wholeName,attr"`
	} `xml:"nameAlias"`
	Remark string `xml:"remark"`
}

func readEU(r io.Reader) ([]Entry, error) {
	dec := xml.NewDecoder(r)
	var out []Entry
	seen := false
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) && seen {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: byte %d: %w", ErrForm, dec.InputOffset(), err)
		}
		start, ok := token.(xml.StartElement)
		switch {
		case !ok:
		case !seen && start.Name.Local != "export":
			return nil, fmt.Errorf("%w: it begins with <%.40s>, not with <export>", ErrForm, start.Name.Local)
		case !seen:
			seen = true
		case start.Name.Local == "sanctionEntity":
			e, err := euEntry(dec, &start)
			if err != nil {
				return nil, err
			}
			if out = append(out, e); len(out) > maxEntries {
				return nil, fmt.Errorf("%w: more than %d entries", ErrForm, maxEntries)
			}
		}
	}
}

func euEntry(dec *xml.Decoder, start *xml.StartElement) (Entry, error) {
	var x euEntity
	if err := dec.DecodeElement(&x, start); err != nil {
		return Entry{}, fmt.Errorf("%w: byte %d: %w", ErrForm, dec.InputOffset(), err)
	}
	e := Entry{
		ID: x.Reference, Type: x.Subject.Code, Program: x.Regulation.Programme, From: x.Regulation.Date, Remarks: cell(x.Remark),
	}
	for _, n := range x.Names {
		switch name := cell(n.Whole); {
		case name == "":
		case e.Name == "":
			e.Name = name
		default:
			e.Aliases = append(e.Aliases, name)
		}
	}
	if e.Name == "" {
		return e, fmt.Errorf("%w: byte %d: sanctionEntity %q has no name", ErrForm, dec.InputOffset(), x.ID)
	}
	return e, nil
}

// inventory are the columns of a public inventory as CSV.
var inventory = []string{"kind", "name", "aliases", "country", "government", "source_title", "source_url", "source_date", "certainty", "note"}

// Inventory reads parties from a CSV with a header; aliases are separated by
// semicolons, government is yes, no or empty.
func Inventory(r io.Reader) ([]*account.Party, error) {
	var out []*account.Party
	err := table(r, inventory, []string{"kind", "name", "source_title", "certainty"}, func(line int, get func(string) string) error {
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
	})
	return out, err
}
