package ips

import (
	"iter"
	"strings"
)

// A Line is one line of a report's text that is not empty.
type Line struct {
	// Key is what stands before the first colon, "" where there is none. The
	// lines of a block, frames and images, have none that matters.
	Key string
	// Value is what follows the colon, without blanks around it.
	Value string
	// Text is the whole line without blanks around it.
	Text string
}

// maxLine bounds a line, in bytes. Those of reports have a few hundred.
const maxLine = 64 << 10

// Lines yields the lines of a report's text. Bytes that are no UTF-8 are
// replaced, and what is longer than 64 KiB is cut.
func Lines(body []byte) iter.Seq[Line] {
	return func(yield func(Line) bool) {
		for s := range strings.Lines(string(body)) {
			text := strings.TrimSpace(strings.ToValidUTF8(s[:min(len(s), maxLine)], "\ufffd"))
			if text == "" {
				continue
			}
			l := Line{Text: text}
			if key, value, ok := strings.Cut(text, ":"); ok {
				l.Key, l.Value = key, strings.TrimSpace(value)
			}
			if !yield(l) {
				return
			}
		}
	}
}

// Numbered cuts "launchd [1]" into the name and the number that reports write
// behind it. It reports false, and the whole text, where there is none.
func Numbered(s string) (name string, number int64, ok bool) {
	open := strings.LastIndexByte(s, '[')
	if open < 0 {
		return s, 0, false
	}
	digits, _, closed := strings.Cut(s[open+1:], "]")
	if !closed || digits == "" || len(digits) > 18 {
		return s, 0, false
	}
	for i := range len(digits) {
		c := digits[i]
		if c < '0' || c > '9' {
			return s, 0, false
		}
		number = number*10 + int64(c-'0')
	}
	return strings.TrimSpace(s[:open]), number, true
}
