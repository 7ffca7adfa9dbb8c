package ios

import (
	"context"
	"fmt"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

// maxReport bounds a report that is read whole. The largest that phones
// write, panics with the stacks of all threads, have a few megabytes.
const maxReport = 64 * limit.MiB

// A reportReading is one Parse of a report of the crash reporter.
type reportReading struct {
	*input.Reading

	report *ips.Report
}

// readReport is the Parse of a parser of such reports: it reads in, and has
// read yield its records.
func readReport(
	ctx context.Context, in *artifact.Input, read func(*reportReading) error,
) iter.Seq2[*artifact.Record, error] {
	return input.Parse(ctx, in, func(r *input.Reading) error {
		data, err := in.All(maxReport)
		if err != nil {
			return fmt.Errorf("open %s: %w", in.Path, err)
		}
		report, err := ips.Parse(data)
		if err != nil {
			return fmt.Errorf("open %s: %w", in.Path, err)
		}
		return read(&reportReading{r, report})
	})
}

// damage tells of JSON that cannot be read to its end.
func (r *reportReading) damage(v ips.Value) error {
	if err := v.Err(); err != nil {
		return r.Problem(v.Offset(), err)
	}
	return nil
}

// when sets a time as reports write it. A text that names no instant is kept.
func (r *reportReading) when(meaning, text string) {
	if t, ok := ips.Time(text); ok {
		r.Rec.WhenAt(meaning, t)
	} else if text != "" {
		r.Rec.When(meaning, artifact.Calendar, artifact.TextValue(r.Cut(text)))
	}
}
