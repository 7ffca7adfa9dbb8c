package ios

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
)

// jetsam reads the lists of processes that iOS writes when it ends some of
// them for want of memory.
type jetsam struct{}

var jetsamInfo = artifact.Info{
	Name:    "ios.jetsam",
	Version: 1,
	Summary: "Lists of all processes from moments when memory was short, with those that iOS ended.",
	Files:   []string{"**/JetsamEvent-*.ips*"},
	Kinds: []artifact.KindInfo{
		{
			Kind: "jetsam",
			Doc:  "A moment when memory was short.",
			Fields: append([]artifact.FieldInfo{
				{Name: "largest_process", Type: artifact.Text, Doc: "process that used the most memory"},
				{Name: "killed", Type: artifact.Strings, Doc: "processes that were ended, with the reason"},
				{Name: "processes", Type: artifact.Int, Doc: "number of processes listed"},
				{Name: "page_size", Type: artifact.Int, Doc: "bytes of a page of memory"},
			}, bodyFields...),
			Times: []string{"happened", "reported"},
		},
		{
			Kind: "process",
			Doc:  "A process that ran then.",
			Fields: []artifact.FieldInfo{
				{Name: "process", Type: artifact.Text, Doc: "name, of which the kernel keeps the first 32 characters"},
				{Name: "pid", Type: artifact.Int, Doc: "number of the process"},
				{Name: "uuid", Type: artifact.Text, Doc: "UUID of its file"},
				{Name: "reason", Type: artifact.Text, Doc: "why it was ended, if it was: per-process-limit, vm-pageshortage…"},
				{Name: "states", Type: artifact.Strings, Doc: "daemon, idle, suspended, frontmost…"},
				{Name: "pages", Type: artifact.Int, Doc: "pages of memory in use"},
				{Name: "lifetime_max", Type: artifact.Int, Doc: "most pages that it ever used"},
				{Name: "cpu_time", Type: artifact.Float, Doc: "seconds of processor time since it began"},
				{Name: "age", Type: artifact.Int, Doc: "how long it has run, in ticks of the phone's clock"},
				{Name: "coalition", Type: artifact.Int, Doc: "group of processes that it belongs to"},
				{Name: "fds", Type: artifact.Int, Doc: "open files that it has room for"},
				{Name: "priority", Type: artifact.Int, Doc: "when it is ended: the lowest first"},
				{Name: "cs_flags", Type: artifact.Int, Doc: "state of its code signature (iOS 18 and later)"},
				{Name: "cs_trust_level", Type: artifact.Int, Doc: "how far its code signature is trusted (iOS 18 and later)"},
			},
			Times: []string{"seen"},
		},
	},
	Caveats: []string{
		"The list holds names and no paths: a program with the name of one of the system's looks like it, and only its UUID differs.",
	},
	Refs: []string{"https://developer.apple.com/documentation/xcode/identifying-high-memory-use-with-jetsam-event-reports"},
}

// Info implements artifact.Parser.
func (jetsam) Info() artifact.Info { return jetsamInfo }

// Parse implements artifact.Parser.
func (jetsam) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readBody(ctx, in, func(b *bodyReading) error { return (&jetsamReport{b}).read() })
}

// A jetsamReport is one list.
type jetsamReport struct {
	*bodyReading
}

// maxKilled bounds the names of processes that were ended. One or two are
// usual.
const maxKilled = 64

func (j *jetsamReport) read() error {
	list := j.body["processes"]
	n, killed := int64(0), []string(nil)
	for v := range list.Elements() {
		n++
		if reason := v.Get("reason").Text(); reason != "" && len(killed) < maxKilled {
			killed = append(killed, j.Cut(v.Get("name").Text()+": "+reason))
		}
	}
	if err := j.event(n, killed); err != nil {
		return err
	}
	for v := range list.Elements() {
		if err := j.process(v); err != nil {
			return err
		}
	}
	return j.damage(list)
}

func (j *jetsamReport) event(processes int64, killed []string) error {
	rec := j.Start("jetsam", 0, j.In.Size)
	rec.Set("largest_process", j.Scalar(j.body["largestProcess"]))
	rec.Set("killed", artifact.StringsValue(killed))
	rec.Set("processes", artifact.IntValue(processes))
	rec.Set("page_size", j.Scalar(j.body["memoryStatus"].Get("pageSize")))
	j.setBody()
	rec.Observe(artifact.Process, rec.Text("largest_process"), "largest_process")
	j.when("happened", j.date)
	j.when("reported", j.report.Text("timestamp"))
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "memory was short; largest process: ", firstText(rec.Text("largest_process"), "?"))
	}
	return j.Give()
}

// jetsamMembers are the fields of members of a process, in their order.
var jetsamMembers = [...][2]string{
	{"pid", "pid"},
	{"uuid", "uuid"},
	{"reason", "reason"},
	{"rpages", "pages"},
	{"lifetimeMax", "lifetime_max"},
	{"age", "age"},
	{"coalition", "coalition"},
	{"fds", "fds"},
	{"priority", "priority"},
	{"csFlags", "cs_flags"},
	{"csTrustLevel", "cs_trust_level"},
}

// maxStates bounds the states of a process.
const maxStates = 16

func (j *jetsamReport) process(v ips.Value) error {
	return j.giveProcess(v, "name", func(rec *artifact.Record, members map[string]ips.Value) {
		for _, member := range jetsamMembers {
			rec.Set(member[1], j.Scalar(members[member[0]]))
		}
		rec.Set("cpu_time", j.seconds(members["cpuTime"]))
		var states []string
		for s := range members["states"].Elements() {
			if len(states) < maxStates {
				states = appendNew(states, j.Cut(s.Text()))
			}
		}
		rec.Set("states", artifact.StringsValue(states))
		if reason := rec.Text("reason"); reason != "" {
			rec.Summary = func(b []byte) []byte {
				return appendSummary(b, "process ended for memory: ", firstText(rec.Text("process"), "?"), " ", reason)
			}
		}
	})
}
