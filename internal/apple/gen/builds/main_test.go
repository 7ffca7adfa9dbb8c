package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Samples in the forms of the two collections, with invented builds.
const (
	appleDB = `{"osStr": "iOS", "version": "9.9", "build": "13Z9", "buildTrain": "Sample", "released": "2016-01-02", "deviceMap": ["iPhone8,1"]}`
	guide   = `module.exports = [
  {
    "ver": "9.9.1",
    "build": "13L91",
    "released": "2016-02-03",
		"beta": false,
    "devices": [
      "iPhone8,1", // iPhone 6s, A9
    ],
  },
  {
    "ver": "9.9.2 beta",
    "build": "13L5092a",
    "released": "2016-02-04",
		"beta": true,
    "devices": [],
  },
  {
    "ver": "9.9.3",
    "build": "13L93",
    "released": "2016-02-05",
    "devices": []
  },
  {
    "ver": "9.9.4 beta",
    "build": "13L94",
    "released": "2016-02-06",
    "devices": [],
    "beta": true,
  },
]`
)

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
	dir := write(t, map[string]string{
		"13L9.json": strings.Replace(appleDB, "13Z9", "13L9", 1), "beta.json": `{"osStr": "iOS", "version": "9.9", "build": "13L1", "beta": true}`,
		"watch.json": `{"osStr": "watchOS", "version": "9.9", "build": "13L2"}`,
		"7C1.json":   `{"osStr": "iPhoneOS", "version": "3.1", "build": "7C1", "released": "2009-09-09"}`, "9.js": guide, "readme.md": "none",
		"by_hand.csv": "# a table\nversion;build;date;source\n9.8;13K8;2015-12-31;https://example.org\n",
	})
	table := write(t, map[string]string{"builds.csv": "# comment\nversion;build;released\n9.8;13K8;\n9.9.1;13L91;2016-02-02\n10.0;14A1;2016-09-13\n"})
	var out, notes strings.Builder
	if err := run([]string{filepath.Join(table, "builds.csv"), dir}, &out, &notes); err != nil {
		t.Fatal(err)
	}
	want := "# comment\nversion;build;released\n3.1;7C1;2009-09-09\n9.8;13K8;2015-12-31\n9.9;13L9;2016-01-02\n9.9.1;13L91;2016-02-02\n9.9.3;13L93;2016-02-05\n10.0;14A1;2016-09-13\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(notes.String(), "13L91: the date is 2016-02-02 here and 2016-02-03 in ") {
		t.Errorf("notes %q", notes.String())
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"builds.csv": "version;build;released\n", "odd.csv": "a;b;c;d\n", "bad.json": "{", "bad.js": "nothing"})
	in := func(name string) string { return filepath.Join(dir, name) }
	for name, args := range map[string][]string{
		"nothing": nil, "one": {in("builds.csv")}, "missing": {in("builds.csv"), in("none")}, "no_table": {in("odd.csv"), in("builds.csv")},
		"json": {in("builds.csv"), in("bad.json")}, "js": {in("builds.csv"), in("bad.js")},
	} {
		if err := run(args, new(strings.Builder), new(strings.Builder)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestDataFile: what was looked up is in the data file, which the program
// leaves as it is.
func TestDataFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join("..", "..", "data", "builds.csv")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var out, notes strings.Builder
	if err := run([]string{name, "looked_up.csv"}, &out, &notes); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(data), out.String()); diff != "" || notes.Len() > 0 {
		t.Errorf("%s%s", diff, notes.String())
	}
}
