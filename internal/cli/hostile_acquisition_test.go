package cli

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/open"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/rule"
	"github.com/amparo-project/amparo/internal/testevidence"
)

// badReport is a bugreport with CR LF and Latin-1, which is cut within its last
// section.
var badReport = strings.ReplaceAll("========================================================\n== dumpstate: 2025-09-10 12:30:00\n\n"+
	"------ SYSTEM PROPERTIES (getprop) ------\n[persist.sys.timezone]: [America/Mexico_City]\n[ro.product.model]: [Se\xf1or]\n[ro.build.version.release]: [14]\n"+
	"DUMP OF SERVICE usagestats:\nuser=0\n    time=\"2025-09-10 12:00:00\" type=ACTIVITY_RESUMED package=com.fintur.support class=com.fintur.support.Hidden flags=0x0\n"+
	"    time=\"2025-09-10 12:0", "\n", "\r\n")

// zipWith packs files, whose names are written as they are.
func zipWith(t *testing.T, files ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.Create(f[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// forged claims another size for the one file of an archive, in its list.
func forged(data []byte, size uint32) []byte {
	data = bytes.Clone(data)
	at := bytes.LastIndex(data, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(data[at+24:], size)
	return data
}

// recursive is a tombstone whose fields nest ten thousand deep, each the value of
// the last: field 16, a map of threads.
func recursive() string {
	const depth = 10_000
	inner := []byte{0xff} // no message
	var heads [][]byte
	size := len(inner)
	for range depth {
		head := binary.AppendUvarint([]byte{0x82, 0x01}, uint64(size))
		heads = append(heads, head)
		size += len(head)
	}
	var b bytes.Buffer
	for i := len(heads) - 1; i >= 0; i-- {
		b.Write(heads[i])
	}
	b.Write(inner)
	return b.String()
}

// TestBadAndroidInput: each piece of bad input costs its own part, which is
// named, and the rest of the acquisition is read.
func TestBadAndroidInput(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("much work in one goroutine: left to the run without the race detector")
	}
	many := make([][2]string, 10_000)
	for i := range many {
		many[i] = [2]string{fmt.Sprintf("FS/%s%d.txt", strings.Repeat("a/", i%64), i), ""}
	}
	many = append(many, [2]string{"dumpstate-nested.txt", badReport})
	good, err := testevidence.AndroidBackup{Version: 5, Password: "x", Rounds: 10, Names: []string{"apps/com.x/f/a"}, Files: map[string]string{"apps/com.x/f/a": "b"}}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	slow := bytes.Replace(good, []byte("\n10\n"), []byte("\n2147483648\n"), 1)
	if bytes.Equal(slow, good) {
		t.Fatal("the rounds of the backup were not found")
	}
	rules, err := rule.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string // in an acquisition
		data []byte
		says string // of what is told of it; "": nothing has to be
		use  bool   // the report in it gives a use of the app
	}{
		// A size that is too large costs nothing: it is not believed.
		{"bugreport.zip", forged(zipWith(t, [2]string{"dumpstate-forged.txt", badReport}), 1<<31-1), "", true},
		{"bugreport.zip", forged(zipWith(t, [2]string{"dumpstate-forged.txt", badReport}), 10), "dumpstate-forged.txt", false},
		{"bugreport.zip", zipWith(t, many...), "", true},
		{"bugreport.zip", zipWith(t, [2]string{"../../outside.txt", "x"}, [2]string{"/etc/absolute.txt", "x"}, [2]string{"dumpstate-a.txt", badReport}), "outside.txt", true},
		{"bugreport.zip", zipWith(t, [2]string{"dumpstate-a.txt", badReport}), "", true},
		{"bugreport.zip", zipWith(t, [2]string{"dumpstate-a.txt", badReport}, [2]string{"FS/data/tombstones/tombstone_00.pb", recursive()}), "tombstone_00.pb", true},
		{"backup.ab", slow, "2147483648", false},
	} {
		dir := t.TempDir()
		for name, data := range map[string][]byte{"packages.json": []byte(`[{"name":"com.example.read","installer":"com.android.vending"}]`), "acquisition.json": []byte("{}"), c.name: c.data} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		found, err := open.Find(t.Context(), dir, examine.WhatIsRead())
		if err != nil || len(found.Candidates) != 1 {
			t.Fatalf("%s: %v, %d candidates", c.says, err, len(found.Candidates))
		}
		src, err := found.Candidates[0].Open(t.Context(), evidence.OpenOptions{Password: func(context.Context) (string, error) { return "x", nil }})
		if err != nil {
			t.Errorf("%s: %v", c.says, err)
			continue
		}
		run, err := pipeline.Check(t.Context(), pipeline.Options{Source: src, Parsers: parsers.All(), Matcher: indicator.NewMatcher(nil), Rules: rules, Now: time.Now, Findings: func(json.RawMessage) error { return nil }})
		if err != nil {
			t.Errorf("%s: %v", c.says, err)
		}
		_ = src.Close() // it was only read
		told, err := json.Marshal(run)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(told, []byte(c.says)) {
			t.Errorf("%s is not named: %+v %+v", c.says, run.Evidence.Problems, run.Coverage)
		}
		records := map[string]int64{}
		for _, cov := range run.Coverage {
			records[cov.Artifact] = cov.Records
			if cov.Artifact == "android.packages" && cov.State != finding.Read {
				t.Errorf("%s: packages %s", c.says, cov.State)
			}
		}
		if records["android.packages"] == 0 || (records["android.usage_stats"] > 0) != c.use {
			t.Errorf("%s: %v", c.says, records)
		}
	}
}
