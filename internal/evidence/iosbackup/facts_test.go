package iosbackup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

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

func TestKnownFiles(t *testing.T) {
	t.Parallel()
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
	if ev.Device.Name != "7" || ev.Device.Version != "14.3" || len(ev.Device.PhoneNumber) > maxFactBytes+3 { // the version as the build tells it
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
