// Gen writes processes.csv: the names of programs that come with iOS.
//
//	go run ./internal/apple/gen 15=PATHS.csv 18=internal/apple/gen/ios18.txt =internal/apple/gen/earlier.txt 15=internal/apple/gen/seen.txt > internal/apple/data/processes.csv
//
// An argument is a version of iOS, which may be empty, and a list of its
// programs. A line of a list is a path of the system volume, then what else is
// known of it after commas; or names alone, with spaces between them.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

const header = `# Programs that come with iOS: the name, and the versions in whose lists it stands. Empty: a version that is not known.
# source: the list of all paths of a clean iPhone with iOS 15 (abrignoni/iLEAPP, josh-hickman-ios15.csv), which lacks /usr/libexec; https://github.com/blacktop/ipsw-diffs, programs that changed from iOS 17.5.1 to 18.0, in part; lists of system paths of earlier versions in public code; names that clean phones wrote down themselves (log2timeline/plaso, DataUsage.sqlite and a powerlog of 2021-12-16). Made by internal/apple/gen
# as of 2026-11-23
name;versions`

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// run reads the lists and writes all their names.
func run(args []string, w io.Writer) error {
	if len(args) == 0 {
		return errors.New("name at least one list: VERSION=FILE")
	}
	versions := map[string][]string{}
	for _, arg := range args {
		version, file, ok := strings.Cut(arg, "=")
		if !ok {
			return fmt.Errorf("%s: want VERSION=FILE", arg)
		}
		if err := read(file, version, versions); err != nil {
			return err
		}
	}
	out := bufio.NewWriter(w)
	_, _ = fmt.Fprintln(out, header)
	for _, name := range slices.Sorted(maps.Keys(versions)) {
		_, _ = fmt.Fprintf(out, "%s;%s\n", name, strings.Join(versions[name], " "))
	}
	return out.Flush()
}

// read adds the programs of one list.
func read(file, version string, versions map[string][]string) error {
	f, err := os.Open(file) //nolint:gosec // a developer names the lists
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		for _, name := range programs(lines.Text()) {
			v := versions[name]
			if version != "" && !slices.Contains(v, version) {
				v = append(v, version)
			}
			versions[name] = v
		}
	}
	return lines.Err()
}

// Where programs lie on the system volume: directly in a folder of programs; in
// a bundle of the same name; in a framework, whose list does not say what is
// executable, so that only files count that are named as daemons are. A job of
// launchd is named after its program; com.apple.xpc.roleaccountd is not, and
// has more parts.
var (
	folders = regexp.MustCompile(`^(?:(?:usr/)?s?bin|usr/libexec|System/Library/CoreServices)/([^/]+)$`)
	bundles = regexp.MustCompile(`/([^/]+)\.(?:app|appex|xpc|plugin|ppp)/([^/]+)$`)
	support = regexp.MustCompile(`\.framework/(?:Versions/A/)?(?:Support|Helpers|Agents)/([A-Za-z][A-Za-z_-]*)$`)
	daemons = regexp.MustCompile(`\.(?:framework|framework/Versions/A/Resources|bundle)/([A-Za-z][A-Za-z_-]*(?:d|[aA]gent|Daemon|[hH]elper|[sS]ervice|Server|-fbf|_relay|client|ind|bird|icq))$`)
	jobs    = regexp.MustCompile(`^System/Library/LaunchDaemons/com\.apple\.([A-Za-z][A-Za-z0-9_-]*d)\.plist$`)
)

// noPrograms are files that lie where programs do.
var noPrograms = regexp.MustCompile(`\.(?:plist|xml|strings|car|nib|db|dylib)$`)

// programs returns the names of the programs of one line.
func programs(line string) []string {
	if strings.HasPrefix(line, "#") {
		return nil
	}
	path, _, columns := strings.Cut(line, ",")
	if !columns {
		return strings.Fields(line)
	}
	path, ok := strings.CutPrefix(path, "filesystem1/") // the system volume
	if !ok {
		return nil
	}
	if name := program(path); name != "" && !noPrograms.MatchString(name) && !strings.ContainsAny(name, ";\" ") {
		return []string{name}
	}
	return nil
}

// program returns the name of the program at a path, "" where there is none.
func program(path string) string {
	if m := bundles.FindStringSubmatch(path); m != nil {
		if m[1] == m[2] {
			return m[2]
		}
		return ""
	}
	for _, place := range []*regexp.Regexp{folders, support, daemons, jobs} {
		if m := place.FindStringSubmatch(path); m != nil {
			return m[1]
		}
	}
	return ""
}
