package pipeline

import (
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// The platforms that names of artifacts begin with.
const (
	platformIOS     = "ios"
	platformAndroid = "android"
)

// platformOf returns the platform of a kind of evidence, "" where it may be of
// any.
func platformOf(kind string) string {
	switch {
	case kind == "sysdiagnose" || strings.HasPrefix(kind, platformIOS):
		return platformIOS
	case strings.HasPrefix(kind, platformAndroid):
		return platformAndroid
	default:
		return ""
	}
}

// isOf reports whether a parser reads what a platform has.
func isOf(platform string, info *artifact.Info) bool {
	return platform == "" || strings.HasPrefix(info.Name, platform+".")
}

// platform returns that of the evidence: as its kind tells, or, of single
// files, that of all that was found to read.
func (c *check) platform(kind string) string {
	if p := platformOf(kind); p != "" || kind != "loose" {
		return p
	}
	found := ""
	for _, t := range c.sel.tasks {
		p, _, _ := strings.Cut(c.opts.Parsers[t.parser].Info().Name, ".")
		if found != "" && p != found {
			return ""
		}
		found = p
	}
	return found
}
