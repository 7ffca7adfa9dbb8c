package ios

import (
	"testing"
	"time"

	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const mobileBackupPath = "RootDomain/Library/Preferences/com.apple.MobileBackup.plist"

func mobileBackupSamples(tb testing.TB) []artifacttest.Sample {
	at := time.Date(2023, 4, 15, 13, 58, 42, 0, time.UTC)
	return []artifacttest.Sample{
		listSample(tb, "phone", mobileBackupPath, oracle.BinaryFormat, map[string]any{
			"AccountEnabledDate": at,
			"BackupStateInfo": map[string]any{
				"date": at, "isCloud": true, "state": 4, "progress": 1.0,
				"errors": []any{
					map[string]any{"code": 0, "date": at, "domain": "MBErrorDomain", "localizedDescription": "Backup succeeded"},
					map[string]any{"code": 209, "date": at.Add(time.Hour), "domain": "MBErrorDomain", "localizedDescription": "Device locked"},
				},
			},
			"RestoreInfo":           map[string]any{"RestoreDate": at, "BackupBuildVersion": "19H349", "DeviceBuildVersion": "20D67", "WasCloudRestore": false},
			"LastOnConditionEvents": []any{"2023-05-17T18:07:23.222-04:00|1511.560|1|1|1|0|1|0|0|0|9945|0||0|1|0|0", "x"},
			"PreflightSizing":       map[string]any{"AppDomain-org.example.app": 65083, "AppDomainPlaceholder-com.example.gone": 110339, "HomeDomain": 4824692, "_TotalSize": 31198674},
			"SyncZoneFetched":       true,
		}),
		withBadValues(listSample(tb, "bad", mobileBackupPath, oracle.XMLFormat, map[string]any{
			"BackupStateInfo": map[string]any{"errors": []any{7, map[string]any{"code": "x", "date": 5}}, "date": "then", "isCloud": 4},
			"PreflightSizing": map[string]any{"AppDomain-": "big"}, "LastOnConditionEvents": []any{4, "|"}, "RestoreInfo": "no", "OtherStateInfo": 3,
		})),
	}
}

func TestMobileBackup(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, mobileBackup{}, "testdata/mobile_backup", mobileBackupSamples(t)...)
}

func FuzzMobileBackup(f *testing.F) { artifacttest.Fuzz(f, mobileBackup{}, mobileBackupSamples(f)...) }

// TestMobileBackupReal reads the list of a test phone.
func TestMobileBackupReal(t *testing.T) {
	t.Parallel()
	s := artifacttest.Sample{Path: mobileBackupPath, Files: map[string][]byte{
		mobileBackupPath: readEvidence(t, "plaso", "ios", "com.apple.MobileBackup.plist"),
	}}
	recs, errs := artifacttest.Parse(t, mobileBackup{}, s)
	if len(errs) != 0 {
		t.Fatal(errs)
	}
	kinds, apps := map[string]int{}, 0
	for _, r := range recs {
		kinds[string(r.Kind)]++
		apps += len(r.Observed)
	}
	if kinds["attempt"] != 10 || kinds["condition"] != 10 || kinds["state"] != 1 || kinds["domain"] != 65 || apps != 51 {
		t.Errorf("%v, %d apps", kinds, apps)
	}
}
