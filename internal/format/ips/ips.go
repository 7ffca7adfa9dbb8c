// Package ips reads the reports that an iPhone's crash reporter writes: a
// header, which is one line of JSON, and after it the body, which is JSON
// since iOS 15 and was text before. Start with Parse; Value walks the JSON of
// a body without copying it, and Text the sections of an old one.
//
// Nothing here allocates by a number that the file claims, and nothing
// recurses: memory is a small multiple of what is read of the file.
package ips

import (
	"bytes"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/limit"
)

// A Report is one file of the crash reporter, cut into header and body. Its
// values point into the bytes that Parse was given.
type Report struct {
	// Header is the object on the first line, the zero Value for a report that
	// begins with its text, as those of iOS 8 and before do.
	Header Value
	// Body is what follows the header.
	Body []byte
	// Offset is where Body begins in the file.
	Offset int64
}

// Parse cuts a report. The error wraps limit.ErrCorrupt for an empty file and
// for a header that is no JSON.
func Parse(data []byte) (*Report, error) {
	start := len(data) - len(trimLeft(bytes.TrimPrefix(data, []byte("\ufeff"))))
	if start == len(data) {
		return nil, fmt.Errorf("%w: the report is empty", limit.ErrCorrupt)
	}
	if data[start] != '{' {
		return &Report{Body: data[start:], Offset: int64(start)}, nil
	}
	header, err := ValueAt(data, start)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	body := start + len(header.raw)
	body = len(data) - len(trimLeft(data[body:]))
	return &Report{Header: header, Body: data[body:], Offset: int64(body)}, nil
}

// JSON returns the body as JSON, and whether it is. A header that is the whole
// file is its own body: some tools make one object of the two.
func (r *Report) JSON() (Value, bool) {
	if len(r.Body) == 0 && r.Header.Kind() == Object {
		return r.Header, true
	}
	if len(r.Body) == 0 || r.Body[0] != '{' {
		return Value{}, false
	}
	v, err := ValueAt(r.Body, 0)
	if err != nil {
		// A report that was cut off still tells what stands before the cut.
		v = Value{raw: r.Body}
	}
	v.offset += r.Offset
	return v, true
}

// Text returns a field of the header, "" where there is none.
func (r *Report) Text(name string) string { return r.Header.Get(name).Text() }

func trimLeft(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n\x00") }

// timeLayouts are the ways in which reports write a time. Fractions of a
// second are read by all of them.
var timeLayouts = []string{
	"2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04:05 Z0700",
	"2006-01-02T15:04:05Z07:00",
}

// Time reads a time as reports write it, "2024-01-21 23:07:29.5578 +0100",
// with the offset from UTC of the phone's clock. It reports false for any
// other text, one without an offset included: it would name no instant.
func Time(s string) (time.Time, bool) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
