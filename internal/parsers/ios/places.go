package ios

import (
	"slices"
	"strings"
)

// dumpRoots are the folders of an app or group whose name in a dump of the
// phone's file system is a random UUID.
var dumpRoots = map[string]string{
	"AppDomain-":                "private/var/mobile/Containers/Data/Application/*",
	"AppDomainGroup-":           "private/var/mobile/Containers/Shared/AppGroup/*",
	"AppDomainPlugin-":          "private/var/mobile/Containers/Data/PluginKitPlugin/*",
	"SysContainerDomain-":       "private/var/containers/Data/System/*",
	"SysSharedContainerDomain-": "private/var/containers/Shared/SystemGroup/*",
}

// onPhone returns patterns of files by their domain in a backup, each followed
// by the pattern of the same file in a dump of the phone's file system, where
// paths begin with "private/var".
func onPhone(patterns ...string) []string {
	all := make([]string, 0, 2*len(patterns))
	for _, p := range patterns {
		for _, place := range []string{p, inDump(p)} {
			if place != "" && !slices.Contains(all, place) {
				all = append(all, place)
			}
		}
	}
	return all
}

// inSafari returns patterns of a file of Safari: in the owner's home, in the
// container of an app, and in each of Safari's profiles.
func inSafari(name string) []string {
	var list []string
	for _, domain := range []string{"HomeDomain", "*"} {
		list = append(list, domain+"/Library/Safari/"+name, domain+"/Library/Safari/Profiles/*/"+name)
	}
	return list
}

// inDump translates the pattern of a file of a backup, "" where a domain is
// not known: "*/Library/…" is a file of any app there.
func inDump(pattern string) string {
	domain, rest, ok := strings.Cut(pattern, "/")
	if !ok {
		return ""
	}
	if root, known := domainRoots[domain]; known {
		return strings.TrimPrefix(root, "/") + "/" + rest
	}
	if domain == "*" {
		domain = "AppDomain-*"
	}
	for prefix, root := range dumpRoots {
		if strings.HasPrefix(domain, prefix) {
			return root + "/" + rest
		}
	}
	return ""
}
