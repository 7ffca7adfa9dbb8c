package apple

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed data/tcc_services.csv
var permissionsCSV string

// permission is what a line of tcc_services.csv says in both languages.
type permission struct{ en, es string }

var permissions = sync.OnceValue(func() map[string]permission {
	m := map[string]permission{}
	for _, line := range dataLines(permissionsCSV) {
		if f := strings.Split(line, ";"); len(f) == 3 {
			m[f[0]] = permission{f[1], f[2]}
		}
	}
	return m
})

// Permission says in English and Spanish what a service such as
// kTCCServiceMicrophone allows; both are "" for one that is not in the list.
func Permission(service string) (en, es string) {
	p := permissions()[service]
	return p.en, p.es
}
