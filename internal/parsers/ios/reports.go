package ios

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
	"github.com/amparo-project/amparo/internal/limit"
)

// maxReport bounds a report that is read whole. The largest that phones
// write, panics with the stacks of all threads, have a few megabytes.
const maxReport = 64 * limit.MiB

// A reportReading is one Parse of a report of the crash reporter.
type reportReading struct {
	rec artifact.Record

	in     *artifact.Input
	report *ips.Report
	yield  func(*artifact.Record, error) bool
}

// readReport is the Parse of a parser of such reports: it reads in, and has
// read yield its records.
func readReport(
	ctx context.Context, in *artifact.Input, read func(*reportReading) error,
) iter.Seq2[*artifact.Record, error] {
	return func(yield func(*artifact.Record, error) bool) {
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
			return
		}
		data, err := in.All(maxReport)
		if err != nil {
			yield(nil, fmt.Errorf("open %s: %w", in.Path, err))
			return
		}
		report, err := ips.Parse(data)
		if err != nil {
			yield(nil, fmt.Errorf("open %s: %w", in.Path, err))
			return
		}
		r := &reportReading{in: in, report: report, yield: yield}
		if err := read(r); err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	}
}

// start empties the record and places it at length bytes of the file.
func (r *reportReading) start(kind artifact.Kind, offset, length int64) *artifact.Record {
	r.rec.Reset(kind)
	r.rec.Loc = artifact.Location{Path: r.in.Path, Offset: offset, Length: length}
	return &r.rec
}

func (r *reportReading) give() error {
	if !r.yield(&r.rec, nil) {
		return errStopped
	}
	return nil
}

func (r *reportReading) problem(offset int64, err error) error {
	loc := artifact.Location{Path: r.in.Path, Offset: offset}
	if !r.yield(nil, &artifact.RecordError{Loc: loc, Err: err}) {
		return errStopped
	}
	return nil
}

// damage tells of JSON that cannot be read to its end.
func (r *reportReading) damage(v ips.Value) error {
	if err := v.Err(); err != nil {
		return r.problem(v.Offset(), err)
	}
	return nil
}

// value returns a scalar as the value of a field, of whatever type it is, and
// Null for what is nested.
func (r *reportReading) value(v ips.Value) artifact.Value {
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

// when sets a time as reports write it. A text that names no instant is kept.
func (r *reportReading) when(meaning, text string) {
	if t, ok := ips.Time(text); ok {
		r.rec.WhenAt(meaning, t)
	} else if text != "" {
		r.rec.When(meaning, artifact.Calendar, artifact.TextValue(r.cut(text)))
	}
}

func (r *reportReading) cut(s string) string {
	if len(s) <= r.in.Limits.FieldLen {
		return s
	}
	r.rec.Truncated = true
	return string(cutText([]byte(s[:r.in.Limits.FieldLen+1]), r.in.Limits.FieldLen))
}
