package android

import (
	"bytes"
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

// A lineReading is one Parse of text.
type lineReading struct {
	input.Lines

	odd int64 // lines that were not understood
}

// readLines is the Parse of a parser of text: each is called at every line, in
// order, with CR LF taken as one end. An error of each ends it; last, if any,
// is called after the last line.
func readLines(
	ctx context.Context, in *artifact.Input, each, last func(*lineReading) error,
) iter.Seq2[*artifact.Record, error] {
	return input.Parse(ctx, in, func(reading *input.Reading) error {
		r := &lineReading{Lines: input.Lines{Reading: reading}}
		err := r.Scan(func() error { return each(r) })
		if err == nil && last != nil {
			err = last(r)
		}
		in.NotUnderstood(r.odd)
		return err
	})
}

// blank reports whether nothing stands in the line, or dashes alone.
func (r *lineReading) blank() bool { return len(bytes.Trim(r.Line, "- \t")) == 0 }

// notUnderstood counts the line as one that this parser has no reader for.
func (r *lineReading) notUnderstood() { r.odd++ }
