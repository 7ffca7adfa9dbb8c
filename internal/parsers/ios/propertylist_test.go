package ios

import (
	"errors"
	"testing"
	"time"

	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
	"github.com/amparo-project/amparo/internal/limit"
)

const preferencesPath = "HomeDomain/Library/Preferences/.GlobalPreferences.plist"

func listSample(tb testing.TB, name, path string, format int, v any) artifacttest.Sample {
	tb.Helper()
	data, err := oracle.Marshal(v, format)
	if err != nil {
		tb.Fatal(err)
	}
	return artifacttest.Sample{Name: name, Path: path, Files: map[string][]byte{path: data}}
}

func preferencesSamples(tb testing.TB) []artifacttest.Sample {
	values := map[string]any{
		"LDMGlobalEnabled": true, "AppleLanguages": []any{"es-MX", "en"}, "Count": 7, "Ratio": 0.5,
		"When": time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC), "Blob": []byte{1, 2}, "Empty": map[string]any{},
	}
	return []artifacttest.Sample{
		listSample(tb, "binary", preferencesPath, oracle.BinaryFormat, values),
		listSample(tb, "xml", preferencesPath, oracle.XMLFormat, values),
	}
}

func TestGlobalPreferences(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, globalPreferences{}, "testdata/global_preferences", preferencesSamples(t)...)
}

func FuzzGlobalPreferences(f *testing.F) {
	artifacttest.Fuzz(f, globalPreferences{}, preferencesSamples(f)...)
}

func infoSamples(tb testing.TB) []artifacttest.Sample {
	metadata := func(v any) []byte {
		b, err := oracle.Marshal(v, oracle.BinaryFormat)
		if err != nil {
			tb.Fatal(err)
		}
		return b
	}
	whole := map[string]any{
		"Device Name": "Ana's iPhone", "Product Type": "iPhone14,2", "Product Version": "17.1", "Build Version": "21B80", "IMEI": "350000000000001",
		"Phone Number": "+52 55 5555 0101", "Last Backup Date": time.Date(2023, 11, 5, 10, 0, 0, 0, time.UTC), "Serial Number": "F17XXXXXXX",
		"Installed Applications": []any{"org.example.app", "org.sideloaded.app"},
		"Applications": map[string]any{
			"org.example.app": map[string]any{"PlaceholderIcon": []byte{1, 2, 3}, "iTunesMetadata": metadata(map[string]any{
				"softwareVersionBundleId": "org.example.app", "itemName": "Example", "artistName": "Example Ltd", "bundleShortVersionString": "1.2",
				"sourceApp": "com.apple.AppStore", "itemId": 12345, "purchaseDate": "2021-01-02T03:04:05Z", "releaseDate": "not a date",
				"com.apple.iTunesStore.downloadInfo": map[string]any{"accountInfo": map[string]any{"AppleID": "ana@example.org"}},
			})},
			"org.without.metadata": map[string]any{"ApplicationSINF": []byte{0}},
		},
	}
	odd := map[string]any{
		"Device Name": 7, "Last Backup Date": "yesterday", "Installed Applications": "none",
		"Applications": map[string]any{"broken": map[string]any{"iTunesMetadata": []byte("bplist00garbage")}, "odd": "text", "empty": map[string]any{}},
	}
	return []artifacttest.Sample{
		listSample(tb, "whole", "Info.plist", oracle.XMLFormat, whole),
		withBadValues(listSample(tb, "odd", "Info.plist", oracle.BinaryFormat, odd)),
	}
}

func TestBackupInfo(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, backupInfo{}, "testdata/backup_info", infoSamples(t)...)
}

func FuzzBackupInfo(f *testing.F) { artifacttest.Fuzz(f, backupInfo{}, infoSamples(f)...) }

func TestApplications(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, applications{}, "testdata/applications", infoSamples(t)...)
}

func FuzzApplications(f *testing.F) { artifacttest.Fuzz(f, applications{}, infoSamples(f)...) }

func TestListThatIsNone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		data []byte
		want error
	}{
		"empty":         {nil, limit.ErrCorrupt},
		"text":          {[]byte("hello"), limit.ErrUnsupported},
		"array_at_root": {[]byte("<plist><array/></plist>"), limit.ErrCorrupt},
	} {
		recs, errs := artifacttest.Parse(t, backupInfo{}, artifacttest.Sample{Path: "Info.plist", Files: map[string][]byte{"Info.plist": tt.data}})
		if len(recs) != 0 || len(errs) != 1 || !errors.Is(errs[0], tt.want) {
			t.Errorf("%s: %d records, %v", name, len(recs), errs)
		}
	}
}

func TestRealInfo(t *testing.T) {
	t.Parallel()
	s := artifacttest.Sample{Path: "Info.plist", Files: map[string][]byte{"Info.plist": readEvidence(t, "ios_backup_small", "Info.plist")}}
	for _, p := range []artifact.Parser{backupInfo{}, applications{}} {
		recs, errs := artifacttest.Parse(t, p, s)
		if len(recs) == 0 || len(errs) != 0 {
			t.Errorf("%s: %d records, errors %v", p.Info().Name, len(recs), errs)
		}
	}
}
