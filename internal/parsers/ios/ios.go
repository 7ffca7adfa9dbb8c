package ios

import "github.com/amparo-project/amparo/internal/artifact"

// All returns the parsers of this package, in the order in which they run and
// are listed.
func All() []artifact.Parser {
	return []artifact.Parser{
		backupInfo{},
		manifest{},
		filesystem{},
		applications{},
		sms{},
		smsAttachments{},
		whatsApp{},
		calls{},
		contacts{},
		interactionC{},
		safariHistory{},
		safariBrowserState{},
		dataUsage{},
		tcc{},
		globalPreferences{},
		chromeHistory{},
		chromeFavicon{},
		safariFavicon{},
		firefoxHistory{},
		firefoxFavicon{},
		webkitStatistics{},
		webkitSessionLog{},
		webkitIndexedDB{},
		webkitLocalStorage{},
		webkitSafariViewService{},
		cacheFiles{},
		crashReports{},
		shutdownLog{},
		panics{},
		jetsam{},
		netUsage{},
		processStatus{},
		taskInfo{},
		spindump{},
		versionHistory{},
		analytics{},
		analyticsVersions{},
		powerlog{},
		knowledgeC{},
		accounts{},
		wifiKnownNetworks{},
		bluetooth{},
		appPrivacyReport{},
		screenTime{},
	}
}
