package apple

import (
	"strings"
	"testing"
	"time"
)

func TestStand(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		model, version  string
		known, outdated bool
		newest          string
	}{
		{"iPhone9,3", "15.8.8", true, false, "15.8.8"},
		{"iPhone11,8", "18.7.9", true, true, "18.7.10"},
		{"iPhone11,8", "18.7.10", true, false, "18.7.10"},
		{"iPhone18,1", "18.0", true, true, "27.0.1"},
		{"iPhone18,1", "27.1", true, false, "27.0.1"}, // newer than the list
		{"iPhone18,1", "26.6.1 (a)", true, true, "27.0.1"},
		{"iPhone5,3", "10.3.3", true, false, "10.3.3"},
		{"iPhone1,1", "3.1.3", true, false, "3.1.3"},
		{"iPhone1,2", "4.1", true, true, "4.2.1"},
		{"iPad2,1", "9.3.5", true, false, "9.3.5"}, // 9.3.6 is not for every model
		{"iPad2,3", "9.3.5", true, true, "9.3.6"},
		{"iPad3,4", "10.3.3", true, false, "10.3.3"},
		{"iPad16,10", "26.5", true, true, "27.0.1"},
		{"iPhone19,4", "27.0", false, false, ""}, // newer than the releases of the list
		{"iPhone99,1", "27.0", false, false, ""},
		{"iPhone9,3", "", false, false, ""},
		{"iPhone9,3", "fifteen", false, false, ""},
		{"iPhone9,3", "15.8.8.8", false, false, ""},
	} {
		if s := Stand(tt.model, tt.version); s.Known != tt.known || s.Outdated != tt.outdated || s.Newest != tt.newest {
			t.Errorf("%s with %s: %+v", tt.model, tt.version, s)
		}
	}
	if SystemName("iPad8,1", "17.2") != "iPadOS" || SystemName("iPad8,1", "12.4") != "iOS" || SystemName("iPhone9,3", "17.2") != "iOS" {
		t.Error("name of the system")
	}
}

func TestDataFiles(t *testing.T) {
	t.Parallel()
	for name, csv := range map[string]string{"models": modelsCSV, "versions": versionsCSV, "builds": buildsCSV, "processes": processesCSV, "permissions": permissionsCSV} {
		if _, err := time.Parse(time.DateOnly, asOf(csv)); err != nil || !strings.Contains(csv, "# source: ") {
			t.Errorf("%s: no date or source: %v", name, err)
		}
	}
	if len(models()) != len(dataLines(modelsCSV)) || len(newest()) != len(dataLines(versionsCSV)) || len(builds()) != len(dataLines(buildsCSV)) {
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
}
