package android

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestData: every line of every file is one that is read, and every file says
// where it is from and of which date.
func TestData(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"test_keys": testKeysCSV, "installers": installersCSV, "permissions": permissionsCSV, "versions": versionsCSV, "bulletins": bulletinsCSV,
		"system_packages": systemPackagesCSV, "namespaces": namespacesCSV,
	} {
		if !strings.Contains(text, "# source: http") || !regexp.MustCompile(`(?m)^# as of \d{4}-\d\d-\d\d$`).MatchString(text) {
			t.Errorf("%s: no source or date", name)
		}
		lines := dataLines(text)
		n := strings.Count(lines[0], ";") + 1
		if got := len(table(text, n)); got != len(lines) {
			t.Errorf("%s: %d of %d lines are read: one has other columns, or is there twice", name, got, len(lines))
		}
	}
	kinds := map[string]bool{"store": true, "other_store": true, "by_hand": true, "restore": true, "carrier": true, "managed": true}
	for pkg, f := range installers() {
		if !kinds[f[0]] {
			t.Errorf("%s: kind %q", pkg, f[0])
		}
	}
	for key := range testKeys() {
		if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(key) {
			t.Errorf("%q is no SHA-256", key)
		}
	}
	for api, v := range versions() {
		if v.Released.IsZero() || v.Name == "" || !v.Ended.IsZero() && v.Ended.Before(v.Released) {
			t.Errorf("API %d: %+v", api, v)
		}
	}
}

func TestFacts(t *testing.T) {
	t.Parallel()
	if got := TestKey("A4:0D:A8:0A:59:D1:70:CA:A9:50:CF:15:C1:8C:45:4D:47:A3:9B:26:98:9D:8B:64:0E:CD:74:5B:A7:1B:F5:DC"); got != "testkey" {
		t.Errorf("test key %q", got)
	}
	if kind, name := Installer("com.android.vending"); kind != "store" || name != "Google Play" {
		t.Errorf("%q %q", kind, name)
	}
	if kind, _ := Installer("com.example"); kind != "" || TestKey("00") != "" {
		t.Error("an unknown name is known")
	}
	class, en, es := Permission("android.permission.RECORD_AUDIO")
	if class != "dangerous" || en != "microphone" || es != "micrófono" || !Dangerous("android.permission.RECORD_AUDIO") || Dangerous("android.permission.INTERNET") {
		t.Errorf("%q %q %q", class, en, es)
	}
	if Operation("android.permission.ACCESS_FINE_LOCATION") != "FINE_LOCATION" || Operation("android.permission.BIND_VPN_SERVICE") != "" || Operation("x") != "" {
		t.Error("operations of permissions")
	}
	if SystemPackage("com.sec.android.app.samsungapps") != "Samsung" || SystemPackage("com.example") != "" {
		t.Error("system packages")
	}
	for name, maker := range map[string]string{
		"com.android.sys.update": "AOSP", "android.helper": "AOSP", "com.sec.android.app.helper": "Samsung", "com.miui.x.y": "Xiaomi",
		"com.android.settings": "", "com.androidx.app": "", "com.sec.other": "", "com.android": "", "android": "", "com.example": "", "": "", ".": "", "mi": "",
	} {
		if got := Impersonates(name); got != maker {
			t.Errorf("%q: %q, not %q", name, got, maker)
		}
	}
	if v, ok := VersionOf(29); !ok || v.Name != "10" || v.Ended.Year() != 2023 {
		t.Errorf("%+v", v)
	}
}

func TestBulletins(t *testing.T) {
	t.Parallel()
	list := Bulletins()
	if len(list) < 127 || !list[0].Month.Equal(time.Date(2015, 8, 1, 0, 0, 0, 0, time.UTC)) {
		t.Fatalf("%d bulletins from %v", len(list), list[0].Month)
	}
	for i, b := range list {
		// One each month until the list has gaps.
		if want := list[0].Month.AddDate(0, i, 0); b.Month.Year() < 2026 && !b.Month.Equal(want) {
			t.Errorf("%v follows %v", b.Month, list[i-1].Month)
		}
		if !slices.IsSorted(b.Levels) || len(b.Levels) == 0 && i > 1 || !b.Published.IsZero() && b.Published.Format("2006-01") != b.Month.Format("2006-01") {
			t.Errorf("%+v", b)
		}
		for _, level := range b.Levels {
			if !strings.HasPrefix(level, b.Month.Format("2006-01")) {
				t.Errorf("%s in %v", level, b.Month)
			}
		}
		// What is not known counts from a day by which all others were out.
		if !b.Published.IsZero() && i > 0 && b.Published.Day() >= usualDay {
			t.Errorf("%v: published after the usual day", b.Published)
		}
	}
}

func TestPatchOn(t *testing.T) {
	t.Parallel()
	day := func(s string) time.Time {
		at, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, tt := range []struct {
		level string
		api   int
		on    string
		want  Patch
	}{
		{"2018-08-05", 27, "2018-09-03", Patch{AgeDays: 29}},
		{"2018-08-05", 27, "2018-09-04", Patch{AgeDays: 30, Missed: 1, Newest: "2018-09-05"}},
		{"2018-08-01", 27, "2018-08-20", Patch{AgeDays: 19, Missed: 1, Newest: "2018-08-05"}}, // half of a month's fixes
		{"2024-11-01", 34, "2025-09-10", Patch{AgeDays: 313, Missed: 11, Newest: "2025-09-05"}},
		{"2024-11-05", 34, "2025-09-09", Patch{AgeDays: 308, Missed: 9, Newest: "2025-08-05"}}, // that of September may not be out yet
		{"2022-12-05", 29, "2025-09-10", Patch{AgeDays: 1010, Missed: 2, Newest: "2023-02-05", Ended: true}},
		{"2018-01-05", 29, "2019-10-20", Patch{AgeDays: 653, Missed: 2, Newest: "2019-10-05"}}, // before the version came there was none for it
		{"2025-09-03", 34, "2025-09-10", Patch{AgeDays: 7, Missed: 1, Newest: "2025-09-05"}},
		{"2025-09-05", 99, "2025-09-01", Patch{}},
	} {
		got, ok := PatchOn(tt.level, tt.api, day(tt.on))
		if !ok || got != tt.want {
			t.Errorf("%s of API %d on %s: %+v, want %+v", tt.level, tt.api, tt.on, got, tt.want)
		}
	}
	if _, ok := PatchOn("unknown", 34, day("2025-01-01")); ok {
		t.Error("a level that is no day")
	}
}
