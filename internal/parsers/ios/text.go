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
	left, blank := summaryRunes, false
	for _, s := range parts {
		if n := plainASCII(s, left); n > 0 && !blank {
			b = append(b, s[:n]...)
			left -= n
			s = s[n:]
		}
		for _, r := range s {
			if unicode.IsSpace(r) || unicode.IsControl(r) {
				blank = left < summaryRunes
				continue
			}
			if need := 1 + btoi(blank); left < need {
				return cutLine(b, left)
			}
			if blank {
				b = append(b, ' ')
				left--
			}
			b = utf8.AppendRune(b, r)
			left--
			blank = false
		}
	}
	return b
}

// plainASCII returns how many bytes at the start of s, at most most, are
// letters and single blanks between them that need no change: the whole of
// most texts.
func plainASCII(s string, most int) int {
	n := 0
	for n < len(s) && n < most && s[n] > ' ' && s[n] < 0x7f || n > 0 && n < len(s)-1 && n < most-1 && s[n] == ' ' && s[n+1] > ' ' && s[n+1] < 0x7f {
		n++
	}
	return n
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
