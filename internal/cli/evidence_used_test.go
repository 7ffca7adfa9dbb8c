package cli

import (
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// usedBy says for each file of public evidence of an iPhone which test reads
// it, by pattern; the first that fits counts. A folder ends in a slash.
var usedBy = []struct{ pattern, test string }{
	{"android/", "the tests of Android"},
	{"chkbugreport/", "the tests of Android"},
	{"plaso/android/", "the tests of Android"},
	{"plaso/android_logcat.log", "the tests of Android"},
	{"ios_backup_small/", "TestRealEvidence, TestRealBackupSuite"},
	{"ileapp/josh-hickman-ios15.csv.zip", "TestRates: a list of 474,145 paths"},
	{"ileapp/*.zip", "TestRealEvidence, and the test of each parser"},
	{"imessage-exporter/*", "internal/format/streamtyped"},
	{"libplist/*plist", "internal/format/plist"},
	{"plaso/plist/*.plist", "internal/format/plist"},
	{"plaso/ios/*", "TestRealEvidence, TestRates, and the test of each parser"},
	{"plaso/ios_*", "TestRealEvidence, and the test of each parser"},
	{"plaso/safari/*", "TestRealEvidence, TestRates"},
	{"plaso/sqlite/*", "TestRates, internal/parsers/ios"},
	{"plaso/macos/*", "TestRates, internal/parsers/ios"},
	{"hindsight/", "internal/parsers/ios: History of Chrome"},
	{"unified_logging/", "internal/parsers/ios, internal/format/tracev3"},
	{"sqlite-forensic-corpus/", "internal/format/sqlite: TestCorpus"},
	// Other forms than iOS writes: JSON and OpenStep lists are of no phone.
	{"libplist/*.json", ""},
	{"libplist/*.ostep", ""},
	{"libplist/*.strings", ""},
	{"*/LICENSE", ""},
}

// TestAllEvidenceIsUsed: evidence that comes new and that no test reads is
// noticed.
func TestAllEvidenceIsUsed(t *testing.T) {
	t.Parallel()
	root := shared(t, "evidence")
	used := make([]int, len(usedBy))
	err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		for i, u := range usedBy {
			if fits, _ := path.Match(u.pattern, rel); fits || strings.HasSuffix(u.pattern, "/") && strings.HasPrefix(rel, u.pattern) {
				used[i]++
				return nil
			}
		}
		t.Errorf("no test reads %s", rel)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range used {
		t.Logf("%4d %s: %s", n, usedBy[i].pattern, usedBy[i].test)
	}
}
