package cli

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/open"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/rule"
	"github.com/amparo-project/amparo/internal/testevidence"
)

// TestEveryRuleFires runs every rule over generated evidence, through the whole
// pipeline: a rule that fires on nothing but its own examples may ask for a
// field that no parser fills.
func TestEveryRuleFires(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	_, err := testevidence.WriteIOSBackup(in("attacked"), testevidence.Options{Seed: 1, Messages: 500, Plant: true, Decoys: true, WAL: true})
	must(err)
	_, err = testevidence.WriteIOSBackup(in("ordinary"), testevidence.Options{Seed: 2, Messages: 200, Decoys: true})
	must(err)
	must(testevidence.WriteDump(in("dump"), in("attacked")))
	_, err = testevidence.WriteAttackedDump(in("dump"))
	must(err)
	_, err = testevidence.WriteAttackedSysdiagnose(in("sysdiagnose.tar.gz"), 1)
	must(err)
	must(faultyAttachments(in("dump")))
	must(os.Mkdir(in("android"), 0o700))
	_, err = testevidence.WriteAndroidQF(in("android/acquisition"), "")
	must(err)
	_, err = testevidence.WriteRootedAndroidQF(in("android/rooted"))
	must(err)
	_, err = testevidence.WriteBugReport(in("android/bugreport-a14xub-UP1A.231005.007-2025-09-10-12-30-00.zip"), testevidence.BugReport{Seed: 1})
	must(err)

	rules, err := rule.Builtin()
	must(err)
	found, err := open.Find(t.Context(), dir, open.Options{})
	must(err)
	fired := map[string]int{}
	for _, c := range found.Candidates {
		for id, n := range rulesThatFire(t, c, rules) {
			fired[id] += n
		}
	}
	for _, r := range rules.Rules() {
		why, excused := silentRules[r.ID]
		switch {
		case fired[r.ID] == 0 && !excused:
			t.Errorf("%s fires on none of the generated evidence", r.ID)
		case fired[r.ID] > 0 && excused:
			t.Logf("%s fires and needs no excuse any more: %s", r.ID, why)
		}
	}
}

// faultyAttachments adds attachments with the faults of exploits to a dump. The
// demo has none of them.
func faultyAttachments(dump string) error {
	dir := filepath.Join(dump, "private/var/mobile/Library/SMS/Attachments/ab/11/0B1D8F3E-2F5A-4C6B-9D7E-1A2B3C4D5E6F")
	return errors.Join(os.MkdirAll(dir, 0o700),
		os.WriteFile(filepath.Join(dir, "a.gif"), testevidence.JBIG2PDF(2, 0), 0o600),
		os.WriteFile(filepath.Join(dir, "b.webp"), testevidence.WebPTables(true), 0o600))
}

// silentRules fire on none of the generated evidence, each with the reason.
var silentRules = map[string]string{
	"android_apk_evades": "no published app with such code may be generated: the test of its parser has the manifest",
	"calls_gap":          "the generator deletes no calls: the tests of its parser do",
	"history_gap":        "the generator deletes no visits: the tests of its parser do",
}

func rulesThatFire(t *testing.T, c evidence.Candidate, rules *rule.Set) map[string]int {
	t.Helper()
	src, err := c.Open(t.Context(), evidence.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	fired := map[string]int{}
	run, err := pipeline.Check(t.Context(), pipeline.Options{
		Source: src, Parsers: parsers.All(), Rules: rules, Now: time.Now,
		Findings: func(line json.RawMessage) error {
			var f finding.Finding
			if err := json.Unmarshal(line, &f); err != nil {
				return err
			}
			fired[f.Rule]++
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	noRuleFailed(t, run)
	t.Logf("%s %s: %v", c.Kind(), c.Name(), fired)
	return fired
}
