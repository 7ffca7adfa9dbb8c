package ios

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"path"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/tracev3"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

// unifiedLog reads what processes wrote to the log of the system.
type unifiedLog struct{}

// Folders of an archive of logs hold strings by the UUID of their image.
var (
	hex2  = strings.Repeat("[0-9A-F]", 2)
	hex30 = strings.Repeat("[0-9A-F]", 30)
)

var unifiedLogInfo = artifact.Info{
	Name:       "ios.unified_log",
	Version:    2,
	Summary:    "The log of the system: which processes wrote to it and when, what hosts, links and files they named, starts and crashes.",
	Files:      []string{"**/*.tracev3"},
	Companions: []string{"**/timesync/*.timesync", "**/" + hex2 + "/" + hex30, "**/dsc/" + hex2 + hex30},
	Kinds: []artifact.KindInfo{
		{
			Kind: "process_seen",
			Doc:  "A process that wrote to the log; one record for each start of the phone, number and executable.",
			Fields: []artifact.FieldInfo{
				{Name: "process", Type: artifact.Text, Doc: "name of its executable"},
				{Name: "path", Type: artifact.Text, Doc: "file of its executable"},
				{Name: "uuid", Type: artifact.Text, Doc: "UUID of its executable"},
				{Name: "pid", Type: artifact.Int, Doc: "its number"},
				{Name: "euid", Type: artifact.Int, Doc: "user that it ran as: 0 is root, 501 mobile"},
				{Name: "boot", Type: artifact.Text, Doc: "UUID of the start of the phone"},
				{Name: "entries", Type: artifact.Int, Doc: "its entries in the file"},
				{Name: "errors", Type: artifact.Int, Doc: "those of them that are errors or faults"},
			},
			Times: []string{"first_seen", "last_seen"},
		},
		{
			Kind: "named",
			Doc:  "A host, address, link or file that a process named; one record for each process and value, with an example.",
			Fields: []artifact.FieldInfo{
				{Name: "value", Type: artifact.Text, Doc: "what was named"},
				{Name: "type", Type: artifact.Text, Doc: "url, domain, ip or file_path"},
				{Name: "entries", Type: artifact.Int, Doc: "entries that name it"},
				{Name: "process", Type: artifact.Text, Doc: "name of the executable"},
				{Name: "path", Type: artifact.Text, Doc: "file of the executable"},
				{Name: "pid", Type: artifact.Int, Doc: "number of the process that named it first"},
				{Name: "subsystem", Type: artifact.Text, Doc: "where that entry was written to"},
				{Name: "category", Type: artifact.Text, Doc: "part of the subsystem"},
				{Name: "message", Type: artifact.Text, Doc: "that entry, its first 1,000 bytes"},
			},
			Times: []string{"first_seen", "last_seen"},
		},
		{
			Kind: "message",
			Doc:  "An entry on the start, end or crash of a process, on signed code, on Lockdown Mode, or on entries that were lost.",
			Fields: []artifact.FieldInfo{
				{Name: "about", Type: artifact.Text, Doc: "process_start, process_end, crash, killed, code_signature, lockdown_mode or lost"},
				{Name: "message", Type: artifact.Text, Doc: "text of the entry"},
				{Name: "type", Type: artifact.Text, Doc: "log, signpost, activity, trace, simple or loss"},
				{Name: "level", Type: artifact.Text, Doc: "default, info, debug, error or fault"},
				{Name: "process", Type: artifact.Text, Doc: "name of the executable"},
				{Name: "path", Type: artifact.Text, Doc: "file of the executable"},
				{Name: "pid", Type: artifact.Int, Doc: "number of the process"},
				{Name: "sender", Type: artifact.Text, Doc: "executable or library that wrote it"},
				{Name: "subsystem", Type: artifact.Text, Doc: "where it was written to"},
				{Name: "category", Type: artifact.Text, Doc: "part of the subsystem"},
				{Name: "lost", Type: artifact.Int, Doc: "number of entries lost"},
			},
			Times: []string{"written"},
		},
		{
			Kind: "log",
			Doc:  "The file as a whole.",
			Fields: []artifact.FieldInfo{
				{Name: "boot", Type: artifact.Text, Doc: "UUID of the last start of the phone in it"},
				{Name: "build", Type: artifact.Text, Doc: "build of iOS"},
				{Name: "model", Type: artifact.Text, Doc: "model of the device"},
				{Name: "entries", Type: artifact.Int, Doc: "entries in it"},
				{Name: "by_type", Type: artifact.Strings, Doc: "number of entries of each type"},
				{Name: "errors", Type: artifact.Int, Doc: "errors and faults"},
				{Name: "lost", Type: artifact.Int, Doc: "entries lost before they were written"},
				{Name: "no_format", Type: artifact.Int, Doc: "entries whose text is not there: their arguments alone were read"},
				{Name: "no_process", Type: artifact.Int, Doc: "entries of processes that the catalog lacks"},
				{Name: "strings_missing", Type: artifact.Int, Doc: "files of strings that are not there"},
				{Name: "synced", Type: artifact.Bool, Doc: "times are those of timesync files, not of the file's own start"},
			},
			Times: []string{"first_entry", "last_entry"},
		},
	},
	Caveats: []string{
		"Of most entries there is no record of their own: processes and what they named are counted, with the first as an example. The log tool of a Mac shows the whole archive.",
		"iOS hides what it holds to be private, most hosts and links among it: what is not named here may have been in use.",
		"Entries are kept for minutes to weeks, by type and room. A process that is not here may have run.",
		"Paths of the sealed system (/System, /usr) are not counted among the files named. Of state dumps, property lists alone are searched.",
		"An entry about lockdown_mode shows that Lockdown Mode was on at that time. Phones with it on have none where nothing was left out.",
		"Times count from the clock of the phone; without timesync files later changes of it are missed.",
	},
	Refs: []string{
		"https://github.com/libyal/dtformats/blob/main/documentation/Apple%20Unified%20Logging%20and%20Activity%20Tracing%20formats.asciidoc",
		"https://github.com/mandiant/macos-UnifiedLogs",
		"https://developer.apple.com/documentation/os/logging",
		"https://github.com/blacktop/ipsw-diffs (strings of Apple's programs on Lockdown Mode)",
	},
}

// Info implements artifact.Parser.
func (unifiedLog) Info() artifact.Info { return unifiedLogInfo }

// Parse implements artifact.Parser.
func (unifiedLog) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return func(yield func(*artifact.Record, error) bool) {
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
			return
		}
		r := newLogReading(in, yield)
		if err := r.read(); err != nil && !errors.Is(err, input.ErrStopped) {
			yield(nil, err)
		}
	}
}

// logFolders are where an archive keeps the files of entries.
var logFolders = map[string]bool{"Persist": true, "Special": true, "Signpost": true, "HighVolume": true}

// logFiles finds the files that belong to a log by where it lies.
type logFiles struct {
	in   *artifact.Input
	root string   // folder with timesync
	dirs []string // folders that may hold strings
}

func newLogFiles(in *artifact.Input) *logFiles {
	root := path.Dir(in.Path)
	if logFolders[path.Base(root)] {
		root = path.Dir(root)
	}
	// In an archive the strings lie beside timesync, on the phone in
	// /private/var/db/uuidtext beside /private/var/db/diagnostics.
	return &logFiles{in, root, []string{root, path.Join(root, "uuidtext"), path.Join(path.Dir(root), "uuidtext")}}
}

// UUIDText implements tracev3.Files.
func (f *logFiles) UUIDText(id tracev3.UUID) (io.ReaderAt, int64, error) {
	return f.open(tracev3.UUIDTextPath(id))
}

// SharedCache implements tracev3.Files.
func (f *logFiles) SharedCache(id tracev3.UUID) (io.ReaderAt, int64, error) {
	return f.open(tracev3.SharedCachePath(id))
}

func (f *logFiles) open(name string) (io.ReaderAt, int64, error) {
	var last error
	for _, dir := range f.dirs {
		file, err := f.in.Companion(path.Join(dir, name))
		if err == nil {
			return file, file.Size, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, 0, err
		}
		last = err
	}
	return nil, 0, last
}

// clock reads the timesync files of the archive. What of them cannot be read
// is told, and the others count.
func (f *logFiles) clock(problem func(path string, err error) error) (*tracev3.Clock, error) {
	var c tracev3.Clock
	for _, name := range f.in.Find(path.Join(f.root, "timesync", "*.timesync")) {
		file, err := f.in.Companion(name)
		if err == nil {
			err = c.AddFile(file, file.Size)
		}
		if err == nil {
			continue
		}
		if err := problem(name, err); err != nil {
			return nil, err
		}
	}
	return &c, nil
}
