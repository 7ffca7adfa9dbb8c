package trade

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/account"
)

// Synthetic rows in the columns of the official files.
const (
	sdn = `36,"AEROCARIBBEAN AIRLINES",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0-
47000,"EXAMPLE SPYWARE S.A.","entity","CYBER2] [ELECTION-EO13848",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"Registration ID 1; a.k.a. 'E-S.A.'; f.k.a. 'OLD NAME'; synthetic; a.k.a. 'CUT O"
` + "\x1a\n"
	alt = `47000,1,"aka","EJEMPLO ESPÍA",-0-
47000,2,"fka","NIGHTJAR HOLDINGS LTD.",-0-
`
	bis = `_id,source,entity_number,type,programs,name,title,addresses,federal_register_notice,start_date,end_date,alt_names,source_list_url
a1,Entity List (EL) - Bureau of Industry and Security,,,,Example Spyware Ltd.,,"Street 1, IL",86 FR 0,2021-11-04,,Nightjar; Example Group,https://example.org
a2,Denied Persons List (DPL) - Bureau of Industry and Security,,,,Somebody Else,,,,,,,
`
	// The columns of BIS, with the one without a name at the end, in Windows-1252.
	bisOwn = "Source List,Entity Number,SDN Type,Programs,Name,Title,Address,City,State/Province,Postal Code,Country,Federal Register Notice,Effective Date," +
		"Date Lifted/Waived/Expired,Standard Order,License Requirement,License Policy,Call Sign,Vessel Type,Gross Tonnage,Gross Register Tonnage,Vessel Flag," +
		"Vessel Owner,Remarks/Notes,Address Number,Address Remarks,Alternate Number,Alternate Type,Alternate Name,Alternate Remarks,Web Link,\r\n" +
		"EL,,,,Example Spyware Ltd.,,Street 1,,,,Israel,86 FR 0,11/04/2021,,,,,,,,,,,,,,,,Nightjar; and Compa\xf1\xeda,,https://example.org,\r\n" +
		"EL,,,,Example Spyware Ltd.,,Street 2,,,,Cyprus,86 FR 0,11/04/2021,,,,,,,,,,,,,,,,Nightjar; Third,,https://example.org,\r\n" +
		"MEU,,,,Somebody Else,,,,,,,,,,,,,,,,,,,,,,,,,,,\r\n"
	eu = `<?xml version="1.0" encoding="UTF-8"?><export xmlns="http://eu.europa.ec/fpi/fsd/export" generationDate="2026-01-01T00:00:00.000+02:00" globalFileId="1">
<sanctionEntity designationDetails="" unitedNationId="" euReferenceNumber="EU.1.1" logicalId="1"><remark>synthetic</remark>
<regulation regulationType="amendment" publicationDate="2025-05-20" programme="RUSDA" logicalId="2"><publicationUrl>https://example.org</publicationUrl></regulation>
<regulation regulationType="regulation" publicationDate="2024-01-02" programme="CYB" logicalId="5"/><remark>second</remark>
<address countryIso2Code="00" countryDescription="UNKNOWN"/><address countryIso2Code="CY" countryDescription="CYPRUS"/><citizenship countryDescription="CYPRUS"/>
<subjectType code="enterprise" classificationCode="E"/>
<nameAlias firstName="" middleName="" lastName="" wholeName="Example Spyware" strong="true" logicalId="3"/>
<nameAlias firstName="" middleName="" lastName="" wholeName="Ejemplo" strong="true" logicalId="4"/>
<nameAlias firstName="In" middleName="" lastName="Parts" wholeName="" logicalId="6"/></sanctionEntity></export>`
)

func TestRead(t *testing.T) {
	t.Parallel()
	for form, test := range map[string]struct {
		files []string
		want  []Entry
	}{
		"ofac": {[]string{sdn, alt}, []Entry{
			{ID: "36", Name: "AEROCARIBBEAN AIRLINES", Program: "CUBA"},
			{ID: "47000", Name: "EXAMPLE SPYWARE S.A.", Type: "entity", Program: "CYBER2; ELECTION-EO13848", Remarks: "Registration ID 1; a.k.a. 'E-S.A.'; f.k.a. 'OLD NAME'; synthetic; a.k.a. 'CUT O", Aliases: []string{"E-S.A.", "OLD NAME", "EJEMPLO ESPÍA", "NIGHTJAR HOLDINGS LTD."}},
		}},
		"bis": {[]string{bis}, []Entry{{
			ID: "a1", Name: "Example Spyware Ltd.", Aliases: []string{"Nightjar", "Example Group"}, Program: "Entity List (EL) - Bureau of Industry and Security",
			From: "2021-11-04", Remarks: "86 FR 0",
		}}},
		"bis_own": {[]string{bisOwn}, []Entry{{
			Name: "Example Spyware Ltd.", Aliases: []string{"Nightjar", "Compañía", "Third"}, Program: "Entity List", Country: "Israel; Cyprus",
			From: "11/04/2021", Remarks: "86 FR 0",
		}}},
		"eu": {[]string{eu}, []Entry{{
			ID: "EU.1.1", Name: "Example Spyware", Aliases: []string{"Ejemplo", "In Parts"}, Type: "enterprise", Program: "RUSDA; CYB", From: "2024-01-02",
			Remarks: "synthetic; second", Country: "CYPRUS",
		}}},
	} {
		got, err := read(strings.TrimSuffix(form, "_own"), test.files...)
		if err != nil {
			t.Errorf("%s: %v", form, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", form, diff)
		}
	}
	for name, test := range map[string]struct{ form, file, says string }{
		"form":          {"un", "", "forms are ofac, bis, eu"},
		"few_columns":   {"ofac", "1,a,b\n", "line 1: it has 3 columns, not 12"},
		"no_number":     {"ofac", "x" + sdn, "the first column is a number"},
		"new_column":    {"bis", "source,name,shoe_size\n", `unknown column "shoe_size"`},
		"twice":         {"bis", "source,name,name\n", `"name" is there twice`},
		"no_column":     {"bis", "name\n", `the column "source" is missing`},
		"no_name_own":   {"bis", "Source List,Name\nEL,\n", "line 2: it has no name"},
		"says_unnamed":  {"bis", "Source List,Name,\nEL,a,b\n", `line 2: column 3 has no name and says "b"`},
		"mixed":         {"bis", "Source List,Name,alt_names\nEL,a,b\n", `unknown column "alt_names"`},
		"empty":         {"bis", "", "it is empty"},
		"ragged":        {"bis", "source,name\nEntity List,a,b\n", "line 2: it has 3 columns, not 2"},
		"other_xml":     {"eu", "<html></html>", "begins with <html>"},
		"cut_xml":       {"eu", eu[:len(eu)-40], "byte "},
		"no_name":       {"eu", "<export><sanctionEntity logicalId='7'/></export>", "has no name"},
		"nothing_in_it": {"eu", "", "byte 0"},
	} {
		if _, err := read(test.form, test.file); !errors.Is(err, ErrForm) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInventory(t *testing.T) {
	t.Parallel()
	got, err := Inventory(strings.NewReader("kind,name,aliases,country,government,source_title,source_url,source_date,certainty,note\n" +
		"buyer,An agency,AG; La Agencia,MX,yes,A report,https://example.org,2017-06,probable,\n"))
	want := []*account.Party{{
		Kind: "buyer", Name: "An agency", Aliases: []string{"AG", "La Agencia"}, Country: "MX", Government: account.Yes,
		Basis: account.Basis{Sources: []account.Source{{Title: "A report", URL: "https://example.org", Date: account.MustDate("2017-06")}}, Certainty: account.Probable},
	}}
	if err != nil || got[0].Sources[0].Date != want[0].Sources[0].Date {
		t.Errorf("%+v, %v", got, err)
	}
	want[0].Sources, got[0].Sources = nil, nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, bad := range []string{
		"kind,name,source_title,certainty,price\n", "kind,name,source_title,certainty\nbuyer,a,,certain\n", "kind,name,source_title,certainty,government\nbuyer,a,b,certain,perhaps\n",
		"kind,name,source_title,certainty,source_date\nbuyer,a,b,certain,soon\n",
	} {
		if got, err := Inventory(strings.NewReader(bad)); err == nil {
			t.Errorf("%q: %v", bad, got)
		}
	}
}

func TestScore(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b      string
		low, high int
	}{
		{"Example Spyware Ltd.", "EXAMPLE SPYWARE S.A. de C.V.", 100, 100},
		{"Espía, Ejemplo", "EJEMPLO ESPIA", 100, 100},
		{"Exampel Spyware", "Example Spyware", Least, 95},
		{"Example Spyware Technologies", "Example Spyware", 40, Least - 1},
		{"Secretaría de la Defensa Nacional", "Secretaria de Marina", 0, Least - 1},
		{"Nightjar", "Nightingale", 0, Least - 1},
		{"", "Nightjar", 0, 0},
		{"Ltd.", "Ltd", 100, 100},
	} {
		if got := Score(test.a, test.b); got < test.low || got > test.high || got != Score(test.b, test.a) {
			t.Errorf("%q and %q: %d, want %d to %d; the other way %d", test.a, test.b, got, test.low, test.high, Score(test.b, test.a))
		}
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	list, err := read("ofac", sdn, alt)
	if err != nil {
		t.Fatal(err)
	}
	got := Matches(&account.Party{Name: "Example Group", Aliases: []string{"Nightjar Holding"}}, &List{Form: "ofac", Entries: list})
	if len(got) != 1 || got[0].Alias != "NIGHTJAR HOLDINGS LTD." || got[0].Party != "Nightjar Holding" || got[0].Score < 90 || got[0].Score > 99 {
		t.Errorf("%+v", got)
	}
}

func read(form string, files ...string) ([]Entry, error) {
	switch len(files) {
	case 1:
		return Read(form, strings.NewReader(files[0]))
	case 2:
		return Read(form, strings.NewReader(files[0]), strings.NewReader(files[1]))
	}
	return Read(form)
}

func FuzzRead(f *testing.F) {
	for i, seed := range []string{sdn, bis, eu, alt, bisOwn} {
		f.Add(i, seed)
	}
	f.Fuzz(func(t *testing.T, form int, data string) {
		forms := Forms[uint(form)%3]
		list, err := read(forms, data)
		if err != nil {
			return
		}
		for _, e := range list {
			if e.Name == "" {
				t.Errorf("an entry of %s has no name", forms)
			}
			if s := Score(e.Name, e.Name); s != 100 && s != 0 {
				t.Errorf("%q is like itself by %d", e.Name, s)
			}
		}
		_, _ = Inventory(strings.NewReader(data))
	})
}

func BenchmarkMatches(b *testing.B) {
	l := &List{Form: "ofac"}
	for range 18_000 {
		l.Entries = append(l.Entries, Entry{Name: "SOME COMPANY WITH A NAME LIMITED", Aliases: []string{"ANOTHER NAME OF IT", "AND ONE MORE"}})
	}
	p := &account.Party{Name: "Example Spyware Technologies", Aliases: []string{"Nightjar"}}
	b.ReportAllocs()
	for b.Loop() {
		Matches(p, l)
	}
}
