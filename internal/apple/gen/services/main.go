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
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
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
	head, lines, err := readTable(args[0])
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
	tell(lines, found, notes)
	w := bufio.NewWriter(out)
	for _, line := range slices.Concat(head, slices.Sorted(slices.Values(lines))) {
		_, _ = fmt.Fprintln(w, line)
	}
	return w.Flush()
}

// readTable reads the comments with the names of the columns, and the lines.
func readTable(name string) (head, lines []string, err error) {
	data, err := os.ReadFile(name) //nolint:gosec // a developer names it
	if err != nil {
		return nil, nil, err
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#") || strings.HasPrefix(line, "service;"):
			head = append(head, line)
		case strings.Count(line, ";") == 2:
			lines = append(lines, line)
		case line != "":
			return nil, nil, fmt.Errorf("%s: %q is no line of three columns", name, line)
		}
	}
	return head, lines, nil
}

// tell compares the table with the files.
func tell(lines []string, found map[string]string, notes io.Writer) {
	var missing []string
	for s, name := range found {
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, s+";") }) {
			missing = append(missing, fmt.Sprintf("%s of %s is not in the table\n", s, name))
		}
	}
	slices.Sort(missing)
	for _, line := range lines {
		if s, _, _ := strings.Cut(line, ";"); found[s] == "" {
			missing = append(missing, s+" is in no file\n")
		}
	}
	_, _ = io.WriteString(notes, strings.Join(missing, ""))
}
