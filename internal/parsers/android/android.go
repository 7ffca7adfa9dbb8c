// Package android holds the parsers of what an Android phone leaves: sections
// of its reports, lists that AndroidQF made, crashes, backups and logs. One file
// a parser. Start with All.
//
// Sections of reports have paths as evidence/androidfiles gives them:
// "dumpsys/package", "dumpstate/SYSTEM LOG".
package android

import (
	"slices"

	"github.com/amparo-project/amparo/internal/artifact"
)

// All returns the parsers of this package, in the order in which they run and
// are listed: those of text reports, then those of files.
func All() []artifact.Parser { return slices.Concat(reports(), services(), files()) }

// reports are the parsers of sections of text reports.
func reports() []artifact.Parser {
	return []artifact.Parser{
		getprop{},
		dumpsysPackages{},
		installSessions{},
		permissionGrants{},
		components{activitiesInfo, "Activity Resolver Table"},
		components{receiversInfo, "Receiver Resolver Table"},
		components{servicesInfo, "Service Resolver Table"},
		accessibility{},
		appOps{},
		batteryDaily{},
		batteryHistory{},
		dbInfo{},
		platformCompat{},
		adbState{},
		dumpstateProcesses{},
		dumpsysSettings{},
		logcat{},
		anr{},
		holders{foregroundInfo, runningServiceLine},
		batteryApps{},
		processStats{},
		named{},
	}
}
