package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sample has the forms of the collections, with invented devices.
var sample = map[string]string{
	"iPad30,1.json":  `{"name": "iPad Air 11-inch (M9) Wi-Fi + Cellular", "identifier": "iPad30,1", "soc": "M9", "type": "iPad Air", "model": ["A1", "A2"]}`,
	"iPad30,2.json":  `{"name": "iPad Pro (12.9-inch) (9th generation) Wi-Fi", "identifier": ["iPad30,2", "iPad30,3"], "type": "iPad Pro"}`,
	"iPad30,9.json":  `{"name": "Unreleased iPad", "identifier": "iPad30,9", "internal": true}`,
	"Watch9,9.json":  `{"name": "Watch", "identifier": "Watch9,9"}`,
	"names.json":     `{"i386": "iPhone Simulator", "iPhone30,1": "iPhone 30", "iPhone1,1": "iphone", "iPhone2,1": "Other"}`,
	"30A1.json":      `{"osStr": "iOS", "version": "30.0.1", "build": "30A1", "deviceMap": ["iPhone30,1", "AppleTV1,1"]}`,
	"30A2.json":      `{"osStr": "iPadOS", "version": "30.0", "build": "30A2", "deviceMap": ["iPad30,1", "iPhone30,1"]}`,
	"30B1.json":      `{"osStr": "iOS", "version": "30.1 beta", "build": "30B1", "beta": true, "deviceMap": ["iPad30,1"]}`,
	"7E18.json":      `{"osStr": "iPhoneOS", "version": "3.1.3", "build": "7E18", "deviceMap": ["iPhone1,1", "iPhone2,1", "iPhone40,1"]}`,
	"readme.md":      "none",
	"iPhone1,1.json": `{"name": "iPhone", "identifier": "iPhone1,1"}`,
}

const models = "# comment\nmodel;name;newest\niPhone1,1;iPhone;\niPhone2,1;iPhone 3GS;9\niPad1,1;iPad;\niPod1,1;iPod touch;\n"

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRun(t *testing.T) {
	t.Parallel()
	table := write(t, map[string]string{"models.csv": models, "ios_versions.csv": "# comment\nversion;build;released\n30.0.1;30A1;\n"})
	var out, notes strings.Builder
	if err := run([]string{filepath.Join(table, "models.csv"), write(t, sample)}, &out, &notes); err != nil {
		t.Fatal(err)
	}
	want := "# comment\nmodel;name;newest\niPhone1,1;iPhone;3.1.3\niPhone2,1;iPhone 3GS;9\niPhone30,1;iPhone 30;30\n" +
		"iPad1,1;iPad;\niPad30,1;iPad Air (11-inch, M9);30.0\niPad30,2;iPad Pro (12.9-inch, 9th generation);\n" +
		"iPad30,3;iPad Pro (12.9-inch, 9th generation);\niPod1,1;iPod touch;\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	wantNotes := "iPhone2,1: the name is iPhone 3GS here and Other in the sources\n" +
		"iPhone2,1: the newest version is 9 here and 3.1.3 in the sources\niPhone40,1: no source has its name\n"
	if diff := cmp.Diff(wantNotes, notes.String()); diff != "" {
		t.Error(diff)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{
		"models.csv": models, "ios_versions.csv": "version;build;released\n", "odd.csv": "a;b\n", "bad.json": "{",
		"type.json": `{"name": "x", "identifier": 7}`, "list.json": `{"name": "x", "identifier": [7]}`, "map.json": `{"iPhone1,1": 7}`,
	})
	in := func(name string) string { return filepath.Join(dir, name) }
	alone := write(t, map[string]string{"models.csv": models})
	for name, args := range map[string][]string{
		"nothing": nil, "one": {in("models.csv")}, "missing": {in("models.csv"), in("none")}, "no_table": {in("odd.csv"), in("bad.json")},
		"json": {in("models.csv"), in("bad.json")}, "type": {in("models.csv"), in("type.json")}, "list": {in("models.csv"), in("list.json")},
		"map": {in("models.csv"), in("map.json")}, "no_versions": {filepath.Join(alone, "models.csv"), alone},
	} {
		if err := run(args, new(strings.Builder), new(strings.Builder)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestDataFile: names in models.csv are in the form that this program writes,
// which leaves the file as it is.
func TestDataFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join("..", "..", "data", "models.csv")
	table, err := readTable(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range table.models {
		if got := plain(m.name); got != m.name && !strings.Contains(m.name, ", ") {
			t.Errorf("%s: %s", m.name, got)
		}
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var out, notes strings.Builder
	if err := run([]string{name, write(t, map[string]string{"a.json": sample["iPhone1,1.json"]})}, &out, &notes); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(data), out.String()); diff != "" || notes.Len() > 0 {
		t.Errorf("%s%s", diff, notes.String())
	}
}
