package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const addressBookPath = "HomeDomain/Library/AddressBook/AddressBook.sqlitedb"

// addressBookSchema is that of iOS 15, without its triggers and indexes.
const addressBookSchema = `
CREATE TABLE ABPerson (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, First TEXT, Last TEXT, Middle TEXT, Organization TEXT, Department TEXT,
	Note TEXT, Kind INTEGER, Birthday TEXT, JobTitle TEXT, Nickname TEXT, FirstSort TEXT, LastSort TEXT, CreationDate INTEGER,
	ModificationDate INTEGER, StoreID INTEGER, ExternalRepresentation BLOB, FirstSortLanguageIndex INTEGER DEFAULT 2147483647,
	PersonLink INTEGER DEFAULT -1, guid TEXT NOT NULL);
CREATE TABLE ABMultiValue (UID INTEGER PRIMARY KEY, record_id INTEGER, property INTEGER, identifier INTEGER, label INTEGER, value TEXT, guid TEXT NOT NULL);
CREATE TABLE ABMultiValueLabel (value TEXT, UNIQUE(value));
CREATE TABLE ABMultiValueEntry (parent_id INTEGER, key INTEGER, value TEXT, UNIQUE(parent_id, key));
CREATE TABLE ABMultiValueEntryKey (value TEXT, UNIQUE(value));
`

func contactsSamples(tb testing.TB) []artifacttest.Sample {
	tb.Helper()
	modern := addressBookSchema + `
INSERT INTO ABPerson (ROWID, First, Middle, Last, Organization, Note, Kind, CreationDate, ModificationDate, StoreID, ExternalRepresentation, guid) VALUES
	(1, 'Ana', 'María', 'Ejemplo', NULL, 'met in 2021, https://note.example.com', 0, 700000000, 700000100.5, 1, x'0102', 'P-1'),
	(2, NULL, NULL, NULL, 'Centro Prodh', NULL, 1, 700000200, 0, 1, NULL, 'P-2'),
	(3, 'Sin', NULL, 'Valores', NULL, NULL, 0, NULL, NULL, 0, NULL, 'P-3');
INSERT INTO ABMultiValueLabel (ROWID, value) VALUES (1, '_$!<Mobile>!$_'), (2, '_$!<HomePage>!$_'), (3, 'Signal');
INSERT INTO ABMultiValueEntryKey (ROWID, value) VALUES (1, 'Street'), (2, 'ZIP'), (3, 'url'), (4, 'username');
INSERT INTO ABMultiValue VALUES
	(1, 1, 3, 0, 1, '+52 (55) 5555 0101', 'V-1'), (2, 1, 4, 0, NULL, 'ana@example.org', 'V-2'), (3, 2, 22, 0, 2, 'centroprodh.example.org', 'V-3'),
	(4, 2, 5, 0, NULL, NULL, 'V-4'), (5, 1, 46, 0, 3, NULL, 'V-5'), (6, 1, 99, 0, NULL, 'see https://example.org/x', 'V-6'), (7, 77, 3, 0, 9, '1-800-MY-APPLE', 'V-7');
INSERT INTO ABMultiValueEntry VALUES (4, 1, 'Calle 1'), (4, 2, '06000'), (5, 3, 'https://social.example.com/ana'), (5, 4, 'ana'), (5, 8, 'unknown key');
`
	old := `
CREATE TABLE ABPerson (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, First TEXT, Last TEXT, Organization TEXT);
CREATE TABLE ABMultiValue (UID INTEGER PRIMARY KEY, record_id INTEGER, property INTEGER, value TEXT);
INSERT INTO ABPerson VALUES (1, 'Ana', NULL, NULL);
INSERT INTO ABMultiValue VALUES (1, 1, 3, '5555 0101');
`
	bad := addressBookSchema + `
INSERT INTO ABPerson (ROWID, First, Last, Organization, CreationDate, guid) VALUES (-5, x'ff', 7, 1.5, 'today', 'P-1'), (2, '', NULL, x'00', x'', x'00');
INSERT INTO ABMultiValue VALUES (1, 'one', 'phone', NULL, 'home', x'ff00', 'V-1'), (2, -5, 3, 0, 1, 5550101, 'V-2'), (3, -5, 1e300, 0, 1, 'ok@example.org', 'V-3');
INSERT INTO ABMultiValueEntry VALUES ('x', 'y', 'z'), (1, NULL, x'00'), (2, 1, 1.5);
`
	return []artifacttest.Sample{
		databaseSample(tb, "modern", addressBookPath, modern),
		databaseSample(tb, "old", addressBookPath, old),
		withBadValues(databaseSample(tb, "bad", addressBookPath, bad)),
	}
}

func TestContacts(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, contacts{}, "testdata/contacts", contactsSamples(t)...)
}

func FuzzContacts(f *testing.F) { artifacttest.Fuzz(f, contacts{}, contactsSamples(f)...) }

func TestContactsObserve(t *testing.T) {
	t.Parallel()
	recs, _ := artifacttest.Parse(t, contacts{}, contactsSamples(t)[0])
	var got []artifact.Observable
	for _, r := range recs {
		got = append(got, r.Observed...)
	}
	compareObserved(t, &artifact.Record{Observed: got}, []artifact.Observable{
		{Type: artifact.URL, Value: "https://note.example.com", Field: "Note"},
		{Type: artifact.Phone, Value: "+52 (55) 5555 0101", Field: "value"},
		{Type: artifact.Email, Value: "ana@example.org", Field: "value"},
		{Type: artifact.URL, Value: "centroprodh.example.org", Field: "value"},
		{Type: artifact.URL, Value: "https://social.example.com/ana", Field: "entries"},
		{Type: artifact.URL, Value: "https://example.org/x", Field: "value"},
	})
}

// TestContactsOfRealPhone reads an address book that has both a write-ahead
// log and values of every sort.
func TestContactsOfRealPhone(t *testing.T) {
	t.Parallel()
	files := unzipEvidence(t, "testdata.addressBook.addressBook.josh_ios15_ffs.zip")
	s := artifacttest.Sample{Path: addressBookPath, Files: map[string][]byte{
		addressBookPath: files["AddressBook.sqlitedb"], addressBookPath + "-wal": files["AddressBook.sqlitedb-wal"],
	}}
	recs, errs := artifacttest.Parse(t, contacts{}, s)
	if errs != nil {
		t.Fatal(errs)
	}
	kinds := map[artifact.Kind]int{}
	for _, r := range recs {
		kinds[r.Kind]++
	}
	if kinds["contact"] != 9 || kinds["contact_value"] != 13 {
		t.Errorf("kinds %v, want 9 contacts with 13 values", kinds)
	}
	if got := recs[9].Text("value"); got != "(919) 888-7386" {
		t.Errorf("the first value is %q", got)
	}
}
