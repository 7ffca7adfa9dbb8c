package android

import (
	"regexp"
	"strings"
	"testing"
)

// TestData: every line of every file is one that is read, and every file says
// where it is from and of which date.
func TestData(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"test_keys": testKeysCSV, "installers": installersCSV, "permissions": permissionsCSV, "versions": versionsCSV,
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
	if v, ok := VersionOf(29); !ok || v.Name != "10" || v.Ended.Year() != 2023 {
		t.Errorf("%+v", v)
	}
}
