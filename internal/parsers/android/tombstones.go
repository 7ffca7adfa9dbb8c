package android

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/links"
	"github.com/amparo-project/amparo/internal/format/tombstone"
	"github.com/amparo-project/amparo/internal/limit"
)

// tombstones reads what debuggerd writes of crashes of native code.
type tombstones struct{}

var tombstonesInfo = artifact.Info{
	Name:    "android.tombstones",
	Version: 1,
	Summary: "Crashes of native code: which process, as which user, why, in which code, and when.",
	Files:   []string{"**/tombstone_*", "**/tombstone*.txt", "**/tombstone*.pb"},
	Kinds: []artifact.KindInfo{{
		Kind: "tombstone",
		Doc:  "A crash.",
		Fields: []artifact.FieldInfo{
			{Name: "file_name", Type: artifact.Text, Doc: "name of the file"},
			{Name: "process_name", Type: artifact.Text, Doc: "process: name of its file, or package of the app"},
			{Name: "thread_name", Type: artifact.Text, Doc: "thread that crashed"},
			{Name: "binary_path", Type: artifact.Text, Doc: "file that it ran from, as far as its command line tells"},
			{Name: "command_line", Type: artifact.Strings, Doc: "words of its command line; the text form has them in one"},
			{Name: "pid", Type: artifact.Int, Doc: "number of the process"},
			{Name: "tid", Type: artifact.Int, Doc: "number of the thread"},
			{Name: "uid", Type: artifact.Int, Doc: "user that it ran as: 0 root, 1000 the system, 2000 the shell, from 10000 apps"},
			{Name: "selinux_label", Type: artifact.Text, Doc: "SELinux label"},
			{Name: "process_uptime", Type: artifact.Int, Doc: "seconds that it had run"},
			{Name: "signal_name", Type: artifact.Text, Doc: "what ended it: SIGSEGV"},
			{Name: "signal_number", Type: artifact.Int, Doc: "number of it"},
			{Name: "signal_code", Type: artifact.Int, Doc: "why, as a number"},
			{Name: "signal_code_name", Type: artifact.Text, Doc: "why: SEGV_MAPERR"},
			{Name: "sender_pid", Type: artifact.Int, Doc: "process that ended it, where one did"},
			{Name: "sender_uid", Type: artifact.Int, Doc: "user of that process"},
			{Name: "fault_address", Type: artifact.Text, Doc: "address that it should not have touched"},
			{Name: "cause", Type: artifact.Text, Doc: "what the system takes for the cause"},
			{Name: "causes", Type: artifact.Strings, Doc: "the same, where there are several"},
			{Name: "abort_message", Type: artifact.Text, Doc: "why it ended itself"},
			{Name: "extra", Type: artifact.Strings, Doc: "what the program left for this case, as name=value"},
			{Name: "build_fingerprint", Type: artifact.Text, Doc: "name of the system's build"},
			{Name: "revision", Type: artifact.Text, Doc: "revision of the hardware"},
			{Name: "arch", Type: artifact.Text, Doc: "architecture of the process"},
			{Name: "timestamp", Type: artifact.Text, Doc: "time as it stands there"},
			{Name: "backtrace", Type: artifact.Strings, Doc: "code that was running, innermost first: file, and function where known"},
			{Name: "images", Type: artifact.Strings, Doc: "code that was loaded from elsewhere than the system"},
			{Name: "open_files", Type: artifact.Strings, Doc: "files that were open"},
			{Name: "links", Type: artifact.Strings, Doc: "links in its last log lines and its abort message"},
			{Name: "threads", Type: artifact.Int, Doc: "number of threads told of"},
			{Name: "protobuf", Type: artifact.Bool, Doc: "read from the protocol buffer; the same crash may lie beside it as text"},
		},
		Times: []string{"crashed"},
	}},
	Caveats: []string{
		"The phone keeps the last 32 crashes (10 before Android 10) and writes over older ones.",
		"Ordinary software crashes too.",
		"Before Android 9 a tombstone does not say when it was written.",
	},
	Refs: []string{
		"https://source.android.com/docs/core/tests/debug/native-crash",
		"https://cs.android.com/android/platform/superproject/main/+/main:system/core/debuggerd/proto/tombstone.proto",
		"https://docs.mvt.re/en/latest/android/",
	},
}

// maxTombstone bounds a tombstone, which the phone itself bounds at some
// megabytes.
const maxTombstone = 64 * limit.MiB

// Info implements artifact.Parser.
func (tombstones) Info() artifact.Info { return tombstonesInfo }

// Parse implements artifact.Parser.
func (tombstones) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readWhole(ctx, in, func(r *fileReading) error {
		data, err := in.All(maxTombstone)
		if err != nil {
			return err
		}
		t, err := tombstone.Parse(data)
		if err != nil {
			return err
		}
		if err := r.tombstone(t); err != nil {
			return err
		}
		if t.Damage != nil {
			return r.Problem(0, t.Damage)
		}
		return nil
	})
}

func (r *fileReading) tombstone(t *tombstone.Tombstone) error {
	rec := r.Start("tombstone", 0, r.In.Size)
	rec.Truncated = t.Cut
	r.set("file_name", baseName(r.In.Path))
	path, process := crashed(t)
	r.set("process_name", process)
	r.set("thread_name", t.ThreadName)
	r.set("binary_path", path)
	r.list("command_line", t.CommandLine[:min(len(t.CommandLine), maxTexts)])
	for _, f := range []struct {
		field string
		value int64
		there bool
	}{
		{"pid", t.PID, t.PID != 0},
		{"tid", t.TID, t.TID != 0},
		{"uid", t.UID, t.UID >= 0},
		{"process_uptime", t.Uptime, t.Uptime >= 0},
		{"signal_number", t.Signal.Number, t.Signal.Name != ""},
		{"signal_code", t.Signal.Code, t.Signal.Name != ""},
		{"sender_pid", t.Signal.SenderPID, t.Signal.Sender},
		{"sender_uid", t.Signal.SenderUID, t.Signal.Sender},
		{"threads", int64(t.Threads), t.Threads > 0},
	} {
		if f.there {
			rec.Set(f.field, artifact.IntValue(f.value))
		}
	}
	r.set("selinux_label", t.SELinuxLabel)
	r.set("signal_name", t.Signal.Name)
	r.set("signal_code_name", t.Signal.CodeName)
	r.set("fault_address", t.Signal.FaultAddress)
	if len(t.Causes) > 0 {
		r.set("cause", t.Causes[0])
		r.list("causes", t.Causes)
	}
	r.set("abort_message", t.AbortMessage)
	var extra []string
	for _, d := range t.Details {
		extra = append(extra, d.Name+"="+d.Value)
	}
	r.list("extra", extra)
	r.set("build_fingerprint", t.BuildFingerprint)
	r.set("revision", t.Revision)
	r.set("arch", t.Arch)
	r.set("timestamp", t.Timestamp)
	rec.Set("protobuf", artifact.BoolValue(t.Protobuf))
	r.tombstoneCode(t)
	r.tombstoneLinks(t)
	if at, ok := t.Time(); ok {
		rec.WhenAt("crashed", at)
	} else if t.Timestamp != "" {
		rec.When("crashed", artifact.Calendar, artifact.TextValue(r.Cut(t.Timestamp)))
	}
	r.observeTombstone(rec, path, process)
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "crash: ", process, " ", rec.Text("signal_name"), " ", rec.Text("signal_code_name"), " ", rec.Text("cause"), rec.Text("abort_message"))
	}
	return r.Give()
}

// crashed returns the file and the name of the process. An app has no file:
// its command line is its package, with a part behind a colon.
func crashed(t *tombstone.Tombstone) (path, process string) {
	command := t.Executable()
	first, _, _ := strings.Cut(command, " ")
	switch {
	case strings.HasPrefix(first, "/"):
		return first, baseName(first)
	case strings.Contains(first, "/"):
		return first, baseName(first)
	case first != "":
		return "", first
	default:
		return "", t.ThreadName
	}
}

// systemCode are the parts of the tree that only an update of the system, or
// of one of its parts, writes to.
var systemCode = []string{"/system/", "/vendor/", "/apex/", "/product/", "/system_ext/", "/odm/", "/memfd:jit-cache", "/dev/ashmem/jit"}

func inSystem(path string) bool {
	for _, p := range systemCode {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}

// tombstoneCode sets the code that ran and was loaded, and the files.
func (r *fileReading) tombstoneCode(t *tombstone.Tombstone) {
	var steps, images []string
	for _, f := range t.Backtrace {
		step := f.File
		if f.Function != "" {
			step = fmt.Sprintf("%s %s+%d", f.File, f.Function, f.Offset)
		}
		steps = append(steps, step)
		// A map of memory that was cut may lack it.
		if len(steps) <= maxTexts && strings.HasPrefix(f.File, "/") && !inSystem(f.File) && !slices.Contains(t.Mapped, f.File) {
			r.Rec.Observe(artifact.FilePath, f.File, "backtrace")
		}
	}
	for _, path := range t.Mapped {
		if !inSystem(path) && len(images) < maxTexts {
			images = append(images, path)
			r.Rec.Observe(artifact.FilePath, path, "images")
		}
	}
	r.list("backtrace", steps)
	r.list("images", images)
	for _, path := range t.OpenFiles[:min(len(t.OpenFiles), maxTexts)] {
		if strings.HasPrefix(path, "/") && !inSystem(path) && !strings.HasPrefix(path, "/dev/") && !strings.HasPrefix(path, "/proc/") {
			r.Rec.Observe(artifact.FilePath, path, "open_files")
		}
	}
	r.list("open_files", t.OpenFiles[:min(len(t.OpenFiles), maxTexts)])
}

func (r *fileReading) tombstoneLinks(t *tombstone.Tombstone) {
	found := links.Scan(t.AbortMessage, nil)
	for i := range t.Logs {
		found = links.Scan(t.Logs[i].Message, found)
	}
	r.setLinks(found)
}

// setLinks sets the field links, each once, and notes each.
func (r *fileReading) setLinks(found []links.Link) {
	var list []string
	seen := map[string]bool{}
	for i := range found {
		url := r.Cut(found[i].URL)
		if len(list) >= maxTexts {
			r.Rec.Truncated = true
			break
		}
		if !seen[url] {
			seen[url] = true
			list = append(list, url)
			r.Rec.Observe(artifact.URL, url, "links")
		}
	}
	r.Rec.Set("links", artifact.StringsValue(list))
}

func (r *fileReading) observeTombstone(rec *artifact.Record, path, process string) {
	rec.Observe(artifact.Process, process, "process_name")
	rec.Observe(artifact.FilePath, path, "binary_path")
	if pkg, _, _ := strings.Cut(process, ":"); isPackageName(pkg) {
		rec.Observe(artifact.AppID, pkg, "process_name")
	}
	rec.Observe(artifact.Process, rec.Text("thread_name"), "thread_name")
}
