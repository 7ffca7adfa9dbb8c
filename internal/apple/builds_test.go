package apple

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestRelease(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		build, version, date string
		ok                   bool
	}{
		{"24A446", "27.0.1", "2026-09-28", true},
		{"19A346", "15.0", "2021-09-20", true},
		{"13A344", "9.0", "2015-09-16", true},
		{"14B72c", "10.1", "2016-10-24", true},
		{"8C148a", "4.2.1", "2010-11-22", true},
		{"16C104", "12.1.2", "2018-12-20", true},
		{"10B145", "6.1.1", "", true}, // the sources differ
		{"24A5355q", "", "", false},   // a test version
		{"24a446", "", "", false},
		{"", "", "", false},
	} {
		if version, date, ok := Release(tt.build); version != tt.version || date != tt.date || ok != tt.ok {
			t.Errorf("%s: %q, %q, %v", tt.build, version, date, ok)
		}
	}
}

// TestBuilds holds the list to what the builds themselves say: the first
// number of a build rises by one with every major version.
func TestBuilds(t *testing.T) {
	t.Parallel()
	// The releases of 2007 and 2008 counted otherwise: 1.x has 1, 3 and 4.
	trains := map[int]string{
		2: "5", 3: "7", 4: "8", 5: "9", 6: "10", 7: "11", 8: "12", 9: "13", 10: "14", 11: "15", 12: "16", 13: "17", 14: "18", 15: "19",
		16: "20", 17: "21", 18: "22", 26: "23", 27: "24",
	}
	form := regexp.MustCompile(`^\d{1,2}[A-L]\d{1,4}[a-c]?$`)
	undated := 0
	for build, r := range builds() {
		v, ok := parseVersion(r.version)
		if train := trains[v[0]]; !ok || !form.MatchString(build) || !strings.HasPrefix(build, train) || train == "" && v[0] != 1 {
			t.Errorf("%s: %+v", build, r)
		}
		if _, err := time.Parse(time.DateOnly, r.date); err != nil && r.date != "" {
			t.Errorf("%s: %v", build, err)
		}
		if r.date == "" {
			undated++
		}
	}
	if !strings.Contains(buildsCSV, fmt.Sprintf("\n# %d of them ", undated)) {
		t.Errorf("%d builds have no date: the header of the file says otherwise", undated)
	}
	if n := len(builds()); n < 370 {
		t.Errorf("%d builds: some were lost", n)
	}
	for _, line := range dataLines(versionsCSV) {
		f := strings.Split(line, ";")
		version, date, _ := Release(f[1])
		if f[1] != "" && (version != f[0] || date != f[2]) {
			t.Errorf("%s: released as %q on %q", line, version, date)
		}
	}
}
