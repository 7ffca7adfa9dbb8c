package ios

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
	"github.com/amparo-project/amparo/internal/limit"
)

// taskInfo reads the kernel's view of all tasks, as a sysdiagnose takes it.
type taskInfo struct{}

var taskInfoInfo = artifact.Info{
	Name:    "ios.taskinfo",
	Version: 1,
	Summary: "Tasks of the kernel when the sysdiagnose was made, with how long each had run.",
	Files:   []string{"**/taskinfo.txt"},
	Kinds: []artifact.KindInfo{
		{
			Kind: "task",
			Doc:  "A process as the kernel sees it.",
			Fields: []artifact.FieldInfo{
				{Name: "process", Type: artifact.Text, Doc: "name"},
				{Name: "pid", Type: artifact.Int, Doc: "number of the process"},
				{Name: "unique_id", Type: artifact.Int, Doc: "number that is not given again before a restart"},
				{Name: "uuid", Type: artifact.Text, Doc: "UUID of its file"},
				{Name: "architecture", Type: artifact.Text, Doc: "arm64, arm64e"},
				{Name: "run_time", Type: artifact.Int, Doc: "seconds since it was started"},
				{Name: "suspend_count", Type: artifact.Int, Doc: "how often it was suspended and not resumed"},
				{Name: "threads", Type: artifact.Int, Doc: "number of its threads"},
			},
		},
		{
			Kind:   "tasks",
			Doc:    "The list as a whole.",
			Fields: []artifact.FieldInfo{{Name: "tasks", Type: artifact.Int, Doc: "number of tasks that it says it has"}, {Name: "listed", Type: artifact.Int, Doc: "number of tasks that it lists"}},
		},
	},
	Caveats: []string{"The list does not say when it was made: the name of the sysdiagnose does."},
	Refs:    []string{"https://github.com/EC-DIGIT-CSIRC/sysdiagnose/blob/main/src/sysdiagnose/parsers/taskinfo.py"},
}

// taskKeys are the fields of lines of a task that hold a number, of seconds
// in some.
var taskKeys = map[string]string{"run time": "run_time", "suspend count": "suspend_count"}

// Info implements artifact.Parser.
func (taskInfo) Info() artifact.Info { return taskInfoInfo }

// Parse implements artifact.Parser.
func (taskInfo) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	t := &taskReading{said: -1}
	return readLines(ctx, in, t.line, t.end)
}

// A taskReading is the task that lines belong to.
type taskReading struct {
	open      bool
	inThreads bool // lines are of its threads
	first     int64
	stop      int64
	threads   int64
	values    map[string]artifact.Value
	said      int64 // number of tasks in the first line, -1 for none
	listed    int64
}

func (t *taskReading) line(r *lineReading) error {
	s := strings.TrimSpace(strings.ToValidUTF8(string(r.Line), "\ufffd"))
	key, value, ok := strings.Cut(s, ":")
	value = strings.TrimSpace(value)
	switch {
	case s == "":
		return nil
	case ok && key == "process" && strings.HasPrefix(value, `"`):
		if err := t.flush(r); err != nil {
			return err
		}
		t.open, t.first, t.values = true, r.Offset, map[string]artifact.Value{}
		t.name(value)
	case ok && key == "num tasks" && !t.open:
		if n, err := strconv.ParseInt(value, 10, 32); err == nil {
			t.said = n
		}
	case ok && key == "thread ID":
		t.inThreads = true
		t.threads++
	case ok && !t.inThreads:
		t.field(key, value)
	}
	t.stop = r.Offset + r.Length
	return nil
}

// name reads `"launchd" [1] [unique ID: 1]`.
func (t *taskReading) name(value string) {
	end := strings.LastIndexByte(value, '"')
	t.values["process"] = artifact.TextOrNull(strings.Trim(value[:end+1], `"`))
	rest := value[end+1:]
	number, unique, _ := strings.Cut(rest, "]")
	if _, n, ok := ips.Numbered(number + "]"); ok {
		t.values["pid"] = artifact.IntValue(n)
	}
	_, unique, _ = strings.Cut(unique, "unique ID:")
	if n, err := strconv.ParseInt(strings.Trim(unique, " ]"), 10, 64); err == nil {
		t.values["unique_id"] = artifact.IntValue(n)
	}
}

func (t *taskReading) field(key, value string) {
	if !t.open || value == "" {
		return
	}
	switch key {
	case "executable uuid", "uuid", "UUID":
		t.values["uuid"] = artifact.TextValue(value)
	case "architecture":
		t.values["architecture"] = artifact.TextValue(value)
	default:
		number, _, _ := strings.Cut(value, " ")
		n, err := strconv.ParseInt(number, 10, 64)
		if field := taskKeys[key]; field != "" && err == nil {
			t.values[field] = artifact.IntValue(n)
		}
	}
}

// flush gives the task that was read.
func (t *taskReading) flush(r *lineReading) error {
	if !t.open {
		return nil
	}
	rec := r.Start("task")
	rec.Loc.Offset, rec.Loc.Length, rec.Truncated = t.first, t.stop-t.first, false
	t.values["threads"] = artifact.IntValue(t.threads)
	for _, f := range taskInfoInfo.Kinds[0].Fields {
		rec.Set(f.Name, t.values[f.Name])
	}
	name := rec.Text("process")
	rec.Observe(artifact.Process, name, "process")
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "task runs: ", firstText(name, "?")) }
	t.open, t.inThreads, t.threads = false, false, 0
	t.listed++
	return r.Give()
}

func (t *taskReading) end(r *lineReading) error {
	if err := t.flush(r); err != nil {
		return err
	}
	if t.listed == 0 && t.said < 0 {
		return fmt.Errorf("read %s: %w: no task in the list", r.In.Path, limit.ErrCorrupt)
	}
	rec := r.Start("tasks")
	rec.Loc.Offset, rec.Loc.Length, rec.Truncated = 0, r.In.Size, false
	if t.said >= 0 {
		rec.Set("tasks", artifact.IntValue(t.said))
	}
	rec.Set("listed", artifact.IntValue(t.listed))
	return r.Give()
}
