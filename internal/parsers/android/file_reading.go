package android

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
	"github.com/amparo-project/amparo/internal/format/jsonlist"
)

// A fileReading is one Parse of a whole file: where its records go.
type fileReading struct {
	rec artifact.Record // the one record that is handed on again and again

	ctx   context.Context
	in    *artifact.Input
	yield func(*artifact.Record, error) bool
}

// readWhole is the Parse of a parser of files: it has read yield the records.
// An error of read ends it.
func readWhole(
	ctx context.Context, in *artifact.Input, read func(*fileReading) error,
) iter.Seq2[*artifact.Record, error] {
	return func(yield func(*artifact.Record, error) bool) {
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
			return
		}
		r := &fileReading{ctx: ctx, in: in, yield: yield}
		if err := read(r); err != nil && !errors.Is(err, errStopped) {
			yield(nil, fmt.Errorf("read %s: %w", in.Path, err))
		}
	}
}

// start empties the record and places it at length bytes of the file.
func (r *fileReading) start(kind artifact.Kind, offset, length int64) *artifact.Record {
	r.rec.Reset(kind)
	r.rec.Loc = artifact.Location{Path: r.in.Path, Offset: offset, Length: length}
	return &r.rec
}

// give hands the record on.
func (r *fileReading) give() error {
	if !r.yield(&r.rec, nil) {
		return errStopped
	}
	return nil
}

// problem tells of a place that could not be read; reading goes on after it.
func (r *fileReading) problem(offset int64, err error) error {
	loc := artifact.Location{Path: r.in.Path, Offset: offset}
	if !r.yield(nil, &artifact.RecordError{Loc: loc, Err: err}) {
		return errStopped
	}
	return nil
}

// cut returns s, or its beginning where it is longer than the limit.
func (r *fileReading) cut(s string) string {
	if len(s) <= r.in.Limits.FieldLen {
		return s
	}
	r.rec.Truncated = true
	n := r.in.Limits.FieldLen
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// set sets a field to a text, unless that is empty.
func (r *fileReading) set(field, s string) { r.rec.Set(field, artifact.TextOrNull(r.cut(s))) }

// list sets a field to a list of texts.
func (r *fileReading) list(field string, list []string) {
	for i := range list {
		list[i] = r.cut(list[i])
	}
	r.rec.Set(field, artifact.StringsValue(list))
}

// A textLine is one line of a text, without its end.
type textLine struct {
	text           string // valid UTF-8
	offset, length int64  // in the file
	cut            bool   // it was longer than the limit
}

// lines calls each at every line, with CR LF taken as one end.
func (r *fileReading) lines(each func(textLine) error) error {
	l := &lineReading{ctx: r.ctx, in: r.in, yield: r.yield}
	return l.scan(func(l *lineReading) error {
		return each(textLine{
			text: strings.ToValidUTF8(string(l.line), "\ufffd"), offset: l.offset, length: l.length, cut: l.cut(),
		})
	})
}

// startLine is start for a record that lies in one line.
func (r *fileReading) startLine(kind artifact.Kind, l textLine) *artifact.Record {
	rec := r.start(kind, l.offset, l.length)
	rec.Truncated = l.cut
	return rec
}

// elements calls each at every value of a list in JSON, each at most max bytes
// long. Damage is told, and costs the value that it is in.
func (r *fileReading) elements(max int, each func(v ips.Value, at jsonlist.Element) error) error {
	for e, err := range jsonlist.Scan(r.in, r.in.Size, max) {
		var damage *jsonlist.DamageError
		switch {
		case errors.As(err, &damage):
			err = r.problem(damage.Offset, damage.Err)
		case err == nil:
			var v ips.Value
			if v, err = ips.ValueAt(e.Raw, 0); err != nil {
				err = r.problem(e.Offset, err)
			} else {
				err = each(v, e)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// objects is elements for a list of objects: anything else is told as damage.
func (r *fileReading) objects(max int, each func(v ips.Value, at jsonlist.Element) error) error {
	return r.elements(max, func(v ips.Value, at jsonlist.Element) error {
		if v.Kind() != ips.Object {
			return r.problem(at.Offset, errUnknownForm)
		}
		return each(v, at)
	})
}

// scalar returns a value of JSON as the value of a field, of whatever type it
// is, and Null for what is nested or empty.
func (r *fileReading) scalar(v ips.Value) artifact.Value {
	switch v.Kind() {
	case ips.String:
		return artifact.TextOrNull(r.cut(v.Text()))
	case ips.Bool:
		return artifact.BoolValue(v.Bool())
	case ips.Number:
		if n, ok := v.Int(); ok {
			return artifact.IntValue(n)
		}
		if f, ok := v.Float(); ok {
			return artifact.FloatValue(f)
		}
		return artifact.TextValue(r.cut(v.Plain()))
	default:
		return artifact.Value{}
	}
}

// texts returns the texts in a list of JSON.
func (r *fileReading) texts(v ips.Value) []string {
	var list []string
	for e := range v.Elements() {
		if len(list) >= maxTexts {
			r.rec.Truncated = true
			break
		}
		if s := e.Plain(); s != "" {
			list = append(list, s)
		}
	}
	return list
}

// maxTexts bounds the lists of texts in one record.
const maxTexts = 1000

// when sets a time that is written out by RFC 3339. Another text is kept as it
// stands there; the zero time of Go's programs is none.
func (r *fileReading) when(meaning, text string) {
	if text == "" || strings.HasPrefix(text, "0001-01-01T") {
		return
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		r.rec.WhenAt(meaning, at)
	} else {
		r.rec.When(meaning, artifact.Calendar, artifact.TextValue(r.cut(text)))
	}
}

// baseName returns what follows the last slash of p.
func baseName(p string) string { return p[strings.LastIndexByte(p, '/')+1:] }

// isPackageName reports whether s has the form of the name of an Android app:
// at least two parts, each beginning with a letter
// (https://developer.android.com/build/configure-app-module#set-application-id).
func isPackageName(s string) bool {
	parts, start := 0, true
	for i := range len(s) {
		c := s[i] | 0x20
		switch {
		case s[i] == '.':
			if start {
				return false
			}
			start = true
		case c >= 'a' && c <= 'z':
			if start {
				parts++
			}
			start = false
		case start:
			return false
		case s[i] != '_' && (s[i] < '0' || s[i] > '9'):
			return false
		}
	}
	return parts > 1 && !start
}

// notUnderstood counts a line that there is no reader for.
func (r *fileReading) notUnderstood() { r.in.NotUnderstood(1) }
