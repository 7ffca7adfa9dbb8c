package ios

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

// A lineReading is one Parse of a log of lines.
type lineReading struct{ input.Lines }

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
		return err
	})
}
