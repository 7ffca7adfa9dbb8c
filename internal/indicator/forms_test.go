package indicator

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// formText says of a set what a table can compare: its format, each indicator
// with its level, and what is said beside.
func formText(s *Set) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %q\n", s.Format, s.Name)
	for d := range s.All() {
		fmt.Fprintf(&b, "%s %s %s %q", d.ID(), d.Type(), d.Value(), d.Threats())
		if d.TLP() != Unmarked {
			fmt.Fprintf(&b, " %s", d.TLP())
		}
		b.WriteByte('\n')
	}
	d := s.Describe()
	for _, u := range d.NotUnderstood {
		fmt.Fprintf(&b, "? %s %s: %s\n", u.ID, u.Pattern, u.Reason)
	}
	for _, n := range d.Notes {
		fmt.Fprintf(&b, "- %s\n", n)
	}
	return b.String()
}

const (
	uid1 = "5a000000-0000-4000-8000-000000000001"
	uid2 = "5a000000-0000-4000-8000-000000000002"
)

// TestForms reads each form of publication by its real schema, named beside
// its reader.
func TestForms(t *testing.T) {
	t.Parallel()
	const hash = "d41d8cd98f00b204e9800998ecf8427e"
	stix1 := func(body string) string {
		return `<?xml version="1.0"?><stix:STIX_Package xmlns:stix="http://stix.mitre.org/stix-1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="x:p">
<stix:STIX_Header><stix:Title>The report</stix:Title></stix:STIX_Header><stix:Indicators>` + body + `</stix:Indicators></stix:STIX_Package>`
	}
	ind1 := func(properties, more string) string {
		return `<stix:Indicator id="x:indicator-` + uid1 + `">` + more + `<indicator:Observable><cybox:Object>` + properties + `</cybox:Object></indicator:Observable></stix:Indicator>`
	}
	domain1 := `<cybox:Properties xsi:type="DomainNameObj:DomainNameObjectType"><DomainNameObj:Value condition="Equals">evil.com</DomainNameObj:Value></cybox:Properties>`
	ioc := func(body string) string {
		return `<?xml version="1.0"?><ioc xmlns="http://schemas.mandiant.com/2010/ioc" id="` + uid1 + `"><short_description>Case</short_description><definition>` + body + `</definition></ioc>`
	}
	item := func(search, condition, value string) string {
		return `<IndicatorItem id="` + uid2 + `" condition="` + condition + `"><Context search="` + search + `"/><Content>` + value + `</Content></IndicatorItem>`
	}
	for _, tt := range []struct{ name, file, text, want string }{
		{
			"misp_event", "x.json", `{"response":[{"Event":{"info":"Case","Attribute":[
				{"type":"domain|ip","category":"Network activity","to_ids":true,"uuid":"` + uid1 + `","value":"evil.com|192.0.2.1","timestamp":"1500000000","comment":"c","RelatedAttribute":[{"Attribute":{"value":"other.com"}}]},
				{"type":"filename|md5","to_ids":true,"uuid":"` + uid2 + `","value":"a.exe|` + hash + `"},
				{"type":"email-src","to_ids":false,"uuid":"` + uid2 + `","value":"a@b.mx"},
				{"type":"domain","to_ids":true,"deleted":true,"uuid":"` + uid2 + `","value":"gone.com"},
				{"type":"link","to_ids":false,"value":"https://lab.example/report"},
				{"type":"mutex","to_ids":true,"value":"m"}],
				"Object":[{"name":"url","Attribute":[{"type":"url","to_ids":true,"uuid":"` + uid2 + `","value":"http:\/\/evil.com\/x","object_relation":"url"}]}],
				"Tag":[{"name":"TLP:GREEN"}],"Orgc":{"name":"Lab"}}}]}`,
			`misp "Case"
` + uid1 + ` domain evil.com ["Case"] TLP:GREEN
` + uid1 + ` ip 192.0.2.1 ["Case"] TLP:GREEN
` + uid2 + ` file_hash ` + hash + ` ["Case"] TLP:GREEN
` + uid2 + ` url http://evil.com/x ["Case"] TLP:GREEN
- 1 of type email-src are not meant for detection, as the publisher says: not matched
- 1 of type mutex: no artifact of a phone tells this, not matched
- 1 revoked by the publisher: never matched
`,
		},
		{
			"misp_search", "x.json", `{"response":{"Attribute":[{"type":"domain","to_ids":true,"uuid":"` + uid1 + `","value":"evil.com","Event":{"info":"Case"},"Tag":[{"name":"tlp:amber+strict"}]}]}}`,
			"misp \"x\"\n" + uid1 + " domain evil.com [\"Case\"] TLP:AMBER+STRICT\n",
		},
		{
			"misp_galaxy", "x.json", `[{"Event":{"info":"Case","Tag":[{"name":"misp-galaxy:tool=\"Pegasus\""}],"Attribute":[{"type":"domain","to_ids":"1","uuid":"` + uid1 + `","value":"evil.com"}]}}]`,
			"misp \"Case\"\n" + uid1 + " domain evil.com [\"Pegasus\"]\n",
		},
		{
			"misp_broken_attribute", "x.json", `{"Event":{"info":"Case","Attribute":[{"type":7},{"type":"domain","to_ids":true,"uuid":"` + uid1 + `","value":"evil.com"}]}}`,
			"misp \"Case\"\n" + uid1 + " domain evil.com [\"Case\"]\n? attribute 1 : not JSON: at byte 8: expected a string\n",
		},
		{"stix1_domain", "x.xml", stix1(ind1(domain1, "")), "stix1 \"The report\"\n" + uid1 + " domain evil.com [\"The report\"]\n"},
		{
			"stix1_marked", "x.xml", stix1(ind1(domain1, `<indicator:Handling><marking:Marking><marking:Marking_Structure xsi:type="tlpMarking:TLPMarkingStructureType" color="RED"/></marking:Marking></indicator:Handling>`)),
			"stix1 \"The report\"\n" + uid1 + " domain evil.com [\"The report\"] TLP:RED\n",
		},
		{
			"stix1_file", "x.xml", stix1(ind1(`<cybox:Properties xsi:type="FileObj:FileObjectType"><FileObj:File_Name>a.apk</FileObj:File_Name><FileObj:Hashes><cyboxCommon:Hash><cyboxCommon:Type>MD5</cyboxCommon:Type><cyboxCommon:Simple_Hash_Value>`+hash+`</cyboxCommon:Simple_Hash_Value></cyboxCommon:Hash></FileObj:Hashes></cybox:Properties>`, "")),
			"stix1 \"The report\"\n" + uid1 + " file_hash " + hash + " [\"The report\"]\n",
		},
		{
			"stix1_several", "x.xml", stix1(ind1(`<cybox:Properties xsi:type="AddressObj:AddressObjectType" category="ipv4-addr"><AddressObj:Address_Value apply_condition="ANY">192.0.2.1##comma##192.0.2.2</AddressObj:Address_Value></cybox:Properties>`, "")),
			"stix1 \"The report\"\n" + uid1 + " ip 192.0.2.1 [\"The report\"]\n" + uid1 + " ip 192.0.2.2 [\"The report\"]\n",
		},
		{
			"stix1_none", "x.xml", stix1(ind1(domain1, `<indicator:Confidence><stixCommon:Value>None</stixCommon:Value></indicator:Confidence>`)),
			"stix1 \"x\"\n- 1 of type Indicator are not meant for detection, as the publisher says: not matched\n",
		},
		{
			"stix1_bomb", "x.xml", `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>` + stix1(ind1(strings.Replace(domain1, "evil.com", "&c;", 1), "") + ind1(domain1, ""))[len(`<?xml version="1.0"?>`):],
			"stix1 \"The report\"\n" + uid1 + " domain evil.com [\"The report\"]\n- 3 entities are declared and stand for nothing here\n",
		},
		{
			"stix1_cut", "x.xml", strings.TrimSuffix(stix1(ind1(domain1, "")+"<stix:Indicator id="), "</stix:Indicators></stix:STIX_Package>"),
			"stix1 \"The report\"\n" + uid1 + " domain evil.com [\"The report\"]\n- read up to line 2: unexpected EOF\n",
		},
		{
			"openioc", "x.ioc", ioc(`<Indicator operator="OR">` + item("Network/DNS", "contains", "evil.com") + item("FileItem/Md5sum", "is", hash) + item("RegistryItem/Path", "is", "HKLM") +
				`<Indicator operator="AND">` + item("FileItem/FileName", "is", "a.apk") + item("ProcessItem/name", "is", "bh") + `</Indicator></Indicator>`),
			"openioc \"Case\"\n" + uid1 + " domain evil.com [\"Case\"]\n" + uid1 + " file_hash " + hash + " [\"Case\"]\n" + uid1 + " all_of file_name=a.apk AND process=bh [\"Case\"]\n" +
				"- 1 of type RegistryItem/Path: no artifact of a phone tells this, not matched\n",
		},
		{
			"openioc_value_as_id", "x.ioc", ioc(`<Indicator operator="OR"><IndicatorItem id="evil.com" condition="is"><Context search="Network/DNS"/><Content type="string"></Content></IndicatorItem></Indicator>`),
			"openioc \"Case\"\n" + uid1 + " domain evil.com [\"Case\"]\n",
		},
		{
			"openioc_partly", "x.ioc", ioc(`<Indicator operator="AND">` + item("FileItem/FileName", "is", "a.apk") + item("RegistryItem/Path", "is", "HKLM") + `</Indicator>`),
			"openioc \"Case\"\n? " + uid1 + " : openioc:RegistryItem/Path: no artifact tells this\n",
		},
		{
			"csv_header", "x.csv", "Domain;IP address;Malware family;Ticket\nevil.com;192.0.2.1;Zeta;7\n\n;;;8\n",
			"csv \"x\"\nline 2 domain evil.com [\"Zeta\"]\nline 2 ip 192.0.2.1 [\"Zeta\"]\n? line 4 ,,,8: no value in it\n- columns that are not matched: Ticket\n",
		},
		{"csv_no_header", "x.csv", "2026-01-02,evil.com,a note\n2026-01-03,evil-two.com,another\n", "csv \"x\"\nline 1 domain evil.com []\nline 2 domain evil-two.com []\n"},
		{
			"csv_misp", "x.csv", "uuid,event_id,category,type,value,comment,to_ids,date\n" + uid1 + ",1,Network activity,domain,\"evil.com\",\"tlp:amber\",1,20170626\n" + uid2 + ",1,x,yara,\"rule x {\n}\",\"\",1,20170626\n",
			"csv \"x\"\n" + uid1 + " domain evil.com [] TLP:AMBER\n- columns that are not matched: event_id, category\n- 1 of type yara: no artifact of a phone tells this, not matched\n",
		},
		{"list_domains", "dir/domains.txt", "\xEF\xBB\xBFEvil[.]com\r\n# note\r\n\r\nevil-two.com # seen in May\r\n", "list \"dir/domains\"\nline 1 domain Evil.com []\nline 4 domain evil-two.com []\n"},
		{"list_mixed", "iocs", "https://evil.com/x\n192.0.2.1\n" + hash + "\na@b.mx\n/private/var/tmp/x\ncom.evil.app\n+52 55 1234 5678\nodd\n", "list \"iocs\"\nline 1 url https://evil.com/x []\nline 2 ip 192.0.2.1 []\nline 3 file_hash " + hash + " []\nline 4 email a@b.mx []\nline 5 file_path /private/var/tmp/x []\nline 6 app_id com.evil.app []\nline 7 phone +52 55 1234 5678 []\n? line 8 odd: what it is cannot be seen from the value; --type says it\n"},
		{"list_hosts", "hosts.txt", "0.0.0.0 evil.com\n||evil-two.com^\n", "list \"hosts\"\nline 1 domain evil.com []\nline 2 domain evil-two.com []\n"},
		{"list_private", "domains.txt", "# TLP:AMBER\nevil.com\ncom.mx\n", "list \"domains\"\nline 2 domain evil.com [] TLP:AMBER\nline 3 domain com.mx [] TLP:AMBER\n- 1: so broad that only the value itself matches, not what is below\n"},
		{"popular", "domains.txt", "bit.ly\nwww.google.com\ndocs.evil.com\n", "list \"domains\"\nline 1 domain bit.ly []\nline 2 domain www.google.com []\nline 3 domain docs.evil.com []\n- bit.ly, www.google.com: hosts that many people use for ordinary things: their findings are lowered\n"},
		{"latin1", "domains.txt", "espa\xf1a-noticias.mx\n", "list \"domains\"\nline 1 domain españa-noticias.mx []\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for how, r := range map[string]io.Reader{
				"whole": strings.NewReader(tt.text), "by_byte": iotest.OneByteReader(strings.NewReader(tt.text)),
			} {
				set, err := Load(r, tt.file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, formText(set)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", how, diff)
				}
			}
			if tt.name == "latin1" {
				return
			}
			for name, data := range map[string][]byte{"little": utf16Of(tt.text, false), "big": utf16Of(tt.text, true)} {
				set, err := Load(bytes.NewReader(data), tt.file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, formText(set)); diff != "" {
					t.Errorf("UTF-16, %s endian (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

func utf16Of(s string, big bool) []byte {
	var b []byte
	for _, u := range append([]uint16{0xFEFF}, utf16.Encode([]rune(strings.TrimPrefix(s, "\uFEFF")))...) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return b
}

// TestOtherFiles are what lies beside indicators: each is called what it is.
func TestOtherFiles(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file, text string
		want       Format
	}{
		{"rules.yar", "import \"pe\"\nrule x {\n condition: true\n}\n", Yara},
		{"x.rules", "# rules\nalert dns any any -> any any (msg:\"x\"; sid:1;)\n", Suricata},
		{"README.md", "# Indicators\nevil.com\n", Text},
		{"LICENSE", "Permission is hereby granted, free of charge\n", Text},
		{"notes.txt", "We saw evil.com twice.\nThen nothing more came.\n", Text},
		{"index.html", "<!DOCTYPE html><html></html>", HTML},
		{"x.xml", "<other/>", OtherXML},
		{"manifest.json", `{"` + uid1 + `":{"info":"x","timestamp":"1"}}`, MISPManifest},
		{"x.json", `{"a":1}`, OtherJSON},
		{"x.bin", "\x7fELF\x00\x01\x02", Binary},
		{"domains.txt", "", Empty},
	} {
		_, err := Load(strings.NewReader(tt.text), tt.file)
		var other *otherError
		if !errors.As(err, &other) || other.format != tt.want || !errors.Is(err, limit.ErrUnsupported) {
			t.Errorf("%s: %v, want %s", tt.file, err, tt.want)
		}
	}
	set, err := Load(strings.NewReader("indicators:\n  -\n    type: github\n    name: N\n    sources: [A]\n    references: [https://a.example]\n    github: {owner: o, repo: r, branch: b, path: d/x.stix2}\n  - {type: odd, name: M}\n"), "indicators.yaml")
	if err != nil || len(set.Feeds) != 1 || set.Feeds[0].Address != "https://raw.githubusercontent.com/o/r/b/d/x.stix2" || len(set.Describe().NotUnderstood) != 1 {
		t.Errorf("%+v %v", set, err)
	}
}

// TestMarkings marks indicators of STIX 2 in each way that publishers have.
func TestMarkings(t *testing.T) {
	t.Parallel()
	const amber = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"
	for _, tt := range []struct {
		name string
		text string
		want TLP
	}{
		{"none", bundle(object1(uuid1, "a.com")), Unmarked},
		{"standard_id", bundle(object1(uuid1, "a.com", `"object_marking_refs":["`+amber+`"]`)), Amber},
		{"version_2", bundle(object1(uuid1, "a.com", `"object_marking_refs":["marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"]`)), AmberStrict},
		{"granular", bundle(object1(uuid1, "a.com", `"granular_markings":[{"selectors":["pattern"],"marking_ref":"`+amber+`"}]`)), Amber},
		{"definition_behind", bundle(object1(uuid1, "a.com", `"object_marking_refs":["marking-definition--x"]`), `{"type":"marking-definition","id":"marking-definition--x","definition_type":"tlp","definition":{"tlp":"red"}}`), Red},
		{"statement", bundle(`{"type":"marking-definition","id":"marking-definition--x","definition_type":"statement","definition":{"statement":"Shared as TLP:AMBER with partners"}}`, object1(uuid1, "a.com", `"object_marking_refs":["marking-definition--x"]`)), Amber},
		{"copyright", bundle(`{"type":"marking-definition","id":"marking-definition--x","definition_type":"statement","definition":{"statement":"Copyright 2026, the Lab"}}`, object1(uuid1, "a.com", `"object_marking_refs":["marking-definition--x"]`)), Unmarked},
		{"extension", bundle(`{"type":"marking-definition","id":"marking-definition--x","extensions":{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":{"extension_type":"property-extension","tlp_2_0":"amber"}}}`, object1(uuid1, "a.com", `"object_marking_refs":["marking-definition--x"]`)), Amber},
		{"strictest", bundle(object1(uuid1, "a.com", `"object_marking_refs":["marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9","`+amber+`"]`)), Amber},
	} {
		d := load(t, tt.text).at(0)
		if d.TLP() != tt.want || d.Private() != (tt.want >= Amber) {
			t.Errorf("%s: %s, private %v, want %s", tt.name, d.TLP(), d.Private(), tt.want)
		}
	}
	for text, want := range map[string]TLP{"tlp:white": Clear, "TLP:EX:CHR": Red, "tlp-green": Green, "TLP: AMBER + STRICT": AmberStrict, "atlp:red": Unmarked, "": Unmarked, "helpdesk": Unmarked} {
		if got := parseTLP(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// TestPrivateIsWithheld looks for a private value in all that a set says of
// itself.
func TestPrivateIsWithheld(t *testing.T) {
	t.Parallel()
	set := load(t, bundle(object1(uuid1, "secret-one.com", `"object_marking_refs":["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"]`),
		`{"type":"indicator","id":"`+uuid2+`","pattern":"[file:hashes.MD5='secret-two']"}`, object1("indicator--3", "com.mx", `"object_marking_refs":["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"]`)))
	if text := fmt.Sprintf("%+v", set.Describe()); strings.Contains(text, "secret") || strings.Contains(text, "com.mx") {
		t.Error(text)
	}
}

// TestShortLinks names the service of a short link, and nothing else.
func TestShortLinks(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]string{
		"http://bit.ly/1WONumj": "bit.ly", "https://www.TinyURL.com/ol6qzec?x": "tinyurl.com", "bit.ly/x": "bit.ly", "https://bit.ly/": "", "https://bit.ly": "",
		"https://evil.com/bit.ly/x": "", "https://bit.ly.evil.com/x": "", "http://bit.ly@evil.com/x": "", "https://t.co/abc": "t.co", "": "",
	} {
		if got := ShortLink(link); got != want {
			t.Errorf("%q: %q, want %q", link, got, want)
		}
	}
}

// TestManyRelationships reads a bundle of a million relationships to one
// indicator in linear time.
func TestManyRelationships(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a million relationships")
	}
	t.Parallel()
	r, w := io.Pipe()
	go func() {
		fmt.Fprintf(w, `{"type":"bundle","objects":[%s`, object1(uuid1, "a.com"))
		for i := range 1_000_000 {
			fmt.Fprintf(w, `,{"type":"relationship","id":"relationship--%d","relationship_type":"indicates","source_ref":%q,"target_ref":"malware--%d"}`, i, uuid1, i%5000)
		}
		io.WriteString(w, "]}")
		w.Close()
	}()
	began := time.Now()
	set, err := Load(r, "x")
	if err != nil || set.Len() != 1 {
		t.Fatal(set, err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("took %v", took)
	}
}

// TestLargeParts bounds what must be at hand as a whole: a line, a cell, a
// text between two tags.
func TestLargeParts(t *testing.T) {
	t.Parallel()
	big := func() io.Reader { return io.LimitReader(neverEnding('a'), 40<<20) }
	for name, r := range map[string]io.Reader{
		"domains.txt": io.MultiReader(strings.NewReader("evil.com\n"), big(), strings.NewReader("\nevil-two.com\n")),
		"x.csv":       io.MultiReader(strings.NewReader("domain,ip\nevil.com,192.0.2.1\n\""), big()),
		"x.xml":       io.MultiReader(strings.NewReader("<STIX_Package><Indicators><Indicator id='x'><Title>"), big()),
		"x.ioc":       io.MultiReader(strings.NewReader(`<ioc id="x"><definition><Indicator operator="OR"><IndicatorItem id="evil.com"><Context search="Network/DNS"/><Content/></IndicatorItem></Indicator>`), big()),
		"deep.xml":    io.MultiReader(strings.NewReader("<STIX_Package>"), strings.NewReader(strings.Repeat("<a>", 1_000_000))),
	} {
		set, err := Load(r, name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := set.Describe(); len(d.Notes)+len(d.NotUnderstood) == 0 {
			t.Errorf("%s: nothing is said of what was lost", name)
		}
	}
}

type neverEnding byte

func (c neverEnding) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(c)
	}
	return len(b), nil
}

// TestCredits names all sets that list a value in one hit, the one that says
// most first, and never a private one among others.
func TestCredits(t *testing.T) {
	t.Parallel()
	plain := must(Load(strings.NewReader("evil.com\n"), "a/domains.txt"))
	rich := load(t, bundleOf(expression("domain-name:value", "evil.com")))
	secret := must(LoadWith(strings.NewReader("evil.com\nother.com\n"), "b/domains.txt", Options{Private: true}))
	m := NewMatcher([]*Set{plain, secret, rich})
	hits := m.Match("ios.sms", []artifact.Observable{{Type: artifact.Domain, Value: "evil.com"}}, nil)
	if len(hits) != 2 {
		t.Fatalf("%d hits", len(hits))
	}
	for _, h := range hits {
		switch {
		case h.Indicator.Private() && len(h.Also) == 0:
		case h.Indicator.Set() == rich && len(h.Also) == 1 && h.Also[0].Set() == plain:
		default:
			t.Errorf("%s also %v", h.Indicator.Set().Name, h.Also)
		}
	}
}

func must(s *Set, err error) *Set {
	if err != nil {
		panic(err)
	}
	return s
}

// FuzzForms reads anything under names that lead to each reader.
func FuzzForms(f *testing.F) {
	for _, s := range []string{
		`{"Event":{"info":"x","Attribute":[{"type":"domain","value":"a.com","uuid":"x"}]}}`,
		`<STIX_Package><Indicator id="a"><Object><Properties xsi:type="a:DomainNameObjectType"><Value>a.com</Value></Properties></Object></Indicator></STIX_Package>`,
		`<ioc id="x"><Indicator operator="AND"><IndicatorItem id="a.com"><Context search="Network/DNS"/></IndicatorItem></Indicator></ioc>`,
		"domain,type\na.com,domain\n", "a.com\n1.2.3.4\n", "indicators:\n- {name: x, url: https://a.example}\n", "\xFF\xFEa\x00.\x00", "rule x {",
		bundle(object1(uuid1, "a.com", `"granular_markings":[{"marking_ref":"x"}]`)),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, name := range []string{"x.json", "domains.txt", "x.csv"} {
			set, err := Load(bytes.NewReader(data), name)
			if err != nil {
				continue
			}
			set.Describe()
			m := NewMatcher([]*Set{set})
			for d := range set.All() {
				_ = d.ID() + d.Value() + d.Pattern()
				m.Match("ios.sms", []artifact.Observable{{Type: d.Type(), Value: d.Value()}}, nil)
			}
		}
	})
}
