package pipeline

import (
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// mayHold reports whether evidence of a kind can have a file that fits one of
// the patterns: a backup never has what lies outside its domains. Of a kind
// that is not known here nothing can be said, and so nothing is promised.
func mayHold(kind string, info *artifact.Info) bool {
	return slices.ContainsFunc(info.Files, func(pattern string) bool {
		first, _, below := strings.Cut(pattern, "/")
		inBackup := below && (first == "*" || strings.Contains(first, "Domain")) || pattern == "Manifest.db" || pattern == "Info.plist"
		inDump := strings.HasPrefix(pattern, "private/")
		switch kind {
		case "ios-backup":
			return inBackup
		case "ios-filesystem":
			return inDump || first == "**" || pattern == artifact.ListingPath
		case "sysdiagnose":
			return !inBackup && !inDump && pattern != artifact.ListingPath
		case "android-bugreport", "androidqf", "android-backup", "android-intrusion-logs":
			return androidMayHold(kind, pattern)
		default:
			return false
		}
	})
}

// androidMayHold is mayHold for the kinds of Android. An AndroidQF acquisition
// may hold all the others.
func androidMayHold(kind, pattern string) bool {
	inApps := strings.HasPrefix(pattern, "**/apps/") || strings.HasPrefix(pattern, "apps/")
	inLogs := strings.Contains(pattern, "intrusion")
	inReport := strings.Contains(pattern, "dumpsys/") || strings.Contains(pattern, "dumpstate/") ||
		strings.Contains(pattern, "FS/") || strings.Contains(pattern, "tombstone") || pattern == artifact.ListingPath
	switch kind {
	case "android-backup":
		return inApps
	case "android-intrusion-logs":
		return inLogs
	case "android-bugreport":
		return inReport
	default:
		return true
	}
}
