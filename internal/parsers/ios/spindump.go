package ios

import (
	"context"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
)

// spindump reads the samples of all processes that a sysdiagnose takes.
type spindump struct{}

var spindumpInfo = artifact.Info{
	Name:    "ios.spindump",
	Version: 1,
	Summary: "Processes that ran while the sysdiagnose was made, with file, parent and when each was started.",
	Files:   []string{"**/spindump-nosymbols*.txt", "**/spindump.txt"},
	Kinds: []artifact.KindInfo{
		{
			Kind: "process",
			Doc:  "A process.",
			Fields: []artifact.FieldInfo{
				{Name: "process", Type: artifact.Text, Doc: "name"},
				{Name: "pid", Type: artifact.Int, Doc: "number of the process"},
				{Name: "path", Type: artifact.Text, Doc: "file that it runs from"},
				{Name: "uuid", Type: artifact.Text, Doc: "UUID of that file"},
				{Name: "bundle_id", Type: artifact.Text, Doc: "identifier of the app or program"},
				{Name: "version", Type: artifact.Text, Doc: "its version"},
				{Name: "architecture", Type: artifact.Text, Doc: "arm64, arm64e"},
				{Name: "parent", Type: artifact.Text, Doc: "process that started it"},
				{Name: "parent_pid", Type: artifact.Int, Doc: "its number"},
				{Name: "responsible", Type: artifact.Text, Doc: "process on whose behalf it runs"},
				{Name: "responsible_pid", Type: artifact.Int, Doc: "its number"},
				{Name: "user_id", Type: artifact.Int, Doc: "user that it runs as: 0 root, 501 mobile"},
				{Name: "footprint", Type: artifact.Text, Doc: "memory in use"},
				{Name: "age", Type: artifact.Int, Doc: "seconds since it was started"},
				{Name: "images", Type: artifact.Strings, Doc: "files loaded from elsewhere than the system's folders"},
			},
			Times: []string{"seen", "started"},
		},
		{
			Kind: "spindump",
			Doc:  "The samples as a whole.",
			Fields: []artifact.FieldInfo{
				{Name: "os_version", Type: artifact.Text, Doc: "version and build of iOS"},
				{Name: "model", Type: artifact.Text, Doc: "model of the phone"},
				{Name: "architecture", Type: artifact.Text, Doc: "arm64, arm64e"},
				{Name: "timestamp", Type: artifact.Text, Doc: "when sampling began, with the offset of the phone's clock"},
				{Name: "processes", Type: artifact.Int, Doc: "number of processes listed"},
			},
			Times: []string{"sampled"},
		},
	},
	Caveats: []string{"When a process was started is reckoned from its age in whole seconds, so it may be a second off."},
	Refs: []string{
		"https://github.com/EC-DIGIT-CSIRC/sysdiagnose/blob/main/src/sysdiagnose/parsers/spindumpnosymbols.py",
		"https://keith.github.io/xcode-man-pages/spindump.8.html",
	},
}

// spindumpKeys are the fields of lines of a process.
var spindumpKeys = map[string]string{
	"UUID": "uuid", "Path": "path", "Identifier": "bundle_id", "Version": "version", "Architecture": "architecture", "Footprint": "footprint",
}

// Info implements artifact.Parser.
func (spindump) Info() artifact.Info { return spindumpInfo }

// Parse implements artifact.Parser.
func (spindump) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	s := &spindumpReading{header: map[string]string{}}
	return readLines(ctx, in, s.line, s.end)
}

// A spindumpReading is the process that lines belong to.
type spindumpReading struct {
	header map[string]string // lines before the first process
	at     time.Time         // when sampling began

	values map[string]artifact.Value // of the process, nil before the first
	inside bool                      // lines are of its stacks
	images []string
	first  int64
	stop   int64
	listed int64
	over   bool // what follows is the binary form of the same
}

// headerKeys are the lines of the header that are kept.
var headerKeys = map[string]bool{"Date/Time": true, "OS Version": true, "Architecture": true, "Hardware model": true}

func (s *spindumpReading) line(r *lineReading) error {
	text := strings.TrimSpace(strings.ToValidUTF8(string(r.Line), "\ufffd"))
	if s.over || text == "" {
		return nil
	}
	key, value, ok := strings.Cut(text, ":")
	value = strings.TrimSpace(value)
	switch {
	case text == "Spindump binary format":
		s.over = true
		return nil
	case ok && key == "Process" && value != "":
		if err := s.flush(r); err != nil {
			return err
		}
		s.values, s.first, s.images, s.inside = map[string]artifact.Value{}, r.Offset, nil, false
		s.named("process", "pid", value)
	case s.values == nil && ok && headerKeys[key]:
		s.header[key] = value
		if key == "Date/Time" {
			s.at, _ = ips.Time(value)
		}
	case s.values != nil:
		s.inProcess(text, key, value)
	}
	s.stop = r.Offset + r.Length
	return nil
}

// inProcess reads a line of a process: of its header, its stacks or its
// images.
func (s *spindumpReading) inProcess(text, key, value string) {
	if strings.HasPrefix(text, "Thread 0x") || key == "Binary Images" {
		s.inside = true
		return
	}
	if s.inside {
		if path, _, ok := textImage(strings.TrimLeft(text, "*")); ok {
			s.image(path)
		}
		return
	}
	if field := spindumpKeys[key]; field != "" && value != "" {
		s.values[field] = artifact.TextValue(value)
		return
	}
	switch key {
	case "Parent":
		s.named("parent", "parent_pid", value)
	case "Responsible":
		s.named("responsible", "responsible_pid", value)
	case "UID":
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			s.values["user_id"] = artifact.IntValue(n)
		}
	case "Time Since Fork":
		if n, err := strconv.ParseInt(strings.TrimSuffix(value, "s"), 10, 64); err == nil {
			s.values["age"] = artifact.IntValue(n)
		}
	}
}

func (s *spindumpReading) named(nameField, pidField, value string) {
	name, n, ok := ips.Numbered(value)
	s.values[nameField] = artifact.TextOrNull(name)
	if ok {
		s.values[pidField] = artifact.IntValue(n)
	}
}

func (s *spindumpReading) image(path string) {
	for _, prefix := range systemImages {
		if strings.HasPrefix(path, prefix) {
			return
		}
	}
	if strings.HasPrefix(path, "/") && len(s.images) < maxKept {
		s.images = appendNew(s.images, path)
	}
}

// maxAge bounds the seconds since a process was started: phones are restarted
// sooner than after thirty years, and more does not fit a duration.
const maxAge = 30 * 365 * 24 * 3600

// flush gives the process that was read.
func (s *spindumpReading) flush(r *lineReading) error {
	if s.values == nil {
		return nil
	}
	rec := r.Start("process")
	rec.Loc.Offset, rec.Loc.Length, rec.Truncated = s.first, s.stop-s.first, false
	s.values["images"] = artifact.StringsValue(s.images)
	for _, f := range spindumpInfo.Kinds[0].Fields {
		rec.Set(f.Name, s.values[f.Name])
	}
	if !s.at.IsZero() {
		rec.WhenAt("seen", s.at)
		if age, ok := rec.Get("age").Int(); ok && age >= 0 && age < maxAge {
			rec.WhenAt("started", s.at.Add(-time.Duration(age)*time.Second))
		}
	}
	for _, o := range observedFields {
		if text := rec.Text(o.field); o.types != artifact.AppID || strings.Contains(text, ".") {
			rec.Observe(o.types, text, o.field)
		}
	}
	for _, image := range s.images {
		rec.Observe(artifact.FilePath, image, "images")
	}
	name, path := rec.Text("process"), rec.Text("path")
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "process runs: ", firstText(path, name, "?")) }
	s.listed++
	return r.Give()
}

func (s *spindumpReading) end(r *lineReading) error {
	if err := s.flush(r); err != nil {
		return err
	}
	rec := r.Start("spindump")
	rec.Loc.Offset, rec.Loc.Length, rec.Truncated = 0, r.In.Size, false
	rec.Set("os_version", artifact.TextOrNull(s.header["OS Version"]))
	rec.Set("model", artifact.TextOrNull(s.header["Hardware model"]))
	rec.Set("architecture", artifact.TextOrNull(s.header["Architecture"]))
	rec.Set("timestamp", artifact.TextOrNull(s.header["Date/Time"]))
	rec.Set("processes", artifact.IntValue(s.listed))
	if !s.at.IsZero() {
		rec.WhenAt("sampled", s.at)
	}
	return r.Give()
}
