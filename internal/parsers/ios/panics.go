package ios

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
)

// panics reads what the kernel wrote down when it gave up, or was asked for
// the stacks of all processes.
type panics struct{}

var panicsInfo = artifact.Info{
	Name:    "ios.panics",
	Version: 1,
	Summary: "Panics of the kernel, forced restarts and stackshots: why, in which process, and which others ran.",
	Files:   []string{"**/panic-*.ips*", "**/*.panic.ips*", "**/forceReset-*.ips*", "**/stacks-*.ips*", "**/stacks+*.ips*"},
	Kinds: []artifact.KindInfo{
		{
			Kind: "panic",
			Doc:  "A panic of the kernel, or a restart by force.",
			Fields: append([]artifact.FieldInfo{
				{Name: "reason", Type: artifact.Text, Doc: "first line of the panic"},
				{Name: "panic_string", Type: artifact.Text, Doc: "all that the kernel wrote"},
				{Name: "process", Type: artifact.Text, Doc: "process that ran when it panicked"},
				{Name: "pid", Type: artifact.Int, Doc: "number of the process"},
			}, stackFields...),
			Times: []string{"panicked", "reported", "booted", "slept", "woke"},
		},
		{
			Kind: "stackshot",
			Doc:  "The stacks of all processes, taken for another reason.",
			Fields: append([]artifact.FieldInfo{
				{Name: "reason", Type: artifact.Text, Doc: "why they were taken"},
			}, stackFields...),
			Times: []string{"happened", "reported"},
		},
		{
			Kind: "process",
			Doc:  "A process that ran at that time.",
			Fields: []artifact.FieldInfo{
				{Name: "process", Type: artifact.Text, Doc: "name, of which the kernel keeps the first 32 characters"},
				{Name: "pid", Type: artifact.Int, Doc: "number of the process"},
				{Name: "threads", Type: artifact.Int, Doc: "number of its threads"},
				{Name: "user_time", Type: artifact.Float, Doc: "seconds of processor time of its own"},
				{Name: "system_time", Type: artifact.Float, Doc: "seconds of processor time in the kernel"},
				{Name: "resident_bytes", Type: artifact.Int, Doc: "memory in use"},
			},
			Times: []string{"seen"},
		},
	},
	Caveats: []string{"The list of processes holds names and no paths."},
	Refs: []string{
		"https://developer.apple.com/documentation/xcode/examining-the-fields-in-a-crash-report",
		"https://github.com/apple-oss-distributions/xnu/blob/main/osfmk/kern/debug.c",
	},
}

// stackFields are what all of these reports tell.
var stackFields = slices.Concat(
	[]artifact.FieldInfo{{Name: "bug_type", Type: artifact.Text, Doc: "type of report: 210 panic, 151 restart by force, 288 stackshot"}},
	bodyFields,
	[]artifact.FieldInfo{{Name: "processes", Type: artifact.Int, Doc: "number of processes listed"}},
)

// Info implements artifact.Parser.
func (panics) Info() artifact.Info { return panicsInfo }

// Parse implements artifact.Parser.
func (panics) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readBody(ctx, in, func(b *bodyReading) error { return (&panicReport{b}).read() })
}

// A panicReport is one report.
type panicReport struct {
	*bodyReading
}

func (p *panicReport) read() error {
	said := firstText(p.body["panicString"].Text(), p.body["string"].Text())
	if said == "" {
		p.Start("stackshot", 0, p.In.Size)
		p.Rec.Set("reason", p.Scalar(p.body["reason"]))
		p.common()
		p.when("happened", p.date)
	} else {
		p.Start("panic", 0, p.In.Size)
		p.panicked(said)
		p.common()
		p.when("panicked", p.date)
		p.epochs(said)
	}
	p.when("reported", p.report.Text("timestamp"))
	p.Rec.Summary = p.summarize
	if err := p.Give(); err != nil {
		return err
	}
	for _, v := range p.body["processByPid"].Members() {
		if err := p.process(v); err != nil {
			return err
		}
	}
	return p.damage(p.body["processByPid"])
}

func (p *panicReport) summarize(b []byte) []byte {
	return appendSummary(b, string(p.Rec.Kind), ": ", p.Rec.Text("reason"), " ", p.Rec.Text("process"))
}

// common sets what all reports tell.
func (p *panicReport) common() {
	p.Rec.Set("bug_type", artifact.TextOrNull(p.Cut(p.report.Header.Get("bug_type").Plain())))
	p.setBody()
	n := int64(0)
	for range p.body["processByPid"].Members() {
		n++
	}
	p.Rec.Set("processes", artifact.IntValue(n))
}

// panicked reads who panicked: "Panicked task 0xff…: 3016 pages, 16 threads:
// pid 1: launchd".
func (p *panicReport) panicked(said string) {
	first, _, _ := strings.Cut(said, "\n")
	p.Rec.Set("reason", artifact.TextOrNull(p.Cut(first)))
	p.Rec.Set("panic_string", artifact.TextValue(p.Cut(said)))
	_, task, _ := strings.Cut(said, "Panicked task ")
	task, _, _ = strings.Cut(task, "\n")
	_, task, found := strings.Cut(task, ": pid ")
	number, name, named := strings.Cut(task, ": ")
	if !found || !named {
		return
	}
	name = p.Cut(strings.TrimSpace(name))
	p.Rec.Set("process", artifact.TextOrNull(name))
	if pid, err := strconv.ParseInt(number, 10, 32); err == nil {
		p.Rec.Set("pid", artifact.IntValue(pid))
	}
	p.Rec.Observe(artifact.Process, name, "process")
}

// epochs reads when the phone was started, and when it slept and woke last:
// "Boot    : 0x58eacd6b 0x000772fd", seconds and microseconds.
func (p *panicReport) epochs(said string) {
	_, said, _ = strings.Cut(said, "Epoch Time:")
	lines := strings.SplitN(said, "\n", len(epochLines)+2)
	for i, m := range epochLines {
		if i+1 >= len(lines) {
			return
		}
		key, value, _ := strings.Cut(lines[i+1], ":")
		seconds, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
		s, err := strconv.ParseInt(seconds, 0, 64)
		us, err2 := strconv.ParseInt(strings.TrimSpace(rest), 0, 64)
		if strings.TrimSpace(key) != m[0] || err != nil || err2 != nil {
			continue
		}
		if s > 0 && s < 1<<33 && us >= 0 && us < 1_000_000 {
			p.Rec.When(m[1], artifact.UnixMicroseconds, artifact.IntValue(s*1_000_000+us))
		}
	}
}

// epochLines are the lines of that list, and what they date.
var epochLines = [...][2]string{{"Boot", "booted"}, {"Sleep", "slept"}, {"Wake", "woke"}}

// process gives a process of the list.
func (p *panicReport) process(v ips.Value) error {
	return p.giveProcess(v, "procname", func(rec *artifact.Record, members map[string]ips.Value) {
		rec.Set("pid", p.Scalar(members["pid"]))
		n := int64(0)
		for range members["threadById"].Members() {
			n++
		}
		rec.Set("threads", artifact.IntValue(n))
		rec.Set("user_time", p.seconds(members["userTimeTask"]))
		rec.Set("system_time", p.seconds(members["systemTimeTask"]))
		rec.Set("resident_bytes", p.Scalar(members["residentMemoryBytes"]))
	})
}
