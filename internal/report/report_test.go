package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/message"
)

var update = flag.Bool("update", false, "rewrite golden files")

func day(s string) *time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return &t
}

// hostile is what an attacker may put into any field.
const hostile = "\x1b[2J<script>alert(1)</script>\u202egpj.exe\u200b"

func sampleRun() finding.Run {
	outdated := true
	return finding.Run{
		Schema: 1, Tool: "amparo", Version: "test", Complete: true,
		Evidence: finding.Evidence{
			Kind: "ios-backup", Path: "backup", Encrypted: true, Files: 12, Problems: []finding.Problem{{Path: "Status.plist", Error: "it is missing"}},
			Device: finding.Device{
				Name: "Ana's iPhone" + hostile, Model: "iPhone14,5", ModelName: "iPhone 13", OS: "iOS", Version: "18.6.2", Build: "22G100",
				Serial: "F1", LastBackup: day("2025-09-10T18:30:00Z"), Outdated: &outdated, NewestKnown: "26.1", VersionsAsOf: "2026-11-01",
			},
		},
		Indicators: []finding.IndicatorSet{{Name: "Pegasus", File: "pegasus.stix2", SHA256: strings.Repeat("ab", 32), Count: 10}},
		Coverage: []finding.Coverage{
			{Artifact: "ios.calls", State: finding.Absent, Files: []string{}},
			{Artifact: "ios.sms", State: finding.Partial, Files: []string{"HomeDomain/Library/SMS/sms.db"}, Records: 12345, Events: 20000, From: day("2020-01-02T03:04:05Z"), To: day("2025-09-10T00:00:00Z"), Lost: 2, Error: "page 7: corrupt"},
		},
		Totals:  finding.Totals{Files: 1, Bytes: 123_456_789, Records: 12345, Events: 20000, Findings: 3, BySeverity: map[string]int64{"critical": 2, "high": 1}},
		Started: *day("2026-11-23T10:00:00Z"), Ended: *day("2026-11-23T10:00:02Z"),
	}
}

func sampleFindings() []finding.Finding {
	row := int64(17)
	message := finding.Finding{
		ID: "F-000000000001", Severity: finding.Critical, Kind: finding.Indicator, Title: "domain free247downloads.com published as an indicator of Pegasus",
		Artifact: "ios.sms", Time: day("2021-03-04T05:06:07Z"), TimeOf: "message",
		Indicator: &finding.Matched{
			Type: "domain", Value: "free247downloads.com", Threats: []string{"Pegasus"}, Threat: "Pegasus", Set: "Pegasus", SetSHA256: strings.Repeat("ab", 32),
			ID: "indicator--1", Reference: "https://www.amnesty.org/", Match: "parent_domain", Observed: "https://a.free247downloads.com/x" + hostile, Field: "links",
		},
		Record: json.RawMessage(`{"kind":"message","data":{"text":"mira <b>esto</b>","links":["https://a.free247downloads.com/x"]},"provenance":{}}`),
		Where: finding.Provenance{
			Path: "HomeDomain/Library/SMS/sms.db", Stored: "3d/3d0d7e5fb2ce288813306e4d4636395e047a3d28", SHA256: strings.Repeat("cd", 32),
			Table: "message", RowID: &row, Page: 4, Offset: 0x2001, Length: 24, State: "live", Bytes: []byte("\x16\x11\x05mira esto hola gente ab"),
		},
	}
	second := message
	second.ID, second.Time = "F-000000000002", day("2021-03-05T05:06:07Z")
	return []finding.Finding{message, second, {
		ID: "F-000000000003", Severity: finding.High, Kind: finding.Heuristic, Title: "Network use of a process whose entry is gone", Artifact: "ios.datausage",
		Rule: "datausage_orphan", Reason: "process entry 7", Record: json.RawMessage(`{"kind":"orphan_usage","data":{"proc_id":7}}`),
		Where: finding.Provenance{Path: "WirelessDomain/Library/Databases/DataUsage.sqlite", Stored: "0d/0d60", Table: "ZLIVEUSAGE", RowID: &row, State: "live"},
	}}
}

// writeResult makes a result folder of the samples.
func writeResult(t testing.TB, run finding.Run, list []finding.Finding) string {
	t.Helper()
	dir := t.TempDir()
	var lines bytes.Buffer
	for i := range list {
		line, err := finding.Encode(&list[i])
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	rawRun, err := json.Marshal(&run)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"run.json": rawRun, "findings.jsonl": lines.Bytes(),
		"manifest.sha256": []byte(strings.Repeat("cd", 32) + "  3d/3d0d\n"),
		"activity.json":   []byte(`{"days":[{"day":"2020-01-02","counts":{"ios.sms":3}},{"day":"2025-09-10","counts":{"ios.sms":9}}]}`),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	for _, lang := range message.Languages {
		run := sampleRun()
		var b bytes.Buffer
		if err := Summary(&b, &run, GroupFindings(sampleFindings()), message.New(lang), SummaryOptions{Width: 90, Dir: "result"}); err != nil {
			t.Fatal(err)
		}
		golden(t, "summary."+lang+".txt", b.String())
		if strings.ContainsAny(b.String(), "\x1b\u202e\u200b") {
			t.Errorf("%s: what evidence hides reaches the terminal", lang)
		}
		if n := strings.Count(b.String(), "\n"); n > 40 {
			t.Errorf("%s: %d lines are more than a screen", lang, n)
		}
	}
}

func TestSummaryOfNothing(t *testing.T) {
	t.Parallel()
	run := sampleRun()
	run.Complete, run.Totals.BySeverity = false, nil
	var b bytes.Buffer
	if err := Summary(&b, &run, nil, message.New("en"), SummaryOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"FINDINGS: none", "No finding is no proof", "did not come to its end", "accessnow.org"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	list := sampleFindings()
	for _, lang := range message.Languages {
		run := sampleRun()
		var b bytes.Buffer
		for i := range list[1:] {
			if err := Explain(&b, &list[i+1], &run, message.New(lang), ExplainOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		golden(t, "explain."+lang+".txt", b.String())
		if strings.ContainsAny(b.String(), "\x1b\u202e\u200b") {
			t.Errorf("%s: what evidence hides reaches the terminal", lang)
		}
	}
}

func TestExplainSaysWhenEvidenceChanged(t *testing.T) {
	t.Parallel()
	f, run := sampleFindings()[0], sampleRun()
	file := bytes.Repeat([]byte{'x'}, 0x3000)
	for _, tt := range []struct {
		name    string
		content []byte
		sha256  string
		want    []string
	}{
		{"unchanged", append(append(bytes.Clone(file[:0x2001]), f.Where.Bytes...), "more"...), f.Where.SHA256, []string{"unchanged", "read from the evidence now"}},
		{"changed", file, strings.Repeat("00", 32), []string{"has changed since", "not the bytes that the check saw"}},
		{"cut", file[:0x2005], f.Where.SHA256, []string{"could not be read whole"}},
	} {
		var b bytes.Buffer
		if err := Explain(&b, &f, &run, message.New("en"), ExplainOptions{Evidence: bytes.NewReader(tt.content), SHA256: tt.sha256}); err != nil {
			t.Fatal(err)
		}
		for _, want := range tt.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: %q is missing in\n%s", tt.name, want, b.String())
			}
		}
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"3d/3d0d": "3d/3d0d", "": "''", "a b": "'a b'", "it's; rm -rf ~": `'it'\''s; rm -rf ~'`} {
		if got := quote(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestExports(t *testing.T) {
	t.Parallel()
	list := sampleFindings()
	list[2].Reason = "=HYPERLINK(\"http://evil.example\")"
	res, err := Load(writeResult(t, sampleRun(), list))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := JSON(&b, res); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Run      finding.Run
		Findings []finding.Finding
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil || len(doc.Findings) != 3 || doc.Run.Tool != "amparo" {
		t.Errorf("JSON: %v, %d findings", err, len(doc.Findings))
	}
	b.Reset()
	if err := CSV(&b, res); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 4 || len(rows[1]) != len(csvHeader) {
		t.Fatalf("CSV: %v, %d rows", err, len(rows))
	}
	if got := rows[3][15]; !strings.HasPrefix(got, "'=") {
		t.Errorf("a formula stands as it is: %q", got)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	dir := writeResult(t, sampleRun(), sampleFindings())
	res, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Groups) != 2 || res.Groups[0].Count != 2 || !res.Groups[0].Last.After(*res.Groups[0].First) || len(res.Activity) != 2 || len(res.Manifest) != 1 {
		t.Errorf("got %+v", res)
	}
	if _, err := Find(dir, "F-000000000003"); err != nil {
		t.Error(err)
	}
	if _, err := Find(dir, "F-nothing"); err == nil || !strings.Contains(err.Error(), "F-nothing") {
		t.Errorf("got %v", err)
	}
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "run.json") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "findings.jsonl"), []byte("{}\n{broken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v", err)
	}
}

func TestManyFindingsAreGrouped(t *testing.T) {
	t.Parallel()
	list := make([]finding.Finding, 0, 3000)
	for i := range 3000 {
		f := sampleFindings()[0]
		f.ID = fmt.Sprintf("F-%012d", i)
		list = append(list, f)
	}
	groups := GroupFindings(list)
	if len(groups) != 1 || groups[0].Count != 3000 || len(groups[0].Findings) != maxFindings {
		t.Errorf("%d groups", len(groups))
	}
}
