package ios

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/links"
	"github.com/amparo-project/amparo/internal/format/tracev3"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

// Bounds of what is held in memory of one file.
const (
	maxLogProcesses = 50_000
	maxLogNamed     = 50_000
	maxLogExample   = 1000 // bytes of the message kept beside what it names
)

// A logReading is one Parse of a log.
type logReading struct {
	in    *artifact.Input
	yield func(*artifact.Record, error) bool
	rec   artifact.Record

	procs map[procKey]*seenProcess
	order []*seenProcess
	last  *tracev3.Process // whose seenProcess is lastSeen
	seen  *seenProcess

	named      map[namedKey]*namedValue
	namedOrder []*namedValue
	full       bool
	names      int64 // calls of name
	plain      plainTexts

	msg   []byte
	found []links.Link
	texts func([]byte)

	e      *tracev3.Entry // at which the reading is
	at     int64          // its time, 0 where unknown
	total  logTotals
	strs   *tracev3.Strings
	finish tracev3.Facts
}

type procKey struct {
	boot  tracev3.UUID
	image tracev3.UUID
	pid   uint32
}

// A logSpan is the time between the first and the last of some entries.
type logSpan struct{ from, to int64 }

func (s *logSpan) add(at int64) {
	if at == 0 {
		return
	}
	if s.from == 0 || at < s.from {
		s.from = at
	}
	s.to = max(s.to, at)
}

func (s *logSpan) set(rec *artifact.Record, first, last string) {
	if s.from != 0 {
		rec.WhenAt(first, time.Unix(0, s.from))
		rec.WhenAt(last, time.Unix(0, s.to))
	}
}

// A logPlace is where the first entry of a kind lies.
type logPlace struct{ offset, length int64 }

// A seenProcess is what the file says of one process.
type seenProcess struct {
	procKey
	logPlace
	logSpan
	euid            uint32
	path, name      string
	entries, errors int64
	about           []logRule // what of its entries is worth a record
}

// logTotals counts the entries of the file.
type logTotals struct {
	logSpan
	entries, errors, lost, noFormat, noProcess int64
	byType                                     map[tracev3.Type]int64
}

func newLogReading(in *artifact.Input, yield func(*artifact.Record, error) bool) *logReading {
	r := &logReading{
		in: in, yield: yield, procs: map[procKey]*seenProcess{}, named: map[namedKey]*namedValue{},
		total: logTotals{byType: map[tracev3.Type]int64{}},
	}
	r.texts = r.text
	r.plain.seed = maphash.MakeSeed()
	return r
}

func (r *logReading) read() error {
	f := newLogFiles(r.in)
	clock, err := f.clock(func(path string, err error) error {
		return r.problem(artifact.Location{Path: path}, err)
	})
	if err != nil {
		return err
	}
	r.strs = tracev3.NewStrings(f)
	for e, err := range tracev3.Scan(r.in, r.in.Size, tracev3.Options{Strings: r.strs, Clock: clock}) {
		if err != nil {
			if err := r.damage(err); err != nil {
				return err
			}
			continue
		}
		if err := r.entry(e); err != nil {
			return err
		}
	}
	return r.end()
}

// stateList is the type of a state dump that is a property list.
const stateList = 1

// damage tells of a part that was not read. Another error ends the reading.
func (r *logReading) damage(err error) error {
	var chunk *tracev3.ChunkError
	var strs *tracev3.StringsError
	switch {
	case errors.As(err, &chunk):
		return r.problem(artifact.Location{Offset: chunk.Offset}, err)
	case errors.As(err, &strs):
		return r.problem(artifact.Location{}, err)
	}
	return err
}

func (r *logReading) problem(loc artifact.Location, err error) error {
	if !r.yield(nil, &artifact.RecordError{Loc: loc, Err: err}) {
		return input.ErrStopped
	}
	return nil
}

// entry counts an entry, and looks at what it says.
func (r *logReading) entry(e *tracev3.Entry) error {
	r.e = e
	r.at, _ = e.Nanoseconds()
	isError := e.Level() == "error" || e.Level() == "fault"
	t := &r.total
	t.entries++
	t.add(r.at)
	t.byType[e.Type]++
	t.lost += int64(e.Lost)
	r.finish = e.Facts()
	if isError {
		t.errors++
	}
	p, err := r.process()
	if err != nil {
		return err
	}
	if p == nil {
		t.noProcess++
	} else {
		p.entries++
		p.add(r.at)
		if isError {
			p.errors++
		}
	}
	return r.content(p)
}

// content looks for what the entry names, and whether it is worth a record.
func (r *logReading) content(p *seenProcess) error {
	e := r.e
	r.msg = r.msg[:0]
	lockdown := false
	switch e.Type {
	case tracev3.Loss:
		return r.message(p, "lost")
	case tracev3.State:
		if kind, data := e.State(); kind == stateList {
			r.state(data)
		}
		return nil
	case tracev3.Log, tracev3.Trace, tracev3.Signpost, tracev3.Activity:
		f, ok := e.FormatString()
		if !ok {
			r.total.noFormat++
		}
		lockdown = saysLockdownMode(f)
	}
	r.e.Texts(r.texts)
	if e.Addressed() {
		r.addresses(string(r.render()))
	}
	if lockdown {
		return r.message(p, "lockdown_mode")
	}
	if p == nil {
		return nil
	}
	for i := range p.about {
		if about := p.about[i].match(r.render()); about != "" {
			return r.message(p, about)
		}
	}
	return nil
}

// render returns the message of the entry, which is made once.
func (r *logReading) render() []byte {
	if len(r.msg) == 0 {
		r.msg = r.e.AppendMessage(r.msg)
	}
	return r.msg
}

// process returns what is known of the process of the entry, nil where the
// catalog lacks it or there are too many.
func (r *logReading) process() (*seenProcess, error) {
	p := r.e.Process
	if p == nil {
		return nil, nil
	}
	if p == r.last && r.seen != nil && r.seen.boot == r.e.Boot {
		return r.seen, nil
	}
	key := procKey{r.e.Boot, p.Image, p.PID}
	s := r.procs[key]
	if s == nil {
		if len(r.order) >= maxLogProcesses {
			return nil, nil
		}
		path := r.cut(strings.ToValidUTF8(r.e.ProcessImage().Path, "\uFFFD"))
		s = &seenProcess{
			procKey: key, logPlace: logPlace{r.e.Offset, r.e.Length}, euid: p.EUID,
			path: path, name: fileName(path),
		}
		s.about = rulesOf(s.name, p.PID)
		r.procs[key] = s
		r.order = append(r.order, s)
		if len(r.order) == maxLogProcesses {
			if err := r.problem(artifact.Location{Offset: r.e.Offset}, tooManyInLog("processes", maxLogProcesses)); err != nil {
				return nil, err
			}
		}
	}
	r.last, r.seen = p, s
	return s, nil
}

// cut keeps a text to the limit of a field.
func (r *logReading) cut(s string) string {
	if len(s) <= r.in.Limits.FieldLen {
		return s
	}
	r.rec.Truncated = true
	return strings.ToValidUTF8(s[:r.in.Limits.FieldLen], "")
}

// message gives a record of the entry itself.
func (r *logReading) message(p *seenProcess, about string) error {
	e := r.e
	r.start("message", logPlace{e.Offset, e.Length})
	text := r.cut(strings.ToValidUTF8(string(r.render()), "\uFFFD"))
	r.rec.Set("about", artifact.TextValue(about))
	r.rec.Set("message", artifact.TextValue(text))
	r.rec.Set("type", artifact.TextValue(e.Type.String()))
	r.rec.Set("level", artifact.TextOrNull(e.Level()))
	if p != nil {
		r.rec.Set("process", artifact.TextOrNull(p.name))
		r.rec.Set("path", artifact.TextOrNull(p.path))
		r.rec.Set("pid", artifact.IntValue(int64(p.pid)))
	}
	r.rec.Set("sender", artifact.TextOrNull(r.cut(strings.ToValidUTF8(e.Sender().Path, "\uFFFD"))))
	name, category := e.Subsystem()
	r.rec.Set("subsystem", artifact.TextOrNull(r.cut(strings.ToValidUTF8(name, "\uFFFD"))))
	r.rec.Set("category", artifact.TextOrNull(r.cut(strings.ToValidUTF8(category, "\uFFFD"))))
	if e.Type == tracev3.Loss {
		r.rec.Set("lost", artifact.IntValue(int64(e.Lost)))
	}
	if r.at != 0 {
		r.rec.WhenAt("written", time.Unix(0, r.at))
	}
	for _, path := range filePaths(text, nil) {
		r.rec.Observe(artifact.FilePath, path, "message")
		r.rec.Observe(artifact.Process, fileName(path), "message")
	}
	who := ""
	if p != nil {
		who = p.name
	}
	r.rec.Summary = func(b []byte) []byte { return appendSummary(b, who, ": ", text) }
	return r.give()
}

func (r *logReading) start(kind artifact.Kind, at logPlace) {
	r.rec.Reset(kind)
	r.rec.Loc = artifact.Location{Offset: at.offset, Length: at.length}
}

func (r *logReading) give() error {
	if !r.yield(&r.rec, nil) {
		return input.ErrStopped
	}
	return nil
}

// end gives the records of what was counted.
func (r *logReading) end() error {
	for _, p := range r.order {
		if err := r.giveProcess(p); err != nil {
			return err
		}
	}
	for _, n := range r.namedOrder {
		if err := r.giveNamed(n); err != nil {
			return err
		}
	}
	if r.full {
		if err := r.problem(artifact.Location{}, tooManyInLog("names", maxLogNamed)); err != nil {
			return err
		}
	}
	return r.giveLog()
}

func (r *logReading) giveProcess(p *seenProcess) error {
	r.start("process_seen", p.logPlace)
	r.rec.Set("process", artifact.TextOrNull(p.name))
	r.rec.Set("path", artifact.TextOrNull(p.path))
	r.rec.Set("uuid", artifact.TextValue(p.image.String()))
	r.rec.Set("pid", artifact.IntValue(int64(p.pid)))
	r.rec.Set("euid", artifact.IntValue(int64(p.euid)))
	r.rec.Set("boot", artifact.TextValue(p.boot.String()))
	r.rec.Set("entries", artifact.IntValue(p.entries))
	r.rec.Set("errors", artifact.IntValue(p.errors))
	r.rec.Observe(artifact.Process, p.name, "process")
	r.rec.Observe(artifact.FilePath, p.path, "path")
	p.set(&r.rec, "first_seen", "last_seen")
	r.rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "process ", firstText(p.path, p.image.String()), " (", strconv.Itoa(int(p.pid)), ")")
	}
	return r.give()
}

// giveLog gives the record of the file, unless it holds nothing at all.
func (r *logReading) giveLog() error {
	t := &r.total
	if t.entries == 0 {
		return nil
	}
	r.start("log", logPlace{0, r.in.Size})
	r.rec.Set("boot", artifact.TextValue(r.finish.Boot.String()))
	r.rec.Set("build", artifact.TextOrNull(strings.ToValidUTF8(r.finish.Build, "\uFFFD")))
	r.rec.Set("model", artifact.TextOrNull(strings.ToValidUTF8(r.finish.Model, "\uFFFD")))
	r.rec.Set("entries", artifact.IntValue(t.entries))
	var types []string
	for typ, n := range t.byType {
		types = append(types, typ.String()+" "+strconv.FormatInt(n, 10))
	}
	slices.SortFunc(types, cmp.Compare[string])
	r.rec.Set("by_type", artifact.StringsValue(types))
	for _, f := range []struct {
		name string
		n    int64
	}{
		{"errors", t.errors},
		{"lost", t.lost},
		{"no_format", t.noFormat},
		{"no_process", t.noProcess},
		{"strings_missing", int64(r.strs.Missing())},
	} {
		r.rec.Set(f.name, artifact.IntValue(f.n))
	}
	r.rec.Set("synced", artifact.BoolValue(r.finish.Synced))
	t.set(&r.rec, "first_entry", "last_entry")
	n := t.entries
	r.rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "log with ", strconv.FormatInt(n, 10), " entries")
	}
	return r.give()
}

// tooManyInLog says that a log names more than is counted.
func tooManyInLog(what string, n int) error {
	return fmt.Errorf("%w: only the first %d %s are counted", limit.ErrLimit, n, what)
}
