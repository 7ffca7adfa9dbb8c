package cli

import (
	"archive/zip"
	"context"
	"encoding/json"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/open"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/rule"
)

// shared returns a path below the folder of public evidence and indicators,
// which is no part of the project.
func shared(t *testing.T, elem ...string) string {
	t.Helper()
	dir := os.Getenv("AMPARO_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	name := filepath.Join(append([]string{dir}, elem...)...)
	if _, err := os.Stat(name); err != nil {
		t.Skipf("no public evidence here (set AMPARO_SHARED): %v", err)
	}
	return name
}

// phones is evidence made of single files of clean phones, each under the
// logical path that it has in a backup.
type phones map[string][]byte

func (p phones) Evidence() finding.Evidence { return finding.Evidence{Kind: "test"} }
func (p phones) Close() error               { return nil }

func (p phones) Files(context.Context) iter.Seq2[evidence.Entry, error] {
	return func(yield func(evidence.Entry, error) bool) {
		for _, path := range slices.Sorted(maps.Keys(p)) {
			if !yield(evidence.Entry{Path: path}, nil) {
				return
			}
		}
	}
}

func (p phones) Open(_ context.Context, e evidence.Entry) (evidence.File, error) {
	return phoneFile{strings.NewReader(string(p[e.Path])), e.Path}, nil
}

type phoneFile struct {
	*strings.Reader
	path string
}

func (f phoneFile) Close() error { return nil }
func (f phoneFile) Stored() (string, int64, func() (io.ReadCloser, error)) {
	return f.path, f.Size(), func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(f, 0, f.Size())), nil }
}

func cleanPhones(t *testing.T) phones {
	t.Helper()
	p := phones{}
	for path, elem := range map[string][]string{
		"WirelessDomain/Library/Databases/DataUsage.sqlite": {"plaso", "ios", "DataUsage.sqlite"},
		"HomeDomain/Library/Safari/History.db":              {"plaso", "safari", "History.db"},
		"HomeDomain/Library/Safari/History.db-wal":          {"plaso", "safari", "History.db-wal"},
		"HomeDomain/Library/TCC/TCC.db":                     {"plaso", "macos", "TCC-test.db"},
		"HomeDomain/Library/SMS/sms.db":                     {"plaso", "sqlite", "imessage_chat.db"},
		"HomeDomain/Library/Accounts/Accounts3.sqlite":      {"plaso", "ios", "Accounts3.sqlite"},
		"logs/powerlogs/powerlog_2021-12-16.PLSQL":          {"plaso", "ios", "powerlog_2021-12-16_05-54_84E2141B.PLSQL"},
		"WiFi/com.apple.wifi.known-networks.plist":          {"plaso", "ios", "com.apple.wifi.known-networks.plist"},
		"App_Privacy_Report_v4.ndjson":                      {"plaso", "ios_app_privacy_report.ndjson"},
		"private/var/db/CoreDuet/Knowledge/knowledgeC.db":   {"plaso", "macos", "knowledgec-10.13.db"},
	} {
		data, err := os.ReadFile(shared(t, append([]string{"evidence"}, elem...)...))
		if err != nil {
			t.Fatal(err)
		}
		p[path] = data
	}
	z, err := zip.OpenReader(shared(t, "evidence", "ileapp", "testdata.addressBook.addressBook.josh_ios15_ffs.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		if base := filepath.Base(f.Name); strings.HasPrefix(base, "AddressBook.sqlitedb") {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			if p["HomeDomain/Library/AddressBook/"+base], err = limit.ReadAll(r, 64*limit.MiB); err != nil {
				t.Fatal(err)
			}
			r.Close()
		}
	}
	return p
}

// TestCleanPhonesRaiseNothing checks clean phones against every published
// indicator that is at hand: a finding above low would be a false alarm.
func TestCleanPhonesRaiseNothing(t *testing.T) {
	t.Parallel()
	sets, err := indicator.LoadPath(shared(t, "indicators"))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := rule.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	found, err := open.Find(t.Context(), shared(t, "evidence", "ios_backup_small"), open.Options{})
	if err != nil {
		t.Fatal(err)
	}
	backup, err := found.Candidates[0].Open(t.Context(), evidence.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer backup.Close()
	for name, src := range map[string]evidence.Source{"backup": backup, "phones": cleanPhones(t)} {
		run, err := pipeline.Check(t.Context(), pipeline.Options{
			Source: src, Parsers: parsers.All(), Matcher: indicator.NewMatcher(sets), Rules: rules, Now: time.Now,
			Findings: func(line json.RawMessage) error {
				var f finding.Finding
				if err := json.Unmarshal(line, &f); err != nil {
					return err
				}
				if f.Severity > finding.Low {
					t.Errorf("%s: %s", name, line)
				}
				return nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if run.Totals.Records < 90 {
			t.Errorf("%s: %d records: was it read at all?", name, run.Totals.Records)
		}
		noRuleFailed(t, run)
		for _, c := range run.Coverage {
			t.Logf("%s: %-26s %-8s %6d records %s", name, c.Artifact, c.State, c.Records, c.Error)
		}
	}
}
