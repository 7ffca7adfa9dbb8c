package android

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
	"github.com/amparo-project/amparo/internal/format/jsonlist"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

// A fileReading is one Parse of a whole file.
type fileReading struct{ *input.Reading }

// readWhole is the Parse of a parser of files: it has read yield the records.
// An error of read ends it.
func readWhole(
	ctx context.Context, in *artifact.Input, read func(*fileReading) error,
) iter.Seq2[*artifact.Record, error] {
	return input.Parse(ctx, in, func(reading *input.Reading) error {
		if err := read(&fileReading{reading}); err != nil {
			return fmt.Errorf("read %s: %w", in.Path, err)
		}
		return nil
	})
}

// set sets a field to a text, unless that is empty.
func (r *fileReading) set(field, s string) { r.Rec.Set(field, artifact.TextOrNull(r.Cut(s))) }

// list sets a field to a list of texts.
func (r *fileReading) list(field string, list []string) {
	for i := range list {
		list[i] = r.Cut(list[i])
	}
	r.Rec.Set(field, artifact.StringsValue(list))
}

// A textLine is one line of a text, without its end.
type textLine struct {
	text           string // valid UTF-8
	offset, length int64  // in the file
	cut            bool   // it was longer than the limit
}

// lines calls each at every line, with CR LF taken as one end.
func (r *fileReading) lines(each func(textLine) error) error {
	l := input.Lines{Reading: r.Reading}
	return l.Scan(func() error {
		return each(textLine{
			text: strings.ToValidUTF8(string(l.Line), "\ufffd"), offset: l.Offset, length: l.Length, cut: l.WasCut(),
		})
	})
}

// startLine is start for a record that lies in one line.
func (r *fileReading) startLine(kind artifact.Kind, l textLine) *artifact.Record {
	rec := r.Start(kind, l.offset, l.length)
	rec.Truncated = l.cut
	return rec
}

// elements calls each at every value of a list in JSON, each at most max bytes
// long. Damage is told, and costs the value that it is in.
func (r *fileReading) elements(max int, each func(v ips.Value, at jsonlist.Element) error) error {
	for e, err := range jsonlist.Scan(r.In, r.In.Size, max) {
		var damage *jsonlist.DamageError
		switch {
		case errors.As(err, &damage):
			err = r.Problem(damage.Offset, damage.Err)
		case err == nil:
			var v ips.Value
			if v, err = ips.ValueAt(e.Raw, 0); err != nil {
				err = r.Problem(e.Offset, err)
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
			return r.Problem(at.Offset, errUnknownForm)
		}
		return each(v, at)
	})
}

// texts returns the texts in a list of JSON.
func (r *fileReading) texts(v ips.Value) []string {
	var list []string
	for e := range v.Elements() {
		if len(list) >= maxTexts {
			r.Rec.Truncated = true
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
		r.Rec.WhenAt(meaning, at)
	} else {
		r.Rec.When(meaning, artifact.Calendar, artifact.TextValue(r.Cut(text)))
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
func (r *fileReading) notUnderstood() { r.In.NotUnderstood(1) }
