package iosbackup

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"

	"github.com/amparo-project/amparo/internal/finding"
)

//go:embed data/models.csv
var modelsCSV string

//go:embed data/ios_versions.csv
var versionsCSV string

// model is a line of models.csv.
type model struct {
	name string
	line int // the newest major version that it can run; 0: not known
}

// release is a line of ios_versions.csv.
type release struct {
	line    int
	version string
}

var models = sync.OnceValue(func() map[string]model {
	m := map[string]model{}
	for _, line := range dataLines(modelsCSV) {
		f := strings.Split(line, ";")
		if len(f) != 3 {
			continue
		}
		n, _ := strconv.Atoi(f[2]) // empty: not known
		m[f[0]] = model{f[1], n}
	}
	return m
})

// newest maps a major version to its newest release.
var newest = sync.OnceValue(func() map[int]release {
	m := map[int]release{}
	for _, line := range dataLines(versionsCSV) {
		f := strings.Split(line, ";")
		v, ok := parseVersion(f[0])
		if ok && compareVersions(f[0], m[v[0]].version) > 0 {
			m[v[0]] = release{v[0], f[0]}
		}
	}
	return m
})

// asOf is the date on the comment line "# as of 2026-11-23" of a data file.
func asOf(csv string) string {
	_, rest, _ := strings.Cut(csv, "# as of ")
	date, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(date)
}

// judgeVersion fills in the marketing name, and whether the version is out of
// date: older than the newest release that the model can run. That is told
// only where model and version are in the lists, which are as old as they say:
// a version newer than all of them is not out of date.
func judgeVersion(d *finding.Device) {
	m, ok := models()[d.Model]
	if !ok {
		return
	}
	d.ModelName = m.name
	best, known := newest()[m.line]
	if _, ok := parseVersion(d.Version); !ok || !known {
		return
	}
	old := compareVersions(d.Version, best.version) < 0
	d.Outdated, d.NewestKnown, d.VersionsAsOf = &old, best.version, asOf(versionsCSV)
}

// osOf names the system: iPads call it iPadOS since version 13.
func osOf(model, version string) string {
	if v, ok := parseVersion(version); ok && v[0] >= 13 && strings.HasPrefix(model, "iPad") {
		return "iPadOS"
	}
	return "iOS"
}

// parseVersion reads "18.7.2". An addition like " (a)", which a rapid security
// response has, is left out.
func parseVersion(s string) (v [3]int, ok bool) {
	s, _, _ = strings.Cut(s, " ")
	parts := strings.Split(s, ".")
	if len(parts) > len(v) {
		return v, false
	}
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 || n > 999 {
			return v, false
		}
		v[i] = n
	}
	return v, true
}

// compareVersions orders versions by their numbers. What is no version comes
// before all others.
func compareVersions(a, b string) int {
	x, okA := parseVersion(a)
	y, okB := parseVersion(b)
	if !okA || !okB {
		return boolInt(okA) - boolInt(okB)
	}
	for i := range x {
		if x[i] != y[i] {
			return x[i] - y[i]
		}
	}
	return 0
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
