// Package apple holds facts about Apple's phones and systems, as data files
// with their source and date: models, versions, and the programs that come
// with iOS. A fact that is not in a file is not known, and nothing is said.
package apple

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
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

// ModelName returns the marketing name of a product type such as iPhone14,5,
// "" for one that is not in the list.
func ModelName(productType string) string { return models()[productType].name }

// A Standing says how a version stands to the newest that its phone can run.
type Standing struct {
	Known    bool   // model and version are in the lists
	Outdated bool   // older than Newest
	Newest   string // that the model can run
	AsOf     string // date of the list
}

// Stand compares the version of a phone with the newest that it can run. That
// is told only where both are in the lists, which are as old as they say: a
// version newer than all of them is not out of date.
func Stand(productType, version string) Standing {
	m, ok := models()[productType]
	if !ok {
		return Standing{}
	}
	best := m.last
	if !strings.Contains(best, ".") {
		best = newest()[m.last]
	}
	has, ok := parseVersion(version)
	want, known := parseVersion(best)
	if !ok || !known {
		return Standing{}
	}
	return Standing{Known: true, Outdated: slices.Compare(has[:], want[:]) < 0, Newest: best, AsOf: asOf(versionsCSV)}
}

// SystemName names the system: iPads call it iPadOS since version 13.
func SystemName(productType, version string) string {
	if v, ok := parseVersion(version); ok && v[0] >= 13 && strings.HasPrefix(productType, "iPad") {
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

// dataLines returns the lines of a data file that are neither empty, nor a
// comment, nor the header.
func dataLines(s string) []string {
	var list []string
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			list = append(list, line)
		}
	}
	if len(list) > 0 {
		list = list[1:]
	}
	return list
}
