package artifact

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"

	"github.com/amparo-project/amparo/internal/limit"
)

// Run parses in with p. It fills in the path of each location, holds the
// parser to the limits, and turns a panic of the parser into a *PanicError.
// It is the only caller of Parse outside tests.
func Run(ctx context.Context, p Parser, in *Input) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		ctx, cancel := context.WithTimeoutCause(ctx, in.Limits.Time,
			fmt.Errorf("%w: %v of time", limit.ErrLimit, in.Limits.Time))
		defer cancel()
		g := guard{yield: yield}
		defer g.recoverPanic()
		info := p.Info()
		bound := in.bind(ctx, &info)
		for rec, err := range p.Parse(ctx, bound) {
			if !g.pass(ctx, bound, rec, err) {
				return
			}
		}
		if in.Size == 0 && !g.told && in.list == nil && !info.Skims {
			// An empty file that says nothing looks like one that was read and
			// had nothing: but something was emptied, or was never written.
			g.give(nil, &RecordError{Loc: Location{Path: in.Path}, Err: errEmpty})
		}
	}
}

var errEmpty = fmt.Errorf("%w: the file is empty", limit.ErrCorrupt)

// guard stands between a parser and the consumer of its records.
type guard struct {
	yield    func(*Record, error) bool
	records  int64
	told     bool // anything at all
	yielding bool // a panic now is the consumer's, not the parser's
	stopped  bool // the consumer wants no more
}

func (g *guard) give(rec *Record, err error) bool {
	g.told = true
	g.yielding = true
	g.stopped = !g.yield(rec, err)
	g.yielding = false
	return !g.stopped
}

// pass hands one step of the parser on and reports whether there may be more.
func (g *guard) pass(ctx context.Context, in *Input, rec *Record, err error) bool {
	if ctx.Err() != nil {
		g.give(nil, context.Cause(ctx))
		return false
	}
	if err != nil {
		var re *RecordError
		if !errors.As(err, &re) {
			g.give(nil, err)
			return false
		}
		if re.Loc.Path == "" {
			re.Loc.Path = in.Path
		}
		return g.give(nil, re)
	}
	if g.records++; g.records > in.Limits.Records {
		g.give(nil, fmt.Errorf("%w: %d records", limit.ErrLimit, in.Limits.Records))
		return false
	}
	if rec.Loc.Path == "" {
		rec.Loc.Path = in.Path
	}
	return g.give(rec, nil)
}

func (g *guard) recoverPanic() {
	if g.yielding {
		return
	}
	if v := recover(); v != nil && !g.stopped {
		g.give(nil, &PanicError{v, debug.Stack()})
	}
}
