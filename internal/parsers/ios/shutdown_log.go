package ios

import (
	"context"
	"fmt"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
)

// shutdownLog reads which processes held up each shutdown of the phone.
type shutdownLog struct{}

var shutdownLogInfo = artifact.Info{
	Name:    "ios.shutdown_log",
	Version: 1,
	Summary: "Shutdowns of the phone, and the processes that would not end.",
	Files:   []string{"**/shutdown.log", "**/shutdown.*.log"},
	Kinds: []artifact.KindInfo{
		{
			Kind: "client",
			Doc:  "A process that was still there while the phone shut down; one record a process and shutdown.",
			Fields: []artifact.FieldInfo{
				{Name: "client", Type: artifact.Text, Doc: "file that the process ran from"},
				{Name: "process", Type: artifact.Text, Doc: "name of that file"},
				{Name: "pid", Type: artifact.Int, Doc: "number of the process"},
				{Name: "uuid", Type: artifact.Text, Doc: "UUID of the file (iOS 15 and later)"},
				{Name: "delay", Type: artifact.Float, Doc: "seconds into the shutdown when it was last seen there"},
				{Name: "times_delayed", Type: artifact.Int, Doc: "number of notices of this shutdown that name it"},
				{Name: "notices", Type: artifact.Int, Doc: "number of notices of this shutdown"},
				{Name: "reboot", Type: artifact.Int, Doc: "number of the shutdown in the file, from 1"},
			},
			Times: []string{"shutdown"},
		},
		{
			Kind: "reboot",
			Doc:  "A shutdown.",
			Fields: []artifact.FieldInfo{
				{Name: "reboot", Type: artifact.Int, Doc: "number of the shutdown in the file, from 1"},
				{Name: "notices", Type: artifact.Int, Doc: "how often the phone noted that processes were still there"},
				{Name: "clients", Type: artifact.Int, Doc: "number of these processes"},
				{Name: "longest_delay", Type: artifact.Float, Doc: "seconds until the last notice"},
				{Name: "finished", Type: artifact.Bool, Doc: "the line that ends a shutdown, and dates it, is there"},
				{Name: "note", Type: artifact.Text, Doc: "what that line says"},
			},
			Times: []string{"shutdown"},
		},
		{
			Kind: "repeated_client",
			Doc:  "A file whose process held up more than one shutdown.",
			Fields: []artifact.FieldInfo{
				{Name: "client", Type: artifact.Text, Doc: "file that the process ran from"},
				{Name: "process", Type: artifact.Text, Doc: "name of that file"},
				{Name: "reboots", Type: artifact.Int, Doc: "number of shutdowns"},
				{Name: "times_delayed", Type: artifact.Int, Doc: "number of notices that name it"},
			},
			Times: []string{"first_shutdown", "last_shutdown"},
		},
		{
			Kind: "log",
			Doc:  "The file as a whole.",
			Fields: []artifact.FieldInfo{
				{Name: "size", Type: artifact.Int, Doc: "its bytes"},
				{Name: "lines", Type: artifact.Int, Doc: "its lines"},
				{Name: "reboots", Type: artifact.Int, Doc: "shutdowns in it"},
				{Name: "clients", Type: artifact.Int, Doc: "files named in it"},
				{Name: "other_lines", Type: artifact.Int, Doc: "lines that are none of those that iOS writes"},
				{Name: "empty", Type: artifact.Bool, Doc: "it tells of no shutdown at all"},
			},
			Times: []string{"first_shutdown", "last_shutdown"},
		},
	},
	Caveats: []string{
		"A process that ends in time is not in the log: it shows no more than a part of those that ran.",
		"Before iOS 26 each shutdown was appended; since then the file is written anew, so earlier shutdowns are gone without anyone having deleted them.",
		"Seconds count from the beginning of the shutdown: those of several notices are not to be added up.",
	},
	Refs: []string{
		"https://securelist.com/shutdown-log-lightweight-ios-malware-detection-method/111734/",
		"https://github.com/KasperskyLab/iShutdown",
		"https://github.com/libyal/dtformats/blob/main/documentation/Apple%20Unified%20Logging%20and%20Activity%20Tracing%20formats.asciidoc",
		"https://iverify.io/blog/key-iocs-for-pegasus-and-predator-spyware-cleaned-with-ios-26-update",
	},
}

// Info implements artifact.Parser.
func (shutdownLog) Info() artifact.Info { return shutdownLogInfo }

// Parse implements artifact.Parser.
func (shutdownLog) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	s := &shutdownReading{seen: map[string]*repeatedClient{}, index: map[shutdownKey]int{}}
	return readLines(ctx, in, s.line, s.end)
}

// Bounds of what is held in memory of a forged log.
const (
	maxShutdownClients = 4096  // of one shutdown; a phone runs about 600 processes
	maxSeenClients     = 65536 // of the file
)

// A shutdownReading is the state between two lines.
type shutdownReading struct {
	number  int64 // of the shutdown
	open    bool  // some line of it was read
	first   int64 // offset of that line
	stop    int64 // where the last one ends
	notices int64
	delay   float64 // of the last notice
	clients []shutdownClient
	index   map[shutdownKey]int

	seen         map[string]*repeatedClient
	order        []string
	other        int64
	from, to     artifact.Value
	full, fuller bool
}

type shutdownKey struct {
	pid  int64
	path string
}

// A shutdownClient is a process that held up the shutdown.
type shutdownClient struct {
	shutdownKey
	uuid           string
	delay          float64
	times          int64
	offset, length int64
}

// A repeatedClient is a file, over all shutdowns.
type repeatedClient struct {
	reboots, times int64
	last           int64 // number of the last shutdown
	offset, length int64
	from, to       artifact.Value
}

// line reads a line.
func (s *shutdownReading) line(r *lineReading) error {
	l, ok := parseShutdownLine(r.Line)
	if !ok {
		s.other++
		return nil
	}
	if l.notice {
		// A shutdown that was cut short has no line that ends it. Seconds that
		// begin anew are another's.
		if s.open && l.delay < s.delay {
			if err := s.flush(r, shutdownLine{}); err != nil {
				return err
			}
		}
		s.begin(r)
		s.notices++
		s.delay = l.delay
	}
	switch {
	case l.path != "":
		s.begin(r)
		return s.client(r, l)
	case l.sigterm.Kind() != artifact.Null:
		s.begin(r)
		return s.flush(r, l)
	default:
		return nil
	}
}

func (s *shutdownReading) begin(r *lineReading) {
	if !s.open {
		s.open, s.first = true, r.Offset
		s.number++
	}
	s.stop = r.Offset + r.Length
}

func (s *shutdownReading) client(r *lineReading, l shutdownLine) error {
	key := shutdownKey{l.pid, l.path}
	i, known := s.index[key]
	if !known {
		if len(s.clients) == maxShutdownClients {
			return s.tooMany(r, &s.full, "%d processes of one shutdown", maxShutdownClients)
		}
		i = len(s.clients)
		s.index[key] = i
		s.clients = append(s.clients, shutdownClient{shutdownKey: key, uuid: l.uuid, offset: r.Offset, length: r.Length})
	}
	c := &s.clients[i]
	c.times++
	c.delay = s.delay
	return nil
}

// flush gives the shutdown that was read, and makes room for the next.
func (s *shutdownReading) flush(r *lineReading, end shutdownLine) error {
	for i := range s.clients {
		if err := s.giveClient(r, &s.clients[i], end.sigterm); err != nil {
			return err
		}
	}
	rec := r.Start("reboot")
	rec.Loc.Offset, rec.Loc.Length, rec.Truncated = s.first, s.stop-s.first, false
	rec.Set("reboot", artifact.IntValue(s.number))
	rec.Set("notices", artifact.IntValue(s.notices))
	rec.Set("clients", artifact.IntValue(int64(len(s.clients))))
	rec.Set("longest_delay", artifact.FloatValue(s.delay))
	rec.Set("finished", artifact.BoolValue(end.sigterm.Kind() != artifact.Null))
	rec.Set("note", artifact.TextOrNull(end.note))
	rec.When("shutdown", artifact.UnixSeconds, end.sigterm)
	s.span(end.sigterm)
	notices, clients, delay := s.notices, len(s.clients), s.delay
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, fmt.Sprintf("shutdown; processes that held it up: %d, for %.2f s; notices: %d", clients, delay, notices))
	}
	s.open, s.notices, s.delay, s.clients = false, 0, 0, s.clients[:0]
	clear(s.index)
	return r.Give()
}

func (s *shutdownReading) span(at artifact.Value) {
	if at.Kind() == artifact.Null {
		return
	}
	if s.from.Kind() == artifact.Null {
		s.from = at
	}
	s.to = at
}

func (s *shutdownReading) giveClient(r *lineReading, c *shutdownClient, at artifact.Value) error {
	if err := s.remember(r, c, at); err != nil {
		return err
	}
	rec := r.Start("client")
	rec.Loc.Offset, rec.Loc.Length, rec.Truncated = c.offset, c.length, false
	observeClient(rec, c.path)
	rec.Set("pid", artifact.IntValue(c.pid))
	rec.Set("uuid", artifact.TextOrNull(c.uuid))
	rec.Set("delay", artifact.FloatValue(c.delay))
	rec.Set("times_delayed", artifact.IntValue(c.times))
	rec.Set("notices", artifact.IntValue(s.notices))
	rec.Set("reboot", artifact.IntValue(s.number))
	rec.When("shutdown", artifact.UnixSeconds, at)
	path, delay := c.path, c.delay
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "held up the shutdown: ", path, fmt.Sprintf(" (%.2f s)", delay))
	}
	return r.Give()
}

// remember counts the shutdowns that a file held up.
func (s *shutdownReading) remember(r *lineReading, c *shutdownClient, at artifact.Value) error {
	m := s.seen[c.path]
	if m == nil {
		if len(s.order) == maxSeenClients {
			return s.tooMany(r, &s.fuller, "%d files that held up a shutdown", maxSeenClients)
		}
		m = &repeatedClient{offset: c.offset, length: c.length, from: at}
		s.seen[c.path] = m
		s.order = append(s.order, c.path)
	}
	if m.last != s.number {
		m.last = s.number
		m.reboots++
	}
	m.times += c.times
	if m.from.Kind() == artifact.Null {
		m.from = at
	}
	if at.Kind() != artifact.Null {
		m.to = at
	}
	return nil
}

// end gives what is left, and what the file tells as a whole.
func (s *shutdownReading) end(r *lineReading) error {
	if s.open {
		if err := s.flush(r, shutdownLine{}); err != nil {
			return err
		}
	}
	for _, path := range s.order {
		if err := s.giveRepeated(r, path, s.seen[path]); err != nil {
			return err
		}
	}
	rec := r.Start("log")
	rec.Loc.Offset, rec.Loc.Length, rec.Truncated = 0, r.In.Size, false
	rec.Set("size", artifact.IntValue(r.In.Size))
	rec.Set("lines", artifact.IntValue(r.Number))
	rec.Set("reboots", artifact.IntValue(s.number))
	rec.Set("clients", artifact.IntValue(int64(len(s.order))))
	rec.Set("other_lines", artifact.IntValue(s.other))
	rec.Set("empty", artifact.BoolValue(s.number == 0))
	rec.When("first_shutdown", artifact.UnixSeconds, s.from)
	rec.When("last_shutdown", artifact.UnixSeconds, s.to)
	number := s.number
	rec.Summary = func(b []byte) []byte { return appendSummary(b, fmt.Sprintf("log of shutdowns: %d", number)) }
	return r.Give()
}

func (s *shutdownReading) giveRepeated(r *lineReading, path string, m *repeatedClient) error {
	if m.reboots < 2 {
		return nil
	}
	rec := r.Start("repeated_client")
	rec.Loc.Offset, rec.Loc.Length, rec.Truncated = m.offset, m.length, false
	observeClient(rec, path)
	rec.Set("reboots", artifact.IntValue(m.reboots))
	rec.Set("times_delayed", artifact.IntValue(m.times))
	rec.When("first_shutdown", artifact.UnixSeconds, m.from)
	rec.When("last_shutdown", artifact.UnixSeconds, m.to)
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, fmt.Sprintf("held up %d shutdowns: ", m.reboots), path)
	}
	return r.Give()
}
