package ios

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/artifact"
)

// summaryRunes is the longest summary of a record, in characters.
const summaryRunes = 200

// appendSummary appends parts as one line of at most summaryRunes characters:
// runs of white space and control characters become one blank, a text that is
// cut ends in an ellipsis.
func appendSummary(b []byte, parts ...string) []byte {
	l := line{b: b, left: summaryRunes}
	for _, s := range parts {
		for len(s) > 0 && !l.cut {
			s = s[l.take(s):]
		}
	}
	return l.b
}

// A line is a summary that is being written.
type line struct {
	b     []byte
	left  int  // characters
	blank bool // one is due before the next character
	cut   bool // no room was left
}

// take appends what stands at the start of s, a run of plain text or one
// character, and returns its length.
func (l *line) take(s string) int {
	if n, chars := plainRun(s); n > 0 {
		l.put(s[:n], chars)
		return n
	}
	r, n := utf8.DecodeRuneInString(s)
	if unicode.IsSpace(r) || unicode.IsControl(r) {
		l.blank = l.left < summaryRunes
		return n
	}
	var c [utf8.UTFMax]byte
	l.put(string(c[:utf8.EncodeRune(c[:], r)]), 1)
	return n
}

// plainRun returns the length, in bytes and characters, of the run at the
// start of s that stays as it is: printable ASCII and the accented letters of
// Latin-1, with single blanks between them.
func plainRun(s string) (n, chars int) {
	for n < len(s) {
		switch c := s[n]; {
		case c > ' ' && c < 0x7f:
			n++
		case c == ' ' && n > 0 && n+1 < len(s) && s[n+1] > ' ' && s[n+1] < 0x7f:
			n++
		case c == 0xc3 && n+1 < len(s) && s[n+1]&0xc0 == 0x80:
			n += 2
		default:
			return n, chars
		}
		chars++
	}
	return n, chars
}

// put appends s, which has n characters.
func (l *line) put(s string, n int) {
	if l.blank && l.left > 1 {
		l.b = append(l.b, ' ')
		l.left--
		l.blank = false
	}
	if l.blank || n > l.left {
		if !l.blank {
			l.b = append(l.b, firstRunes(s, l.left)...)
			l.left = 0
		}
		l.b = cutLine(l.b, l.left)
		l.cut = true
		return
	}
	l.b = append(l.b, s...)
	l.left -= n
}

// firstRunes returns the first n characters of s, which has more.
func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// cutLine ends a line in an ellipsis, in place of its last character where no
// room is left.
func cutLine(b []byte, left int) []byte {
	if left == 0 {
		_, n := utf8.DecodeLastRune(b)
		b = b[:len(b)-n]
	}
	return append(b, "…"...)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// address tells the phone number or the e-mail address in a handle of Apple's
// databases, without the prefix that some columns have: "tel:", "mailto:",
// "P:" and "E:" of an iMessage account. It returns "" for anything else, such
// as the name of a company that sends text messages.
func address(handle string) (artifact.ObservableType, string) {
	if i := strings.IndexByte(handle, ':'); i > 0 {
		switch strings.ToLower(handle[:i]) {
		case "tel", "mailto", "sip", "sips", "p", "e":
			handle = handle[i+1:]
		}
	}
	handle = strings.TrimSpace(handle)
	if at := strings.IndexByte(handle, '@'); at > 0 && at < len(handle)-1 {
		return artifact.Email, handle
	}
	if isPhone(handle) {
		return artifact.Phone, handle
	}
	return "", ""
}

// observeAddress notes the phone number or e-mail address in a handle.
func observeAddress(rec *artifact.Record, handle, field string) {
	if t, v := address(handle); v != "" {
		rec.Observe(t, v, field)
	}
}

// minPhoneDigits lets short codes, which send text messages, be numbers.
const minPhoneDigits = 3

func isPhone(s string) bool {
	digits := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '+' && i == 0, c == ' ', c == '-', c == '(', c == ')', c == '.', c == '/', c == 0xc2, c == 0xa0:
			// Address books write a no-break space (c2 a0) too.
		default:
			return false
		}
	}
	return digits >= minPhoneDigits
}

// devicePath turns a path as an app on the phone writes it into the absolute
// path that the phone itself resolves it to.
func devicePath(p string) string {
	p = strings.TrimPrefix(p, "file://")
	switch {
	case strings.HasPrefix(p, "~/"):
		return "/private/var/mobile" + p[1:]
	case strings.HasPrefix(p, "/var/"), strings.HasPrefix(p, "/etc/"):
		return "/private" + p
	case strings.HasPrefix(p, "/tmp/"):
		return "/private/var" + p
	default:
		return p
	}
}

// fileName returns what follows the last slash of p.
func fileName(p string) string { return p[strings.LastIndexByte(p, '/')+1:] }

// appendNew appends s to list unless it is empty or there.
func appendNew(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// firstText returns the first of texts that is not empty.
func firstText(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}

// firstError returns the first error that is not nil.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
