package androidfiles

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/iosfiles"
)

// intrusionFolder is where AndroidQF puts intrusion logs, and where they stand
// in every kind of evidence.
const intrusionFolder = "intrusion_logs"

// A Folder is a folder of a tree, as Recognize asks for it.
type Folder struct {
	iosfiles.Folder
	Top bool // it is the top of an archive
	// Head returns the first bytes of a file in it, nil where it cannot be read.
	Head func(name string) []byte
}

// Recognize says whether a folder is the top of a kind of this package.
func Recognize(f Folder) (iosfiles.Recognition, bool) {
	for _, as := range []func(Folder) (iosfiles.Recognition, bool){asAndroidQF, asBugreport, asBackup, asIntrusionLogs} {
		if r, ok := as(f); ok {
			return r, true
		}
	}
	return iosfiles.Recognition{}, false
}

// What AndroidQF writes at the top of an acquisition
// (github.com/mvt-project/androidqf, modules/). One of the first and another
// of either make one.
var (
	acquisitionSigns = []string{"acquisition.json", "packages.json", "dumpsys.txt", "getprop.txt", "root_binaries.json", "adb_host_key.pub"}
	besideSigns      = []string{
		"files.json", "processes.txt", "ps.txt", "services.txt", "env.txt", "selinux.txt", "mounts.json", "logcat.txt", "bugreport.zip", "backup.ab",
		"command.log", "hashes.csv", "settings_global.txt", "settings_secure.txt", "settings_system.txt", "apks", "logs", "tmp", intrusionFolder,
	}
)

func asAndroidQF(f Folder) (iosfiles.Recognition, bool) {
	r := iosfiles.Recognition{Kind: AndroidQF}
	strong := 0
	for _, e := range f.List {
		switch {
		case slices.Contains(acquisitionSigns, e.Name):
			strong++
			r.Signs = append(r.Signs, e.Name)
		case slices.Contains(besideSigns, e.Name):
			r.Signs = append(r.Signs, e.Name)
		}
	}
	if hasDir(f.List, "intrusion-logs") {
		r.Mounts = []iosfiles.Mount{{}, {Dir: "intrusion-logs", Place: intrusionFolder}}
	}
	// getprop.txt and dumpsys.txt lie in other folders too, each by itself.
	return r, strong > 0 && len(r.Signs) >= 2
}

// asBugreport knows the archive that a phone makes, whatever it was unpacked
// to. In a folder a report alone says nothing of what else is there.
func asBugreport(f Folder) (iosfiles.Recognition, bool) {
	r := iosfiles.Recognition{Kind: Bugreport}
	report, around := false, false
	for _, e := range f.List {
		switch {
		case e.Regular && IsMainReport(e.Name):
			report = true
		case e.Regular && (e.Name == "main_entry.txt" || e.Name == "version.txt" || e.Name == "dumpstate_log.txt"), e.Dir && (e.Name == "FS" || e.Name == "lshal-debug" || e.Name == "proto"):
			around = true
		default:
			continue
		}
		r.Signs = append(r.Signs, e.Name)
	}
	tombstones := hasDir(f.List, "FS") && hasDir(f.Sub("FS"), "data")
	return r, report && (around || f.Top) || tombstones
}

// asBackup knows the folders of an unpacked backup: apps/PACKAGE/_manifest,
// and a folder a domain (FullBackup.java of AOSP: a, f, db, sp, c, d_f…).
func asBackup(f Folder) (iosfiles.Recognition, bool) {
	if !hasDir(f.List, "apps") {
		return iosfiles.Recognition{}, false
	}
	for i, e := range f.Sub("apps") {
		if i == maxAppsSeen {
			break
		}
		for _, in := range f.Sub("apps/" + e.Name) {
			if in.Name == "_manifest" || in.Dir && slices.Contains(domains, in.Name) {
				return iosfiles.Recognition{Kind: Backup, Signs: []string{path.Join("apps", e.Name, in.Name)}}, true
			}
		}
	}
	return iosfiles.Recognition{}, false
}

const maxAppsSeen = 20

var domains = []string{"a", "f", "db", "sp", "r", "c", "obb", "ef", "d_f", "d_db", "d_sp", "d_r", "d_c", "nb", "mf"}

// eventSigns begin the lines of intrusion logs.
var eventSigns = []string{`"dns_event"`, `"connect_event"`, `"security_event"`}

// asIntrusionLogs knows a folder of intrusion logs by its name, or by the first
// lines of one of its files.
func asIntrusionLogs(f Folder) (iosfiles.Recognition, bool) {
	r := iosfiles.Recognition{Kind: IntrusionLogs, Mounts: []iosfiles.Mount{{Place: intrusionFolder}}}
	named := f.Name == intrusionFolder || f.Name == "intrusion-logs"
	looked := 0
	for _, e := range f.List {
		if !e.Regular || !strings.HasSuffix(strings.ToLower(e.Name), ".txt") && !strings.HasSuffix(strings.ToLower(e.Name), ".json") {
			if named && e.Regular && strings.HasSuffix(strings.ToLower(e.Name), ".zip") {
				r.Signs = append(r.Signs, e.Name)
			}
			continue
		}
		if looked++; looked > maxLooked {
			break
		}
		if IsIntrusionLog(f.Head(e.Name)) {
			r.Signs = append(r.Signs, e.Name)
		}
	}
	return r, len(r.Signs) > 0
}

// maxLooked is how many files are looked into.
const maxLooked = 5

// IsIntrusionLog reports whether the first bytes of a file are those of an intrusion log.
func IsIntrusionLog(head []byte) bool {
	head = bytes.TrimLeft(head, "\ufeff \r\n")
	line, _, _ := bytes.Cut(head, []byte{'\n'})
	return bytes.HasPrefix(line, []byte("{")) && slices.ContainsFunc(eventSigns, func(sign string) bool { return bytes.Contains(line, []byte(sign)) })
}

func hasDir(list []evidence.TreeEntry, name string) bool {
	return slices.ContainsFunc(list, func(e evidence.TreeEntry) bool { return e.Dir && e.Name == name })
}
