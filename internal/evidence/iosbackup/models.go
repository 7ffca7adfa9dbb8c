package iosbackup

import (
	_ "embed"
	"slices"
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
	last string // the newest version that it can run, often only its first number; empty: not known
}

var models = sync.OnceValue(func() map[string]model {
	m := map[string]model{}
	for _, line := range dataLines(modelsCSV) {
		f := strings.Split(line, ";")
		if len(f) != 3 {
			continue
		}
		m[f[0]] = model{f[1], f[2]}
	}
	return m
})

// newest maps the first number of a version to its newest release.
var newest = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for _, line := range dataLines(versionsCSV) {
		version, _, _ := strings.Cut(line, ";")
		major, _, _ := strings.Cut(version, ".")
		m[major] = version
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
	best := m.last
	if !strings.Contains(best, ".") {
		best = newest()[m.last]
	}
	has, ok := parseVersion(d.Version)
	want, known := parseVersion(best)
	if !ok || !known {
		return
	}
	old := slices.Compare(has[:], want[:]) < 0
	d.Outdated, d.NewestKnown, d.VersionsAsOf = &old, best, asOf(versionsCSV)
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
