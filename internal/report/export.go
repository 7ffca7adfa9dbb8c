package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/finding"
)

// JSON writes the run and all findings as one document: {"run": …, "findings": […]}.
func JSON(w io.Writer, res *Result) error {
	run, err := json.MarshalIndent(&res.Run, "", "  ")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "{\n\"run\": %s,\n\"findings\": [", run); err != nil {
		return err
	}
	sep := "\n"
	err = res.eachFinding(func(f *finding.Finding) error {
		line, err := finding.Encode(f)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s%s", sep, line)
		sep = ",\n"
		return err
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n]\n}\n")
	return err
}

// csvHeader names the columns of CSV.
var csvHeader = []string{
	"id", "severity", "kind", "title", "artifact", "time", "time_meaning", "indicator_type", "indicator_value", "threat", "set",
	"reference", "match", "observed", "rule", "reason", "path", "stored", "sha256", "table", "rowid", "page", "offset", "length", "state",
	"tlp", "private", "broad", "short_link", "also",
}

// CSV writes the findings as a table. A cell that a spreadsheet would take for
// a formula gets an apostrophe before it.
func CSV(w io.Writer, res *Result) error {
	out := csv.NewWriter(w)
	if err := out.Write(csvHeader); err != nil {
		return err
	}
	err := res.eachFinding(func(f *finding.Finding) error { return out.Write(csvRow(f)) })
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// yes is "true", or nothing.
func yes(b bool) string {
	if b {
		return "true"
	}
	return ""
}

func csvRow(f *finding.Finding) []string {
	at, rowid := "", ""
	if f.Time != nil {
		at = f.Time.UTC().Format(time.RFC3339Nano)
	}
	if f.Where.RowID != nil {
		rowid = strconv.FormatInt(*f.Where.RowID, 10)
	}
	m := f.Indicator
	if m == nil {
		m = new(finding.Matched)
	}
	row := []string{
		f.ID, f.Severity.String(), string(f.Kind), f.Title, f.Artifact, at, f.TimeOf, m.Type, m.Value, m.Threat, m.Set,
		m.Reference, m.Match, m.Observed, f.Rule, f.Reason, f.Where.Path, f.Where.Stored, f.Where.SHA256, f.Where.Table,
		rowid, strconv.FormatInt(f.Where.Page, 10), strconv.FormatInt(f.Where.Offset, 10), strconv.FormatInt(f.Where.Length, 10), f.Where.State,
		m.TLP, yes(m.Private), yes(m.Broad), m.Short, alsoOf(m),
	}
	for i, cell := range row {
		if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
			row[i] = "'" + cell
		}
	}
	return row
}
