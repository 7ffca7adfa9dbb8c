// Package input is what the parsers of all systems read by: a file whose
// records go to a consumer, its lines, its database with what lies beside it.
//
// Start with Parse and Lines.
package input

import (
	"context"
	"errors"
	"iter"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
)

// ErrStopped ends a Parse whose consumer wants no more records.
var ErrStopped = errors.New("the consumer stopped")

// A Reading is one Parse of a file: where its records go.
type Reading struct {
	Rec   artifact.Record // the one record that is handed on again and again
	Ctx   context.Context
	In    *artifact.Input
	Yield func(*artifact.Record, error) bool
}

// Parse is the Parse of a parser: it has read yield the records. An error of
// read is the last that is yielded, unless it is ErrStopped.
func Parse(ctx context.Context, in *artifact.Input, read func(*Reading) error) iter.Seq2[*artifact.Record, error] {
	return func(yield func(*artifact.Record, error) bool) {
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
			return
		}
		r := &Reading{Ctx: ctx, In: in, Yield: yield}
		if err := read(r); err != nil && !errors.Is(err, ErrStopped) {
			yield(nil, err)
		}
	}
}

// Start empties the record and places it at length bytes of the file.
func (r *Reading) Start(kind artifact.Kind, offset, length int64) *artifact.Record {
	r.Rec.Reset(kind)
	r.Rec.Loc = artifact.Location{Path: r.In.Path, Offset: offset, Length: length}
	return &r.Rec
}

// Give hands the record on. Its error is ErrStopped.
func (r *Reading) Give() error {
	if !r.Yield(&r.Rec, nil) {
		return ErrStopped
	}
	return nil
}

// Problem tells of a place, by its offset in the file, that could not be read;
// reading goes on after it. Its error is ErrStopped.
func (r *Reading) Problem(offset int64, err error) error {
	return r.ProblemAt(artifact.Location{Offset: offset}, err)
}

// ProblemAt is Problem of any place; without a path it is one of the file.
func (r *Reading) ProblemAt(loc artifact.Location, err error) error {
	if loc.Path == "" {
		loc.Path = r.In.Path
	}
	if !r.Yield(nil, &artifact.RecordError{Loc: loc, Err: err}) {
		return ErrStopped
	}
	return nil
}

// Cut returns s, or its beginning where it is longer than the limit of a field,
// which the record then says.
func (r *Reading) Cut(s string) string {
	if len(s) <= r.In.Limits.FieldLen {
		return s
	}
	r.Rec.Truncated = true
	return CutAt(s, r.In.Limits.FieldLen)
}

// CutAt returns at most n bytes of a longer text, cut on the border of a
// character.
func CutAt[T string | []byte](s T, n int) T {
	for i := n; i > n-utf8.UTFMax && i > 0; i-- {
		if utf8.RuneStart(s[i]) {
			return s[:i]
		}
	}
	return s[:n]
}

// Scalar returns a value of JSON as the value of a field, of whatever type it
// is, and Null for what is nested or empty.
func (r *Reading) Scalar(v ips.Value) artifact.Value {
	switch v.Kind() {
	case ips.String:
		return artifact.TextOrNull(r.Cut(v.Text()))
	case ips.Bool:
		return artifact.BoolValue(v.Bool())
	case ips.Number:
		if n, ok := v.Int(); ok {
			return artifact.IntValue(n)
		}
		if f, ok := v.Float(); ok {
			return artifact.FloatValue(f)
		}
		return artifact.TextValue(r.Cut(v.Plain()))
	default:
		return artifact.Value{}
	}
}
