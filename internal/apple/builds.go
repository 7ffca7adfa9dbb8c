package apple

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed data/builds.csv
var buildsCSV string

// release is a line of builds.csv.
type release struct {
	version string
	date    string // as 2026-09-28; empty: not known
}

var builds = sync.OnceValue(func() map[string]release {
	m := map[string]release{}
	for _, line := range dataLines(buildsCSV) {
		if f := strings.Split(line, ";"); len(f) == 3 {
			m[f[1]] = release{f[0], f[2]}
		}
	}
	return m
})

// Release returns the version of a build such as 24A446, and the date of its
// release where that is known. A build that is not in the list may be a test
// version, or a release that the list lacks.
func Release(build string) (version, date string, ok bool) {
	r, ok := builds()[build]
	return r.version, r.date, ok
}
