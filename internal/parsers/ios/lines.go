package ios

import (
	"context"
	"errors"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/lines"
)

// A lineReading is one Parse of a log of lines, and the line it has come to.
// Memory is that of the longest line, which is cut at the limit of a field.
type lineReading struct {
	rec artifact.Record

	ctx   context.Context
	in    *artifact.Input
	yield func(*artifact.Record, error) bool

	line   []byte // without its end; valid until the next
	offset int64  // of its first byte
	length int64  // of all of it, its end left out
	number int64  // from 1
}

// readLines is the Parse of a parser of text logs: each is called at every
// line, in order, with CR LF taken as one end. Bytes that are no UTF-8 are
// the parser's matter. An error of each ends it; last, if any, is called after
// the last line.
func readLines(
	ctx context.Context, in *artifact.Input, each, last func(*lineReading) error,
) iter.Seq2[*artifact.Record, error] {
	return func(yield func(*artifact.Record, error) bool) {
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
			return
		}
		r := &lineReading{ctx: ctx, in: in, yield: yield}
		err := r.scan(each)
		if err == nil && last != nil {
			err = last(r)
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	}
}

func (r *lineReading) scan(each func(*lineReading) error) error {
	var l lines.Line
	err := l.Each(r.in.Path, r.in, r.in.Size, r.in.Limits.FieldLen, func() error {
		r.line, r.offset, r.length, r.number = l.Text, l.Offset, l.Length, l.Number
		return each(r)
	})
	r.line, r.length = l.Text, l.Length // what last is called with
	return err
}

// cut reports whether the line was longer than the limit.
func (r *lineReading) cut() bool { return r.length > int64(len(r.line))+1 }

// start empties the record and places it at the line.
func (r *lineReading) start(kind artifact.Kind) *artifact.Record {
	r.rec.Reset(kind)
	r.rec.Loc = artifact.Location{Path: r.in.Path, Offset: r.offset, Length: r.length}
	r.rec.Truncated = r.cut()
	return &r.rec
}

// give hands the record on. Its error is errStopped.
func (r *lineReading) give() error {
	if !r.yield(&r.rec, nil) {
		return errStopped
	}
	return nil
}

// problem tells of the line, which could not be understood.
func (r *lineReading) problem(err error) error {
	loc := artifact.Location{Path: r.in.Path, Offset: r.offset, Length: r.length}
	if !r.yield(nil, &artifact.RecordError{Loc: loc, Err: err}) {
		return errStopped
	}
	return nil
}
