package ios

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// processStatus reads the list of running processes that a sysdiagnose takes
// by the command ps.
type processStatus struct{}

var processStatusInfo = artifact.Info{
	Name:    "ios.ps",
	Version: 1,
	Summary: "Processes that ran when the sysdiagnose was made, with the file that each ran from.",
	Files:   []string{"**/ps.txt", "**/ps_thread.txt", "**/psaux.txt"},
	Kinds: []artifact.KindInfo{{
		Kind: "process",
		Doc:  "A process.",
		Fields: []artifact.FieldInfo{
			{Name: "command", Type: artifact.Text, Doc: "command line"},
			{Name: "path", Type: artifact.Text, Doc: "file that the process runs from, as far as the command line tells"},
			{Name: "process", Type: artifact.Text, Doc: "name of that file"},
			{Name: "arguments", Type: artifact.Text, Doc: "rest of the command line"},
			{Name: "pid", Type: artifact.Int, Doc: "number of the process"},
			{Name: "parent_pid", Type: artifact.Int, Doc: "number of the process that started it"},
			{Name: "user", Type: artifact.Text, Doc: "user that it runs as"},
			{Name: "user_id", Type: artifact.Int, Doc: "number of the user"},
			{Name: "persona", Type: artifact.Text, Doc: "persona (work or private) that it runs for"},
			{Name: "flags", Type: artifact.Text, Doc: "flags of the kernel, in hex"},
			{Name: "cpu", Type: artifact.Float, Doc: "share of the processor, in percent"},
			{Name: "memory", Type: artifact.Float, Doc: "share of memory, in percent"},
			{Name: "priority", Type: artifact.Text, Doc: "priority"},
			{Name: "nice", Type: artifact.Text, Doc: "change of priority that was asked for"},
			{Name: "virtual_kb", Type: artifact.Int, Doc: "virtual memory in KiB"},
			{Name: "resident_kb", Type: artifact.Int, Doc: "memory in use in KiB"},
			{Name: "waits_for", Type: artifact.Text, Doc: "what it waits for in the kernel"},
			{Name: "terminal", Type: artifact.Text, Doc: "terminal, ?? for none"},
			{Name: "state", Type: artifact.Text, Doc: "state: S sleeping, R running, Z ended…"},
			{Name: "started", Type: artifact.Text, Doc: "when it was started, as ps writes it, in the phone's time"},
			{Name: "cpu_time", Type: artifact.Text, Doc: "processor time used"},
		},
	}},
	Caveats: []string{
		"A process can change its own command line.",
		"The list does not say when it was made: the name of the sysdiagnose does.",
		"Threads, which one of the lists adds below each process, are left out.",
	},
	Refs: []string{
		"https://github.com/EC-DIGIT-CSIRC/sysdiagnose/blob/main/src/sysdiagnose/parsers/ps.py",
		"https://github.com/apple-oss-distributions/adv_cmds/blob/main/ps/keyword.c",
	},
}

// psColumns are the fields of columns, by the heading that ps gives them.
var psColumns = map[string]struct {
	field string
	kind  artifact.ValueKind
}{
	"USER": {"user", artifact.Text}, "UID": {"user_id", artifact.Int}, "PRSNA": {"persona", artifact.Text},
	"PID": {"pid", artifact.Int}, "PPID": {"parent_pid", artifact.Int}, "F": {"flags", artifact.Text},
	"%CPU": {"cpu", artifact.Float}, "%MEM": {"memory", artifact.Float}, "PRI": {"priority", artifact.Text},
	"NI": {"nice", artifact.Text}, "VSZ": {"virtual_kb", artifact.Int}, "RSS": {"resident_kb", artifact.Int},
	"WCHAN": {"waits_for", artifact.Text}, "TT": {"terminal", artifact.Text}, "TTY": {"terminal", artifact.Text},
	"STAT": {"state", artifact.Text}, "STARTED": {"started", artifact.Text},
	"TIME": {"cpu_time", artifact.Text},
}

// Info implements artifact.Parser.
func (processStatus) Info() artifact.Info { return processStatusInfo }

// Parse implements artifact.Parser.
func (processStatus) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	p := &psReading{}
	return readLines(ctx, in, p.line, p.end)
}

// A psReading is the heading of a list, and with it how to read its lines.
type psReading struct {
	columns []string
}

func (p *psReading) line(r *lineReading) error {
	s := strings.ToValidUTF8(string(r.Line), "\ufffd")
	if strings.TrimSpace(s) == "" {
		return nil
	}
	if p.columns == nil {
		return p.heading(r, s)
	}
	if p.columns[0] == "USER" && (s[0] == ' ' || s[0] == '\t') {
		return nil // a thread, which has no user of its own
	}
	values, command, ok := fieldsBefore(s, len(p.columns)-1)
	if !ok {
		return r.Problem(fmt.Errorf("%w: %d columns, not %d", limit.ErrCorrupt, len(values), len(p.columns)))
	}
	rec := r.Start("process")
	setCommand(rec, command)
	for i, v := range values {
		if c, known := psColumns[p.columns[i]]; known && rec.Get(c.field).Kind() == artifact.Null {
			rec.Set(c.field, numberOf(v, c.kind))
		}
	}
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "process runs: ", command) }
	return r.Give()
}

// maxPsColumns bounds the heading. The longest known has 18.
const maxPsColumns = 64

func (p *psReading) heading(r *lineReading, s string) error {
	columns := strings.Fields(s)
	n := len(columns)
	if n < 2 || n > maxPsColumns || columns[n-1] != "COMMAND" || !strings.Contains(s, "PID") {
		return fmt.Errorf("read %s: %w: no heading of ps on an iPhone", r.In.Path, limit.ErrUnsupported)
	}
	p.columns = columns
	return nil
}

func (p *psReading) end(r *lineReading) error {
	if p.columns == nil {
		return fmt.Errorf("read %s: %w: the list is empty", r.In.Path, limit.ErrCorrupt)
	}
	return nil
}

// fieldsBefore cuts n words off s, and returns them and what is left.
func fieldsBefore(s string, n int) (words []string, rest string, ok bool) {
	rest = strings.TrimSpace(s)
	for len(words) < n {
		end := strings.IndexAny(rest, " \t")
		if end < 0 {
			return words, "", false
		}
		words = append(words, rest[:end])
		rest = strings.TrimLeft(rest[end:], " \t")
	}
	return words, rest, rest != ""
}

// numberOf returns a word as the type that its column has, and as a text
// where it is of none.
func numberOf(s string, kind artifact.ValueKind) artifact.Value {
	switch kind {
	case artifact.Int:
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return artifact.IntValue(n)
		}
	case artifact.Float:
		if f, err := strconv.ParseFloat(s, 64); err == nil && f-f == 0 {
			return artifact.FloatValue(f)
		}
	}
	return artifact.TextValue(s)
}

// setCommand sets a command line and what it is made of.
func setCommand(rec *artifact.Record, command string) {
	path, arguments := splitCommand(command)
	name := fileName(path)
	if inner, ok := strings.CutPrefix(command, "("); ok && strings.HasSuffix(inner, ")") {
		// A process that ended has a name alone, in brackets.
		path, arguments, name = "", "", inner[:len(inner)-1]
	}
	rec.Set("command", artifact.TextValue(command))
	rec.Set("path", artifact.TextOrNull(path))
	rec.Set("process", artifact.TextOrNull(name))
	rec.Set("arguments", artifact.TextOrNull(arguments))
	rec.Observe(artifact.Process, name, "process")
	if strings.HasPrefix(path, "/") {
		rec.Observe(artifact.FilePath, path, "path")
	}
}

// bundles are the ends of folders that hold a program which is called as they
// are. Names of such programs may have blanks in them.
var bundles = []string{".app/", ".appex/", ".xpc/"}

// splitCommand cuts a command line into the file and its arguments. A blank
// ends the file, unless it is in the name of a bundle.
func splitCommand(s string) (path, arguments string) {
	end := strings.IndexByte(s, ' ')
	if end < 0 {
		return s, ""
	}
	if strings.HasPrefix(s, "/") {
		// A blank and a slash begin an argument: no file goes on behind them.
		head, _, _ := strings.Cut(s, " /")
		for at := range len(head) {
			if n := bundledFile(s, at); n > 0 {
				end = n
				break
			}
		}
	}
	return s[:end], strings.TrimSpace(s[end:])
}

// bundledFile returns the end of the file in the bundle whose name ends at
// s[at], 0 where none does.
func bundledFile(s string, at int) int {
	if s[at] != '.' {
		return 0
	}
	for _, suffix := range bundles {
		rest, ok := strings.CutPrefix(s[at:], suffix)
		if !ok {
			continue
		}
		if after, same := strings.CutPrefix(rest, fileName(s[:at])); same && (after == "" || after[0] == ' ') {
			return len(s) - len(after)
		}
	}
	return 0
}
