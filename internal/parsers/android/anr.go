package android

import (
	"bytes"
	"context"
	"iter"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
)

// anr reads which processes did not answer, and what their threads did.
type anr struct{}

var anrInfo = artifact.Info{
	Name:       "android.anr",
	Version:    1,
	Summary:    "Processes that did not answer or were asked for their stacks: name, time, and the files that they ran.",
	Files:      []string{"**/FS/data/anr/*", "**/anr/anr_*", "**/dumpstate/VM TRACES*", "**/dumpstate/LAST ANR*"},
	Companions: clockCompanions,
	Kinds: []artifact.KindInfo{{
		Kind: "process", Doc: "A process with its stacks (from \"----- pid N at TIME -----\").",
		Fields: []artifact.FieldInfo{
			intField("pid", "its number"), textField("process", "its command line"), textField("build", "build of Android"), textField("abi", "kind of code: arm64…"),
			textField("subject", "why: what did not answer"), listField("libraries", "files outside the system that the process had loaded or ran code of"),
		},
		Times: []string{"dumped"},
	}},
	Refs: []string{"https://android.googlesource.com/platform/art/+/refs/heads/main/runtime/signal_catcher.cc"},
}

// Info implements artifact.Parser.
func (anr) Info() artifact.Info { return anrInfo }

// Parse implements artifact.Parser.
func (anr) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var a anrReading
	return readSection(ctx, in, a.line, a.last)
}

type anrReading struct {
	open                                     bool
	offset, end                              int64
	pid, at, zone, process, build, abi, subj string
	files                                    []string
}

var (
	anrBegin = regexp.MustCompile(`^----- pid (\d{1,10}) at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?)([+-]\d{4})? -----$`)
	anrFile  = regexp.MustCompile(`/(?:data|storage|sdcard|mnt|cache)/[^\s:\]\[(),!]{1,400}`)
)

// beginOf takes the line above a process apart.
func beginOf(text string) []string {
	if !strings.HasPrefix(text, "----- pid ") {
		return nil
	}
	return anrBegin.FindStringSubmatch(strings.TrimSpace(text))
}

// maxAnrFiles bounds the files of one process.
const maxAnrFiles = 200

func (a *anrReading) line(s *section) error {
	if bytes.HasPrefix(s.Line, []byte("  ")) {
		// A step of a stack, which most lines are.
		if a.open && bytes.Contains(s.Line, []byte("/")) {
			a.addFiles(string(s.Line))
		}
		a.end = s.Offset + s.Length
		return nil
	}
	text := string(s.Line)
	if m := beginOf(text); m != nil {
		if err := a.flush(s); err != nil {
			return err
		}
		subject := a.subj
		*a = anrReading{open: true, offset: s.Offset, pid: m[1], at: strings.Clone(m[2]), zone: m[3], subj: subject}
	}
	if rest, ok := strings.CutPrefix(text, "Subject: "); ok {
		a.subj = rest
	}
	if !a.open {
		// What the tool that wrote the stacks says of itself.
		return nil
	}
	a.end = s.Offset + s.Length
	key, value, _ := strings.Cut(text, ": ")
	switch {
	case key == "Cmd line" && a.process == "":
		a.process = strings.TrimSpace(value)
	case key == "Build fingerprint":
		a.build = strings.Trim(value, "' ")
	case key == "ABI":
		a.abi = strings.Trim(value, "' ")
	case strings.HasPrefix(text, "----- end "):
		return a.flush(s)
	default:
		a.addFiles(text)
	}
	return nil
}

// addFiles keeps files in the part of the phone that can be written to.
func (a *anrReading) addFiles(text string) {
	if !strings.Contains(text, "/data/") && !strings.Contains(text, "/storage/") && !strings.Contains(text, "/cache/") {
		return
	}
	for _, f := range anrFile.FindAllString(text, maxAnrFiles) {
		f = path.Clean(f)
		known := len(a.files) >= maxAnrFiles
		for _, had := range a.files {
			known = known || had == f
		}
		if !known {
			a.files = append(a.files, strings.Clone(f))
		}
	}
}

func (a *anrReading) last(s *section) error { return a.flush(s) }

func (a *anrReading) flush(s *section) error {
	if !a.open {
		return nil
	}
	a.open = false
	rec := s.Start("process")
	rec.Loc.Offset, rec.Loc.Length, rec.Truncated = a.offset, a.end-a.offset, false
	if pid := parseInt(a.pid); pid != nil {
		rec.Set("pid", artifact.IntValue(*pid))
	}
	rec.Set("process", artifact.TextOrNull(a.process))
	rec.Observe(artifact.Process, a.process, "process")
	if app, _, _ := strings.Cut(a.process, ":"); isPackage(app) {
		rec.Observe(artifact.AppID, app, "process")
	}
	rec.Set("build", artifact.TextOrNull(a.build))
	rec.Set("abi", artifact.TextOrNull(a.abi))
	rec.Set("subject", artifact.TextOrNull(a.subj))
	rec.Set("libraries", artifact.StringsValue(a.files))
	for _, f := range a.files {
		rec.Observe(artifact.FilePath, f, "libraries")
	}
	if at, err := time.Parse("2006-01-02 15:04:05.999999999-0700", a.at+a.zone); err == nil {
		rec.WhenAt("dumped", at)
	} else if err := s.wall(rec, "dumped", a.at); err != nil {
		return err
	}
	process := a.process
	summary(rec, "stacks of %s", process)
	return s.Give()
}
