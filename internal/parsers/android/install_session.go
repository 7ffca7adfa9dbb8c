package android

import (
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// Names of values of PackageManager.INSTALL_REASON_… and
// PackageInstaller.PACKAGE_SOURCE_…, by their numbers.
var (
	installReasons = []string{"unknown", "policy", "device_restore", "device_setup", "user", "rollback"}
	packageSources = []string{"unspecified", "other", "store", "local_file", "downloaded_file"}
)

// Flags of an installation (PackageManager.INSTALL_…) that become fields.
var installFlags = []struct {
	field string
	flag  uint64
}{{"allows_test", 0x4}, {"from_adb", 0x20}, {"downgrade", 0x80}, {"grants_all", 0x100}}

// flush gives the session that ended.
func (p *installReading) flush(s *section) error {
	if !p.open {
		return nil
	}
	p.open = false
	b := &p.session
	rec := s.Start("session")
	rec.Loc.Offset, rec.Loc.Length, rec.Truncated = b.offset, b.end-b.offset, b.cut
	rec.Set("list", artifact.TextValue(b.list))
	setNumber(rec, "session", b.number)
	rec.Set("child", artifact.BoolValue(b.child))
	v := b.values()
	setNumber(rec, "user", v["userId"])
	name := firstOf(v["mPackageName"], v["packageName"], v["appPackageName"])
	installer := firstOf(v["installerPackageName"], v["mInstallerPackageName"])
	setSessionApps(rec, v, name, installer)
	setSessionOrigin(rec, v)
	setSessionFlags(rec, v)
	setSessionEnd(rec, v)
	for _, t := range [][2]string{{"created", "createdMillis"}, {"updated", "updatedMillis"}, {"committed", "committedMillis"}} {
		whenMillis(rec, t[0], v[t[1]])
	}
	label := firstOf(name, v["appLabel"], "an app")
	summary(rec, "installation of %s by %s", label, firstOf(v["installInitiatingPackageName"], installer, "?"))
	return s.Give()
}

// setSessionApps sets the packages that a session names.
func setSessionApps(rec *artifact.Record, v map[string]string, name, installer string) {
	for _, f := range [][2]string{
		{"package_name", name},
		{"installer", installer},
		{"initiating_package", v["installInitiatingPackageName"]},
		{"originating_package", v["installOriginatingPackageName"]},
		{"original_installer", v["mOriginalInstallerPackageName"]},
	} {
		rec.Set(f[0], artifact.TextOrNull(f[1]))
		if isPackage(f[1]) {
			rec.Observe(artifact.AppID, f[1], f[0])
		}
	}
	rec.Set("app_label", artifact.TextOrNull(v["appLabel"]))
	setNumber(rec, "installer_uid", firstOf(v["mInstallerUid"], v["installerUid"]))
}

// setSessionOrigin sets where the file came from, as the installer told it.
func setSessionOrigin(rec *artifact.Record, v map[string]string) {
	if uid := v["originatingUid"]; uid != "-1" {
		setNumber(rec, "originating_uid", uid)
	}
	for _, f := range [][2]string{{"originating_uri", v["originatingUri"]}, {"referrer_uri", v["referrerUri"]}} {
		rec.Set(f[0], artifact.TextOrNull(f[1]))
		scheme, rest, _ := strings.Cut(f[1], "://")
		switch scheme {
		case "http", "https", "ftp":
			rec.Observe(artifact.URL, f[1], f[0])
		case "android-app", "content": // an app, or a provider of one
			host, _, _ := strings.Cut(rest, "/")
			if isPackage(host) {
				rec.Observe(artifact.AppID, host, f[0])
			}
		case "file":
			rec.Observe(artifact.FilePath, rest, f[0])
		}
	}
}

func setSessionFlags(rec *artifact.Record, v map[string]string) {
	setNamed(rec, "reason", v["installReason"], installReasons)
	setNamed(rec, "source", v["packageSource"], packageSources)
	if flags, err := strconv.ParseUint(strings.TrimPrefix(v["installFlags"], "0x"), 16, 64); err == nil {
		for _, f := range installFlags {
			rec.Set(f.field, artifact.BoolValue(flags&f.flag != 0))
		}
		rec.Set("install_flags", artifact.TextValue(v["installFlags"]))
	}
	setBool(rec, "staged", firstOf(v["isStaged"], v["params.isStaged"]))
	setBool(rec, "multi_package", firstOf(v["isMultiPackage"], v["params.isMultiPackage"]))
}

func setSessionEnd(rec *artifact.Record, v map[string]string) {
	setBool(rec, "committed", v["mCommitted"])
	setBool(rec, "destroyed", v["mDestroyed"])
	setNumber(rec, "final_status", v["mFinalStatus"])
	rec.Set("final_message", artifact.TextOrNull(v["mFinalMessage"]))
	if size := v["sizeBytes"]; size != "-1" {
		setNumber(rec, "size_bytes", size)
	}
	rec.Set("stage_dir", artifact.TextOrNull(v["stageDir"]))
	rec.Observe(artifact.FilePath, v["stageDir"], "stage_dir")
	if parent := v["mParentSessionId"]; parent != "-1" {
		setNumber(rec, "parent_session", parent)
	}
}

// setNamed sets the name of a number; one that has none is set as it stands.
func setNamed(rec *artifact.Record, field, text string, names []string) {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n < len(names) {
		text = names[n]
	}
	rec.Set(field, artifact.TextOrNull(text))
}
