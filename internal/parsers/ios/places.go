package ios

import "strings"

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
		all = append(all, p)
		if dump := inDump(p); dump != "" {
			all = append(all, dump)
		}
	}
	return all
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
