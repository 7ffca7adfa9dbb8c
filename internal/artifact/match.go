package artifact

import "path"

// Match reports whether the logical path fits the pattern. A pattern is a
// path in which "*" stands for any characters but a slash, as in path.Match;
// "*/Library/Safari/History.db" is that file in any domain.
func Match(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
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
