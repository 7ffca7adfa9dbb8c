package compare

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/finding"
)

// side writes a result folder with the records of one artifact.
func side(t testing.TB, kind, serial string, records ...string) Side {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "records"), 0o700); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(records, "\n") + "\n"
	if len(records) > 0 {
		if err := os.WriteFile(filepath.Join(dir, "records", "ios.sms.jsonl"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Side{Files: os.DirFS(dir), Run: &finding.Run{
		Version: "test", Evidence: finding.Evidence{Kind: kind, Device: finding.Device{Serial: serial}},
		Coverage: []finding.Coverage{{Artifact: "ios.sms", State: finding.Read}, {Artifact: "ios.calls", State: finding.Absent}},
	}}
}

func row(id int, text, state string) string {
	return fmt.Sprintf(`{"kind":"message","data":{"text":%q,"id":%d},"provenance":{"path":"HomeDomain/Library/SMS/sms.db","table":"message","rowid":%d,"page":%d,"state":%q}}`, text, id, id, id, state)
}

func logLine(text string, offset int) string {
	return fmt.Sprintf(`{"kind":"entry","data":{"text":%q},"provenance":{"path":"a.log","offset":%d,"state":"live"}}`, text, offset)
}

func key(name, value string) string {
	return fmt.Sprintf(`{"kind":"preference","data":{"value":%q},"provenance":{"path":"x.plist","table":%q,"offset":7,"state":"live"}}`, value, name)
}

func compared(t *testing.T, a, b Side) (*Result, []string) {
	t.Helper()
	var list []string
	res, err := Compare(t.Context(), a, b, func(d *Difference) error {
		text := string(d.Change)
		for _, raw := range []json.RawMessage{d.A, d.B} {
			if raw == nil {
				continue
			}
			var r struct {
				Data struct{ Text, Value string }
			}
			if err := json.Unmarshal(raw, &r); err != nil {
				return err
			}
			text += " " + r.Data.Text + r.Data.Value
		}
		if len(d.Fields) > 0 {
			text += " " + strings.Join(d.Fields, ",")
		}
		if d.Recovered != nil {
			text += " recovered"
		}
		list = append(list, text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return res, list
}

func TestCompare(t *testing.T) {
	t.Parallel()
	a := side(t, "ios-backup", "F1", row(1, "one", "live"), row(2, "two", "live"), row(3, "three", "live"), row(4, "four", "live"), row(9, "nine", "deleted"),
		logLine("x", 0), logLine("x", 10), logLine("y", 20), key("k", "1"), key("l", "1"))
	b := side(t, "ios-backup", "F1", row(5, "five", "live"), row(1, "one", "wal"), row(3, "THREE", "live"), row(2, "two", "deleted"),
		logLine("x", 5), logLine("z", 15), key("k", "2"), key("l", "1"))
	res, got := compared(t, a, b)
	if diff := cmp.Diff([]string{
		"new five", "changed three THREE text", "new z", "changed 1 2 value", "gone two recovered", "gone four", "gone x", "gone y",
	}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	want := []Artifact{{
		Name: "ios.sms", A: finding.Read, B: finding.Read, New: 2, Gone: 4, Changed: 2, Same: 3, Recovered: 1, Comparable: true,
	}}
	if diff := cmp.Diff(want, res.Artifacts); diff != "" || res.SameDevice == nil || !*res.SameDevice || res.Versions != [2]string{"test", "test"} || res.Equal() {
		t.Errorf("%+v, -want +got:\n%s", res, diff)
	}
	if res, got := compared(t, a, a); len(got) > 0 || !res.Equal() {
		t.Errorf("with itself: %v %+v", got, res)
	}
}

func TestOtherEvidenceAndDevice(t *testing.T) {
	t.Parallel()
	a := side(t, "ios-backup", "F1", row(1, "one", "live"))
	b := side(t, "ios-filesystem", "F2", strings.ReplaceAll(row(1, "one", "live"), "HomeDomain", "private/var/mobile"))
	b.Run.Coverage[0].State = finding.Partial
	res, got := compared(t, a, b)
	if len(got) != 0 || res.Artifacts[0].Same != 1 {
		t.Errorf("the same row of a backup and of a dump: %v, %+v", got, res.Artifacts)
	}
	if res.SameDevice == nil || *res.SameDevice {
		t.Error("another serial number is the same device")
	}
	if res.Artifacts[0].Comparable {
		t.Error("what was read in part is comparable")
	}
}

// TestManyOfOnePlace holds the time to the number of records.
func TestManyOfOnePlace(t *testing.T) {
	t.Parallel()
	var before, after []string
	for i := range 30_000 {
		before = append(before, key("k", fmt.Sprint(i)))
		after = append(after, key("k", fmt.Sprint(i+15_000)))
	}
	res, _ := compared(t, side(t, "", "", before...), side(t, "", "", after...))
	if a := res.Artifacts[0]; a.Same != 15_000 || a.Changed != 15_000 || a.New+a.Gone != 0 || res.SameDevice != nil {
		t.Errorf("%+v", a)
	}
}

func TestDamagedRecords(t *testing.T) {
	t.Parallel()
	a := side(t, "", "", row(1, "one", "live"))
	for _, bad := range []string{`{"kind":`, "\x00\xff", `[]`} {
		_, err := Compare(t.Context(), a, side(t, "", "", row(1, "one", "live"), bad), func(*Difference) error { return nil })
		if err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestEmptySides holds that nothing against nothing is no difference.
func TestEmptySides(t *testing.T) {
	t.Parallel()
	a := side(t, "", "")
	b := side(t, "", "", row(1, "one", "live"))
	if _, got := compared(t, a, b); len(got) != 1 || got[0] != "new one" {
		t.Errorf("%v", got)
	}
	if _, got := compared(t, b, a); len(got) != 1 || got[0] != "gone one" {
		t.Errorf("%v", got)
	}
}

// TestSplit holds the splitter to the library.
func TestSplit(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		row(1, `a "quoted" \\ text {[`, "live"), logLine("\u2028\\", 3), key("k", ""), `{"kind":"k","data":{}}`, `{"kind":"k","times":[{"a":[1,2]}],"data":{"x":{"y":[]}},"truncated":true,"provenance":{}}`,
		`{"data":{},"other":1.5e3,"kind":"z"}`, ` {"kind": "k", "data": {"a": 1}}`,
	} {
		hold(t, line)
	}
}

func hold(t *testing.T, line string) {
	t.Helper()
	var want record
	err := json.Unmarshal([]byte(line), &want)
	got, gotErr := split([]byte(line))
	if err != nil || !strings.HasPrefix(string(want.Data), "{") {
		return // what only one of the two takes is no record of ours
	}
	if gotErr != nil {
		t.Fatalf("%s: %v", line, gotErr)
	}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("%s: -want +got:\n%s", line, diff)
	}
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte(row(1, `a "b" \\`, "live")))
	f.Add([]byte(`{"kind":"k","data":{"x":[{"y":"\""}]}}`))
	f.Fuzz(func(_ *testing.T, line []byte) {
		r, err := split(line)
		if err == nil {
			_ = r.content()
			_ = r.identity("ios.manifest", false)
		}
	})
}

func BenchmarkSplit(b *testing.B) {
	line := []byte(row(17, strings.Repeat("a message of ordinary length, ", 4), "live"))
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := split(line); err != nil {
			b.Fatal(err)
		}
	}
}
