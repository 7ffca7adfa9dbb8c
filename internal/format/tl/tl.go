// Package tl reads the strings and numbers of Telegram's Type Language, in which
// the app keeps its objects (https://core.telegram.org/mtproto/serialize). It
// knows no object: each version of the app has others.
package tl

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// String returns the string that b begins with, and how many bytes it takes with
// its length and its padding to four bytes. ok is false where there is none: the
// length goes beyond b, or what pads it is not zero.
func String(b []byte) (s []byte, size int, ok bool) {
	if len(b) == 0 {
		return nil, 0, false
	}
	head, n := 1, int(b[0])
	switch n {
	case 255:
		return nil, 0, false
	case 254:
		if len(b) < 4 {
			return nil, 0, false
		}
		head, n = 4, int(b[1])|int(b[2])<<8|int(b[3])<<16
		if n < 254 {
			return nil, 0, false // written in the short form by every program
		}
	}
	size = (head + n + 3) &^ 3
	if size > len(b) || len(bytes.Trim(b[head+n:size], "\x00")) > 0 {
		return nil, 0, false
	}
	return b[head : head+n], size, true
}

// Text is String for a text that people read: valid UTF-8 without control
// characters but line ends and tabs.
func Text(b []byte) (s string, size int, ok bool) {
	raw, size, ok := String(b)
	if !ok || !utf8.Valid(raw) {
		return "", 0, false
	}
	for _, c := range raw {
		if c < ' ' && c != '\n' && c != '\t' && c != '\r' || c == 0x7f {
			return "", 0, false
		}
	}
	return string(raw), size, true
}

// Uint32 returns the number at off, and whether there is one.
func Uint32(b []byte, off int) (uint32, bool) {
	if off < 0 || off > len(b)-4 {
		return 0, false
	}
	return binary.LittleEndian.Uint32(b[off:]), true
}

// Int64 returns the number at off, and whether there is one.
func Int64(b []byte, off int) (int64, bool) {
	if off < 0 || off > len(b)-8 {
		return 0, false
	}
	return int64(binary.LittleEndian.Uint64(b[off:])), true
}

// Texts returns the texts in b that begin with prefix, wherever they stand, at
// most most of them: each is a whole string by its length.
func Texts(b []byte, prefix string, most int) []string {
	var list []string
	for from := 0; len(list) < most; {
		i := bytes.Index(b[from:], []byte(prefix))
		if i < 0 {
			break
		}
		at := from + i
		from = at + len(prefix)
		for _, head := range []int{1, 4} {
			if at < head || head == 4 && b[at-4] != 254 {
				continue
			}
			if s, size, ok := Text(b[at-head:]); ok && len(s) >= len(prefix) && s[:len(prefix)] == prefix {
				list = append(list, s)
				from = at - head + size
				break
			}
		}
	}
	return list
}
