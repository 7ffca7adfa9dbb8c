package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPrograms(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"filesystem1/usr/sbin/bluetoothd,1643943031,,":                                                         "bluetoothd",
		"filesystem1/usr/libexec/locationd,1,,":                                                                "locationd",
		"filesystem1/sbin/launchd,1,,":                                                                         "launchd",
		"filesystem1/Applications/Camera.app/Camera,1,,":                                                       "Camera",
		"filesystem1/Applications/Camera.app/Assets.car,1,,":                                                   "",
		"filesystem1/System/Library/CoreServices/SystemVersion.plist,1,,":                                      "",
		"filesystem1/System/Library/PrivateFrameworks/TCC.framework/Support/tccd,1,,":                          "tccd",
		"filesystem1/System/Library/PrivateFrameworks/TCC.framework/TCC,1,,":                                   "",
		"filesystem1/System/Library/PrivateFrameworks/CoreParsec.framework/parsec-fbf,1,,":                     "parsec-fbf",
		"filesystem1/System/Library/PrivateFrameworks/X.framework/XPCServices/Y.xpc/Y,1,,":                     "Y",
		"filesystem1/System/Library/PrivateFrameworks/CoreSpeech.framework/03b45ed63f,1,,":                     "",
		"filesystem1/System/Library/LaunchDaemons/com.apple.scrod.plist,1,,":                                   "scrod",
		"filesystem1/System/Library/LaunchDaemons/com.apple.xpc.roleaccountd.plist,1,,":                        "",
		"filesystem2/containers/Bundle/Application/F7EC1CAF-AD7D-494A-98B1-6A8DBF433A16/Signal.app/Signal,1,,": "",
		"path,date_modified,date_accessed,date_created":                                                        "",
		"# a comment": "",
		"tccd bird":   "tccd bird",
	} {
		if got := strings.Join(programs(line), " "); got != want {
			t.Errorf("%s: %q", line, got)
		}
	}
}

// TestLists holds the data file to the lists beside this program.
func TestLists(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run([]string{"15=seen.txt", "18=ios18.txt", "=earlier.txt"}, &out); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join("..", "data", "processes.csv"))
	if err != nil {
		t.Fatal(err)
	}
	whole := strings.Split(string(data), "\n")
	for line := range strings.Lines(out.String()) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		if !slices.ContainsFunc(whole, func(s string) bool { return s == name || strings.HasPrefix(s, name+";") }) {
			t.Errorf("%s is missing: make the file again", name)
		}
	}
	if run(nil, &out) == nil || run([]string{"15"}, &out) == nil || run([]string{"15=none"}, &out) == nil {
		t.Error("no error")
	}
}
