package ios

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// A shutdownLine is what one line of shutdown.log says.
type shutdownLine struct {
	notice bool
	delay  float64 // of a notice

	pid        int64
	path, uuid string

	sigterm artifact.Value // the second in which the shutdown ended
	note    string
}

// parseShutdownLine reads a line as logd writes it:
//
//	After 1.26s, these clients are still here:
//			remaining client pid: 155 (/usr/libexec/nfcd/EBFB3E7F-4CA4-3656-8E9C-8CCF5995C34A)
//	SIGTERM: [1648457014] All buffers flushed
//
// Some copies have the first two on one line, and "@" before the second. It
// reports false for any other line but an empty one.
func parseShutdownLine(line []byte) (l shutdownLine, ok bool) {
	s := strings.TrimSpace(strings.ToValidUTF8(string(line), "\ufffd"))
	if s == "" {
		return l, true
	}
	if rest, is := strings.CutPrefix(s, "SIGTERM:"); is {
		return l, l.readSigterm(strings.TrimSpace(rest))
	}
	if rest, is := strings.CutPrefix(s, "After "); is {
		seconds, after, found := strings.Cut(rest, "s,")
		delay, err := strconv.ParseFloat(strings.TrimSpace(seconds), 64)
		if !found || err != nil || delay < 0 || delay > maxShutdownSeconds {
			return l, false
		}
		l.notice, l.delay = true, delay
		s = strings.TrimSpace(after)
		if !strings.HasPrefix(s, "remaining client pid:") {
			return l, true
		}
	}
	rest, is := strings.CutPrefix(s, "remaining client pid:")
	return l, is && l.readClient(strings.TrimSpace(rest))
}

// maxShutdownSeconds lets a week pass: what is longer is no shutdown.
const maxShutdownSeconds = 7 * 24 * 3600

// readSigterm reads "[1648457014] All buffers flushed".
func (l *shutdownLine) readSigterm(s string) bool {
	s = strings.TrimLeft(s, "[@")
	digits := 0
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	n, err := strconv.ParseInt(s[:digits], 10, 64)
	if err != nil {
		return false
	}
	l.sigterm = artifact.IntValue(n)
	l.note = strings.TrimSpace(strings.TrimPrefix(s[digits:], "]"))
	return true
}

// readClient reads "155 (/usr/libexec/nfcd/EBFB3E7F-4CA4-3656-8E9C-8CCF5995C34A)".
func (l *shutdownLine) readClient(s string) bool {
	number, rest, found := strings.Cut(s, "(")
	pid, err := strconv.ParseInt(strings.TrimSpace(number), 10, 32)
	path := strings.TrimSuffix(rest, ")")
	if !found || err != nil || path == "" {
		return false
	}
	l.pid, l.path = pid, path
	if i := strings.LastIndexByte(path, '/'); i > 0 && isUUID(path[i+1:]) {
		l.path, l.uuid = path[:i], path[i+1:]
	}
	return true
}

// isUUID reports whether s is a UUID, 8-4-4-4-12 digits of hex.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen != (c == '-') || !hyphen && !isHex(c) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// observeClient sets the file of a process. Every part of its path may be the
// name that a process is known by: the folder of a program is often called as
// the program is.
func observeClient(rec *artifact.Record, path string) {
	rec.Set("client", artifact.TextValue(path))
	rec.Set("process", artifact.TextOrNull(fileName(path)))
	rec.Observe(artifact.FilePath, path, "client")
	parts := strings.SplitN(path, "/", maxParts+1)
	for _, part := range parts[:min(len(parts), maxParts)] {
		rec.Observe(artifact.Process, part, "client")
	}
}

// maxParts bounds the parts of a path that may be a name. Paths of programs
// have about ten.
const maxParts = 32

// tooMany tells once that a log names more than is held in memory.
func (s *shutdownReading) tooMany(r *lineReading, told *bool, format string, n int) error {
	if *told {
		return nil
	}
	*told = true
	return r.Problem(fmt.Errorf("%w: "+format, limit.ErrLimit, n))
}
