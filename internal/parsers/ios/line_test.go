package ios

import (
	"encoding/hex"
	"testing"

	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const linePath = "AppDomainGroup-group.com.linecorp.line/Library/Application Support/PrivateStore/P_u1/Messages/Line.sqlite"

// lineSchema has the columns that readers of the app's transfer tools name.
const lineSchema = `
CREATE TABLE ZUSER (Z_PK INTEGER PRIMARY KEY, ZISFRIEND INTEGER, ZADDRESSBOOKNAME VARCHAR, ZCUSTOMNAME VARCHAR, ZMID VARCHAR, ZNAME VARCHAR);
CREATE TABLE ZGROUP (Z_PK INTEGER PRIMARY KEY, ZID VARCHAR, ZNAME VARCHAR);
CREATE TABLE ZCHAT (Z_PK INTEGER PRIMARY KEY, ZTYPE INTEGER, ZLASTUPDATED TIMESTAMP, ZMID VARCHAR, ZLASTMESSAGE VARCHAR);
CREATE TABLE ZMESSAGE (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZCONTENTTYPE INTEGER, ZREADCOUNT INTEGER, ZSENDSTATUS INTEGER, ZTIMESTAMP INTEGER, ZCHAT INTEGER, ZSENDER INTEGER, ZLATITUDE FLOAT, ZLONGITUDE FLOAT, ZID VARCHAR, ZMESSAGETYPE VARCHAR, ZTEXT VARCHAR, ZCONTENTMETADATA BLOB, ZTHUMBNAIL BLOB);
`

func lineSamples(tb testing.TB) []artifacttest.Sample {
	tb.Helper()
	metadata, err := oracle.Marshal(map[string]any{
		"PREVIEW_URL_ENABLED": "true", "ORGCONTP": "x", "LIST": []any{"open https://pages.example.org/b", 7},
	}, oracle.BinaryFormat)
	if err != nil {
		tb.Fatal(err)
	}
	chats := databaseSample(tb, "chats", linePath, lineSchema+`
INSERT INTO ZUSER (Z_PK, ZISFRIEND, ZADDRESSBOOKNAME, ZCUSTOMNAME, ZMID, ZNAME) VALUES (1, 1, 'Ana del trabajo', NULL, 'u01', 'ana');
INSERT INTO ZGROUP VALUES (1, 'c01', 'Vecinas');
INSERT INTO ZCHAT VALUES (1, 0, 1, 'u01', ''), (2, 2, 1, 'c01', ''), (3, 2, 1, 'c02', '');
INSERT INTO ZMESSAGE (Z_PK, ZCONTENTTYPE, ZTIMESTAMP, ZCHAT, ZSENDER, ZID, ZTEXT, ZCONTENTMETADATA) VALUES
 (1, 0, 1680000000123, 1, 1, '17', 've a http://bad.example.com/x', x'`+hex.EncodeToString(metadata)+`'), (2, 0, 1680000001000, 1, NULL, '18', 'ok', x'00'), (3, 1, 1680000002000, 2, 1, 19, NULL, NULL), (4, 0, 1680000003000, 3, 1, NULL, 'hola', NULL);`)
	group := "AppDomainGroup-group.com.linecorp.line/Library/Application Support/PrivateStore/P_u1/Messages/UnifiedGroup.sqlite"
	chats.Files[group] = databaseSample(tb, "", group, "CREATE TABLE ZUNIFIEDGROUP (Z_PK INTEGER PRIMARY KEY, ZID TEXT, ZNAME TEXT); INSERT INTO ZUNIFIEDGROUP VALUES (1, 'c02', 'Redacción');").Files[group]
	return []artifacttest.Sample{
		chats,
		withBadValues(databaseSample(tb, "bad", linePath, `CREATE TABLE ZMESSAGE (ZTEXT, ZSENDER, ZCHAT, ZTIMESTAMP, ZID, ZCONTENTMETADATA);
CREATE TABLE ZCHAT (ZMID); INSERT INTO ZCHAT VALUES (7);
INSERT INTO ZMESSAGE VALUES (x'ff', 'x', 1, 'then', x'00', 'text'), (NULL, NULL, NULL, -5, NULL, 4);`)),
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, lineChats{}, "testdata/line", lineSamples(t)...)
}

func FuzzLine(f *testing.F) { artifacttest.Fuzz(f, lineChats{}, lineSamples(f)...) }
