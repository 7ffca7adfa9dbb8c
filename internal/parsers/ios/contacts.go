package ios

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// contacts reads the phone's address book.
type contacts struct{}

var contactsInfo = artifact.Info{
	Name:    "ios.contacts",
	Version: 1,
	Summary: "The address book: people and organizations with their numbers and addresses.",
	Files:   onPhone("HomeDomain/Library/AddressBook/AddressBook.sqlitedb"),
	Kinds: []artifact.KindInfo{
		{
			Kind: "contact_value",
			Doc:  "One number, address or link of a contact (table ABMultiValue, with its ABPerson).",
			Fields: []artifact.FieldInfo{
				{Name: "id", Type: artifact.Int, Doc: "UID, the number of the row"},
				{Name: "person_id", Type: artifact.Int, Doc: "the contact (record_id, row of ABPerson)"},
				{Name: "property", Type: artifact.Text, Doc: "what it is: phone, email, address, url, social_profile and so on; a number where that is not known"},
				{Name: "label", Type: artifact.Text, Doc: "home, work, mobile or the person's own word"},
				{Name: "value", Type: artifact.Text, Doc: "the number, address or link"},
				{Name: "entries", Type: artifact.Tree, Doc: "the parts of a value that has several, such as a postal address (ABMultiValueEntry)"},
				{Name: "First", Type: artifact.Text, Doc: "given name"},
				{Name: "Middle", Type: artifact.Text, Doc: "middle name"},
				{Name: "Last", Type: artifact.Text, Doc: "family name"},
				{Name: "Organization", Type: artifact.Text, Doc: "company or organization"},
				otherColumns,
			},
		},
		{
			Kind: "contact",
			Doc: "One contact (table ABPerson). Columns that are not listed are fields under their own names " +
				"unless they are NULL, 0 or empty; sort keys are left out, and of bytes only the length is told.",
			Fields: []artifact.FieldInfo{
				{Name: "id", Type: artifact.Int, Doc: "ROWID, the number of the row"},
				{Name: "First", Type: artifact.Text, Doc: "given name"},
				{Name: "Middle", Type: artifact.Text, Doc: "middle name"},
				{Name: "Last", Type: artifact.Text, Doc: "family name"},
				{Name: "Organization", Type: artifact.Text, Doc: "company or organization"},
				{Name: "Note", Type: artifact.Text, Doc: "what the owner wrote about the contact"},
				otherColumns,
			},
			Times: []string{"created", "modified"},
		},
	},
	Refs: []string{
		"https://github.com/mvt-project/mvt (module contacts)",
		"https://github.com/abrignoni/iLEAPP (artifact addressBook)",
	},
	Caveats: []string{"Contacts of accounts that are not synchronized with the phone are not here."},
}

// The numbers of ABMultiValue.property, kABPersonPhoneProperty and so on of
// Apple's AddressBook framework, as databases of iOS hold them.
var contactProperties = map[int64]string{
	3: "phone", 4: "email", 5: "address", 12: "date", 13: "instant_message",
	16: "ringtone", 22: "url", 23: "related_name", 46: "social_profile",
}

// sortColumns are collation keys and their like: bytes for sorting, no text.
var sortColumns = []string{
	"FirstSort", "LastSort", "FirstSortSection", "LastSortSection",
	"FirstSortLanguageIndex", "LastSortLanguageIndex", "PhonemeData",
}

// Info describes the parser.
func (contacts) Info() artifact.Info { return contactsInfo }

// Parse yields the contacts of an address book, then their values.
func (contacts) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readContacts)
}

// A contactReader reads the people, then their values.
type contactReader struct {
	r      *reading
	people side // First, Middle, Last, Organization of each person
	name   [4]artifact.Value

	labels  map[int64]string
	keys    map[int64]string
	entries side // key and value, by the value that they are a part of
	summary func([]byte) []byte
	full    bool // people holds no more
}

func readContacts(r *reading) error {
	c := &contactReader{r: r}
	c.summary = c.summarize
	people, err := r.table("ABPerson")
	if err != nil {
		return err
	}
	if err := c.readPeople(people); err != nil {
		return err
	}
	values := r.optional("ABMultiValue")
	if values == nil {
		return nil
	}
	if err := c.readParts(); err != nil {
		return err
	}
	return c.readValues(values)
}

func (c *contactReader) readPeople(t *table) error {
	id := t.take("ROWID")
	names := [4]int{t.take("First"), t.take("Middle"), t.take("Last"), t.take("Organization")}
	created, modified := t.take("CreationDate"), t.take("ModificationDate")
	note := t.find("Note")
	t.field("Note", "Note")
	t.hide(sortColumns...)
	t.seal(contactsInfo.Kinds[1])
	err := t.each(func() error {
		rec := t.start("contact")
		rec.Set("id", t.value(id))
		for i, column := range names {
			c.name[i] = t.value(column)
		}
		c.setNames(rec)
		t.set(rec)
		c.observeText(rec, t.text(note), "Note")
		rec.When("created", artifact.MacSeconds, t.number(created))
		rec.When("modified", artifact.MacSeconds, t.number(modified))
		rec.Summary = c.summary
		if !c.full && !c.people.add(t.rowID(), c.name[:]...) {
			c.full = true
			if err := c.r.unjoined(t.tooMuch()); err != nil {
				return err
			}
		}
		return t.give()
	})
	c.people.sort()
	return err
}

func (c *contactReader) setNames(rec *artifact.Record) {
	for i, field := range [...]string{"First", "Middle", "Last", "Organization"} {
		rec.Set(field, c.name[i])
	}
}

// readParts reads the labels of values, and the parts of those that have several.
func (c *contactReader) readParts() (err error) {
	if c.labels, err = c.r.optional("ABMultiValueLabel").texts("value"); err != nil {
		return err
	}
	if c.keys, err = c.r.optional("ABMultiValueEntryKey").texts("value"); err != nil {
		return err
	}
	t := c.r.optional("ABMultiValueEntry")
	if t == nil {
		return nil
	}
	parent, key, value := t.find("parent_id"), t.find("key"), t.find("value")
	err = t.each(func() error {
		if !c.entries.add(t.key(parent), artifact.IntValue(t.key(key)), t.value(value)) {
			return t.tooMuch()
		}
		return nil
	})
	c.entries.sort()
	return c.r.unjoined(err)
}

func (c *contactReader) readValues(t *table) error {
	id, person, property := t.take("UID"), t.take("record_id"), t.take("property")
	label, value := t.take("label"), t.take("value")
	t.take("identifier")
	t.seal(contactsInfo.Kinds[0])
	return t.each(func() error {
		rec := t.start("contact_value")
		rec.Set("id", t.value(id))
		rec.Set("person_id", t.value(person))
		kind := contactProperty(t, property)
		rec.Set("property", artifact.TextOrNull(kind))
		rec.Set("label", artifact.TextOrNull(plainLabel(c.labels[t.key(label)])))
		rec.Set("value", t.value(value))
		c.people.first(t.key(person), c.name[:])
		c.observe(rec, kind, t.text(value))
		c.setEntries(rec, t.rowID())
		c.setNames(rec)
		t.set(rec)
		rec.Summary = c.summary
		return t.give()
	})
}

// contactProperty names what a value is.
func contactProperty(t *table, property int) string {
	n, ok := t.integer(property)
	if name := contactProperties[n]; name != "" || !ok {
		return name
	}
	return strconv.FormatInt(n, 10)
}

// plainLabel takes a label of Apple's own out of its brackets: _$!<Mobile>!$_.
func plainLabel(s string) string {
	return strings.TrimSuffix(strings.TrimPrefix(s, "_$!<"), ">!$_")
}

// observe notes what a value can be matched by. People put links and
// addresses in any field, so its looks count where its kind says nothing.
func (c *contactReader) observe(rec *artifact.Record, kind, value string) {
	switch {
	case value == "":
	case kind == "url":
		rec.Observe(artifact.URL, value, "value")
	case kind == "phone":
		if t, v := address(value); t == artifact.Phone {
			rec.Observe(t, v, "value")
		}
	default:
		c.observeText(rec, value, "value")
	}
}

// observeText notes the e-mail address and the links in a text of any kind;
// digits in it may be anything, a postal code or a date.
func (c *contactReader) observeText(rec *artifact.Record, text, field string) {
	if t, v := address(text); t == artifact.Email {
		rec.Observe(t, v, field)
	}
	for _, link := range c.r.addLinks(nil, text) {
		rec.Observe(artifact.URL, link, field)
	}
}

// setEntries sets the parts of the value with that number.
func (c *contactReader) setEntries(rec *artifact.Record, uid int64) {
	found := c.entries.find(uid)
	if len(found) == 0 {
		return
	}
	parts := map[string]any{}
	var values [2]artifact.Value
	for _, row := range found[:min(len(found), maxList)] {
		c.entries.read(row, values[:])
		n, _ := values[0].Int()
		key := firstText(c.keys[n], strconv.FormatInt(n, 10))
		parts[key] = plainValue(values[1])
	}
	rec.Set("entries", artifact.TreeValue(parts))
	for _, key := range slices.Sorted(maps.Keys(parts)) {
		if s, ok := parts[key].(string); ok {
			c.observeText(rec, s, "entries")
		}
	}
}

// plainValue returns a column's value as a part of a tree.
func plainValue(v artifact.Value) any {
	if n, ok := v.Int(); ok {
		return n
	}
	if f, ok := v.Float(); ok {
		return f
	}
	if s, ok := v.Str(); ok {
		return s
	}
	return v.Bytes()
}

func (c *contactReader) summarize(b []byte) []byte {
	rec := &c.r.Rec
	return appendSummary(b, "contact: ", rec.Text("First"), " ", rec.Text("Last"), " ",
		rec.Text("Organization"), " ", rec.Text("label"), " ", rec.Text("value"))
}
