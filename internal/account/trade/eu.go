package trade

import (
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// euEntity is one sanctionEntity of the EU's file.
type euEntity struct {
	Reference   string `xml:"euReferenceNumber,attr"`
	ID          string `xml:"logicalId,attr"`
	Designated  string `xml:"designationDate,attr"`
	Regulations []struct {
		Programme string `xml:"programme,attr"`
		Date      string `xml:"publicationDate,attr"`
	} `xml:"regulation"`
	Subject struct {
		Code string `xml:"code,attr"`
	} `xml:"subjectType"`
	Names []struct {
		Whole  string `xml:"wholeName,attr"`
		First  string `xml:"firstName,attr"`
		Middle string `xml:"middleName,attr"`
		Last   string `xml:"lastName,attr"`
	} `xml:"nameAlias"`
	Citizenships []euCountry `xml:"citizenship"`
	Addresses    []euCountry `xml:"address"`
	Remarks      []string    `xml:"remark"`
}

// euCountry is where somebody is, or whose citizen.
type euCountry struct {
	Name string `xml:"countryDescription,attr"`
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
	e := Entry{ID: x.Reference, Type: x.Subject.Code, Remarks: cell(strings.Join(x.Remarks, "; "))}
	first := ""
	for _, reg := range x.Regulations {
		e.Program = joined(e.Program, cell(reg.Programme))
		if first == "" || reg.Date != "" && reg.Date < first {
			first = reg.Date
		}
	}
	e.From = cmp.Or(x.Designated, first)
	for _, c := range append(x.Addresses, x.Citizenships...) {
		if name := cell(c.Name); name != "UNKNOWN" { // the list's word for none
			e.Country = joined(e.Country, name)
		}
	}
	for _, n := range x.Names {
		name := cell(n.Whole)
		if name == "" {
			name = strings.Join(strings.Fields(n.First+" "+n.Middle+" "+n.Last), " ")
		}
		switch {
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
