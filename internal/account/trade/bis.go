package trade

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// screening are the columns of the Consolidated Screening List of the US
// International Trade Administration, of which the Entity List is a source.
var screening = []string{
	"_id", "source", "entity_number", "type", "programs", "name", "title", "addresses", "federal_register_notice", "start_date", "end_date",
	"standard_order", "license_requirement", "license_policy", "call_sign", "vessel_type", "gross_tonnage", "gross_registered_tonnage",
	"vessel_flag", "vessel_owner", "remarks", "source_list_url", "alt_names", "citizenships", "dates_of_birth", "nationalities",
	"places_of_birth", "source_information_url", "ids", "country", "id_number", "dob", "federal_register_citation",
}

// entityList are the columns of the Entity List that BIS itself publishes as
// CSV, as the International Trade Administration reads them
// (github.com/InternationalTradeAdministration/csl-importers).
var entityList = []string{
	"source list", "entity number", "sdn type", "programs", "name", "title", "address", "city", "state/province", "postal code", "country",
	"federal register notice", "effective date", "date lifted/waived/expired", "standard order", "license requirement", "license policy",
	"call sign", "vessel type", "gross tonnage", "gross register tonnage", "vessel flag", "vessel owner", "remarks/notes", "address number",
	"address remarks", "alternate number", "alternate type", "alternate name", "alternate remarks", "web link",
}

// bisName is the name of the Entity List in the Consolidated Screening List.
const bisName = "Entity List"

func readBIS(r io.Reader) ([]Entry, error) {
	b := bisReader{at: map[string]int{}}
	err := table(r, sheet{screening, []string{"source", "name"}, b.screened}, sheet{entityList, []string{"source list", "name"}, b.listed})
	return b.out, err
}

// A bisReader reads the Entity List in its two forms.
type bisReader struct {
	out []Entry
	at  map[string]int // where a name with its notice is in out
}

func (b *bisReader) screened(line int, get func(string) string) error {
	if !strings.HasPrefix(get("source"), bisName) {
		return nil // the same file holds the lists of others
	}
	e := Entry{
		ID: cmp.Or(get("_id"), get("entity_number")), Name: get("name"), Aliases: split(get("alt_names")), Type: get("type"), Program: get("source"), Country: get("country"),
		From: get("start_date"), To: get("end_date"), Remarks: get("federal_register_notice"),
	}
	if e.Name == "" {
		return fmt.Errorf("%w: line %d: it has no name", ErrForm, line)
	}
	b.out = append(b.out, e)
	return nil
}

// listed reads a row of BIS. One who has several addresses or aliases has as
// many rows, with the same name and notice.
func (b *bisReader) listed(line int, get func(string) string) error {
	if source := get("source list"); source != "EL" && !strings.HasPrefix(source, bisName) {
		return nil // the Military End User List and others have the same columns
	}
	e := Entry{
		ID: get("entity number"), Name: get("name"), Aliases: split(get("alternate name")), Type: get("sdn type"), Program: bisName, Country: get("country"),
		From: get("effective date"), To: get("date lifted/waived/expired"), Remarks: get("federal register notice"),
	}
	if e.Name == "" {
		return fmt.Errorf("%w: line %d: it has no name", ErrForm, line)
	}
	key := strings.ToLower(e.Name) + "\x00" + strings.ToLower(e.Remarks)
	i, seen := b.at[key]
	if !seen {
		b.at[key] = len(b.out)
		b.out = append(b.out, e)
		return nil
	}
	old := &b.out[i]
	for _, alias := range e.Aliases {
		if !slices.Contains(old.Aliases, alias) {
			old.Aliases = append(old.Aliases, alias)
		}
	}
	old.Country = joined(old.Country, e.Country)
	return nil
}

// joined adds to a list in a cell what it does not have.
func joined(list, more string) string {
	switch {
	case more == "" || slices.Contains(split(list), more):
		return list
	case list == "":
		return more
	}
	return list + "; " + more
}
