package iosfiles

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/evidence"
)

// A Folder is a folder of a tree, as Recognize asks for it.
type Folder struct {
	Name string // its own, or that of the archive it is the top of
	List []evidence.TreeEntry
	// Sub lists a folder in it; an error counts as an empty one.
	Sub func(name string) []evidence.TreeEntry
}

// A Recognition says what a folder is, and by which names in it.
type Recognition struct {
	Kind   string
	Mounts []Mount
	Skip   []string // folders that hold again what a mount has
	Signs  []string
}

// Recognize says whether a folder is the top of a copy of the file system or of
// a sysdiagnose.
func Recognize(f Folder) (Recognition, bool) {
	for _, as := range []func(Folder) (Recognition, bool){asSysdiagnose, asFilesystem} {
		if r, ok := as(f); ok {
			return r, true
		}
	}
	return Recognition{}, false
}

// varFolders are folders that lie in /private/var of every iPhone. "mobile" is
// the owner's home.
var varFolders = []string{"containers", "db", "wireless", "root", "preferences", "networkd", "Keychains", "installd", "logs", "log", "MobileDevice", "protected"}

// asFilesystem knows the ways in which extraction tools write a file system:
// from its root, with or without the link /var; /private/var alone; or the
// system and the data volume in a folder each.
func asFilesystem(f Folder) (Recognition, bool) {
	r := Recognition{Kind: Filesystem}
	if r.mount("", f.List, f.Sub) {
		return r, true
	}
	var system []Mount
	for _, e := range f.List {
		if !e.Dir || !volume.MatchString(e.Name) {
			continue
		}
		list := f.Sub(e.Name)
		found := r.mount(e.Name, list, func(name string) []evidence.TreeEntry { return f.Sub(joined(e.Name, name)) })
		if !found && hasDir(list, "System") && (hasDir(list, "usr") || hasDir(list, "Applications")) {
			system = append(system, Mount{e.Name, ""})
		}
	}
	found := len(r.Mounts) > 0
	r.Mounts = append(r.Mounts, system...)
	// A single volume with something beside it is found by itself, one folder
	// down: what lies beside a dump in the folder of a case is other evidence.
	return r, found && (len(r.Mounts) > 1 || len(f.List) == 1)
}

const privateVar = "private/var"

// volume is how tools name the folders of the two volumes.
var volume = regexp.MustCompile(`^(?i)(filesystem[0-9]?|system|data|root|rootfs|fs|dump|files?)$`)

// mount places one folder on the phone, and reports whether it is one of a phone.
func (r *Recognition) mount(dir string, list []evidence.TreeEntry, sub func(string) []evidence.TreeEntry) bool {
	switch {
	case hasDir(list, "private") && isPart(sub(privateVar)):
		r.Mounts = append(r.Mounts, Mount{dir, ""})
		r.Signs = append(r.Signs, joined(dir, privateVar))
		if hasDir(list, "var") {
			r.Skip = append(r.Skip, joined(dir, "var")) // a tool followed the link /var
		}
	case hasDir(list, "var") && isVar("var", sub("var"), sub):
		r.Mounts = append(r.Mounts, Mount{dir, ""}, Mount{joined(dir, "var"), privateVar})
		r.Signs = append(r.Signs, joined(dir, "var/mobile"))
	case isVar("", list, sub):
		r.Mounts = append(r.Mounts, Mount{dir, privateVar})
		r.Signs = append(r.Signs, joined(dir, "mobile"))
	default:
		return false
	}
	return true
}

// isPart reports whether a folder that is called private/var is that of a
// phone: tools also take a single app out of it.
func isPart(list []evidence.TreeEntry) bool {
	return hasDir(list, "mobile") || hasAny(list, varFolders)
}

// isVar reports whether a folder of any name is /private/var.
func isVar(dir string, list []evidence.TreeEntry, sub func(string) []evidence.TreeEntry) bool {
	return hasDir(list, "mobile") && (hasAny(list, varFolders) || hasAny(sub(joined(dir, "mobile")), homeFolders))
}

// homeFolders lie in the owner's home.
var homeFolders = []string{"Library", "Containers", "Media"}

func hasAny(list []evidence.TreeEntry, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return hasDir(list, name) })
}

func hasDir(list []evidence.TreeEntry, name string) bool {
	return slices.ContainsFunc(list, func(e evidence.TreeEntry) bool { return e.Dir && e.Name == name })
}

// sysdiagnoseSigns are names at the top of every sysdiagnose; two of them make
// one, whatever its folder is called.
var sysdiagnoseSigns = []string{
	"system_logs.logarchive", "sysdiagnose.log", "crashes_and_spins", "ps.txt", "ps_thread.txt", "remotectl_dumpstate.txt",
	"WiFi", "taskinfo.txt", "shutdown.log", "brctl", "ASPSnapshots",
}

func asSysdiagnose(f Folder) (Recognition, bool) {
	var signs []string
	for _, e := range f.List {
		if slices.Contains(sysdiagnoseSigns, e.Name) {
			signs = append(signs, e.Name)
		}
	}
	named := strings.HasPrefix(f.Name, "sysdiagnose_")
	return Recognition{Kind: Sysdiagnose, Signs: signs}, len(signs) >= 2 || named && len(signs) >= 1
}

// IsReport reports whether a file is a crash report or analytics by its name.
func IsReport(name string) bool {
	base := path.Base(name)
	for _, suffix := range []string{".synced", ".beta", ".ca"} {
		base = strings.TrimSuffix(base, suffix)
	}
	switch path.Ext(base) {
	case ".ips", ".crash", ".panic", ".spin", ".hang":
		return true
	}
	return strings.HasPrefix(base, "Analytics-") || strings.HasPrefix(base, "panic-full-")
}
