// Package android holds facts about Android: what its permissions allow, which
// apps install others, which apps come with phones, which keys everybody has,
// when each version came and ended, and when which fixes came. They are data files with their source and date, so that who knows
// better can mend them without reading code.
package android

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// dataLines returns the lines of a data file behind its comments and its head.
func dataLines(text string) []string {
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(text), "\n"), func(s string) bool { return strings.HasPrefix(s, "#") })
	return lines[min(1, len(lines)):]
}

// table reads a data file of n columns, by the first.
func table(text string, n int) map[string][]string {
	m := map[string][]string{}
	for _, line := range dataLines(text) {
		if f := strings.Split(line, ";"); len(f) == n {
			m[f[0]] = f[1:]
		}
	}
	return m
}

//go:embed data/test_keys.csv
var testKeysCSV string

var testKeys = sync.OnceValue(func() map[string][]string { return table(testKeysCSV, 2) })

// TestKey names the test key that a certificate is of, by its SHA-256 in hex
// with or without colons; "" where it is of none.
func TestKey(sha256 string) string {
	if f := testKeys()[strings.ToLower(strings.ReplaceAll(sha256, ":", ""))]; f != nil {
		return f[0]
	}
	return ""
}

//go:embed data/installers.csv
var installersCSV string

var installers = sync.OnceValue(func() map[string][]string { return table(installersCSV, 3) })

// Installer says what kind of way onto the phone an installing app is (store,
// other_store, by_hand, restore, carrier, managed), and what people call it.
// Both are "" for one that is not in the list.
func Installer(pkg string) (kind, name string) {
	if f := installers()[pkg]; f != nil {
		return f[0], f[1]
	}
	return "", ""
}

//go:embed data/permissions.csv
var permissionsCSV string

var permissions = sync.OnceValue(func() map[string][]string { return table(permissionsCSV, 5) })

// Permission says how a permission is given (dangerous, special, bind, normal)
// and what it allows, in English and Spanish. All are "" for one that is not
// in the list.
func Permission(name string) (class, en, es string) {
	if f := permissions()[name]; f != nil {
		return f[0], f[1], f[2]
	}
	return "", "", ""
}

// Operation returns the operation under which Android counts the use of a
// permission, "" where there is none, or the permission is not in the list.
func Operation(permission string) string {
	if f := permissions()[permission]; f != nil {
		return f[3]
	}
	return ""
}

// Dangerous reports whether a permission lets an app watch or control its
// owner, and the owner has to be asked for it.
func Dangerous(name string) bool {
	class, _, _ := Permission(name)
	return class == "dangerous" || class == "special"
}

//go:embed data/system_packages.csv
var systemPackagesCSV string

var systemPackages = sync.OnceValue(func() map[string][]string { return table(systemPackagesCSV, 2) })

// SystemPackage returns who makes an app that comes with phones, by the name of
// its package; "" where the list does not have it.
func SystemPackage(name string) string {
	if f := systemPackages()[name]; f != nil {
		return f[0]
	}
	return ""
}

//go:embed data/namespaces.csv
var namespacesCSV string

var namespaces = sync.OnceValue(func() map[string][]string { return table(namespacesCSV, 2) })

// Impersonates returns the maker whose system apps a package is named like,
// though no list of system apps has it; "" for any other name.
func Impersonates(name string) string {
	if SystemPackage(name) != "" {
		return ""
	}
	for prefix := name; ; {
		dot := strings.LastIndexByte(prefix, '.')
		if dot < 0 {
			return ""
		}
		if prefix = prefix[:dot]; namespaces()[prefix] != nil {
			return namespaces()[prefix][0]
		}
	}
}

//go:embed data/versions.csv
var versionsCSV string

// A Version is a version of Android.
type Version struct {
	API      int
	Name     string // 12.1
	Released time.Time
	// Ended is the month of the last security bulletin with fixes for it, the
	// zero time where that was not yet at the date of the list.
	Ended time.Time
}

var versions = sync.OnceValue(func() map[int]Version {
	m := map[int]Version{}
	for api, f := range table(versionsCSV, 4) {
		v := Version{Name: f[0]}
		v.API, _ = strconv.Atoi(api)
		v.Released, _ = time.Parse(time.DateOnly, f[1])
		v.Ended, _ = time.Parse("2006-01", f[2])
		m[v.API] = v
	}
	return m
})

// EndedBy reports whether bulletins had no more fixes for the version on a day.
func (v Version) EndedBy(day time.Time) bool {
	return !v.Ended.IsZero() && day.After(v.Ended.AddDate(0, 1, 0))
}

// VersionOf returns the version of an API level, and whether the list has it.
func VersionOf(api int) (Version, bool) {
	v, ok := versions()[api]
	return v, ok
}
