package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const interactionPath = "HomeDomain/Library/CoreDuet/People/interactionC.db"

// interactionSchema is that of iOS 16, without what only Core Data uses.
const interactionSchema = `
CREATE TABLE ZINTERACTIONS (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZDIRECTION INTEGER, ZISRESPONSE INTEGER,
	ZMECHANISM INTEGER, ZRECIPIENTCOUNT INTEGER, ZSENDER INTEGER, ZCREATIONDATE TIMESTAMP, ZENDDATE TIMESTAMP, ZSTARTDATE TIMESTAMP,
	ZACCOUNT VARCHAR, ZBUNDLEID VARCHAR, ZCONTENTURL VARCHAR, ZDERIVEDINTENTIDENTIFIER VARCHAR, ZDOMAINIDENTIFIER VARCHAR,
	ZGROUPNAME VARCHAR, ZLOCATIONUUID VARCHAR, ZNSUSERNAME VARCHAR, ZTARGETBUNDLEID VARCHAR, ZUUID VARCHAR);
CREATE TABLE ZCONTACTS (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZINCOMINGRECIPIENTCOUNT INTEGER, ZINCOMINGSENDERCOUNT INTEGER,
	ZOUTGOINGRECIPIENTCOUNT INTEGER, ZPERSONIDTYPE INTEGER, ZTYPE INTEGER, ZCREATIONDATE TIMESTAMP, ZFIRSTINCOMINGRECIPIENTDATE TIMESTAMP,
	ZFIRSTINCOMINGSENDERDATE TIMESTAMP, ZFIRSTOUTGOINGRECIPIENTDATE TIMESTAMP, ZLASTINCOMINGRECIPIENTDATE TIMESTAMP,
	ZLASTINCOMINGSENDERDATE TIMESTAMP, ZLASTOUTGOINGRECIPIENTDATE TIMESTAMP, ZCUSTOMIDENTIFIER VARCHAR, ZDISPLAYNAME VARCHAR,
	ZIDENTIFIER VARCHAR, ZPERSONID VARCHAR);
CREATE TABLE ZATTACHMENT (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZSIZEINBYTES INTEGER, ZCLOUDIDENTIFIER VARCHAR,
	ZCONTENTTEXT VARCHAR, ZCONTENTURL VARCHAR, ZPHOTOLOCALIDENTIFIER VARCHAR, ZUTI VARCHAR, ZIDENTIFIER BLOB);
CREATE TABLE Z_1INTERACTIONS (Z_1ATTACHMENTS INTEGER, Z_3INTERACTIONS INTEGER, PRIMARY KEY (Z_1ATTACHMENTS, Z_3INTERACTIONS));
CREATE TABLE Z_2INTERACTIONRECIPIENT (Z_2RECIPIENTS INTEGER, Z_3INTERACTIONRECIPIENT INTEGER, PRIMARY KEY (Z_2RECIPIENTS, Z_3INTERACTIONRECIPIENT));
CREATE TABLE Z_3KEYWORDS (Z_3INTERACTIONS INTEGER, Z_4KEYWORDS INTEGER);
`

func interactionSamples(tb testing.TB) []artifacttest.Sample {
	tb.Helper()
	modern := databaseSample(tb, "modern", interactionPath, interactionSchema+`
INSERT INTO ZCONTACTS (Z_PK, ZDISPLAYNAME, ZIDENTIFIER, ZPERSONID, ZCUSTOMIDENTIFIER, ZCREATIONDATE, ZFIRSTINCOMINGSENDERDATE, ZLASTINCOMINGSENDERDATE, ZINCOMINGSENDERCOUNT, ZOUTGOINGRECIPIENTCOUNT) VALUES
	(1, 'Ana', '+525555550101', 'P-1', NULL, 699000000, 699000001, 700000000.5, 2, 0),
	(2, NULL, '100000000000001@lid', NULL, '100000000000001@lid', NULL, NULL, NULL, NULL, 1),
	(3, 'Beto', 'beto@example.org', 'P-3', NULL, NULL, NULL, NULL, 0, 0);
INSERT INTO ZINTERACTIONS (Z_PK, Z_ENT, Z_OPT, ZDIRECTION, ZISRESPONSE, ZMECHANISM, ZRECIPIENTCOUNT, ZSENDER, ZCREATIONDATE, ZENDDATE, ZSTARTDATE, ZACCOUNT, ZBUNDLEID, ZCONTENTURL, ZDOMAINIDENTIFIER, ZGROUPNAME, ZTARGETBUNDLEID, ZUUID) VALUES
	(1, 9, 1, 0, 0, 13, 1, 1, 700000001, 700000000, 700000000, 'owner@example.org', 'com.apple.MobileSMS', NULL, 'SMS;-;+525555550101', NULL, NULL, 'U-1'),
	(2, 9, 1, 1, 1, 13, 2, NULL, 700000100, 700000110.5, 700000100, NULL, 'net.whatsapp.WhatsApp', NULL, '120363012345678901@g.us', 'Grupo', NULL, 'U-2'),
	(3, 9, 1, 0, 0, 4, 1, 3, 700010000, 700000200, 700000200, NULL, 'com.apple.mobilemail', 'https://mail.example.com/1', NULL, NULL, 'com.apple.mobilemail', NULL),
	(4, 9, 1, 0, 0, 13, 1, 2, 700000300, 700000300, 700000300, NULL, 'net.whatsapp.WhatsApp', NULL, '100000000000001@lid', NULL, NULL, NULL);
INSERT INTO Z_2INTERACTIONRECIPIENT VALUES (2, 2), (3, 2), (99, 4);
INSERT INTO ZATTACHMENT VALUES (1, 1, 1, 512, 'cloud', 'look: https://lure.example.com/x', 'https://files.example.com/a.pdf', 'photo-1', 'com.adobe.pdf', x'0123456789abcdef');
INSERT INTO Z_1INTERACTIONS VALUES (1, 3);
`)
	modern.Files[whatsAppGroup+whatsAppLID] = lidSample(tb)
	modern.Files[whatsAppGroup+whatsAppContacts] = contactsV2Sample(tb)
	old := databaseSample(tb, "old", interactionPath, `
CREATE TABLE ZINTERACTIONS (Z_PK INTEGER PRIMARY KEY, ZDIRECTION INTEGER, ZMECHANISM INTEGER, ZSENDER INTEGER, ZCREATIONDATE TIMESTAMP,
	ZENDDATE TIMESTAMP, ZSTARTDATE TIMESTAMP, ZBUNDLEID VARCHAR, ZACCOUNT VARCHAR, ZDOMAINIDENTIFIER VARCHAR);
CREATE TABLE ZCONTACTS (Z_PK INTEGER PRIMARY KEY, ZDISPLAYNAME VARCHAR, ZIDENTIFIER VARCHAR, ZPERSONID INTEGER);
CREATE TABLE Z_2INTERACTIONRECIPIENT (Z_2RECIPIENTS INTEGER, Z_4INTERACTIONRECIPIENT INTEGER);
INSERT INTO ZINTERACTIONS VALUES (1, 1, 2, NULL, 420000000, 420000000, 420000000, 'com.apple.mobilephone', NULL, 'd');
INSERT INTO ZCONTACTS VALUES (1, 'Ana', '+525555550101', 42);
INSERT INTO Z_2INTERACTIONRECIPIENT VALUES (1, 1);
`)
	bad := databaseSample(tb, "bad", interactionPath, interactionSchema+`
INSERT INTO ZCONTACTS (Z_PK, ZDISPLAYNAME, ZIDENTIFIER, ZCREATIONDATE) VALUES (1, x'ff', 5550101, 'never'), (2, '', x'00ff', x'00');
INSERT INTO ZINTERACTIONS (Z_PK, ZDIRECTION, ZSENDER, ZSTARTDATE, ZENDDATE, ZCREATIONDATE, ZBUNDLEID) VALUES
	(1, 'in', 'one', x'00', x'00', 'x', x'ff'), (2, 7, 1, 'a', 1, NULL, 3), (9223372036854775807, 0, 1, 1e300, -1e300, 0, '');
INSERT INTO Z_2INTERACTIONRECIPIENT VALUES (1, 2), ('x', 2), (2, 2);
INSERT INTO ZATTACHMENT (Z_PK, ZCONTENTTEXT, ZIDENTIFIER, ZSIZEINBYTES) VALUES (1, x'00', 'text', 'big');
INSERT INTO Z_1INTERACTIONS VALUES (1, 2);
`)
	return []artifacttest.Sample{modern, old, withBadValues(bad)}
}

func TestInteractionC(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, interactionC{}, "testdata/interaction_c", interactionSamples(t)...)
}

func FuzzInteractionC(f *testing.F) { artifacttest.Fuzz(f, interactionC{}, interactionSamples(f)...) }

func TestInteractionCObserves(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, interactionC{}, interactionSamples(t)[0])
	if errs != nil {
		t.Fatal(errs)
	}
	compareObserved(t, recs[6], []artifact.Observable{
		{Type: artifact.AppID, Value: "com.apple.mobilemail", Field: "bundle_id"},
		{Type: artifact.Email, Value: "beto@example.org", Field: "sender_identifier"},
		{Type: artifact.URL, Value: "https://mail.example.com/1", Field: "links"},
		{Type: artifact.URL, Value: "https://lure.example.com/x", Field: "links"},
		{Type: artifact.URL, Value: "https://files.example.com/a.pdf", Field: "links"},
	})
}

// TestInteractionCCombinations: an interaction with very many recipients and
// attachments costs an error, and not their product.
func TestInteractionCCombinations(t *testing.T) {
	t.Parallel()
	s := databaseSample(t, "many", interactionPath, interactionSchema+`
INSERT INTO ZINTERACTIONS (Z_PK, ZDIRECTION) VALUES (1, 0), (2, 0);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO Z_2INTERACTIONRECIPIENT SELECT i, 1 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO Z_1INTERACTIONS SELECT i, 1 FROM n;
INSERT INTO ZATTACHMENT (Z_PK, ZUTI) VALUES (1, 'x');
`)
	recs, errs := artifacttest.Parse(t, interactionC{}, s)
	if len(recs) != maxList+1 || len(errs) != 1 {
		t.Errorf("%d records and errors %v, want %d records and one error", len(recs), errs, maxList+1)
	}
}

func TestInteractionCOfRealBackup(t *testing.T) {
	t.Parallel()
	const small = "ios_backup_small"
	s := artifacttest.Sample{Path: interactionPath, Files: map[string][]byte{
		interactionPath:                  readEvidence(t, small, "1f", "1f5a521220a3ad80ebfdc196978df8e7a2e49dee"),
		whatsAppGroup + whatsAppLID:      readEvidence(t, small, "e7", "e794f6ffcc3c222535f47684a63d5178da3c4500"),
		whatsAppGroup + whatsAppContacts: readEvidence(t, small, "b8", "b8548dc30aa1030df0ce18ef08b882cf7ab5212f"),
	}}
	artifacttest.Laws(t, interactionC{}, s)
	recs, errs := artifacttest.Parse(t, interactionC{}, s)
	if len(recs) != 6 || errs != nil {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	if got := recs[3].Text("sender_resolved_phone_number"); got != "+14155550100" {
		t.Errorf("the sender's hidden identity is resolved to %q", got)
	}
	// The third interaction's row was written three months after its start.
	if got := recs[5].Times; len(got) != 2 || got[1].Meaning != "interactions_creation_date" {
		t.Errorf("times %+v", got)
	}
}
