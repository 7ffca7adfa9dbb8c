package pipeline

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
)

// Names within a result folder: a stable contract.
const (
	RunFile      = "run.json"
	FindingsFile = "findings.jsonl"
	ManifestFile = "manifest.sha256"
	ActivityFile = "activity.json"
	RecordsDir   = "records"
)

// ErrNotEmpty says that a result folder would be mixed with other files.
var ErrNotEmpty = errors.New("folder is not empty")

// A Folder is a result folder that is being written. Its files are readable
// by their owner alone: they hold a person's messages.
type Folder struct {
	dir string
	tmp string
}

// NewFolder creates the result folder dir, which must not exist or be empty:
// results of two runs are never mixed.
func NewFolder(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create result folder: %w", err)
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("result folder: %w", err)
	}
	if len(list) > 0 {
		return nil, fmt.Errorf("result folder %s: %w", dir, ErrNotEmpty)
	}
	f := &Folder{dir: dir, tmp: filepath.Join(dir, ".partial")}
	for _, sub := range []string{f.tmp, filepath.Join(dir, RecordsDir)} {
		if err := os.Mkdir(sub, 0o700); err != nil {
			return nil, fmt.Errorf("result folder: %w", err)
		}
	}
	return f, nil
}

// Path returns the path of a file in the folder.
func (f *Folder) Path(name string) string { return filepath.Join(f.dir, name) }

// Close removes what was only needed while writing.
func (f *Folder) Close() error { return os.RemoveAll(f.tmp) }

// write creates a file of the folder through fn, under its name only once it
// is whole.
func (f *Folder) write(name string, fn func(w io.Writer) error) error {
	part := filepath.Join(f.tmp, name)
	file, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("result folder: %w", err)
	}
	w := bufio.NewWriterSize(file, 256<<10)
	if err := errors.Join(fn(w), w.Flush(), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Rename(part, f.Path(name)); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// writeRun writes run.json, replacing an earlier one.
func (f *Folder) writeRun(run *finding.Run) error {
	return f.write(RunFile, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(run)
	})
}

// rewriteRun replaces run.json once the temporary files are gone, so that the
// little that it takes is there even on a disk that was full.
func (f *Folder) rewriteRun(run *finding.Run) error {
	if err := os.Mkdir(f.tmp, 0o700); err != nil {
		return fmt.Errorf("write %s: %w", RunFile, err)
	}
	return errors.Join(f.writeRun(run), f.Close())
}

// recordFile holds the records of one task until all tasks are done.
type recordFile struct {
	name string
	file *os.File
	buf  []byte
	err  error
}

const recordBuffer = 256 << 10

func (f *Folder) recordPart(artifact string, task int) (*recordFile, error) {
	name := filepath.Join(f.tmp, fmt.Sprintf("%s-%06d", artifact, task))
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("result folder: %w", err)
	}
	return &recordFile{name: name, file: file, buf: make([]byte, 0, recordBuffer+recordBuffer/4)}, nil
}

// endLine ends the record that was appended to buf. Once the disk fails no
// more is tried; close tells.
func (r *recordFile) endLine() {
	r.buf = append(r.buf, '\n')
	if len(r.buf) >= recordBuffer {
		r.flush()
	}
}

func (r *recordFile) flush() {
	if r.err == nil {
		_, r.err = r.file.Write(r.buf)
	}
	r.buf = r.buf[:0]
}

func (r *recordFile) close() error {
	r.flush()
	r.buf = nil
	return errors.Join(r.err, r.file.Close())
}

// joinRecords makes records/NAME.jsonl of the parts of an artifact, in order.
func (f *Folder) joinRecords(artifact string, parts []string) error {
	final := filepath.Join(f.dir, RecordsDir, artifact+".jsonl")
	if err := os.Rename(parts[0], final); err != nil {
		return fmt.Errorf("write records: %w", err)
	}
	if len(parts) == 1 {
		return nil
	}
	w, err := os.OpenFile(final, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write records: %w", err)
	}
	for _, part := range parts[1:] {
		if err = appendFile(w, part); err != nil {
			break
		}
	}
	return errors.Join(err, w.Close())
}

func appendFile(w io.Writer, name string) error {
	r, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("write records: %w", err)
	}
	defer r.Close()
	if _, err := io.Copy(w, r); err != nil {
		return fmt.Errorf("write records: %w", err)
	}
	return os.Remove(name)
}

// manifestLine is one line of manifest.sha256 as `sha256sum -c` reads it. A
// name with a line end or a backslash is escaped, as GNU coreutils does.
func manifestLine(sum, name string) string {
	esc := strings.NewReplacer("\\", `\\`, "\n", `\n`, "\r", `\r`).Replace(name)
	if esc != name {
		sum = `\` + sum
	}
	return sum + "  " + esc + "\n"
}
