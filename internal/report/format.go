package report

import "io"

// A Format is how a report is made, and how its file is called and typed.
type Format struct {
	Ending string // of the file's name
	Type   string // media type
	Write  func(io.Writer, *Result, Options) error
}

// Formats are all that a report can be had in, by name.
var Formats = map[string]Format{
	"html":       {"html", "text/html; charset=utf-8", HTML},
	"pdf":        {"pdf", "application/pdf", PDF},
	"json":       {"json", "application/json", plain(JSON)},
	"csv":        {"csv", "text/csv; charset=utf-8", plain(CSV)},
	"stix":       {"stix.json", "application/json", plain(STIX)},
	"misp":       {"misp.json", "application/json", plain(MISP)},
	"timesketch": {"timesketch.jsonl", "application/jsonl", plain(Timesketch)},
}

// plain are formats that are the same in each language.
func plain(write func(io.Writer, *Result) error) func(io.Writer, *Result, Options) error {
	return func(w io.Writer, r *Result, _ Options) error { return write(w, r) }
}
