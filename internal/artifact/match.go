package artifact

import (
	"path"
	"strings"
)

// anywhere begins a pattern that holds in any folder.
const anywhere = "**/"

// Match reports whether the logical path fits the pattern. A pattern is a
// path in which "*" stands for any characters but a slash, as in path.Match;
// "*/Library/Safari/History.db" is that file in any domain. One that begins
// with "**/" fits at any depth: "**/shutdown.log" is that file in whatever
// folder, and in none.
func Match(pattern, name string) bool {
	if rest, ok := strings.CutPrefix(pattern, anywhere); ok {
		pattern, name = rest, lastParts(name, strings.Count(rest, "/")+1)
	}
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// lastParts returns the last n components of a path, or all of it.
func lastParts(name string, n int) string {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] != '/' {
			continue
		}
		if n--; n == 0 {
			return name[i+1:]
		}
	}
	return name
}

// MatchAny reports whether name fits one of the patterns.
func MatchAny(patterns []string, name string) bool {
	for _, p := range patterns {
		if Match(p, name) {
			return true
		}
	}
	return false
}
