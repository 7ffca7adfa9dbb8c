// Builds completes builds.csv, the releases of iOS with their builds and dates,
// from files of public collections that were downloaded before:
//
//	go run ./internal/apple/gen/builds internal/apple/data/builds.csv FILE-OR-FOLDER... > new.csv
//
// A file is one of https://github.com/littlebyteorg/appledb (osFiles/iOS, a
// JSON file a build), one of https://github.com/cfw-guide/ios.cfw.guide
// (docs/.vuepress/json/ios, a JavaScript file a major version), or a table of
// version;build;date;source such as looked_up.csv beside this program. Test
// versions are left out. A date of the sources stands in for one that is
// missing; where both have one and they differ, the old one stays and the
// difference is told.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/apple/gen/facts"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "builds:", err)
		os.Exit(1)
	}
}

// A release is a line of builds.csv.
type release struct{ version, build, date string }

// table is builds.csv: comments, the names of the columns, and releases.
type table struct {
	head     []string
	releases []release
}

func run(args []string, out, notes io.Writer) error {
	if len(args) < 2 {
		return errors.New("name builds.csv, then at least one file or folder of a collection")
	}
	t, err := readTable(args[0])
	if err != nil {
		return err
	}
	for _, source := range args[1:] {
		found, err := collect(source)
		if err != nil {
			return err
		}
		for _, r := range found {
			t.add(r, source, notes)
		}
	}
	return t.write(out)
}

func readTable(name string) (*table, error) {
	file, err := facts.Read(name, "version")
	if err != nil {
		return nil, err
	}
	t := &table{head: file.Head}
	for _, r := range file.Rows {
		t.releases = append(t.releases, release{r[0], r[1], r[2]})
	}
	return t, nil
}

// add takes a release of a source.
func (t *table) add(r release, source string, notes io.Writer) {
	i := slices.IndexFunc(t.releases, func(o release) bool { return o.build == r.build })
	if i < 0 {
		t.releases = append(t.releases, r)
		return
	}
	old := &t.releases[i]
	switch {
	case old.version != r.version:
		_, _ = fmt.Fprintf(notes, "%s: %s is %s here and %s in %s\n", r.build, "the version", old.version, r.version, source)
	case old.date == "":
		old.date = r.date
	case r.date != "" && old.date != r.date:
		_, _ = fmt.Fprintf(notes, "%s: %s is %s here and %s in %s\n", r.build, "the date", old.date, r.date, source)
	}
}

// write writes the releases by version; builds of one version keep their order.
func (t *table) write(out io.Writer) error {
	slices.SortStableFunc(t.releases, func(a, b release) int { return slices.Compare(numbers(a.version), numbers(b.version)) })
	file := facts.Table{Head: t.head}
	for _, r := range t.releases {
		file.Rows = append(file.Rows, [3]string{r.version, r.build, r.date})
	}
	return file.Write(out)
}

func numbers(version string) []int {
	var list []int
	for part := range strings.SplitSeq(version, ".") {
		n, _ := strconv.Atoi(part)
		list = append(list, n)
	}
	return list
}

// collect reads a file, or all files of a folder that are of a known form.
func collect(source string) ([]release, error) {
	var all []release
	err := filepath.WalkDir(source, func(name string, e fs.DirEntry, err error) error { //nolint:gosec // a developer names it
		if err != nil || e.IsDir() {
			return err
		}
		read := readers[filepath.Ext(name)]
		if read == nil {
			return nil
		}
		data, err := os.ReadFile(name) //nolint:gosec // a developer names it
		if err != nil {
			return err
		}
		found, err := read(data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, found...)
		return nil
	})
	slices.SortStableFunc(all, func(a, b release) int { return cmp.Compare(a.build, b.build) })
	return all, err
}

// readers are the forms by extension.
var readers = map[string]func([]byte) ([]release, error){".json": readAppleDB, ".js": readGuide, ".csv": readLookedUp}

// readAppleDB reads a build of AppleDB.
func readAppleDB(data []byte) ([]release, error) {
	var b struct {
		OS       string `json:"osStr"`
		Version  string `json:"version"`
		Build    string `json:"build"`
		Released string `json:"released"`
		Beta     bool   `json:"beta"`
		RC       bool   `json:"rc"`
		RSR      bool   `json:"rsr"`
		Internal bool   `json:"internal"`
	}
	if err := json.Unmarshal(data, &b); err != nil {
		return nil, err
	}
	if b.OS != "iOS" && b.OS != "iPadOS" && b.OS != "iPhoneOS" || b.Beta || b.RC || b.RSR || b.Internal {
		return nil, nil
	}
	return checked(b.Version, b.Build, b.Released), nil
}

var (
	guideEntry = regexp.MustCompile(`(?s)"ver":\s*"([^"]+)",\s*"build":\s*"([^"]+)",\s*"released":\s*"([^"]*)"(?:,\s*"beta":\s*(true|false))?`)
	version    = regexp.MustCompile(`^\d{1,2}(\.\d{1,2}){1,3}$`)
	build      = regexp.MustCompile(`^\d{1,2}[A-L]\d{1,4}[a-c]?$`)
)

// readGuide reads the releases of a major version, as the guide has them. Older
// files do not say beta; a test version then has a word in its version.
func readGuide(data []byte) ([]release, error) {
	var all []release
	for _, m := range guideEntry.FindAllStringSubmatch(string(data), -1) {
		if m[4] != "true" {
			all = append(all, checked(m[1], m[2], m[3])...)
		}
	}
	if all == nil {
		return nil, errors.New("no release in it")
	}
	return all, nil
}

// readLookedUp reads a table of what was looked up by hand.
func readLookedUp(data []byte) ([]release, error) {
	var all []release
	for line := range strings.Lines(string(data)) {
		if f := strings.Split(strings.TrimSpace(line), ";"); len(f) == 4 && !strings.HasPrefix(line, "#") && f[0] != "version" {
			all = append(all, checked(f[0], f[1], f[2])...)
		}
	}
	return all, nil
}

// checked leaves out what is no release of iOS in its form.
func checked(v, b, date string) []release {
	if !version.MatchString(v) || !build.MatchString(b) {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		date = ""
	}
	return []release{{v, b, date}}
}
