package ios

import "strings"

// domainRoots are the folders of the phone that the domains of a backup stand
// for. Sources: the table of domains at
// https://www.theiphonewiki.com/wiki/ITunes_Backup, and Domains.plist of
// Apple's MobileBackup framework as that page describes it.
var domainRoots = map[string]string{
	"HomeDomain":               "/private/var/mobile",
	"RootDomain":               "/private/var/root",
	"WirelessDomain":           "/private/var/wireless",
	"SystemPreferencesDomain":  "/private/var/preferences",
	"ManagedPreferencesDomain": "/private/var/Managed Preferences",
	"KeychainDomain":           "/private/var/Keychains",
	"DatabaseDomain":           "/private/var/db",
	"MobileDeviceDomain":       "/private/var/MobileDevice",
	"NetworkDomain":            "/private/var/networkd",
	"ProtectedDomain":          "/private/var/protected",
	"InstallDomain":            "/private/var/installd",
	"CameraRollDomain":         "/private/var/mobile",
	"MediaDomain":              "/private/var/mobile",
	"HealthDomain":             "/private/var/mobile/Library",
	"HomeKitDomain":            "/private/var/mobile",
	"KeyboardDomain":           "/private/var/mobile",
	"TonesDomain":              "/private/var/mobile",
	"BooksDomain":              "/private/var/mobile/Media/Books",
}

// domainPrefixes are the domains that belong to one app or group: the folder
// on the phone has a random name, so the app's stands in its place.
var domainPrefixes = []struct{ prefix, root string }{
	{"AppDomainGroup-", "/private/var/mobile/Containers/Shared/AppGroup/"},
	{"AppDomainPlugin-", "/private/var/mobile/Containers/Data/PluginKitPlugin/"},
	{"AppDomain-", "/private/var/mobile/Containers/Data/Application/"},
	{"SysSharedContainerDomain-", "/private/var/containers/Shared/SystemGroup/"},
	{"SysContainerDomain-", "/private/var/containers/Data/System/"},
}

// appendDevicePath appends the path on the phone of a file of a backup. A
// domain that is not known gives nothing.
func appendDevicePath(b []byte, domain string, relative []byte) []byte {
	root, ok := domainRoots[domain]
	if !ok {
		for _, d := range domainPrefixes {
			if name, has := strings.CutPrefix(domain, d.prefix); has {
				b = append(append(b, d.root...), name...)
				ok = true
				break
			}
		}
		if !ok {
			return b
		}
	}
	b = append(b, root...)
	if len(relative) > 0 {
		b = append(append(b, '/'), relative...)
	}
	return b
}
