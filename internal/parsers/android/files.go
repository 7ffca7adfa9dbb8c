package android

import "github.com/amparo-project/amparo/internal/artifact"

// files are the parsers of files that are no section of a text report.
func files() []artifact.Parser {
	return []artifact.Parser{
		acquisition{},
		packages{},
		apks{},
		settings{},
		environment{},
		processes{},
		mounts{},
		rootBinaries{},
		fileList{},
		fileTimes{},
		tombstones{},
		intrusionLogs{},
		smsBackup{},
		phoneDatabases{},
		chromeHistory{},
		whatsApp{},
		telegram{},
		viber{},
		signal{},
	}
}
