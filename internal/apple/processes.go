package apple

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed data/processes.csv
var processesCSV string

// processes maps the names of programs that come with iOS, as the system
// writes them down, to true.
var processes = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for _, line := range dataLines(processesCSV) {
		name, _, _ := strings.Cut(line, ";")
		m[name] = true
		for _, n := range cuts {
			if len(name) > n {
				m[name[:n]] = true
			}
		}
	}
	return m
})

// cuts are the lengths to which iOS cuts names: the kernel keeps 16 bytes of a
// process and 32 of its program, the last of them often a zero.
var cuts = []int{15, 16, 30, 31, 32}

// ShipsWith reports whether a program of this name comes with iOS, in any
// version of the list. The list is not whole, so that false says little.
func ShipsWith(name string) bool {
	all := processes()
	return all[name] || all[strings.TrimPrefix(name, "com.apple.")]
}
