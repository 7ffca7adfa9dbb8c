package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const netUsagePath = "private/var/networkd/netusage.sqlite"

// netUsageSchema has the columns that plaso's and iLEAPP's queries name.
const netUsageSchema = `
CREATE TABLE ZPROCESS (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZFIRSTTIMESTAMP TIMESTAMP, ZTIMESTAMP TIMESTAMP,
	ZBUNDLENAME VARCHAR, ZPROCNAME VARCHAR);
CREATE TABLE ZLIVEUSAGE (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZKIND INTEGER, ZHASPROCESS INTEGER, ZTIMESTAMP TIMESTAMP,
	ZWIFIIN FLOAT, ZWIFIOUT FLOAT, ZWIREDIN FLOAT, ZWIREDOUT FLOAT, ZWWANIN FLOAT, ZWWANOUT FLOAT);
CREATE TABLE ZNETWORKATTACHMENT (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZKIND INTEGER, ZFIRSTTIMESTAMP TIMESTAMP, ZTIMESTAMP TIMESTAMP,
	ZIDENTIFIER VARCHAR, ZNETSIGNATURE BLOB);
CREATE TABLE ZLIVEROUTEPERF (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZKIND INTEGER, ZHASNETWORKATTACHMENT INTEGER, ZTIMESTAMP TIMESTAMP,
	ZBYTESIN FLOAT, ZBYTESOUT FLOAT, ZCONNATTEMPTS FLOAT, ZCONNSUCCESSES FLOAT, ZPACKETSIN FLOAT, ZPACKETSOUT FLOAT);
`

func netUsageSamples(tb testing.TB) []artifacttest.Sample {
	modern := netUsageSchema + `
INSERT INTO ZPROCESS VALUES (1, 4, 1, 600000000.5, 600001000, 'com.example.app', 'mDNSResponder/com.example.app'), (2, 4, 1, 600000100, 600001100, NULL, 'roleaccountd');
INSERT INTO ZLIVEUSAGE VALUES (1, 1, 1, 1, 1, 600001000, 10, 20, 0, 0, 100, 50), (2, 1, 1, 0, 2, 600001100, 1, 2, 3, 4, 5, 6), (3, 1, 1, 0, 7, 600001150, 0, 0, 0, 0, 7000, 9000);
INSERT INTO ZNETWORKATTACHMENT VALUES (4, 3, 1, 1, 600000000, 600002000, 'Cafe Central-0:11:22:aa:b:cc', x'0102'), (5, 3, 1, 2, 600000300, 600002300, '262-03', NULL),
	(6, 3, 1, 0, NULL, NULL, NULL, NULL);
INSERT INTO ZLIVEROUTEPERF VALUES (1, 2, 1, 1, 4, 600002000, 1000, 500, 3, 2, 40, 30), (2, 2, 1, 1, 4, 600003000, 5, 6, 0, 0, 1, 1), (3, 2, 1, 2, 9, 600003100, 1, 1, 0, 0, 1, 1);
`
	bad := netUsageSchema + `
INSERT INTO ZPROCESS VALUES (1, 4, 1, 'x', x'00', 7, x'ff');
INSERT INTO ZLIVEUSAGE (Z_PK, ZHASPROCESS, ZTIMESTAMP, ZWIREDIN) VALUES (1, 'one', 'then', 'much');
INSERT INTO ZNETWORKATTACHMENT VALUES (-1, 3, 1, 99, 'x', 1e300, x'ff', 'text'), (2, 3, 1, 'wifi', NULL, NULL, 7, NULL);
INSERT INTO ZLIVEROUTEPERF (Z_PK, ZHASNETWORKATTACHMENT, ZTIMESTAMP, ZBYTESIN) VALUES (1, -1, 'x', 'y'), (2, 'z', NULL, NULL);
`
	return []artifacttest.Sample{
		databaseSample(tb, "modern", netUsagePath, modern),
		databaseSample(tb, "without_networks", "private/var/networkd/db/netusage.sqlite", usageSchema+"INSERT INTO ZPROCESS (Z_PK, ZPROCNAME) VALUES (1, 'a');"),
		withBadValues(databaseSample(tb, "bad", netUsagePath, bad)),
	}
}

func TestNetUsage(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, netUsage{}, "testdata/netusage", netUsageSamples(t)...)
}

func FuzzNetUsage(f *testing.F) { artifacttest.Fuzz(f, netUsage{}, netUsageSamples(f)...) }

// TestNetworksJoin: traffic belongs to the network that it names, however
// many rows a network has.
func TestNetworksJoin(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, netUsage{}, netUsageSamples(t)[0])
	if len(errs) != 0 {
		t.Fatal(errs)
	}
	var names []string
	kinds := map[artifact.Kind]int{}
	for _, r := range recs {
		kinds[r.Kind]++
		if r.Kind == "network" {
			names = append(names, r.Text("identifier"))
		}
	}
	if kinds["orphan_usage"] != 1 || kinds["network"] != 5 || names[0] != names[1] || names[2] != "" || names[3] != "262-03" {
		t.Errorf("%v %q", kinds, names)
	}
}
