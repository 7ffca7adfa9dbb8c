package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, files map[string]string) func(string) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(name string) string { return filepath.Join(dir, name) }
}

func TestRun(t *testing.T) {
	t.Parallel()
	in := write(t, map[string]string{
		"tcc_services.csv": "# comment\nservice;en;es\nkTCCServiceMicrophone;microphone;micrófono\nkTCCServiceCamera;camera;cámara\n",
		"names.h":          "static NSDictionary *s = @{\n    @\"kTCCServiceMicrophone\": @\"Microphone\",\n    @\"kTCCServiceSensorKitKeyboardMetrics\": @\"\"\n};",
		"tcc.c":            "void* kTCCServiceAll = (void*)0;\nvoid* kTCCServiceMicrophone2 = (void*)0;\nvoid* kTCCSetNoKill = (void*)0;",
	})
	var out, notes strings.Builder
	if err := run([]string{in("tcc_services.csv"), in("names.h"), in("tcc.c")}, &out, &notes); err != nil {
		t.Fatal(err)
	}
	want := "# comment\nservice;en;es\nkTCCServiceCamera;camera;cámara\nkTCCServiceMicrophone;microphone;micrófono\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	if want := "kTCCServiceMicrophone2 of " + in("tcc.c") + " is not in the table\nkTCCServiceCamera is in no file\n"; notes.String() != want {
		t.Error(notes.String())
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	in := write(t, map[string]string{"tcc_services.csv": "service;en;es\n", "odd.csv": "a;b\n", "none.h": "nothing", "one.h": "kTCCServiceCamera"})
	for name, args := range map[string][]string{
		"nothing": nil, "one": {in("tcc_services.csv")}, "missing": {in("tcc_services.csv"), in("gone.h")}, "no_table": {in("odd.csv"), in("one.h")},
		"no_file": {in("gone.csv"), in("one.h")}, "no_names": {in("tcc_services.csv"), in("none.h")},
	} {
		if err := run(args, new(strings.Builder), new(strings.Builder)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestDataFile: the table is in the order in which this program writes it.
func TestDataFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join("..", "..", "data", "tcc_services.csv")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var out, notes strings.Builder
	if err := run([]string{name, name}, &out, &notes); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(data), out.String()); diff != "" || notes.Len() > 0 {
		t.Errorf("%s%s", diff, notes.String())
	}
}
