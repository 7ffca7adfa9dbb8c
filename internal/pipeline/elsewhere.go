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
		default:
			return false
		}
	})
}
