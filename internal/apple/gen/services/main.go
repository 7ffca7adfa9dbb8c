// Services holds tcc_services.csv, the permissions that TCC.db names, to the
// names in files of public code that were downloaded before:
//
//	go run ./internal/apple/gen/services internal/apple/data/tcc_services.csv FILE... > new.csv
//
// A file is any text with names such as kTCCServiceMicrophone: a header, a
// list of symbols of TCC.framework, or one of a program's entitlements. The
// table is written in order. A name that it lacks and a name that no file has
// are told: what a permission means, a person writes, in both languages.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/apple/gen/facts"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "services:", err)
		os.Exit(1)
	}
}

// service is a name in public code. Those of SensorKit are for studies that
// Apple admits, by app: they are left out.
var service = regexp.MustCompile(`\bkTCCService[A-Z][A-Za-z0-9]*\b`)

// noService are names of that form which are no permission of an app.
var noService = []string{"kTCCServiceAll", "kTCCServicePrototype3Rights", "kTCCServicePrototype4Rights"}

func run(args []string, out, notes io.Writer) error {
	if len(args) < 2 {
		return errors.New("name tcc_services.csv, then at least one file with names of services")
	}
	table, err := facts.Read(args[0], "service")
	if err != nil {
		return err
	}
	found := map[string]string{} // the first file by service
	for _, name := range args[1:] {
		data, err := os.ReadFile(name) //nolint:gosec // a developer names it
		if err != nil {
			return err
		}
		for _, s := range service.FindAllString(string(data), -1) {
			if found[s] == "" && !slices.Contains(noService, s) && !strings.HasPrefix(s, "kTCCServiceSensorKit") {
				found[s] = name
			}
		}
	}
	if len(found) == 0 {
		return errors.New("no file has a name of a service")
	}
	tell(table.Rows, found, notes)
	slices.SortFunc(table.Rows, func(a, b [3]string) int { return strings.Compare(strings.Join(a[:], ";"), strings.Join(b[:], ";")) })
	return table.Write(out)
}

// tell compares the table with the files.
func tell(rows [][3]string, found map[string]string, notes io.Writer) {
	var missing []string
	for s, name := range found {
		if !slices.ContainsFunc(rows, func(r [3]string) bool { return r[0] == s }) {
			missing = append(missing, fmt.Sprintf("%s of %s is not in the table\n", s, name))
		}
	}
	slices.Sort(missing)
	for _, r := range rows {
		if found[r[0]] == "" {
			missing = append(missing, r[0]+" is in no file\n")
		}
	}
	_, _ = io.WriteString(notes, strings.Join(missing, ""))
}
