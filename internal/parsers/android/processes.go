package android

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
	"github.com/amparo-project/amparo/internal/format/jsonlist"
	"github.com/amparo-project/amparo/internal/limit"
)

// processes reads lists of running processes: of the command ps, and of
// AndroidQF's own program on the phone.
type processes struct{}

var processesInfo = artifact.Info{
	Name:    "android.processes",
	Version: 1,
	Summary: "Processes that ran when the evidence was made, with the user and the file of each.",
	Files:   []string{"**/ps.txt", "**/processes.txt", "**/processes.json"},
	Kinds: []artifact.KindInfo{{
		Kind: "process",
		Doc:  "A process.",
		Fields: []artifact.FieldInfo{
			{Name: "process", Type: artifact.Text, Doc: "name: of an app that of its package, with its part behind a colon"},
			{Name: "path", Type: artifact.Text, Doc: "file that it runs from, where the list has it"},
			{Name: "command", Type: artifact.Text, Doc: "command line"},
			{Name: "user", Type: artifact.Text, Doc: "user that it runs as: u0_a123 is the app 123 of the owner"},
			{Name: "user_id", Type: artifact.Int, Doc: "number of the user"},
			{Name: "pid", Type: artifact.Int, Doc: "number of the process"},
			{Name: "parent_pid", Type: artifact.Int, Doc: "number of the process that started it"},
			{Name: "virtual_kb", Type: artifact.Int, Doc: "virtual memory in KiB"},
			{Name: "resident_kb", Type: artifact.Int, Doc: "memory in use in KiB"},
			{Name: "waits_for", Type: artifact.Text, Doc: "what it waits for in the kernel"},
			{Name: "address", Type: artifact.Text, Doc: "where it waits, as a number"},
			{Name: "state", Type: artifact.Text, Doc: "S sleeping, R running, D waiting for a device, Z ended"},
			{Name: "label", Type: artifact.Text, Doc: "SELinux label: what it may do"},
			{Name: "previous_label", Type: artifact.Text, Doc: "SELinux label before it began to run this file"},
			{Name: "directory", Type: artifact.Text, Doc: "working directory"},
			{Name: "environment", Type: artifact.Strings, Doc: "its environment, as far as it could be read"},
			{Name: "threads", Type: artifact.Int, Doc: "number of its threads, where the list has them"},
			{Name: "priority", Type: artifact.Int, Doc: "priority"},
			{Name: "group", Type: artifact.Int, Doc: "group of processes"},
			{Name: "session", Type: artifact.Int, Doc: "session"},
		},
	}},
	Caveats: []string{
		"A process can change its own name.",
		"Without root ps sees all processes, but not the files that they run from.",
	},
	Refs: []string{
		"https://android.googlesource.com/platform/external/toybox/+/refs/heads/main/toys/posix/ps.c",
		"https://github.com/mvt-project/androidqf (modules/processes.go, adb/collector.go)",
	},
}

// Info implements artifact.Parser.
func (processes) Info() artifact.Info { return processesInfo }

// Parse implements artifact.Parser.
func (processes) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readWhole(ctx, in, func(r *fileReading) error {
		var head [1]byte
		if in.Size == 0 {
			return errUnknownForm
		}
		if n, err := in.ReadAt(head[:], 0); n == 0 {
			return err
		}
		if head[0] == '[' || head[0] == '{' {
			return r.objects(maxPackage, r.collectedProcess)
		}
		p := &psList{r: r}
		if err := r.lines(p.line); err != nil {
			return err
		}
		if p.columns == nil {
			return errUnknownForm
		}
		return nil
	})
}

// psColumns are the fields of columns by their heading, in toybox's ps and in
// the one of Android before 8.
var psColumns = map[string]string{
	"USER": "user", "UID": "user_id", "PID": "pid", "PPID": "parent_pid", "VSZ": "virtual_kb", "VSIZE": "virtual_kb",
	"RSS": "resident_kb", "WCHAN": "waits_for", "ADDR": "address", "PC": "address", "S": "state", "LABEL": "label",
	"NAME": "process", "CMD": "process", "CMDLINE": "command", "ARGS": "command", "PRI": "priority",
}

// psNumbers are the fields that hold a number.
var psNumbers = wordSet("user_id pid parent_pid virtual_kb resident_kb priority")

// A psList is the heading of a list, and with it how to read its lines.
type psList struct {
	r       *fileReading
	columns []string
}

// maxPsColumns bounds a heading.
const maxPsColumns = 32

func (p *psList) line(l textLine) error {
	words := strings.Fields(l.text)
	if len(words) == 0 {
		return nil
	}
	if p.columns == nil {
		return p.heading(words)
	}
	// Before Android 8 the column of the state has no heading.
	columns := p.columns
	if len(words) < len(columns) {
		return p.r.Problem(l.offset, fmt.Errorf("%w: %d columns, not %d", limit.ErrCorrupt, len(words), len(columns)))
	}
	rest := afterWords(l.text, len(columns)-1)
	r := p.r
	rec := r.startLine("process", l)
	for i, column := range columns {
		value := words[i]
		if i == len(columns)-1 {
			value = rest
		}
		r.psValue(psColumns[column], value)
	}
	r.finishProcess(rec)
	return r.Give()
}

func (p *psList) heading(words []string) error {
	seen := false
	for _, w := range words {
		seen = seen || w == "PID"
	}
	if !seen || len(words) > maxPsColumns {
		return nil // a line before the list, such as the command itself
	}
	last := words[len(words)-1]
	if last == "NAME" && len(words) > 1 && words[len(words)-2] == "PC" {
		words = append(append([]string{}, words[:len(words)-1]...), "S", last)
	}
	p.columns = words
	return nil
}

// afterWords returns what follows n words of s.
func afterWords(s string, n int) string {
	s = strings.TrimLeft(s, " \t")
	for range n {
		end := strings.IndexAny(s, " \t")
		if end < 0 {
			return ""
		}
		s = strings.TrimLeft(s[end:], " \t")
	}
	return strings.TrimRight(s, " \t")
}

func (r *fileReading) psValue(field, value string) {
	switch {
	case field == "", r.Rec.Get(field).Kind() != artifact.Null: // a heading that is there twice
	case field == "user_id" || psNumbers[field]:
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			r.Rec.Set(field, artifact.IntValue(n))
		}
	default:
		r.set(field, value)
	}
}

// finishProcess notes what an indicator may name, and how to summarize it.
func (r *fileReading) finishProcess(rec *artifact.Record) {
	field := "process"
	name := rec.Text(field)
	if name == "" {
		field = "command"
		name = rec.Text(field)
	}
	if path, _, _ := strings.Cut(name, " "); strings.HasPrefix(path, "/") {
		rec.Observe(artifact.FilePath, path, field)
		name = baseName(path)
	}
	rec.Observe(artifact.Process, strings.Trim(name, "[]"), field)
	if pkg, _, _ := strings.Cut(name, ":"); isPackageName(pkg) {
		rec.Observe(artifact.AppID, pkg, field)
	}
	if path := rec.Text("path"); strings.HasPrefix(path, "/") {
		rec.Observe(artifact.FilePath, path, "path")
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "process runs: ", firstOf(rec.Text("process"), rec.Text("command")))
	}
}

// collectedFields are the fields of members of a process in AndroidQF's list.
var collectedFields = []struct{ member, field string }{
	{"pid", "pid"},
	{"uid", "user_id"},
	{"ppid", "parent_pid"},
	{"pgroup", "group"},
	{"psid", "session"},
	{"priority", "priority"},
	{"state", "state"},
	{"path", "path"},
	{"context", "label"},
	{"previous_context", "previous_label"},
	{"cwd", "directory"},
}

func (r *fileReading) collectedProcess(v ips.Value, at jsonlist.Element) error {
	m := v.Map()
	rec := r.Start("process", at.Offset, v.Length())
	r.set("process", strings.TrimSuffix(strings.TrimPrefix(m["filename"].Text(), "("), ")"))
	for _, c := range collectedFields {
		rec.Set(c.field, r.Scalar(m[c.member]))
	}
	words := r.texts(m["command_line"])
	r.set("command", strings.Join(words, " "))
	// The kernel cuts the name at 15 bytes; the command line has all of it.
	if name := rec.Text("process"); len(words) > 0 && len(name) == 15 && !strings.HasPrefix(words[0], "/") {
		rec.Observe(artifact.Process, words[0], "command")
		if pkg, _, _ := strings.Cut(words[0], ":"); isPackageName(pkg) {
			rec.Observe(artifact.AppID, pkg, "command")
		}
	}
	if len(words) > 0 && strings.HasPrefix(words[0], "/") {
		rec.Observe(artifact.FilePath, words[0], "command")
	}
	r.list("environment", r.texts(m["env"]))
	r.finishProcess(rec)
	return r.Give()
}
