package android

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

// withClock adds the head and the properties of the report that a section is of.
func withClock(s artifacttest.Sample) artifacttest.Sample {
	s.Files["dumpstate/HEADER"] = []byte("== dumpstate: 2024-01-08 15:30:07\n")
	s.Files["dumpstate/SYSTEM PROPERTIES"] = []byte("[persist.sys.timezone]: [America/Mexico_City]\n")
	return s
}

// adbSample is the section of a bugreport in an acquisition, which notes the
// computer that made it: its key, and one of another computer.
func adbSample() artifacttest.Sample {
	key := func(b byte) string {
		raw := append([]byte{64, 0, 0, 0}, bytes.Repeat([]byte{b}, 520)...)
		return base64.StdEncoding.EncodeToString(raw)
	}
	s := fileSample("acquired", "bugreport.zip/dumpsys/adb", fmt.Sprintf(`ADB MANAGER STATE (dumpsys adb):
{
  debugging_manager={
    keystore=<?xml version='1.0' encoding='utf-8' standalone='yes' ?>
    <keyStore version="1">
    <adbKey key="%s helpline@desk" lastConnection="1714300000000" />
    <adbKey key="%s other@desk" lastConnection="1714300000000" />
    </keyStore>
  }
}
`, key(1), key(2)))
	s.Files["acquisition.json"] = []byte(`{"started": "2024-05-01T10:00:00Z"}`)
	s.Files["adb_host_key.pub"] = []byte(key(1) + " helpline@desk\n")
	return s
}

func TestReports(t *testing.T) {
	t.Parallel()
	for name, r := range reportSamples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			artifacttest.Run(t, r.parser, "testdata/"+name, r.samples...)
			for _, s := range r.samples {
				crlf := fileSample("crlf", s.Path, strings.ReplaceAll(string(s.Files[s.Path]), "\n", "\r\n"))
				for p, d := range s.Files {
					if p != s.Path {
						crlf.Files[p] = d
					}
				}
				want, _ := artifacttest.Parse(t, r.parser, s)
				if got, _ := artifacttest.Parse(t, r.parser, crlf); len(got) != len(want) {
					t.Errorf("%s: %d records with CR LF, %d without", s.Name, len(got), len(want))
				}
			}
		})
	}
}

// TestEveryReportHasSamples: a parser of sections without a sample would be
// held to no law.
func TestEveryReportHasSamples(t *testing.T) {
	t.Parallel()
	for _, p := range reports() {
		name := strings.TrimPrefix(p.Info().Name, "android.")
		if _, ok := reportSamples[name]; !ok && name != "getprop" {
			t.Errorf("%s has no samples", name)
		}
	}
}

func fuzzReport(f *testing.F, name string) {
	f.Helper()
	artifacttest.Fuzz(f, reportSamples[name].parser, reportSamples[name].samples...)
}

func FuzzAccessibility(f *testing.F)      { fuzzReport(f, "accessibility") }
func FuzzAppOps(f *testing.F)             { fuzzReport(f, "appops") }
func FuzzBatteryDaily(f *testing.F)       { fuzzReport(f, "battery_daily") }
func FuzzBatteryHistory(f *testing.F)     { fuzzReport(f, "battery_history") }
func FuzzDBInfo(f *testing.F)             { fuzzReport(f, "dbinfo") }
func FuzzPlatformCompat(f *testing.F)     { fuzzReport(f, "platform_compat") }
func FuzzADB(f *testing.F)                { fuzzReport(f, "adb") }
func FuzzDumpsysPackages(f *testing.F)    { fuzzReport(f, "dumpsys_packages") }
func FuzzInstallSessions(f *testing.F)    { fuzzReport(f, "install_sessions") }
func FuzzPermissions(f *testing.F)        { fuzzReport(f, "permissions") }
func FuzzComponents(f *testing.F)         { fuzzReport(f, "activities") }
func FuzzDumpstateProcesses(f *testing.F) { fuzzReport(f, "dumpstate_processes") }
func FuzzDumpsysSettings(f *testing.F)    { fuzzReport(f, "dumpsys_settings") }
func FuzzLogcat(f *testing.F)             { fuzzReport(f, "logcat") }
func FuzzBatteryApps(f *testing.F)        { fuzzReport(f, "battery_apps") }
func FuzzProcessStats(f *testing.F)       { fuzzReport(f, "process_stats") }
func FuzzNamed(f *testing.F)              { fuzzReport(f, "named") }
func FuzzANR(f *testing.F)                { fuzzReport(f, "anr") }

func BenchmarkLogcat(b *testing.B) {
	line := "01-08 15:29:55.853 10076  3225  3254 I eMBMS  Service: a line of a log as there are hundreds of thousands\n"
	s := fileSample("log", "dumpstate/SYSTEM LOG", strings.Repeat(line, 50_000))
	b.SetBytes(int64(len(s.Files[s.Path])))
	b.ReportAllocs()
	for b.Loop() {
		for range artifact.Run(b.Context(), logcat{}, s.Input()) {
			continue
		}
	}
}

// TestRealReports reads public reports: each artifact has what a person counts
// in them, and nothing is lost.
func TestRealReports(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		parser  artifact.Parser
		path    string
		file    string
		records int
	}{
		{accessibility{}, "dumpsys/accessibility", "dumpsys_accessibility.txt", 4},
		{accessibility{}, "dumpsys/accessibility", "dumpsys_accessibility_v14_or_later.txt", 2},
		{appOps{}, "dumpsys/appops", "dumpsys_appops.txt", 69},
		{batteryDaily{}, "dumpsys/batterystats", "dumpsys_battery.txt", 3},
		{batteryHistory{}, "dumpsys/batterystats", "dumpsys_battery.txt", 7},
		{dbInfo{}, "dumpsys/dbinfo", "dumpsys_dbinfo.txt", 5},
		{platformCompat{}, "dumpsys/platform_compat", "dumpsys_platform_compat.txt", 4},
		{adbState{}, "dumpsys/adb", "dumpsys_adb.txt", 4},
		{adbState{}, "dumpsys/adb", "dumpsys_adb_wifi.txt", 9},
		{adbState{}, "dumpsys/adb", "dumpsys_adb_xml.txt", 3},
		{dumpsysPackages{}, "dumpsys/package", "dumpsys_packages.txt", 3},
	} {
		s := fileSample(tt.file, tt.path, string(readEvidence(t, "android", "android_data", tt.file)))
		recs, errs := artifacttest.Parse(t, tt.parser, s)
		if len(recs) != tt.records || len(errs) != 0 {
			t.Errorf("%s of %s: %d records, errors %v", tt.parser.Info().Name, tt.file, len(recs), errs)
		}
		artifacttest.Laws(t, tt.parser, s)
	}
}
