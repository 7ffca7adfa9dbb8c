package iosbackup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/finding"
)

func yes(b bool) *bool { return &b }

func TestDevice(t *testing.T) {
	t.Parallel()
	s, err := openDir(t, testBackup{info: map[string]any{"IMEI 2": "43", "Phone Number": "+52 55 1234 5678", "ICCID": "8952"}}.write(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := modifiedAt
	want := finding.Device{
		Name: "Test", Model: "iPhone9,3", ModelName: "iPhone 7", OS: "iOS", Version: "14.3", Build: "18C66",
		Serial: "F123", UDID: "ABC", IMEI: []string{"42", "43"}, ICCID: "8952", PhoneNumber: "+52 55 1234 5678",
		LastBackup: &at, Outdated: yes(true), NewestKnown: "15.8.8", VersionsAsOf: "2026-10-15",
	}
	if diff := cmp.Diff(want, s.Evidence().Device); diff != "" {
		t.Error(diff)
	}
}

func TestOutdated(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		model, version string
		want           *bool
		newest         string
	}{
		{"iPhone9,3", "15.8.8", yes(false), "15.8.8"},
		{"iPhone11,8", "18.7.9", yes(true), "18.7.10"},
		{"iPhone11,8", "18.7.10", yes(false), "18.7.10"},
		{"iPhone18,1", "18.0", yes(true), "27.0.1"},
		{"iPhone18,1", "27.1", yes(false), "27.0.1"}, // newer than the list
		{"iPhone18,1", "26.6.1 (a)", yes(true), "27.0.1"},
		{"iPhone5,3", "10.3.3", yes(false), "10.3.3"},
		{"iPhone1,1", "3.1.3", nil, ""},
		{"iPhone99,1", "27.0", nil, ""},
		{"iPhone9,3", "", nil, ""},
		{"iPhone9,3", "fifteen", nil, ""},
		{"iPhone9,3", "15.8.8.8", nil, ""},
	} {
		d := finding.Device{Model: tt.model, Version: tt.version}
		judgeVersion(&d)
		if diff := cmp.Diff(tt.want, d.Outdated); diff != "" || d.NewestKnown != tt.newest {
			t.Errorf("%s with %s: %s %s", tt.model, tt.version, diff, d.NewestKnown)
		}
	}
	if osOf("iPad8,1", "17.2") != "iPadOS" || osOf("iPad8,1", "12.4") != "iOS" || osOf("iPhone9,3", "17.2") != "iOS" {
		t.Error("name of the system")
	}
}

func TestDataFiles(t *testing.T) {
	t.Parallel()
	for name, csv := range map[string]string{"models": modelsCSV, "versions": versionsCSV} {
		if _, err := time.Parse(time.DateOnly, asOf(csv)); err != nil || !strings.Contains(csv, "# source: ") {
			t.Errorf("%s: no date or source: %v", name, err)
		}
	}
	if len(models()) != len(dataLines(modelsCSV)) || len(newest()) != len(dataLines(versionsCSV)) {
		t.Error("a line is not read, or twice there")
	}
	for id, m := range models() {
		if _, ok := parseVersion(m.last); m.last != "" && !ok || m.name == "" {
			t.Errorf("%s: %+v", id, m)
		}
		if m.last != "" && !strings.Contains(m.last, ".") && newest()[m.last] == "" {
			t.Errorf("%s: no release of %s", id, m.last)
		}
	}
	if knownFiles()["3d0d7e5fb2ce288813306e4d4636395e047a3d28"] != "HomeDomain/Library/SMS/sms.db" {
		t.Error("known files")
	}
}

func TestOddLists(t *testing.T) {
	t.Parallel()
	dir := testBackup{files: someFiles(), info: map[string]any{
		"Device Name": 7, "Serial Number": "OTHER", "Product Version": []any{"x"}, "Last Backup Date": "yesterday",
		"Phone Number": strings.Repeat("9", 5000), "Target Identifier": true,
	}}.write(t)
	writePlist(t, filepath.Join(dir, statusFile), map[string]any{"SnapshotState": "uploading"})
	s, err := openDir(t, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ev := s.Evidence()
	if ev.Device.Name != "7" || ev.Device.Version != "" || len(ev.Device.PhoneNumber) > maxFactBytes+3 || ev.Device.Outdated != nil {
		t.Errorf("%+v", ev.Device)
	}
	if len(ev.Problems) != 2 { // not finished; two phones
		t.Errorf("%+v", ev.Problems)
	}
	for _, name := range []string{infoFile, statusFile, keysFile} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Repeat("<array>", 10_000)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err = openDir(t, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Evidence().Problems; len(got) != 3 {
		t.Errorf("%+v", got)
	}
}
