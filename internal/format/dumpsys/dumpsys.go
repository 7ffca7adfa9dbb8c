// Package dumpsys finds the sections of the text reports of Android: what
// dumpstate writes into a bugreport, and what the command dumpsys prints. It
// knows where a section begins and ends, and nothing of what it says.
//
// Formats, by the programs that write them: dumpstate's section() and
// DumpstateService in frameworks/native/cmds/dumpstate (DumpstateInternal.cpp,
// dumpstate.cpp: "------ %s (%s) ------", "------ %.3fs was the duration of
// '%s' ------"), and dumpsys in frameworks/native/cmds/dumpsys/dumpsys.cpp
// (writeDumpHeader: 79 dashes, "DUMP OF SERVICE [CRITICAL |HIGH |NORMAL ]name:";
// writeDumpFooter: "--------- %.3fs was the duration of dumpsys %s, ending at:
// %s"). Android 6 and 7 write no footer.
package dumpsys

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/amparo-project/amparo/internal/limit"
)

// Header is the name of what stands before the first section of a dumpstate:
// when it was made, the build, the kernel's command line.
const Header = "dumpstate/HEADER"

// A Section is a stretch of a report.
type Section struct {
	// Name is "dumpsys/SERVICE" or "dumpstate/TITLE". A name that comes again
	// has "2/", "3/"… before it. It is a clean relative path.
	Name   string
	Offset int64 // of its first line after its own heading, in bytes
	Length int64 // up to its end; the line that tells its duration is in it
	Lines  int64
}

// MaxSections bounds how many sections a report may have. Real ones have some
// hundred, and up to some thousand where each process has one.
const MaxSections = 50_000

// maxName bounds the name of a section; maxHeading the line that it stands in.
const (
	maxName    = 200
	maxHeading = 4096
)

// Sections lists the sections of a report in their order. Memory is that of
// the list. An error that wraps limit.ErrLimit comes with the sections up to
// there, and so does a failed read.
func Sections(ctx context.Context, r io.ReaderAt, size int64) ([]Section, error) {
	s := scanner{seen: map[string]int{}}
	err := s.scan(ctx, r, size)
	s.end(s.at)
	return s.list, err
}

type scanner struct {
	list  []Section
	seen  map[string]int
	open  bool // the last of list has not ended
	at    int64
	lines int64 // of the open section
}

// block is how much is read at once.
const block = 1 << 20

func (s *scanner) scan(ctx context.Context, r io.ReaderAt, size int64) error {
	buf := make([]byte, block+maxHeading)
	held := 0 // bytes of an unfinished line at the start of buf
	var off int64
	inLong := false // the rest of a line that is longer than a heading
	for off < size {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := r.ReadAt(buf[held:held+int(min(block, size-off))], off)
		off += int64(n)
		data := buf[:held+n]
		for len(data) > 0 {
			i := bytes.IndexByte(data, '\n')
			if i < 0 {
				break
			}
			if inLong {
				s.at += int64(i + 1)
				s.lines++
				inLong = false
			} else if err := s.line(data[:i], int64(i+1)); err != nil {
				return err
			}
			data = data[i+1:]
		}
		if len(data) > maxHeading || inLong {
			s.at += int64(len(data))
			data, inLong = nil, true
		}
		held = copy(buf, data)
		if err != nil && (!errors.Is(err, io.EOF) || n == 0) {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("read at %d: %w", off, err)
		}
	}
	if held > 0 && !inLong {
		return s.line(buf[:held], int64(held))
	}
	return nil
}

// line takes one line, whose whole length is n, and moves on.
func (s *scanner) line(b []byte, n int64) error {
	start := s.at
	s.at += n
	s.lines++
	if len(b) < 8 || b[0] != '-' && b[0] != 'D' && b[0] != '=' {
		return nil
	}
	b = bytes.TrimSuffix(b, []byte{'\r'})
	switch {
	case b[0] == '=':
		if !s.open && len(s.list) == 0 && bytes.HasPrefix(b, []byte("== dumpstate:")) {
			return s.begin(Header, start)
		}
	case b[0] == 'D':
		if name, ok := service(b); ok {
			s.end(start)
			return s.begin("dumpsys/"+name, s.at)
		}
	case bytes.HasPrefix(b, []byte("--------- ")) && bytes.Contains(b, []byte("s was the duration of dumpsys ")):
		s.end(s.at)
	case bytes.HasPrefix(b, []byte("------ ")) && bytes.HasSuffix(b, []byte(" ------")):
		return s.heading(b, start)
	}
	return nil
}

// heading takes a line of dumpstate between six dashes.
func (s *scanner) heading(b []byte, start int64) error {
	title := strings.TrimSpace(strings.Trim(string(b), "-"))
	if strings.Contains(title, "s was the duration of '") {
		s.end(s.at)
		return nil
	}
	s.end(start)
	// The command stands in brackets behind the title, which may have some of
	// its own: SHOW MAP 1 (/system/bin/init) (showmap -q 1).
	title, _, _ = strings.Cut(title, " (")
	return s.begin("dumpstate/"+title, s.at)
}

// service returns the name in "DUMP OF SERVICE CRITICAL activity:".
func service(b []byte) (string, bool) {
	rest, ok := bytes.CutPrefix(b, []byte("DUMP OF SERVICE "))
	if !ok {
		return "", false
	}
	rest, ok = bytes.CutSuffix(bytes.TrimRight(rest, " "), []byte(":"))
	for _, priority := range []string{"CRITICAL ", "HIGH ", "NORMAL "} {
		rest = bytes.TrimPrefix(rest, []byte(priority))
	}
	return string(rest), ok && len(rest) > 0
}

// begin opens a section.
func (s *scanner) begin(name string, off int64) error {
	if len(s.list) >= MaxSections {
		return fmt.Errorf("%w: more than %d sections", limit.ErrLimit, MaxSections)
	}
	kind, rest, _ := strings.Cut(name, "/")
	name = kind + "/" + clean(rest)
	s.seen[name]++
	if n := s.seen[name]; n > 1 {
		name = fmt.Sprintf("%d/%s", n, name)
	}
	s.list = append(s.list, Section{Name: name, Offset: off})
	s.open, s.lines = true, 0
	if name == Header {
		s.lines = 1
	}
	return nil
}

// clean makes a title one component of a path.
func clean(title string) string {
	title = strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || r < ' ' || r == 0x7f || r == '\uFFFD' {
			return '_'
		}
		return r
	}, title[:min(len(title), maxName)])
	title = strings.TrimSpace(strings.ToValidUTF8(title, "_"))
	if title == "" || title == "." || title == ".." {
		return "_"
	}
	return title
}

// end closes the open section at off. A heading that ends it was counted as a
// line of it, and is not.
func (s *scanner) end(off int64) {
	if !s.open {
		return
	}
	last := &s.list[len(s.list)-1]
	last.Length = max(off-last.Offset, 0)
	last.Lines = s.lines
	if off < s.at {
		last.Lines--
	}
	s.open = false
}
