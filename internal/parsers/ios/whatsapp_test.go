package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const chatStoragePath = whatsAppGroup + "ChatStorage.sqlite"

// whatsAppSchema is that of WhatsApp 2.24, without columns and tables that
// only Core Data uses.
const whatsAppSchema = `
CREATE TABLE ZWAMESSAGE (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZCHILDMESSAGESDELIVEREDCOUNT INTEGER,
	ZDATAITEMVERSION INTEGER, ZDOCID INTEGER, ZENCRETRYCOUNT INTEGER, ZFILTEREDRECIPIENTCOUNT INTEGER, ZISFROMME INTEGER,
	ZMESSAGEERRORSTATUS INTEGER, ZMESSAGESTATUS INTEGER, ZMESSAGETYPE INTEGER, ZSORT INTEGER, ZSPOTLIGHTSTATUS INTEGER,
	ZSTARRED INTEGER, ZCHATSESSION INTEGER, ZGROUPMEMBER INTEGER, ZLASTSESSION INTEGER, ZMEDIAITEM INTEGER,
	ZMESSAGEINFO INTEGER, ZPARENTMESSAGE INTEGER, ZMESSAGEDATE TIMESTAMP, ZSENTDATE TIMESTAMP, ZFROMJID VARCHAR,
	ZMEDIASECTIONID VARCHAR, ZPHASH VARCHAR, ZPUSHNAME VARCHAR, ZSTANZAID VARCHAR, ZTEXT VARCHAR, ZTOJID VARCHAR);
CREATE TABLE ZWACHATSESSION (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZARCHIVED INTEGER, ZHIDDEN INTEGER,
	ZMESSAGECOUNTER INTEGER, ZREMOVED INTEGER, ZSESSIONTYPE INTEGER, ZUNREADCOUNT INTEGER, ZGROUPINFO INTEGER,
	ZLASTMESSAGEDATE TIMESTAMP, ZCONTACTIDENTIFIER VARCHAR, ZCONTACTJID VARCHAR, ZPARTNERNAME VARCHAR);
CREATE TABLE ZWAGROUPINFO (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZCHATSESSION INTEGER, ZCREATIONDATE TIMESTAMP, ZOWNERJID VARCHAR);
CREATE TABLE ZWAGROUPMEMBER (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZCHATSESSION INTEGER, ZCONTACTNAME VARCHAR, ZFIRSTNAME VARCHAR, ZMEMBERJID VARCHAR);
CREATE TABLE ZWAMEDIAITEM (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZFILESIZE INTEGER, ZMESSAGE INTEGER,
	ZLATITUDE FLOAT, ZLONGITUDE FLOAT, ZAUTHORNAME VARCHAR, ZMEDIALOCALPATH VARCHAR, ZMEDIAURL VARCHAR, ZTITLE VARCHAR, ZVCARDNAME VARCHAR, ZMETADATA BLOB);
CREATE TABLE ZWAMESSAGEDATAITEM (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZINDEX INTEGER, ZTYPE INTEGER, ZMESSAGE INTEGER,
	ZDATE TIMESTAMP, ZCONTENT1 VARCHAR, ZCONTENT2 VARCHAR, ZMATCHEDTEXT VARCHAR, ZSENDERJID VARCHAR, ZSUMMARY VARCHAR, ZTITLE VARCHAR);
`

func lidSample(tb testing.TB) []byte {
	tb.Helper()
	return artifacttest.SQLite(tb, `
CREATE TABLE ZWAPHONENUMBERLIDPAIR (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZTIMESTAMP TIMESTAMP, ZLID VARCHAR, ZPHONENUMBER VARCHAR);
INSERT INTO ZWAPHONENUMBERLIDPAIR VALUES (1, 3, 1, 700000000.25, '100000000000001', '5215555550101'),
	(2, 3, 1, 700000001, '100000000000002@lid', '5215555550102@s.whatsapp.net');
CREATE TABLE ZWAZACCOUNT (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZIDENTIFIER VARCHAR, ZPHONENUMBER VARCHAR, ZCREATEDAT TIMESTAMP);
INSERT INTO ZWAZACCOUNT VALUES (1, 2, 1, '100000000000003@lid', '+5215555550103', 700000002);
`)
}

func contactsV2Sample(tb testing.TB) []byte {
	tb.Helper()
	return artifacttest.SQLite(tb, `
CREATE TABLE ZWAADDRESSBOOKCONTACT (Z_PK INTEGER PRIMARY KEY, ZFULLNAME VARCHAR, ZGIVENNAME VARCHAR, ZLASTNAME VARCHAR,
	ZBUSINESSNAME VARCHAR, ZPHONENUMBER VARCHAR, ZWHATSAPPID VARCHAR, ZLID BLOB);
INSERT INTO ZWAADDRESSBOOKCONTACT VALUES (1, 'Ana Ejemplo', 'Ana', 'Ejemplo', NULL, '+52 1 55 5555 0101', '5215555550101@s.whatsapp.net', CAST('100000000000001@lid' AS BLOB)),
	(2, NULL, 'Beto', 'Prueba', NULL, '+5215555550104', NULL, NULL);
`)
}

func whatsAppSamples(tb testing.TB) []artifacttest.Sample {
	tb.Helper()
	modern := databaseSample(tb, "modern", chatStoragePath, whatsAppSchema+`
INSERT INTO ZWACHATSESSION VALUES (1, 4, 1, 0, 0, 3, 0, 0, 1, NULL, 700000300.5, NULL, '100000000000001@lid', 'Ana'),
	(2, 4, 1, 1, 0, 9, 0, 1, 0, 1, 700000400, NULL, '120363012345678901@g.us', 'Grupo'),
	(3, 4, 1, 0, 1, 0, 1, 0, 0, NULL, NULL, '5215555550109@s.whatsapp.net', '100000000000009@lid', 'Nadie');
INSERT INTO ZWAGROUPINFO VALUES (1, 5, 1, 2, 699000000, '5215555550102@s.whatsapp.net');
INSERT INTO ZWAGROUPMEMBER VALUES (1, 6, 1, 2, 'Carla', NULL, '100000000000002@lid'), (2, 6, 1, 2, NULL, 'Beto', '5215555550104:12@s.whatsapp.net');
INSERT INTO ZWAMESSAGE (Z_PK, Z_ENT, Z_OPT, ZISFROMME, ZMESSAGETYPE, ZCHATSESSION, ZGROUPMEMBER, ZMEDIAITEM, ZMESSAGEDATE, ZSENTDATE, ZFROMJID, ZPUSHNAME, ZSTANZAID, ZTEXT, ZTOJID, ZSTARRED) VALUES
	(1, 9, 1, 0, 0, 1, NULL, NULL, 700000000.5, NULL, '100000000000001@lid', 'anita', 'S-1', 'mira esto: https://lure.example.com/a?b=c y www.example.org', NULL, 0),
	(2, 9, 1, 1, 0, 1, NULL, NULL, 700000100, 700000101, NULL, NULL, 'S-2', 'visto', '5215555550101@s.whatsapp.net', 1),
	(3, 9, 1, 0, 7, 2, 1, 1, 700000200, NULL, '120363012345678901@g.us', NULL, 'S-3', NULL, NULL, 0),
	(4, 9, 1, 0, 8, 2, 2, 2, 700000300, NULL, '120363012345678901@g.us', NULL, 'S-4', NULL, NULL, 0),
	(5, 9, 1, 0, 6, 2, NULL, NULL, NULL, NULL, '120363012345678901@g.us', NULL, NULL, NULL, NULL, 0),
	(6, 9, 1, 0, 0, 77, NULL, NULL, 700000500, NULL, '0@s.whatsapp.net', NULL, NULL, 'Welcome to WhatsApp', NULL, 0);
INSERT INTO ZWAMEDIAITEM VALUES (1, 7, 1, 0, 3, 0, 0, NULL, NULL, 'https://mmg.whatsapp.net/v/t62.7118-24/1.enc?ccb=11-4', 'see http://caption.example.net/x', NULL, x'0a00'),
	(2, 7, 1, 4096, 4, 19.43, -99.13, 'Autor', 'Media/120363012345678901@g.us/a/b/report.pdf', 'https://files.example.com/report.pdf', 'report.pdf', 'hash=', NULL);
INSERT INTO ZWAMESSAGEDATAITEM VALUES (1, 8, 1, 0, 1, 3, 700000200, 'https://preview.example.com/1', 'https://preview.example.com/thumb.jpg', 'preview.example.com/1', NULL, 'Resumen', 'Título'),
	(2, 8, 1, 1, 1, 3, 700000200, 'https://second.example.com/2', NULL, NULL, NULL, NULL, NULL);
`)
	modern.Files[whatsAppGroup+whatsAppLID] = lidSample(tb)
	modern.Files[whatsAppGroup+whatsAppContacts] = contactsV2Sample(tb)
	old := databaseSample(tb, "old", chatStoragePath, `
CREATE TABLE ZWAMESSAGE (Z_PK INTEGER PRIMARY KEY, ZISFROMME INTEGER, ZCHATSESSION INTEGER, ZMEDIAITEM INTEGER, ZMESSAGEDATE TIMESTAMP, ZFROMJID VARCHAR, ZTEXT VARCHAR);
CREATE TABLE ZWAMEDIAITEM (Z_PK INTEGER PRIMARY KEY, ZMEDIAURL VARCHAR, ZTITLE VARCHAR);
CREATE TABLE ZWACHATSESSION (Z_PK INTEGER PRIMARY KEY, ZCONTACTJID VARCHAR, ZPARTNERNAME VARCHAR, ZGROUPINFO INTEGER);
CREATE TABLE ZWAGROUPINFO (Z_PK INTEGER PRIMARY KEY, ZCREATIONDATE TIMESTAMP);
CREATE TABLE ZWAPHONENUMBERLIDPAIR (Z_PK INTEGER PRIMARY KEY, ZLID VARCHAR, ZPHONENUMBER VARCHAR);
INSERT INTO ZWAMESSAGE VALUES (1, 0, 1, 5, 420000000, '5215555550101@s.whatsapp.net', 'hola');
INSERT INTO ZWAMEDIAITEM VALUES (5, 'https://files.example.com/old.jpg', NULL);
INSERT INTO ZWACHATSESSION VALUES (1, '5215555550101-1420000000@g.us', 'Viejo', 3);
INSERT INTO ZWAGROUPINFO VALUES (3, 410000000);
INSERT INTO ZWAPHONENUMBERLIDPAIR VALUES (1, '100000000000001@lid', '5215555550101');
`)
	bad := databaseSample(tb, "bad", chatStoragePath, whatsAppSchema+`
INSERT INTO ZWACHATSESSION (Z_PK, ZCONTACTJID, ZPARTNERNAME, ZLASTMESSAGEDATE, ZGROUPINFO) VALUES (1, 42, x'ff', 'today', 'one');
INSERT INTO ZWAMESSAGE (Z_PK, ZISFROMME, ZCHATSESSION, ZGROUPMEMBER, ZMESSAGEDATE, ZFROMJID, ZTEXT) VALUES
	(-1, 'no', 'one', x'01', 'yesterday', x'ff00', x'fffe'), (1, NULL, 1, 1, NULL, '@', ''), (9223372036854775807, 3, 1, 1e300, 9e999, ':@lid', 'last');
INSERT INTO ZWAMEDIAITEM (Z_PK, ZMESSAGE, ZMEDIAURL, ZFILESIZE, ZTITLE) VALUES (1, 1, 7, 'big', x'00'), (2, 'x', NULL, NULL, NULL), (3, 1, 'second', 2, NULL);
INSERT INTO ZWAMESSAGEDATAITEM (Z_PK, ZMESSAGE, ZCONTENT1) VALUES (1, 1, 1.5), (2, NULL, 'x');
`)
	lid := artifacttest.Sample{
		Name: "lid", Path: whatsAppGroup + whatsAppLID,
		Files: map[string][]byte{whatsAppGroup + whatsAppLID: lidSample(tb)},
	}
	return []artifacttest.Sample{modern, old, withBadValues(bad), lid}
}

func TestWhatsApp(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, whatsApp{}, "testdata/whatsapp", whatsAppSamples(t)...)
}

func FuzzWhatsApp(f *testing.F) { artifacttest.Fuzz(f, whatsApp{}, whatsAppSamples(f)[:3]...) }

func TestWhatsAppObserves(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, whatsApp{}, whatsAppSamples(t)[0])
	if errs != nil {
		t.Fatal(errs)
	}
	compareObserved(t, recs[2], []artifact.Observable{
		{Type: artifact.Phone, Value: "+5215555550102", Field: "phone_number"},
		{Type: artifact.URL, Value: "http://caption.example.net/x", Field: "links"},
		{Type: artifact.URL, Value: "https://preview.example.com/1", Field: "links"},
		{Type: artifact.URL, Value: "https://preview.example.com/thumb.jpg", Field: "links"},
		{Type: artifact.URL, Value: "http://preview.example.com/1", Field: "links"},
		{Type: artifact.URL, Value: "https://second.example.com/2", Field: "links"},
	})
}

func TestWhatsAppOfRealBackup(t *testing.T) {
	t.Parallel()
	const small = "ios_backup_small"
	s := artifacttest.Sample{Path: chatStoragePath, Files: map[string][]byte{
		chatStoragePath:                  readEvidence(t, small, "7c", "7c7fba66680ef796b916b067077cc246adacf01d"),
		whatsAppGroup + whatsAppLID:      readEvidence(t, small, "e7", "e794f6ffcc3c222535f47684a63d5178da3c4500"),
		whatsAppGroup + whatsAppContacts: readEvidence(t, small, "b8", "b8548dc30aa1030df0ce18ef08b882cf7ab5212f"),
	}}
	artifacttest.Laws(t, whatsApp{}, s)
	recs, errs := artifacttest.Parse(t, whatsApp{}, s)
	if len(recs) != 5 || errs != nil {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	if got := recs[3].Text("partner_resolved_phone_number"); got != "+14155550100" {
		t.Errorf("the chat's hidden identity is resolved to %q", got)
	}
}
