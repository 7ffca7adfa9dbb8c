package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const waContactsPath = whatsAppGroup + whatsAppContacts

// waContactsSchema has the columns of a real file of 2025, and waContactsOld
// those of one of 2023 (iLEAPP's test data, josh_ios15_ffs).
const (
	waContactsSchema = `
CREATE TABLE ZWAADDRESSBOOKCONTACT (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZFULLNAME BLOB, ZGIVENNAME BLOB, ZLASTNAME BLOB, ZUSERNAME BLOB, ZBUSINESSNAME BLOB, ZPHONENUMBER BLOB, ZLOCALIZEDPHONENUMBER BLOB, ZWHATSAPPID BLOB, ZLID BLOB, ZABOUTTEXT BLOB, ZABOUTEMOJI BLOB, ZNOTES BLOB, ZDISAPPEARINGMODEDURATION REAL, ZDISAPPEARINGMODETIMESTAMP REAL, ZABOUTTIMESTAMP REAL, ZABOUTEXPIRATIONTIMESTAMP REAL, ZLASTUPDATED REAL, ZPHONESTATUS INTEGER, ZSYNCPOLICY INTEGER);
`
	waContactsOld = `
CREATE TABLE ZWAADDRESSBOOKCONTACT (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZDISAPPEARINGMODEDURATION INTEGER, ZPHONESTATUS INTEGER, ZSECTIONSORT INTEGER, ZSORT INTEGER, ZSPOTLIGHTSTATUS INTEGER, ZABOUTTIMESTAMP TIMESTAMP, ZDISAPPEARINGMODETIMESTAMP TIMESTAMP, ZABOUTTEXT VARCHAR, ZFULLNAME VARCHAR, ZGIVENNAME VARCHAR, ZHIGHLIGHTEDNAME VARCHAR, ZIDENTIFIER VARCHAR, ZLOCALIZEDPHONENUMBER VARCHAR, ZPHONENUMBER VARCHAR, ZPHONENUMBERLABEL VARCHAR, ZSEARCHTOKENLIST VARCHAR, ZSECTIONTITLE VARCHAR, ZWHATSAPPID VARCHAR, ZDEVICELIST BLOB);
`
)

func waContactsSamples(tb testing.TB) []artifacttest.Sample {
	tb.Helper()
	return []artifacttest.Sample{
		databaseSample(tb, "new", waContactsPath, waContactsSchema+`
INSERT INTO ZWAADDRESSBOOKCONTACT (Z_PK, ZFULLNAME, ZGIVENNAME, ZPHONENUMBER, ZWHATSAPPID, ZLID, ZABOUTTEXT, ZNOTES, ZDISAPPEARINGMODEDURATION, ZDISAPPEARINGMODETIMESTAMP, ZABOUTTIMESTAMP, ZLASTUPDATED, ZPHONESTATUS) VALUES
	(1, 'Ana Pérez', 'Ana', '+525555550101', '525555550101@s.whatsapp.net', '1001@lid', 'see https://about.example.com/a', 'note', 604800, 700000000, 690000000.5, 700000100, 1),
	(2, 'Luis', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, 0),
	(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 90, NULL, NULL, NULL, NULL);
`),
		databaseSample(tb, "old", waContactsPath, waContactsOld+`
INSERT INTO ZWAADDRESSBOOKCONTACT (Z_PK, ZFULLNAME, ZPHONENUMBER, ZDISAPPEARINGMODEDURATION, ZDEVICELIST, ZSECTIONTITLE) VALUES (7, 'Ana', '+525555550101', 86400, x'0102', 'A');
`),
		withBadValues(databaseSample(tb, "bad", waContactsPath, waContactsSchema+`
INSERT INTO ZWAADDRESSBOOKCONTACT (Z_PK, ZFULLNAME, ZPHONENUMBER, ZABOUTTEXT, ZDISAPPEARINGMODEDURATION, ZDISAPPEARINGMODETIMESTAMP, ZLASTUPDATED) VALUES (1, x'ff00', 7, 1.5, 'often', 'yesterday', 1e300), (2, 'x', x'00', '', 1e300, 0, -1);
`)),
	}
}

func TestWhatsAppContacts(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, whatsAppContactList{}, "testdata/whatsapp_contacts", waContactsSamples(t)...)
}

func FuzzWhatsAppContacts(f *testing.F) {
	artifacttest.Fuzz(f, whatsAppContactList{}, waContactsSamples(f)...)
}

func TestRealWhatsAppContacts(t *testing.T) {
	t.Parallel()
	data := readEvidence(t, "ios_backup_small", "b8", "b8548dc30aa1030df0ce18ef08b882cf7ab5212f")
	s := artifacttest.Sample{Name: "real", Path: waContactsPath, Files: map[string][]byte{waContactsPath: data}}
	recs, errs := artifacttest.Parse(t, whatsAppContactList{}, s)
	if len(recs) == 0 || len(errs) != 0 {
		t.Errorf("%d records, %v", len(recs), errs)
	}
}
