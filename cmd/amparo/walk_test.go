package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/evidence/evidencetest"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/testevidence"
)

// A walker runs what "amparo explain" prints, as a court's expert would.
type walker struct {
	t       *testing.T
	dir     string
	env     []string
	missing map[string]bool // programs that are not installed here
	ran     int
}

func newWalker(t *testing.T) *walker {
	t.Helper()
	w := &walker{t: t, dir: t.TempDir(), missing: map[string]bool{}}
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no sh")
	}
	for _, name := range []string{"sqlite3", "xxd", "sha256sum", "unzip", "tar", "zstd", "plutil"} {
		if _, err := exec.LookPath(name); err != nil {
			w.missing[name] = true
			t.Logf("there is no %s here: its commands are not run", name)
		}
	}
	bin := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\n%s=1 exec %q \"$@\"\n", killChild, os.Args[0])
	if err := os.WriteFile(filepath.Join(bin, "amparo"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	w.env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"),
		"AMPARO_HOME="+t.TempDir(), "AMPARO_PASSWORD="+password, "LANG=C")
	return w
}

// sh runs a command and returns what it prints.
func (w *walker) sh(command string) string {
	w.t.Helper()
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir, cmd.Env = w.dir, w.env
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		w.t.Errorf("$ %s\n%v: %s", command, err, errs.String())
	}
	return string(out)
}

var (
	printed = regexp.MustCompile(`(?m)^       \$ (.*)$`)
	column  = regexp.MustCompile(`(?m)^  \w  +\d+  +\d+  (\S+) +(\S.*)$`)
)

// walk runs the commands of one finding and compares what they show.
func (w *walker) walk(f *finding.Finding) {
	w.t.Helper()
	text := w.sh("amparo explain " + f.ID + " --run result --password-file password")
	for _, m := range printed.FindAllStringSubmatch(text, -1) {
		command := m[1]
		if w.lacks(command) {
			continue
		}
		out := w.sh(command)
		w.ran++
		switch {
		case strings.Contains(command, "sha256sum"):
			if !strings.HasPrefix(out, f.Where.SHA256) {
				w.t.Errorf("%s: %s printed %s, want %s", f.ID, command, out, f.Where.SHA256)
			}
		case strings.HasPrefix(command, fmt.Sprintf("xxd -s %d -l %d ", f.Where.Offset, f.Where.Length)):
			if got := unhex(out); !bytes.HasPrefix(got, f.Where.Bytes) {
				w.t.Errorf("%s: %s shows other bytes than the check saw:\n%s", f.ID, command, out)
			}
		case strings.HasPrefix(command, "sqlite3"):
			w.compareColumns(f, text, out)
		}
	}
}

// compareColumns holds what sqlite3 prints to the columns that explain lists.
func (w *walker) compareColumns(f *finding.Finding, text, out string) {
	w.t.Helper()
	compared := 0
	for _, m := range column.FindAllStringSubmatch(text, -1) {
		name, value := m[1], m[2]
		if strings.HasPrefix(value, "x'") && strings.Contains(out, name+" = ") {
			compared++ // bytes that sqlite3 prints as they are: only the column can be compared
			continue
		}
		if strings.HasPrefix(name, "(") || strings.HasPrefix(value, "(") || strings.ContainsAny(value, "…\"") || strings.HasPrefix(value, "x'") || value == "NULL" || value == "?" {
			continue // no column, cut, or no text
		}
		if !regexp.MustCompile(`(?m)^ *` + regexp.QuoteMeta(name) + ` = ` + regexp.QuoteMeta(value)).MatchString(out) {
			w.t.Errorf("%s: %s is %q in the bytes, sqlite3 prints:\n%s", f.ID, name, value, out)
		}
		compared++
	}
	if compared == 0 {
		w.t.Errorf("%s: no column could be compared:\n%s\n%s", f.ID, text, out)
	}
}

// lacks reports whether a command needs a program that is not here.
func (w *walker) lacks(command string) bool {
	for name := range w.missing {
		if strings.Contains(command, name+" ") || name == "zstd" && strings.Contains(command, ".zst ") {
			return true
		}
	}
	return false
}

// unhex reads the output of xxd.
func unhex(out string) []byte {
	var b []byte
	for line := range strings.Lines(out) {
		_, rest, _ := strings.Cut(line, ": ")
		digits, _, _ := strings.Cut(rest, "  ")
		part, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
		if err != nil {
			return nil
		}
		b = append(b, part...)
	}
	return b
}

func (w *walker) findings() []finding.Finding {
	w.t.Helper()
	data, err := os.ReadFile(filepath.Join(w.dir, "result", "findings.jsonl"))
	if err != nil {
		w.t.Fatal(err)
	}
	var list []finding.Finding
	for dec := json.NewDecoder(bytes.NewReader(data)); dec.More(); {
		var f finding.Finding
		if err := dec.Decode(&f); err != nil {
			w.t.Fatal(err)
		}
		list = append(list, f)
	}
	return list
}

// TestWalks runs the commands of the walks from findings to bytes, in every
// kind of container: each must end well and show what the finding says.
func TestWalks(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it starts hundreds of programs")
	}
	options := testevidence.Options{Seed: 1, Messages: 200, Iterations: 10, Plant: true, Decoys: true, WAL: true}
	backup := func(o testevidence.Options, in string) func(*walker) {
		return func(w *walker) {
			if _, err := testevidence.WriteIOSBackup(filepath.Join(w.dir, in), o); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	packed := func(name, packer string) func(*walker) {
		return func(w *walker) {
			backup(options, filepath.Join("unpacked", "phone's [1] backup"))(w)
			data := evidencetest.Packers[packer](w.t, os.DirFS(filepath.Join(w.dir, "unpacked")))
			if err := os.WriteFile(filepath.Join(w.dir, name), data, 0o600); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	encrypted := options
	encrypted.Encrypted, encrypted.Password = true, password
	for _, tt := range []struct {
		name, path string
		all        bool // artifacts; else one finding of each state and form
		make       func(*walker)
	}{
		{"backup", "my phone", true, backup(options, "my phone")},
		{"folder_of_backups", "case", false, backup(options, "case/phone")},
		{"encrypted", "phone", false, backup(encrypted, "phone")},
		{"zip", "a b.zip", false, packed("a b.zip", "deflated.zip")},
		{"tar", "phone.tar", false, packed("phone.tar", "b.tar")},
		{"tar_gz", "phone.tgz", false, packed("phone.tgz", "b.tar.gz")},
		{"tar_zst", "phone.tar.zst", false, packed("phone.tar.zst", "b.tar.zst")},
		{"dump", "dump", false, func(w *walker) {
			backup(options, "unused")(w)
			if err := testevidence.WriteDump(filepath.Join(w.dir, "dump"), filepath.Join(w.dir, "unused")); err != nil {
				w.t.Fatal(err)
			}
		}},
		{"androidqf", "acquisition", true, func(w *walker) {
			if _, err := testevidence.WriteAndroidQF(filepath.Join(w.dir, "acquisition"), ""); err != nil {
				w.t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWalker(t)
			if err := testevidence.WriteIndicators(filepath.Join(w.dir, "ioc")); err != nil {
				t.Fatal(err)
			}
			tt.make(w)
			if err := os.WriteFile(filepath.Join(w.dir, "password"), []byte(password), 0o600); err != nil {
				t.Fatal(err)
			}
			w.sh("amparo check '" + tt.path + "' --indicators ioc --password-file password --out result")
			seen := map[string]bool{}
			list := w.findings()
			for i := range list {
				at := &list[i].Where
				key := fmt.Sprint(at.State, at.Page > 0, strings.HasSuffix(at.Path, ".plist"))
				if tt.all {
					key += list[i].Artifact
				}
				if !seen[key] {
					w.walk(&list[i])
				}
				seen[key] = true
			}
			if w.ran < 2*len(seen) {
				t.Errorf("%d commands of %d findings ran", w.ran, len(seen))
			}
			t.Logf("%d commands ran", w.ran)
		})
	}
}
