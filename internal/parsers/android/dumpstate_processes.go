package android

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// dumpstateProcesses reads the programs that ran when the evidence was made.
type dumpstateProcesses struct{}

var dumpstateProcessesInfo = artifact.Info{
	Name:    "android.dumpstate_processes",
	Version: 1,
	Summary: "Programs that ran when the report was made, with user, parent and security label.",
	Files: []string{
		"**/dumpstate/PROCESSES", "**/dumpstate/PROCESSES AND THREADS",
	},
	Kinds: []artifact.KindInfo{{
		Kind: "process", Doc: "A process (a line of ps). Threads are left out.",
		Fields: []artifact.FieldInfo{
			textField("process", "its name, or command line"), textField("user", "user it runs as"), intField("pid", "its number"), intField("ppid", "its parent's"),
			textField("label", "security label (SELinux)"), textField("state", "R, S, D, Z…"), intField("vsz", "virtual memory in KiB"), intField("rss", "memory in use in KiB"),
			textField("wchan", "function of the kernel that it waits in"),
		},
	}},
	Caveats: []string{"A program with root rights can hide from the list."},
	Refs:    []string{"https://android.googlesource.com/platform/external/toybox/+/refs/heads/main/toys/posix/ps.c"},
}

// Info implements artifact.Parser.
func (dumpstateProcesses) Info() artifact.Info { return dumpstateProcessesInfo }

// Parse implements artifact.Parser.
func (dumpstateProcesses) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var p processReading
	return readSection(ctx, in, p.line, p.last)
}

type processReading struct {
	columns []string
	at      map[string]int
}

// processColumns are the columns that become fields.
var processColumns = map[string]string{"USER": "user", "PID": "pid", "PPID": "ppid", "LABEL": "label", "S": "state", "STAT": "state", "VSZ": "vsz", "VSIZE": "vsz", "RSS": "rss", "WCHAN": "wchan"}

func (p *processReading) line(s *section) error {
	fields := strings.Fields(string(s.Line))
	if len(fields) == 0 {
		return nil
	}
	if p.heading(fields) {
		return nil
	}
	if p.columns == nil {
		s.notUnderstood()
		return nil
	}
	return p.process(s, fields)
}

// heading takes the line that names the columns.
func (p *processReading) heading(fields []string) bool {
	at := map[string]int{}
	for i, f := range fields {
		at[f] = i
	}
	_, hasUser := at["USER"]
	_, hasPID := at["PID"]
	if !hasUser || !hasPID {
		return false
	}
	// ps of Android 6 and 7 leaves the heading of the state out: "PC  NAME".
	p.columns, p.at = fields, at
	return true
}

func (p *processReading) process(s *section, fields []string) error {
	n := len(p.columns)
	_, old := p.at["PC"]
	if old {
		n++
	}
	// The policy of some processes is blank.
	if pcy, ok := p.at["PCY"]; ok && len(fields) == n-1 {
		fields = slices.Insert(fields, pcy, "")
	}
	if len(fields) < n {
		return s.Problem(fmt.Errorf("%w: %d columns of %d", limit.ErrCorrupt, len(fields), n))
	}
	// A thread has the number of its process in PID, and its own in TID.
	if tid, ok := p.at["TID"]; ok && fields[tid] != fields[p.at["PID"]] {
		return nil
	}
	name := strings.Join(fields[n-1:], " ")
	rec := s.Start("process")
	rec.Set("process", artifact.TextOrNull(name))
	for i, c := range p.columns[:len(p.columns)-1] {
		field, ok := processColumns[c]
		if !ok || rec.Get(field).Kind() != artifact.Null {
			continue
		}
		switch field {
		case "pid", "ppid", "vsz", "rss":
			v := parseInt(fields[i])
			if v == nil {
				return s.Problem(fmt.Errorf("%w: column %s is %q", limit.ErrCorrupt, c, fields[i]))
			}
			rec.Set(field, artifact.IntValue(*v))
		default:
			rec.Set(field, artifact.TextOrNull(fields[i]))
		}
	}
	if old && rec.Get("state").Kind() == artifact.Null { // else a heading of both forms
		rec.Set("state", artifact.TextOrNull(fields[n-2]))
	}
	observeProcess(rec, name)
	return s.Give()
}

// observeProcess notes a process by its name and, where that is one, as an app.
func observeProcess(rec *artifact.Record, name string) {
	if name == "" {
		return
	}
	rec.Observe(artifact.Process, name, "process")
	if app, _, _ := strings.Cut(name, ":"); isPackage(app) {
		rec.Observe(artifact.AppID, app, "process")
	}
}

func (p *processReading) last(s *section) error {
	if p.columns == nil && s.In.Size > 0 {
		return fmt.Errorf("read %s: %w: no heading of ps", s.In.Path, limit.ErrUnsupported)
	}
	return nil
}

func parseInt(s string) *int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return nil
	}
	return &n
}
