package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const observationsPath = "AppDomain-com.apple.mobilesafari/Library/WebKit/WebsiteData/ResourceLoadStatistics/observations.db"

// observationsSchema is that of WebKit's ResourceLoadStatisticsStore, without
// its indexes and foreign keys; newer versions add a column and two tables.
const observationsSchema = `
CREATE TABLE ObservedDomains (domainID INTEGER PRIMARY KEY, registrableDomain TEXT NOT NULL UNIQUE ON CONFLICT FAIL, lastSeen REAL NOT NULL, hadUserInteraction INTEGER NOT NULL, mostRecentUserInteractionTime REAL NOT NULL, grandfathered INTEGER NOT NULL, isPrevalent INTEGER NOT NULL, isVeryPrevalent INTEGER NOT NULL, dataRecordsRemoved INTEGER NOT NULL, timesAccessedAsFirstPartyDueToUserInteraction INTEGER NOT NULL, timesAccessedAsFirstPartyDueToStorageAccessAPI INTEGER NOT NULL, isScheduledForAllButCookieDataRemoval INTEGER NOT NULL);
CREATE TABLE TopLevelDomains (topLevelDomainID INTEGER PRIMARY KEY);
CREATE TABLE StorageAccessUnderTopFrameDomains (domainID INTEGER NOT NULL, topLevelDomainID INTEGER NOT NULL ON CONFLICT FAIL);
CREATE TABLE TopFrameUniqueRedirectsTo (sourceDomainID INTEGER NOT NULL, toDomainID INTEGER NOT NULL);
CREATE TABLE TopFrameUniqueRedirectsFrom (targetDomainID INTEGER NOT NULL, fromDomainID INTEGER NOT NULL);
CREATE TABLE TopFrameLinkDecorationsFrom (toDomainID INTEGER NOT NULL, lastUpdated REAL NOT NULL, fromDomainID INTEGER NOT NULL);
CREATE TABLE TopFrameLoadedThirdPartyScripts (topFrameDomainID INTEGER NOT NULL, subresourceDomainID INTEGER NOT NULL);
CREATE TABLE SubframeUnderTopFrameDomains (subFrameDomainID INTEGER NOT NULL, lastUpdated REAL NOT NULL, topFrameDomainID INTEGER NOT NULL);
CREATE TABLE SubresourceUnderTopFrameDomains (subresourceDomainID INTEGER NOT NULL, lastUpdated REAL NOT NULL, topFrameDomainID INTEGER NOT NULL);
CREATE TABLE SubresourceUniqueRedirectsTo (subresourceDomainID INTEGER NOT NULL, lastUpdated REAL NOT NULL, toDomainID INTEGER NOT NULL);
CREATE TABLE SubresourceUniqueRedirectsFrom (subresourceDomainID INTEGER NOT NULL, fromDomainID INTEGER NOT NULL);
`

func observationsSamples(tb testing.TB) []artifacttest.Sample {
	old := observationsSchema + `
INSERT INTO ObservedDomains VALUES (1, 'example.org', 1600000000, 1, 1600000000.0, 0, 0, 0, 0, 0, 0, 0), (2, 'tracker.example', 1600086400, 0, -1, 0, 1, 0, 2, 0, 0, 0);
INSERT INTO SubresourceUnderTopFrameDomains VALUES (2, 1600000000, 1);
`
	modern := observationsSchema + `
ALTER TABLE ObservedDomains ADD COLUMN mostRecentWebPushInteractionTime REAL DEFAULT 0.0 NOT NULL;
CREATE TABLE TopFrameUniqueRedirectsToSinceSameSiteStrictEnforcement (sourceDomainID INTEGER NOT NULL, toDomainID INTEGER NOT NULL);
CREATE TABLE OperatingDates (year INTEGER NOT NULL, month INTEGER NOT NULL, monthDay INTEGER NOT NULL);
INSERT INTO ObservedDomains VALUES (1, 'news.example', 1700000000, 1, 1700000000.25, 0, 0, 0, 0, 0, 0, 0, 1700000100), (2, 'bit.example', 1700000000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), (3, 'infection.example', 1700003600, 0, -1, 0, 0, 0, 0, 0, 0, 0, 0);
INSERT INTO TopLevelDomains VALUES (1), (2), (3);
INSERT INTO OperatingDates VALUES (2023, 10, 14), (2023, 12, 1);
INSERT INTO TopFrameUniqueRedirectsTo VALUES (2, 3);
INSERT INTO TopFrameUniqueRedirectsToSinceSameSiteStrictEnforcement VALUES (2, 3);
INSERT INTO TopFrameUniqueRedirectsFrom VALUES (3, 2);
INSERT INTO SubframeUnderTopFrameDomains VALUES (3, 1700003600, 1);
INSERT INTO SubresourceUniqueRedirectsTo VALUES (2, 1700003600, 3);
INSERT INTO SubresourceUniqueRedirectsFrom VALUES (3, 2);
INSERT INTO TopFrameLinkDecorationsFrom VALUES (3, 1700003600, 9);
INSERT INTO TopFrameLoadedThirdPartyScripts VALUES (1, 3);
INSERT INTO StorageAccessUnderTopFrameDomains VALUES (3, 1);
`
	bad := `
CREATE TABLE ObservedDomains (domainID INTEGER PRIMARY KEY, registrableDomain, lastSeen, hadUserInteraction, mostRecentUserInteractionTime);
CREATE TABLE TopFrameUniqueRedirectsTo (sourceDomainID, toDomainID);
CREATE TABLE SubframeUnderTopFrameDomains (subFrameDomainID, lastUpdated);
INSERT INTO ObservedDomains VALUES (1, x'ff', 'then', 'yes', 1e300), (2, NULL, NULL, NULL, NULL), (3, 7, -1, 1, 9223372036854775807);
INSERT INTO TopFrameUniqueRedirectsTo VALUES ('x', NULL), (1, 99);
INSERT INTO SubframeUnderTopFrameDomains VALUES (x'00', 'now');
CREATE TABLE OperatingDates (year, month, monthDay);
INSERT INTO OperatingDates VALUES ('x', NULL, 1), (9223372036854775807, -1, 99);
`
	return []artifacttest.Sample{
		databaseSample(tb, "modern", observationsPath, modern),
		databaseSample(tb, "old", "private/var/mobile/Containers/Data/Application/0A/SystemData/com.apple.SafariViewService/Library/WebKit/WebsiteData/observations.db", old),
		withBadValues(databaseSample(tb, "bad", observationsPath, bad)),
	}
}

func TestWebkitStatistics(t *testing.T) {
	t.Parallel()
	samples := observationsSamples(t)
	for _, s := range samples {
		if !artifact.MatchAny(webkitStatistics{}.Info().Files, s.Path) {
			t.Errorf("%s is not read", s.Path)
		}
	}
	artifacttest.Run(t, webkitStatistics{}, "testdata/webkit_resource_load_statistics", samples...)
}

func FuzzWebkitStatistics(f *testing.F) {
	artifacttest.Fuzz(f, webkitStatistics{}, observationsSamples(f)...)
}

func TestWebkitStatisticsObserves(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, webkitStatistics{}, observationsSamples(t)[0])
	if len(recs) != 14 || len(errs) != 0 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	compareObserved(t, recs[2], []artifact.Observable{{Type: artifact.Domain, Value: "infection.example", Field: "registrable_domain"}})
	if len(recs[2].Times) != 1 {
		t.Errorf("a time that is none: %v", recs[2].Times)
	}
	for _, i := range []int{3, 4, 5} {
		compareObserved(t, recs[i], []artifact.Observable{
			{Type: artifact.Domain, Value: "bit.example", Field: "from_domain"}, {Type: artifact.Domain, Value: "infection.example", Field: "to_domain"},
		})
	}
}

// TestRealWebkitStatistics: the database is that of Chrome in a real backup.
func TestRealWebkitStatistics(t *testing.T) {
	t.Parallel()
	data := readEvidence(t, "ios_backup_small", "6e", "6e9d0cb750a70e7fa10943c134a5f021dab327e7")
	recs, errs := artifacttest.Parse(t, webkitStatistics{}, artifacttest.Sample{Path: observationsPath, Files: map[string][]byte{observationsPath: data}})
	if len(recs) != 2 || len(errs) != 0 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	if recs[0].Text("registrable_domain") != "google.com" || len(recs[0].Times) != 2 || recs[0].Times[0].At.Unix() != 1634560250 {
		t.Errorf("%v %v", recs[0].Fields, recs[0].Times)
	}
	if recs[1].Text("registrable_domain") != "gstatic.com" || len(recs[1].Times) != 1 {
		t.Errorf("%v %v", recs[1].Fields, recs[1].Times)
	}
}
