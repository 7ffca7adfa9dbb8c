package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const callsPath = "HomeDomain/Library/CallHistoryDB/CallHistory.storedata"

// callsSchema is that of iOS 15 and later, without indexes and columns that
// only Core Data uses.
const callsSchema = `
CREATE TABLE ZCALLRECORD (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZANSWERED INTEGER,
	ZCALL_CATEGORY INTEGER, ZCALLTYPE INTEGER, ZDISCONNECTED_CAUSE INTEGER, ZFACE_TIME_DATA INTEGER,
	ZHANDLE_TYPE INTEGER, ZNUMBER_AVAILABILITY INTEGER, ZORIGINATED INTEGER, ZREAD INTEGER, ZVERIFICATIONSTATUS INTEGER,
	ZDATE TIMESTAMP, ZDURATION FLOAT, ZADDRESS VARCHAR, ZDEVICE_ID VARCHAR, ZISO_COUNTRY_CODE VARCHAR,
	ZLOCATION VARCHAR, ZNAME VARCHAR, ZSERVICE_PROVIDER VARCHAR, ZUNIQUE_ID VARCHAR, ZPARTICIPANTGROUPUUID BLOB);
CREATE TABLE ZHANDLE (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZTYPE INTEGER, ZNORMALIZEDVALUE VARCHAR, ZVALUE VARCHAR);
CREATE TABLE Z_2REMOTEPARTICIPANTHANDLES (Z_2REMOTEPARTICIPANTCALLS INTEGER, Z_4REMOTEPARTICIPANTHANDLES INTEGER,
	PRIMARY KEY (Z_2REMOTEPARTICIPANTCALLS, Z_4REMOTEPARTICIPANTHANDLES));
`

func callsSamples(tb testing.TB) []artifacttest.Sample {
	modern := callsSchema + `
INSERT INTO ZCALLRECORD VALUES (1, 2, 3, 1, 1, 1, 0, NULL, 2, 0, 1, 1, 0, 700000000.5, 33.25, '+525555550101', NULL, 'mx',
	'Ciudad de México', 'Ana', 'com.apple.Telephony', 'A-1', NULL);
INSERT INTO ZCALLRECORD VALUES (2, 2, 3, 0, 1, 16, 6, 4096, 3, 0, 0, 0, 1, 700000100, 0, 'attacker@example.com', NULL, 'us',
	NULL, NULL, 'com.apple.FaceTime', 'A-2', x'0102030405060708090a0b0c0d0e0f10');
INSERT INTO ZCALLRECORD VALUES (3, 2, 3, 1, 1, 8, 0, 0, 0, 0, 0, 1, 0, 700000200, 90, NULL, NULL, NULL,
	NULL, 'Group', 'com.apple.FaceTime', 'A-3', NULL);
INSERT INTO ZHANDLE VALUES (1, 4, 1, 2, '+525555550101', '+52 55 5555 0101'), (2, 4, 1, 3, NULL, 'friend@example.org'), (3, 4, 1, 1, NULL, NULL);
INSERT INTO Z_2REMOTEPARTICIPANTHANDLES VALUES (3, 1), (3, 2), (3, 3), (1, 1);
`
	old := `
CREATE TABLE ZCALLRECORD (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZANSWERED INTEGER, ZCALLTYPE INTEGER,
	ZORIGINATED INTEGER, ZDATE TIMESTAMP, ZDURATION FLOAT, ZADDRESS BLOB);
INSERT INTO ZCALLRECORD VALUES (1, 2, 1, 1, 1, 0, 420000000, 12.5, CAST('+15555550123' AS BLOB));
`
	bad := callsSchema + `
INSERT INTO ZCALLRECORD (Z_PK, ZDATE, ZDURATION, ZADDRESS, ZORIGINATED, ZANSWERED, ZNAME) VALUES
	(1, 'yesterday', 'long', 42, 'out', x'01', x'ff00'),
	(2, x'00', NULL, x'fffe00', 7, NULL, ''),
	(9223372036854775807, 1e300, -1, '   ', 1, 1, 'last');
`
	return []artifacttest.Sample{
		databaseSample(tb, "modern", callsPath, modern),
		databaseSample(tb, "old", callsPath, old),
		withBadValues(databaseSample(tb, "bad", callsPath, bad)),
	}
}

func TestCalls(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, calls{}, "testdata/calls", callsSamples(t)...)
}

func FuzzCalls(f *testing.F) { artifacttest.Fuzz(f, calls{}, callsSamples(f)...) }

func TestCallsReadsWriteAheadLog(t *testing.T) {
	t.Parallel()
	db, wal := artifacttest.SQLiteWAL(t, callsSchema,
		"INSERT INTO ZCALLRECORD (Z_PK, ZDATE, ZADDRESS) VALUES (7, 700000000, '+525555550101')")
	s := artifacttest.Sample{Path: callsPath, Files: map[string][]byte{callsPath: db, callsPath + "-wal": wal}}
	artifacttest.Laws(t, calls{}, s)
	recs, errs := artifacttest.Parse(t, calls{}, s)
	if len(recs) != 1 || errs != nil || recs[0].Loc.State != artifact.WAL || recs[0].Text("number") != "+525555550101" {
		t.Errorf("records %+v, errors %v", recs, errs)
	}
}
